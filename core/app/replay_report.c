#include "app/replay_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "base/json_writer.h"
#include "base/money.h"

enum { TEXT_ROWS = 20, CELL_BYTES = 72 };

/* The name of a refusal or a note: a code, a model, and a word that may be missing. */
struct parts {
    char code[48];
    char model[LIMIT_MODEL_NAME_BYTES];
    char word[64];
};

static void split(const char *name, struct parts *out)
{
    size_t code = strcspn(name, " ");
    const char *model = name + code + (name[code] == ' ');
    size_t bytes = strcspn(model, " ");
    const char *word = model + bytes + (model[bytes] == ' ');
    slice_copy((struct slice){name, code}, out->code, sizeof out->code);
    slice_copy((struct slice){model, bytes}, out->model, sizeof out->model);
    slice_copy(slice_of(word), out->word, sizeof out->word);
}

/* ---- JSON ---- */

static void write_sums(struct buffer *out, const struct replay_sums *sums)
{
    int64_t then_nusd = replay_sums_margin_then(sums);
    int64_t now_nusd = replay_sums_margin_now(sums);
    json_writer_int(out, "calls", sums->calls);
    json_writer_money(out, "charge_then", sums->charge_then_nusd);
    json_writer_money(out, "charge_now", sums->charge_now_nusd);
    json_writer_money(out, "charge_change", sums->charge_now_nusd - sums->charge_then_nusd);
    json_writer_money(out, "cost_then", sums->cost_then_nusd);
    json_writer_money(out, "cost_now", sums->cost_now_nusd);
    json_writer_money(out, "cost_change", sums->cost_now_nusd - sums->cost_then_nusd);
    json_writer_money(out, "margin_then", then_nusd);
    json_writer_money(out, "margin_now", now_nusd);
    json_writer_money(out, "margin_change", now_nusd - then_nusd);
    json_writer_bool(out, "below_zero", now_nusd < 0);
    json_writer_bool(out, "loss_allowed", now_nusd < 0 && !replay_sums_loses(sums));
}

static void write_model(struct buffer *out, const struct replay_group *group)
{
    json_writer_text_or_null(out, "model", group->name);
    write_sums(out, &group->sums);
}

static void write_customer(struct buffer *out, const struct replay_group *group)
{
    json_writer_text_or_null(out, "user_id", group->name);
    json_writer_text_or_null(out, "email", group->label);
    json_writer_text_or_null(out, "group", group->group);
    write_sums(out, &group->sums);
}

static void write_day(struct buffer *out, const struct replay_group *group)
{
    json_writer_text_or_null(out, "day", group->name);
    write_sums(out, &group->sums);
}

static void write_recorded(struct buffer *out, const struct replay_sums *sums)
{
    json_writer_int(out, "calls", sums->calls);
    json_writer_money(out, "charge_then", sums->charge_then_nusd);
    json_writer_money(out, "cost_then", sums->cost_then_nusd);
}

static void write_refused(struct buffer *out, const struct replay_group *group)
{
    struct parts parts;
    split(group->name, &parts);
    json_writer_text_or_null(out, "code", parts.code);
    json_writer_text_or_null(out, "model", parts.model);
    json_writer_text(out, "message", group->label);
    write_recorded(out, &group->sums);
}

static void write_note(struct buffer *out, const struct replay_group *group)
{
    struct parts parts;
    split(group->name, &parts);
    json_writer_text_or_null(out, "kind", parts.code);
    json_writer_text_or_null(out, "model", parts.model);
    json_writer_text_or_null(out, "word", parts.word);
    write_recorded(out, &group->sums);
}

static void write_list(struct buffer *out, const char *name, const struct replay_groups *groups,
                       size_t rows_max,
                       void (*write)(struct buffer *out, const struct replay_group *group))
{
    json_writer_array(out, name);
    for (size_t i = 0; i < groups->count && i < rows_max; i++) {
        json_writer_object(out, NULL);
        write(out, groups->list[i]);
        json_writer_object_end(out);
    }
    json_writer_array_end(out);
}

static void write_left_out(struct buffer *out, const char *name, const struct replay_groups *groups,
                           size_t rows_max)
{
    size_t left = groups->count > rows_max ? groups->count - rows_max : 0;
    json_writer_int(out, name, (int64_t)left);
}

void replay_report_json(const struct replay *replay, const struct replay_question *question,
                        size_t rows_max, struct buffer *out)
{
    json_writer_text(out, "revision", replay->revision);
    json_writer_text_or_null(out, "from", question->from);
    json_writer_text_or_null(out, "to", question->to);
    json_writer_text(out, "zone", question->zone[0] != '\0' ? question->zone : "UTC");
    json_writer_object(out, "totals");
    write_sums(out, &replay->totals);
    json_writer_object_end(out);
    write_list(out, "models", &replay->models, rows_max, write_model);
    write_list(out, "customers", &replay->customers, rows_max, write_customer);
    write_list(out, "days", &replay->days, rows_max, write_day);
    write_list(out, "refused", &replay->refused, rows_max, write_refused);
    write_list(out, "notes", &replay->notes, rows_max, write_note);
    json_writer_object(out, "left_out");
    write_left_out(out, "models", &replay->models, rows_max);
    write_left_out(out, "customers", &replay->customers, rows_max);
    write_left_out(out, "days", &replay->days, rows_max);
    write_left_out(out, "refused", &replay->refused, rows_max);
    write_left_out(out, "notes", &replay->notes, rows_max);
    json_writer_object_end(out);
    json_writer_bool(out, "warns", replay_warns(replay));
}

/* ---- CSV ---- */

static void csv_amounts(struct buffer *out, const int64_t *amounts_nusd, size_t count)
{
    char text[MONEY_TEXT_BYTES];
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, ",%s", money_format(amounts_nusd[i], text));
}

static void csv_row(struct buffer *out, const char *kind, const char *const *texts,
                    const struct replay_sums *sums)
{
    const int64_t amounts[] = {sums->charge_then_nusd,        sums->charge_now_nusd,
                               sums->cost_then_nusd,          sums->cost_now_nusd,
                               replay_sums_margin_then(sums), replay_sums_margin_now(sums)};
    buffer_append_text(out, kind);
    for (size_t i = 0; i < 3; i++) {
        buffer_append_char(out, ',');
        csv_text(out, texts[i]);
    }
    buffer_printf(out, ",%" PRId64, sums->calls);
    csv_amounts(out, amounts, sizeof amounts / sizeof amounts[0]);
    buffer_append_text(out, "\r\n");
}

static void csv_groups(struct buffer *out, const char *kind, const struct replay_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        const struct replay_group *group = groups->list[i];
        csv_row(out, kind, (const char *const[]){group->name, group->label, group->group},
                &group->sums);
    }
}

/* These have only what was charged then; the amounts of now are 0. */
static void csv_parts(struct buffer *out, const char *kind, const struct replay_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        struct parts parts;
        split(groups->list[i]->name, &parts);
        const char *last = groups->list[i]->label[0] != '\0' ? groups->list[i]->label : parts.word;
        csv_row(out, kind, (const char *const[]){parts.model, parts.code, last},
                &groups->list[i]->sums);
    }
}

void replay_report_csv(const struct replay *replay, struct buffer *out)
{
    buffer_append_text(out, "kind,name,label,group,calls,charge_then,charge_now,cost_then,cost_now,"
                            "margin_then,margin_now\r\n");
    csv_row(out, "total", (const char *const[]){"", "", ""}, &replay->totals);
    csv_groups(out, "model", &replay->models);
    csv_groups(out, "customer", &replay->customers);
    csv_groups(out, "day", &replay->days);
    csv_parts(out, "refused", &replay->refused);
    csv_parts(out, "note", &replay->notes);
}

/* ---- text ---- */

#define ROW "%-34s %9s %18s %18s %18s %18s %18s\n"

static void text_row(struct buffer *out, const char *name, const struct replay_sums *sums)
{
    char calls[24];
    char then[MONEY_TEXT_BYTES], now[MONEY_TEXT_BYTES], change[MONEY_TEXT_BYTES];
    char cost[MONEY_TEXT_BYTES], margin[MONEY_TEXT_BYTES];
    int64_t margin_nusd = replay_sums_margin_now(sums);
    snprintf(calls, sizeof calls, "%" PRId64, sums->calls);
    buffer_printf(out, ROW, name, calls, money_format(sums->charge_then_nusd, then),
                  money_format(sums->charge_now_nusd, now),
                  money_format(sums->charge_now_nusd - sums->charge_then_nusd, change),
                  money_format(sums->cost_now_nusd - sums->cost_then_nusd, cost),
                  money_format(margin_nusd, margin));
    if (margin_nusd < 0)
        buffer_printf(out, "    %s\n",
                      replay_sums_loses(sums) ? "BELOW ZERO: more is paid than charged"
                                              : "below zero, as allow_loss says");
}

static void name_of(const struct replay_group *group, char out[CELL_BYTES])
{
    const char *name = group->label[0] != '\0' ? group->label : group->name;
    snprintf(out, CELL_BYTES, "%.40s%s%.20s", name[0] != '\0' ? name : "(all others)",
             group->group[0] != '\0' ? " / " : "", group->group);
}

static void text_groups(struct buffer *out, const char *title, const struct replay_groups *groups)
{
    char name[CELL_BYTES];
    buffer_printf(out, "\n" ROW, title, "calls", "charged then", "charged now", "change",
                  "cost: change", "margin now");
    for (size_t i = 0; i < groups->count && i < TEXT_ROWS; i++) {
        name_of(groups->list[i], name);
        text_row(out, name, &groups->list[i]->sums);
    }
    if (groups->count > TEXT_ROWS)
        buffer_printf(out, "... and %zu more: --json or --csv has them all\n",
                      groups->count - TEXT_ROWS);
}

static void text_refused(struct buffer *out, const struct replay_groups *groups)
{
    char money[MONEY_TEXT_BYTES];
    if (groups->count > 0)
        buffer_append_text(out, "\nCannot be charged, and in none of the sums above:\n");
    for (size_t i = 0; i < groups->count; i++) {
        const struct replay_group *group = groups->list[i];
        struct parts parts;
        split(group->name, &parts);
        buffer_printf(out, "  %s: %" PRId64 " calls of %s, charged %s then: %s\n", parts.code,
                      group->sums.calls, parts.model,
                      money_format(group->sums.charge_then_nusd, money), group->label);
    }
}

static const char *meaning_of(const char *kind)
{
    if (strcmp(kind, REPLAY_OTHER_CANDIDATE) == 0)
        return "charged by the first candidate, for this provider is none any more";
    if (strcmp(kind, REPLAY_UNIT_NOT_PRICED) == 0)
        return "used this unit, which has no price: it costs what it is a part of, or nothing";
    return "were served in a tier, at a speed or in a region that no rule names: charged like the "
           "dearest one";
}

static void text_notes(struct buffer *out, const struct replay_groups *groups)
{
    if (groups->count > 0)
        buffer_append_text(out, "\nNotes:\n");
    for (size_t i = 0; i < groups->count; i++) {
        const struct replay_group *group = groups->list[i];
        struct parts parts;
        split(group->name, &parts);
        buffer_printf(out, "  %" PRId64 " calls of %s%s%s: %s\n", group->sums.calls, parts.model,
                      parts.word[0] != '\0' ? ", " : "", parts.word, meaning_of(parts.code));
    }
}

void replay_report_text(const struct replay *replay, const struct replay_question *question,
                        struct buffer *out)
{
    buffer_printf(out, "Policies in %s, revision %.12s. Calls from %s to %s; days of %s.\n",
                  question->policies, replay->revision,
                  question->from[0] != '\0' ? question->from : "the first",
                  question->to[0] != '\0' ? question->to : "the last",
                  question->zone[0] != '\0' ? question->zone : "UTC");
    buffer_append_text(out, "Amounts in USD. Customers are in the groups that they have now.\n\n");
    buffer_printf(out, ROW, "", "calls", "charged then", "charged now", "change", "cost: change",
                  "margin now");
    text_row(out, "all", &replay->totals);
    text_groups(out, "model", &replay->models);
    text_groups(out, "customer / group", &replay->customers);
    text_groups(out, "day", &replay->days);
    text_refused(out, &replay->refused);
    text_notes(out, &replay->notes);
}
