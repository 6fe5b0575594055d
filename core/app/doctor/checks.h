/* The checks of doctor.h. Each notes what it finds. */
#ifndef APP_DOCTOR_CHECKS_H
#define APP_DOCTOR_CHECKS_H

#include "app/config.h"
#include "app/doctor/report.h"
#include "app/environment_file.h"

/* The machine: limits, disk, clock, who may read secrets. */
void doctor_check_machine(const struct config *config, const char *config_path,
                          const struct environment_file *environment, struct doctor_report *report);
/* The gateway: policies, address, TLS, whether it runs, backups. */
void doctor_check_gateway(const struct config *config, struct doctor_report *report);
/* The providers: whether each answers and takes its key, and what their clocks say of ours. */
void doctor_check_providers(const struct config *config, struct doctor_report *report);

#endif
