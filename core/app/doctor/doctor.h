/* `llm-gateway doctor`: looks at all that the gateway needs, whether or not it runs, and says what
 * to do. It changes nothing, and costs nothing at the providers. */
#ifndef APP_DOCTOR_DOCTOR_H
#define APP_DOCTOR_DOCTOR_H

#include <stdbool.h>

#include "app/config.h"
#include "app/environment_file.h"

/* `config_path`: NULL, the defaults. Returns the exit status: 1 if something must be mended. */
int doctor_command(const struct config *config, const char *config_path,
                   const struct environment_file *environment, bool json);

#endif
