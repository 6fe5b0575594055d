#include "app/usage_export.h"

#include <stdio.h>
#include <string.h>

#include "app/replay.h"
#include "base/clock.h"
#include "base/csv.h"
#include "base/json_writer.h"
#include "base/money.h"
#include "base/zone.h"
#include "store/usage_scan.h"

enum { LINE_BYTES_MAX = 64 * 1024 };

/* Decides what a column writes into the line: its name, or its value in one of two forms. */
enum form { FORM_HEAD, FORM_CSV, FORM_JSONL };

struct line {
    struct buffer out;
    enum form form;
};

/* ---- columns ---- */

/* Returns whether the form is CSV; then the value follows. */
static bool begins_value(struct line *line, const char *name)
{
    if (line->form == FORM_JSONL)
        return false;
    if (line->out.bytes > 0)
        buffer_append_char(&line->out, ',');
    if (line->form == FORM_HEAD)
        buffer_append_text(&line->out, name);
    return line->form == FORM_CSV;
}

static void put_text(struct line *line, const char *name, const char *text)
{
    if (begins_value(line, name))
        csv_text(&line->out, text);
    else if (line->form == FORM_JSONL)
        json_writer_text_or_null(&line->out, name, text);
}

static void put_int(struct line *line, const char *name, int64_t number)
{
    if (begins_value(line, name))
        buffer_append_int(&line->out, number);
    else if (line->form == FORM_JSONL)
        json_writer_int(&line->out, name, number);
}

static void put_known_int(struct line *line, const char *name, bool known, int64_t number)
{
    if (known)
        put_int(line, name, number);
    else if (!begins_value(line, name) && line->form == FORM_JSONL)
        json_writer_null(&line->out, name);
}

static void put_known_money(struct line *line, const char *name, bool known, int64_t nusd)
{
    char text[MONEY_TEXT_BYTES];
    if (begins_value(line, name))
        buffer_append_text(&line->out, known ? money_format(nusd, text) : "");
    else if (line->form == FORM_JSONL)
        json_writer_text_or_null(&line->out, name, known ? money_format(nusd, text) : "");
}

static void put_money(struct line *line, const char *name, int64_t nusd)
{
    put_known_money(line, name, true, nusd);
}

/* Text that is no user's: it needs no quotes. */
static void put_word(struct line *line, const char *name, const char *word)
{
    if (begins_value(line, name))
        buffer_append_text(&line->out, word);
    else if (line->form == FORM_JSONL)
        json_writer_text(&line->out, name, word);
}

/* ---- a call ---- */

/* What the record names by an id, as it is called now. */
struct names {
    struct usage_customer customer;
    char key[LIMIT_NAME_BYTES + 1];
};

static void put_times(struct line *line, const struct zone *zone, int64_t created_ms)
{
    char time[CLOCK_TEXT_BYTES];
    char local[ZONE_LOCAL_TEXT_BYTES];
    put_word(line, "time", clock_format(created_ms, time));
    put_word(line, "local_time", zone_format(zone, created_ms, local));
}

/* The columns of lua/dashboard/usage.lua, in their order, up to the units. */
static void put_customer_columns(struct line *line, const struct usage_record *record,
                                 const struct names *names, const struct zone *zone)
{
    put_text(line, "id", record->exchange_id.text);
    put_times(line, zone, record->created_ms);
    put_text(line, "model", record->model);
    put_text(line, "provider", record->provider);
    put_text(line, "key_id", record->key_id.text);
    put_text(line, "key_name", names->key);
    put_int(line, "status", record->status);
    put_int(line, "stream", record->streamed);
    put_int(line, "input_tokens", unit_counts_fresh(&record->counts));
    put_int(line, "cached_input_tokens", unit_counts_cached(&record->counts));
    put_int(line, "output_tokens", unit_counts_answer(&record->counts));
    put_int(line, "reasoning_tokens", record->reasoning_tokens);
    put_money(line, "cost", record->charge_nusd);
    put_text(line, "usage_source", usage_source_name(record->source));
    put_text(line, "finish_reason", record->finish_reason);
    put_text(line, "error_code", record->error_code);
    put_int(line, "attempts", record->attempts);
    put_known_int(line, "first_byte_ms", record->first_byte_us >= 0, record->first_byte_us / 1000);
    put_int(line, "total_ms", record->total_us / 1000);
}

static void put_operator_columns(struct line *line, const struct usage_record *record,
                                 const struct names *names)
{
    const struct usage_facts *facts = &record->facts;
    char margin[MONEY_TEXT_BYTES];
    put_text(line, "account_id", record->account_id.text);
    put_text(line, "user_id", record->user_id.text);
    put_text(line, "email", names->customer.email);
    put_text(line, "group", names->customer.group);
    put_text(line, "provider_model", record->provider_model);
    put_text(line, "policy_revision", record->policy_revision);
    put_word(line, "margin", money_format_margin(record->margin_ppm, margin));
    put_money(line, "provider_cost", record->cost_nusd);
    put_money(line, "overrun", record->overrun_nusd);
    put_money(line, "profit", record->charge_nusd - record->cost_nusd);
    put_known_money(line, "stated_cost", facts->cost_stated, facts->stated_cost_nusd);
    put_known_money(line, "computed_cost", facts->cost_stated, facts->computed_cost_nusd);
    put_int(line, "sold_by_cost", facts->sold_by_cost);
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_WORDS; word++)
        put_text(line, usage_facts_word_name(word), facts->words[word]);
}

/* A new unit is the last column. */
static void put_units(struct line *line, const struct unit_counts *counts)
{
    for (enum unit unit = UNIT_OUTPUT + 1; unit < UNIT_COUNT; unit++)
        put_int(line, unit_name(unit), counts->of[unit]);
}

/* ---- lines ---- */

static bool write_line(struct line *line, const struct usage_record *record,
                       const struct names *names, const struct zone *zone, struct fault *fault)
{
    buffer_reset(&line->out);
    if (line->form == FORM_JSONL)
        json_writer_object(&line->out, NULL);
    put_customer_columns(line, record, names, zone);
    put_operator_columns(line, record, names);
    put_units(line, &record->counts);
    if (line->form == FORM_JSONL)
        json_writer_object_end(&line->out);
    buffer_append_text(&line->out, line->form == FORM_JSONL ? "\n" : "\r\n");
    if (!line->out.failed && fwrite(line->out.data, 1, line->out.bytes, stdout) == line->out.bytes)
        return true;
    return fault_set(fault, "cannot_write", "the export cannot be written");
}

static bool write_head(struct line *line, const struct zone *zone, struct fault *fault)
{
    static const struct usage_record none = {.source = USAGE_NONE};
    static const struct names nobody = {.key = ""};
    if (line->form != FORM_CSV)
        return true;
    line->form = FORM_HEAD;
    bool good = write_line(line, &none, &nobody, zone, fault);
    line->form = FORM_CSV;
    return good;
}

static bool write_calls(struct usage_scan *scan, struct line *line, const struct zone *zone,
                        struct fault *fault)
{
    struct usage_record record;
    struct names names;
    if (!write_head(line, zone, fault))
        return false;
    while (usage_scan_next(scan, &record)) {
        usage_scan_customer(scan, record.user_id.text, &names.customer);
        usage_scan_key_name(scan, record.key_id.text, names.key, sizeof names.key);
        if (!write_line(line, &record, &names, zone, fault))
            return false;
    }
    if (!usage_scan_sound(scan, fault))
        return false;
    if (fflush(stdout) == 0)
        return true;
    return fault_set(fault, "cannot_write", "the export cannot be written");
}

/* ---- the command ---- */

static bool take_form(const char *format, struct line *line, struct fault *fault)
{
    line->form = format != NULL && strcmp(format, "jsonl") == 0 ? FORM_JSONL : FORM_CSV;
    if (format == NULL || line->form == FORM_JSONL || strcmp(format, "csv") == 0)
        return true;
    return fault_set(fault, "invalid_value", "--format must be csv or jsonl: %.64s", format);
}

static bool export_calls(const struct config *config, const struct command_options *options,
                         struct line *line, const struct zone *zone, struct fault *fault)
{
    struct usage_scan_options asked = {
        .path = config->database, .from_ms = INT64_MIN, .to_ms = INT64_MAX};
    if (!take_form(options->format, line, fault) ||
        !replay_take_time("--from", options->from, zone, &asked.from_ms, fault) ||
        !replay_take_time("--to", options->to, zone, &asked.to_ms, fault))
        return false;
    struct usage_scan *scan = usage_scan_open(&asked, fault);
    if (scan == NULL)
        return false;
    bool good = write_calls(scan, line, zone, fault);
    usage_scan_close(scan);
    return good;
}

int usage_export_command(const struct config *config, const struct command_options *options)
{
    struct line line;
    struct zone zone;
    struct fault fault;
    if (!zone_load(options->zone != NULL ? options->zone : "", &zone, &fault))
        return commands_fail(&fault);
    buffer_init(&line.out, LINE_BYTES_MAX);
    bool good = export_calls(config, options, &line, &zone, &fault);
    buffer_fini(&line.out);
    zone_fini(&zone);
    return good ? 0 : commands_fail(&fault);
}
