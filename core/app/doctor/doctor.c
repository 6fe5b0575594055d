#include "app/doctor/doctor.h"

#include "app/doctor/checks.h"

static void note_environment(const struct environment_file *file, struct doctor_report *report)
{
    if (file->unreadable)
        doctor_note(
            report, DOCTOR_WARN, "settings",
            "run this as root or as the gateway's user: else keys that stand there are missing",
            "%s cannot be read", file->path);
    if (file->bad_line > 0)
        doctor_note(report, DOCTOR_WARN, "settings",
                    "write NAME=value, in one line; neither systemd nor this command takes it",
                    "%s:%u is no variable", file->path, file->bad_line);
}

int doctor_command(const struct config *config, const char *config_path,
                   const struct environment_file *environment, bool json)
{
    struct doctor_report report;
    doctor_report_begin(&report, json);
    doctor_note(&report, DOCTOR_OK, "settings", NULL, "%s",
                config_path != NULL ? config_path : "the defaults");
    note_environment(environment, &report);
    doctor_check_machine(config, config_path, environment, &report);
    doctor_check_gateway(config, &report);
    doctor_check_providers(config, &report);
    return doctor_report_end(&report);
}
