#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/timex.h>

#include "app/doctor/checks.h"
#include "app/workers.h"

enum {
    FILES_FEW = 1024,
    FREE_PERCENT = 10,
    OTHERS_READ = 0044,
    ALL_READ = 0004, /* not the group: the package's file has the gateway's */
    MB = 1024 * 1024,
    FREE_LEAST_MB = 200, /* less may be gone before anybody looks */
    FREE_GOOD_MB = 2048
};

/* The numbers are of statfs(2). */
enum {
    NFS = 0x6969,
    SMB = 0x517B,
    SMB2 = (int)0xFE534D42,
    CIFS = (int)0xFF534D42,
    NINEP = 0x01021997
};
enum { TMPFS = 0x01021994, RAMFS = (int)0x858458f6 };

static void check_files(const struct config *config, struct doctor_report *report)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    unsigned long long most = files.rlim_max;
    /* Half of them are for clients. */
    unsigned long long wanted =
        2ULL * (unsigned long long)config->connections_max * workers_wanted(config);
    if (files.rlim_max == RLIM_INFINITY || most >= wanted)
        doctor_note(report, DOCTOR_OK, "open files", NULL, "the limit is enough");
    else if (most < FILES_FEW)
        doctor_note(report, DOCTOR_WARN, "open files",
                    "raise it: LimitNOFILE= of the service, or ulimit -Hn; the service may have "
                    "another limit than this shell",
                    "the limit is %llu: about %llu clients at once", most, most / 2);
    else
        doctor_note(report, DOCTOR_OK, "open files", NULL, "%llu: about %llu clients at once", most,
                    most / 2);
}

static void folder_of(const char *path, char out[CONFIG_TEXT_BYTES])
{
    const char *slash = strrchr(path, '/');
    snprintf(out, CONFIG_TEXT_BYTES, "%.*s", slash != NULL ? (int)(slash - path) : 1,
             slash != NULL ? path : ".");
    if (out[0] == '\0')
        snprintf(out, CONFIG_TEXT_BYTES, "/");
}

static void check_file_system(const char *folder, int type, struct doctor_report *report)
{
    if (type == NFS || type == SMB || type == SMB2 || type == CIFS || type == NINEP)
        doctor_note(report, DOCTOR_FAIL, "database",
                    "put it on a disk of this machine: SQLite's log needs shared memory and locks "
                    "that network file systems do not keep",
                    "%s is on a network file system", folder);
    if (type == TMPFS || type == RAMFS)
        doctor_note(report, DOCTOR_FAIL, "database", "put it on a disk",
                    "%s is in memory: a restart of the machine loses the ledger", folder);
}

static void check_disk(const char *what, const char *path, struct doctor_report *report)
{
    char folder[CONFIG_TEXT_BYTES];
    struct statfs there;
    folder_of(path, folder);
    if (statfs(folder, &there) != 0) {
        doctor_note(report, DOCTOR_WARN, what, "the first start makes it; else check the path",
                    "the folder %s is not there", folder);
        return;
    }
    unsigned long long free_mb =
        (unsigned long long)there.f_bavail * (unsigned long)there.f_bsize / MB;
    unsigned long long all_mb =
        (unsigned long long)there.f_blocks * (unsigned long)there.f_bsize / MB;
    unsigned percent = all_mb > 0 ? (unsigned)(100 * free_mb / all_mb) : 0;
    bool little = free_mb < FREE_LEAST_MB;
    bool low = little || (percent < FREE_PERCENT && free_mb < FREE_GOOD_MB);
    doctor_note(report,
                little ? DOCTOR_FAIL
                : low  ? DOCTOR_WARN
                       : DOCTOR_OK,
                what,
                low ? "free some: when it is full, calls are refused (503) until there is room"
                    : NULL,
                "%llu MB free (%u %%) in %s", free_mb, percent, folder);
    if (strcmp(what, "database disk") == 0)
        check_file_system(folder, (int)there.f_type, report);
}

static void check_clock(struct doctor_report *report)
{
    struct timex state = {.modes = 0};
    if (adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC) != 0)
        doctor_note(report, DOCTOR_WARN, "clock",
                    "run a time service (systemd-timesyncd, chrony), unless the host does: quotas, "
                    "days of sales and webhooks' signatures follow this clock",
                    "the kernel does not know it to be synchronised");
    else
        doctor_note(report, DOCTOR_OK, "clock", NULL, "synchronised");
}

static void check_private(const char *what, const char *path, unsigned others,
                          struct doctor_report *report)
{
    struct stat there;
    if (path[0] == '\0' || stat(path, &there) != 0)
        return;
    if ((there.st_mode & others) != 0)
        doctor_note(report, DOCTOR_WARN, what, others == ALL_READ ? "chmod 640 it" : "chmod 600 it",
                    "%s can be read by others (%o)", path, (unsigned)there.st_mode & 0777);
    else
        doctor_note(report, DOCTOR_OK, what, NULL, "%s is private", path);
}

/* Secrets that stand in the file itself; ${NAME} keeps them out of it. */
static bool holds_secrets(const char *config_path)
{
    static const char *const names[] = {"smtp_password", "stripe_secret_key",
                                        "stripe_webhook_secret", "alert_webhook_secret",
                                        "mail_events_secret"};
    char line[1024];
    bool found = false;
    FILE *file = fopen(config_path, "r");
    if (file == NULL)
        return false;
    while (!found && fgets(line, sizeof line, file) != NULL) {
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            found = found || (strncmp(line, names[i], strlen(names[i])) == 0 &&
                              strchr(line, '=') != NULL && strstr(line, "${") == NULL);
    }
    fclose(file);
    return found;
}

void doctor_check_machine(const struct config *config, const char *config_path,
                          const struct environment_file *environment, struct doctor_report *report)
{
    check_files(config, report);
    check_disk("database disk", config->database, report);
    if (config->log_file[0] != '\0')
        check_disk("log disk", config->log_file, report);
    check_clock(report);
    check_private("secret", config->secret_file, OTHERS_READ, report);
    check_private("TLS key", config->tls_key, OTHERS_READ, report);
    if (config_path != NULL && holds_secrets(config_path))
        check_private("settings", config_path, OTHERS_READ, report);
    check_private("environment", environment->path, ALL_READ, report);
}
