#include "exchange/quota_text.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/money.h"

enum { AMOUNT_BYTES = 48 };

static void write_amount(enum quota_unit unit, int64_t amount, char out[AMOUNT_BYTES])
{
    char money[MONEY_TEXT_BYTES];
    if (unit == QUOTA_USD)
        snprintf(out, AMOUNT_BYTES, "%s", money_format_short(amount, money));
    else
        snprintf(out, AMOUNT_BYTES, "%lld", (long long)amount);
}

int64_t quota_text_left(const struct quota_view *view)
{
    int64_t left = view->limit - view->used - view->held;
    return left > 0 ? left : 0;
}

/* "$1 a day for this key (gpt-4)" */
static void describe(const struct quota_rule *rule, char *out, size_t out_bytes)
{
    static const char *const whom[] = {"for this key", "for this account",
                                       "for this group of customers", "for all customers together"};
    char amount[AMOUNT_BYTES];
    char models[128] = "";
    write_amount(rule->unit, rule->limit, amount);
    if (rule->models[0] != '\0') {
        snprintf(models, sizeof models, " (%.120s)", rule->models);
        for (char *c = models; *c != '\0'; c++)
            *c = *c == '\n' ? ' ' : *c;
    }
    snprintf(out, out_bytes, "%s%s%s a %s %s%s", rule->unit == QUOTA_USD ? "$" : "", amount,
             rule->unit == QUOTA_USD      ? ""
             : rule->unit == QUOTA_TOKENS ? " tokens"
                                          : " requests",
             quota_period_name(rule->period), whom[rule->scope], models);
}

void quota_text_explain(const struct quota_rule *rule, const struct quota_refusal *refusal,
                        const char *resets_at, char *out, size_t out_bytes)
{
    const struct quota_view *view = &refusal->view;
    const char *dollar = rule->unit == QUOTA_USD ? "$" : "";
    char quota[256];
    char left[AMOUNT_BYTES];
    char required[AMOUNT_BYTES];
    describe(rule, quota, sizeof quota);
    write_amount(rule->unit, quota_text_left(view), left);
    write_amount(rule->unit, refusal->required, required);
    int length = snprintf(out, out_bytes, "Quota reached: %s; %s%s left", quota, dollar, left);
    if (rule->unit != QUOTA_REQUESTS)
        length += snprintf(out + length, out_bytes - (size_t)length,
                           ", and this request may need %s%s", dollar, required);
    if (refusal->required > view->limit)
        snprintf(out + length, out_bytes - (size_t)length,
                 ". It is larger than the quota, so it can never pass: ask for less.");
    else if (view->used + refusal->required <= view->limit)
        snprintf(out + length, out_bytes - (size_t)length,
                 ". Requests that run hold the rest; try again when they have ended.");
    else
        snprintf(out + length, out_bytes - (size_t)length, ". It begins anew at %s.", resets_at);
}

static void write_models(const char *models, struct buffer *out)
{
    if (models[0] == '\0') {
        json_writer_null(out, "models");
        return;
    }
    json_writer_array(out, "models");
    while (models[0] != '\0') {
        char name[LIMIT_MODEL_NAME_BYTES];
        size_t bytes = strcspn(models, "\n");
        slice_copy((struct slice){models, bytes}, name, sizeof name);
        json_writer_text(out, NULL, name);
        models += bytes + (models[bytes] == '\n');
    }
    json_writer_array_end(out);
}

static void write_amount_member(struct buffer *out, const char *name, enum quota_unit unit,
                                int64_t amount)
{
    char text[MONEY_TEXT_BYTES];
    if (unit == QUOTA_USD)
        json_writer_text(out, name, money_format_short(amount, text));
    else
        json_writer_int(out, name, amount);
}

void quota_text_metadata(const struct quota_rule *rule, const struct quota_view *view,
                         int64_t required, struct buffer *out)
{
    json_writer_object(out, NULL);
    json_writer_text(out, "quota", quota_unit_name(rule->unit));
    json_writer_text(out, "period", quota_period_name(rule->period));
    json_writer_text(out, "scope", quota_scope_name(rule->scope));
    write_models(rule->models, out);
    write_amount_member(out, "limit", rule->unit, rule->limit);
    if (rule->scope == QUOTA_PER_KEY || rule->scope == QUOTA_PER_USER) { /* not of other people */
        write_amount_member(out, "used", rule->unit, view->used);
        write_amount_member(out, "held", rule->unit, view->held);
    }
    write_amount_member(out, "left", rule->unit, quota_text_left(view));
    if (required >= 0)
        write_amount_member(out, "required", rule->unit, required);
    json_writer_time(out, "resets_at", view->ends_ms);
    json_writer_object_end(out);
}

void quota_text_end(const struct quota_claim *claim, int64_t at_ms, struct buffer *out)
{
    struct quota_rule rule;
    struct quota_view view;
    struct quota_rule least = {.models = ""};
    struct quota_view least_view = {.limit = INT64_MAX};
    char quota[256];
    char message[512];
    char resets_at[CLOCK_TEXT_BYTES];
    for (size_t i = 0; quotas_rule(claim, i, &rule); i++) {
        quotas_look(claim, i, at_ms, &view);
        if (rule.unit != QUOTA_USD || quota_text_left(&view) >= quota_text_left(&least_view))
            continue;
        least = rule;
        least_view = view;
    }
    describe(&least, quota, sizeof quota);
    snprintf(message, sizeof message,
             "The quota of %s is used; the answer is not complete. It begins anew at %s.", quota,
             clock_format(least_view.ends_ms, resets_at));
    json_write_text(out, message);
    buffer_printf(out, ",\"scope\":\"%s\",\"quota\":", quota_scope_name(least.scope));
    quota_text_metadata(&least, &least_view, -1, out);
}
