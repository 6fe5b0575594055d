#include "app/voucher_command.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/money.h"
#include "base/voucher_code.h"
#include "store/call.h"
#include "store/store.h"

/* What a batch is made of. */
struct batch {
    struct id id;
    struct buffer lines; /* of voucher_codes_make */
    struct secret secret;
    int64_t amount_nusd;
    int64_t expires_ms; /* 0: never */
    size_t count;
};

static bool read_count(const char *text, size_t *out, struct fault *fault)
{
    char *end;
    unsigned long count = strtoul(text, &end, 10);
    *out = count;
    return (text[0] >= '1' && text[0] <= '9' && *end == '\0' && count <= VOUCHER_BATCH_CODES_MAX) ||
           fault_set(fault, "invalid_value", "--count must be from 1 to %d: %.64s",
                     VOUCHER_BATCH_CODES_MAX, text);
}

static bool read_options(const struct voucher_options *options, struct batch *out,
                         struct fault *fault)
{
    out->expires_ms = 0;
    if (options->amount == NULL)
        return fault_set(fault, "missing_field", "--amount is missing: of each code, like 12.50");
    return commands_take_time("--expires", options->expires, &out->expires_ms, fault) &&
           money_parse(slice_of(options->amount), &out->amount_nusd, fault) &&
           read_count(options->count != NULL ? options->count : "1", &out->count, fault);
}

static bool make(struct store *store, const char *name, const struct voucher_options *options,
                 const struct batch *batch, struct fault *fault)
{
    const struct store_value args[] = {
        bind_text(batch->id.text),
        bind_text(name),
        bind_int(batch->amount_nusd),
        bind_text(options->kind != NULL ? options->kind : "promotion"),
        options->group != NULL ? bind_text(options->group) : bind_null(),
        batch->expires_ms > 0 ? bind_int(batch->expires_ms) : bind_null(),
        {.type = STORE_TEXT, .text = buffer_slice(&batch->lines)}};
    return commands_run(store, "voucher.create", args, 7, NULL, fault);
}

/* The sealed code of each line opens again. */
static void print_codes(const struct batch *batch)
{
    struct slice rest = buffer_slice(&batch->lines);
    ptrdiff_t bytes;
    while ((bytes = slice_find(rest, slice_of("\n"))) > 0) {
        struct slice sealed = {rest.data + DIGEST_HEX_BYTES, (size_t)bytes - DIGEST_HEX_BYTES};
        char code[VOUCHER_CODE_BYTES];
        if (voucher_code_open(&batch->secret, &batch->id, sealed, code))
            printf("%s\n", code);
        rest = (struct slice){rest.data + bytes + 1, rest.bytes - (size_t)bytes - 1};
    }
}

int voucher_command_create(const struct config *config, const char *name,
                           const struct voucher_options *options)
{
    struct batch batch;
    struct fault fault;
    if (!read_options(options, &batch, &fault))
        return commands_fail(&fault);
    struct store *store = commands_open(config);
    if (store == NULL)
        return 1;
    buffer_init(&batch.lines, VOUCHER_LINES_BYTES_MAX);
    bool made = commands_make_folder(config->secret_file, &fault) &&
                secret_load(config->secret_file, &batch.secret, &fault);
    if (made) {
        voucher_codes_make(&batch.secret, batch.count, &batch.id, &batch.lines);
        made = !batch.lines.failed || fault_set(&fault, "out_of_memory", "there is no memory");
    }
    made = made && make(store, name, options, &batch, &fault);
    commands_close(config, store);
    if (made) {
        fprintf(stderr, "batch %s:\n", batch.id.text);
        print_codes(&batch);
    }
    buffer_fini(&batch.lines);
    return made ? 0 : commands_fail(&fault);
}
