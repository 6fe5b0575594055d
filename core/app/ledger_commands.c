#include "app/ledger_commands.h"

#include <stdio.h>
#include <string.h>

#include "app/backup_note.h"
#include "base/json.h"
#include "base/money.h"
#include "store/audit.h"
#include "store/call.h"
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
    backup_note_write(config->database, target);
    printf("ok: %s is a verified copy; keys work with it only beside a copy of %s\n", target,
           config->secret_file);
    return 0;
}

static void print_amount(struct slice result)
{
    struct fault fault;
    struct json_value root;
    struct json_value transfer;
    struct json_value amount;
    if (json_parse(result, 8, &root, &fault) && json_find(&root, "transfer", &transfer) == 1 &&
        json_find(&transfer, "amount", &amount) == 1)
        printf("%.*s\n", (int)(amount.raw.bytes - 2), amount.raw.data + 1);
}

int commands_refund(const struct config *config, const char *exchange_id, const char *amount,
                    const struct command_options *options)
{
    const char *reason = options->reason != NULL ? options->reason : "refunded by the operator";
    struct store_value args[] = {{.type = STORE_TEXT, .text = slice_of(exchange_id)},
                                 {.type = STORE_NULL},
                                 {.type = STORE_TEXT, .text = slice_of(reason)}};
    struct buffer result;
    struct fault fault;
    if (amount != NULL) {
        args[1].type = STORE_INT;
        if (!money_parse(slice_of(amount), &args[1].number, &fault))
            return commands_fail(&fault);
    }
    struct store *store = commands_open(config);
    if (store == NULL)
        return 1;
    buffer_init(&result, 65536);
    bool given = commands_run(store, "refund.create", args, 3, &result, &fault);
    commands_close(config, store);
    if (given)
        print_amount(buffer_slice(&result));
    buffer_fini(&result);
    return given ? 0 : commands_fail(&fault);
}

int commands_ledger_export(const struct config *config, const struct command_options *options)
{
    const char *format = options->format != NULL ? options->format : "csv";
    struct export_options export = {.out = stdout, .from_ms = INT64_MIN, .to_ms = INT64_MAX};
    struct fault fault;
    export.csv = strcmp(format, "csv") == 0;
    if (!export.csv && strcmp(format, "jsonl") != 0) {
        fault_set(&fault, "invalid_value", "--format must be csv or jsonl: %.64s", format);
        return commands_fail(&fault);
    }
    if (!commands_take_time("--from", options->from, &export.from_ms, &fault) ||
        !commands_take_time("--to", options->to, &export.to_ms, &fault))
        return commands_fail(&fault);
    return store_export(config->database, &export, &fault) ? 0 : commands_fail(&fault);
}
