/* The file `environment` beside gateway.conf: NAME=value lines, as systemd's EnvironmentFile= has
 * them. The unit reads it for the service; a command reads it itself, so that an operator's shell
 * finds the same keys. At the start, before there are threads. */
#ifndef APP_ENVIRONMENT_FILE_H
#define APP_ENVIRONMENT_FILE_H

#include <stdbool.h>

enum { ENVIRONMENT_PATH_BYTES = 512 };

struct environment_file {
    char path[ENVIRONMENT_PATH_BYTES]; /* "": there is none */
    bool unreadable;                   /* it is there, but this user may not read it */
    unsigned bad_line; /* the first that is no NAME=value and was not taken; 0: none */
};

/* Puts its variables into this process' environment; what is there already stays. `config_path`
 * NULL: there is no file. */
void environment_file_read(const char *config_path, struct environment_file *out);

#endif
