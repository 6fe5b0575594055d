#include "app/doctor/doctor.h"

#include "app/doctor/checks.h"

int doctor_command(const struct config *config, const char *config_path, bool json)
{
    struct doctor_report report;
    doctor_report_begin(&report, json);
    doctor_note(&report, DOCTOR_OK, "settings", NULL, "%s",
                config_path != NULL ? config_path : "the defaults");
    doctor_check_machine(config, config_path, &report);
    doctor_check_gateway(config, &report);
    doctor_check_providers(config, &report);
    return doctor_report_end(&report);
}
