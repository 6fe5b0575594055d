#include "app/ledger_commands.h"

#include <stdio.h>
#include <string.h>

#include "store/audit.h"
#include "store/store.h"

enum { REPORT_BYTES_MAX = 16 * 1024 * 1024 };

int commands_ledger_verify(const struct config *config)
{
    struct buffer report;
    struct fault fault = {0};
    buffer_init(&report, REPORT_BYTES_MAX);
    bool good = store_verify(config->database, &report, &fault);
    printf("%.*s", (int)report.bytes, report.bytes > 0 ? report.data : "");
    buffer_fini(&report);
    if (good) {
        printf("ok: every balance, key total and roll-up equals its transfers; the sum over all "
               "accounts is 0\n");
        return 0;
    }
    if (fault.message[0] != '\0')
        commands_fail(&fault);
    else
        fprintf(stderr, "llm-gateway: the ledger is not consistent\n");
    return 1;
}

int commands_ledger_explain(const struct config *config, const char *exchange_id)
{
    struct buffer text;
    struct fault fault;
    buffer_init(&text, REPORT_BYTES_MAX);
    bool good = store_explain(config->database, exchange_id, &text, &fault);
    printf("%.*s", (int)text.bytes, text.bytes > 0 ? text.data : "");
    buffer_fini(&text);
    return good ? 0 : commands_fail(&fault);
}

int commands_backup(const struct config *config, const char *target)
{
    struct buffer report;
    struct fault fault;
    buffer_init(&report, REPORT_BYTES_MAX);
    bool good = store_backup(config->database, target, &report, &fault);
    printf("%.*s", (int)report.bytes, report.bytes > 0 ? report.data : "");
    buffer_fini(&report);
    if (!good)
        return commands_fail(&fault);
    printf("ok: %s is a verified copy; keys work with it only beside a copy of %s\n", target,
           config->secret_file);
    return 0;
}
