#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/backup_note.h"
#include "app/doctor/checks.h"
#include "app/gateway_ask.h"
#include "base/clock.h"
#include "base/json.h"
#include "net/server/tls.h"
#include "store/store.h"

enum { REPLY_BYTES_MAX = 1024 * 1024, DAY_MS = 24 * 3600 * 1000, BACKUP_DAYS = 2, RENEW_DAYS = 14 };
enum { DEPTH_MAX = 8 }; /* of the JSON of /status */

static void check_address(const struct config *config, struct doctor_report *report)
{
    bool loopback = config_listens_on_loopback(config);
    bool secret = strncmp(config->public_url, "https://", 8) == 0;
    if (config->public_url[0] == '\0' && !loopback)
        doctor_note(report, DOCTOR_WARN, "address",
                    "set public_url: links in mails and answers have this address",
                    "public_url is empty, and listen = %s", config->listen);
    else if (config->public_url[0] != '\0' && !secret && !loopback)
        doctor_note(report, DOCTOR_WARN, "address",
                    "serve https (tls_certificate, or a proxy): keys travel in the open",
                    "public_url = %s", config->public_url);
    else
        doctor_note(report, DOCTOR_OK, "address", NULL, "listen = %s, public_url = %s",
                    config->listen, config->public_url[0] != '\0' ? config->public_url : "(empty)");
}

static void check_tls(const struct config *config, struct doctor_report *report)
{
    struct fault fault;
    if (config->tls_key[0] == '\0')
        return;
    struct tls *tls = tls_load(config->tls_certificate, config->tls_key, &fault);
    if (tls == NULL) {
        doctor_note(report, DOCTOR_FAIL, "TLS", "mend it before the next reload or start", "%s",
                    fault.message);
        return;
    }
    char ends[CLOCK_TEXT_BYTES];
    int64_t ends_ms = tls_expires_ms(tls);
    int64_t left_days = (ends_ms - clock_wall_ms()) / DAY_MS;
    tls_free(tls);
    if (ends_ms <= clock_wall_ms())
        doctor_note(report, DOCTOR_FAIL, "TLS", "renew it, then SIGHUP: clients refuse to connect",
                    "the certificate has expired at %s", clock_format(ends_ms, ends));
    else
        doctor_note(report, left_days < RENEW_DAYS ? DOCTOR_WARN : DOCTOR_OK, "TLS",
                    left_days < RENEW_DAYS ? "renew it, then SIGHUP" : NULL,
                    "the certificate is valid for %lld days more", (long long)left_days);
}

/* Whether that member of the status has this value, as JSON. */
static bool says(const struct json_value *status, const char *name, const char *value)
{
    struct json_value found;
    return json_find(status, name, &found) == 1 && slice_equals(found.raw, value);
}

static bool policies_were_refused(const struct json_value *status)
{
    struct json_value policies, refused;
    return json_find(status, "policies", &policies) == 1 &&
           json_find(&policies, "refused_at", &refused) == 1 && refused.type != JSON_NULL;
}

/* What a reload has seen and could not take. */
static void check_restart(const struct json_value *status, struct doctor_report *report)
{
    struct json_value names;
    struct json_item item;
    struct buffer list;
    if (json_find(status, "needs_restart", &names) != 1 || json_is_empty(&names))
        return;
    buffer_init(&list, CONFIG_NAMES_BYTES);
    struct json_walk walk = json_walk(&names);
    while (json_next(&walk, &item)) {
        struct slice raw = item.value.raw; /* with its quotes */
        buffer_printf(&list, "%s%.*s", list.bytes > 0 ? ", " : "", (int)raw.bytes - 2,
                      raw.data + 1);
    }
    doctor_note(report, DOCTOR_WARN, "restart", "restart it, or take the change back",
                "settings that were changed wait for it: %.*s", (int)list.bytes, list.data);
    buffer_fini(&list);
}

/* Not to run is no fault: it may not have been started yet. */
static void note_silence(const struct fault *fault, const char *advice,
                         struct doctor_report *report)
{
    bool died = strcmp(fault->code, "stale") == 0;
    bool hangs = strcmp(fault->code, "silent") == 0;
    bool absent = strcmp(fault->code, "absent") == 0;
    doctor_note(report, died || hangs ? DOCTOR_FAIL : DOCTOR_WARN, "gateway", advice, "%s: %s",
                hangs            ? "it hangs"
                : died || absent ? "it does not run"
                                 : "it cannot be asked",
                fault->message);
}

static void check_running(const struct config *config, struct doctor_report *report)
{
    struct buffer body;
    struct json_value status;
    struct fault fault;
    const char *advice;
    int code = 0;
    buffer_init(&body, REPLY_BYTES_MAX);
    if (!gateway_ask(config, "GET", "/status", &code, &body, &fault, &advice)) {
        note_silence(&fault, advice, report);
    } else if (!json_parse(buffer_slice(&body), DEPTH_MAX, &status, &fault)) {
        doctor_note(report, DOCTOR_WARN, "gateway", "restart it: it is of another version",
                    "it is not understood: %s", fault.message);
    } else {
        bool writable = says(&status, "database_writable", "true");
        bool quiet = says(&status, "alert_count", "0");
        doctor_note(report, writable ? DOCTOR_OK : DOCTOR_FAIL, "gateway",
                    writable ? NULL : "see the log: the disk is full or broken",
                    writable ? "it runs" : "it cannot write its database: calls are refused");
        if (!quiet)
            doctor_note(report, DOCTOR_WARN, "alerts", "llm-gateway status lists them",
                        "some are open");
        check_restart(&status, report);
        if (policies_were_refused(&status))
            doctor_note(report, DOCTOR_WARN, "policies", "llm-gateway status says why",
                        "the last reload was refused: the policies before it are in force");
    }
    buffer_fini(&body);
}

static void check_database(const struct config *config, struct doctor_report *report)
{
    struct fault fault;
    if (access(config->database, F_OK) != 0) {
        doctor_note(report, DOCTOR_WARN, "database", "the first start makes it", "%s is not there",
                    config->database);
        return;
    }
    if (access(config->database, R_OK | W_OK) != 0) {
        doctor_note(report, DOCTOR_FAIL, "database",
                    "it must belong to the user of the gateway, and its folder, too", "%s: %s",
                    config->database, strerror(errno));
        return;
    }
    if (!store_await_tables(config->database, &fault))
        doctor_note(report, DOCTOR_FAIL, "database", "llm-gateway ledger verify says more", "%s",
                    fault.message);
    else
        doctor_note(report, DOCTOR_OK, "database", NULL, "%s can be read and written",
                    config->database);
}

static void check_backup(const struct config *config, struct doctor_report *report)
{
    static const char advice[] = "have a timer run `llm-gateway backup FILE`, keep copies on "
                                 "another machine, and the secret beside none of them";
    struct backup_note note;
    if (access(config->database, F_OK) != 0)
        return;
    if (!backup_note_read(config->database, &note)) {
        doctor_note(report, DOCTOR_WARN, "backup", advice, "`llm-gateway backup` was never run");
        return;
    }
    int64_t days = (clock_wall_ms() - note.made_ms) / DAY_MS;
    bool old = days >= BACKUP_DAYS;
    doctor_note(report, old ? DOCTOR_WARN : DOCTOR_OK, "backup", old ? advice : NULL,
                "the last one was made %lld days ago: %s", (long long)days, note.path);
}

void doctor_check_gateway(const struct config *config, struct doctor_report *report)
{
    check_running(config, report);
    check_address(config, report);
    check_tls(config, report);
    check_database(config, report);
    check_backup(config, report);
}
