/* What a client is told whose call cannot be held. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "exchange/dashboard_url.h"
#include "exchange/exchange_internal.h"
#include "exchange/quota_limits.h"

static enum hold_step refuse_money(struct exchange *exchange, const struct cost_ceiling *need,
                                   int64_t required_nusd, enum hold_outcome outcome,
                                   const struct hold_refusal *refusal)
{
    char available[MONEY_TEXT_BYTES];
    char required[MONEY_TEXT_BYTES];
    char budget[MONEY_TEXT_BYTES];
    char spent[MONEY_TEXT_BYTES];
    char resets[CLOCK_TEXT_BYTES];
    char url[DASHBOARD_URL_BYTES];
    char message[sizeof url + 320]; /* with the address: agents show only the message */
    struct buffer metadata;
    bool of_key = outcome == HOLD_BUDGET;
    int64_t tokens = exchange_affordable_tokens(exchange, need, refusal->available_nusd);
    money_format_short(refusal->available_nusd, available);
    money_format_short(required_nusd, required);
    money_format_short(refusal->budget_nusd, budget);
    money_format_short(refusal->spent_nusd, spent);
    struct answer_error error = {.status = 402, .message = message};
    buffer_init(&metadata, 8192);
    dashboard_url_format(exchange->env->public_url, of_key ? "keys" : "credits", url);
    if (of_key) {
        error.code = "key_budget_exceeded";
        snprintf(message, sizeof message,
                 "This key's budget of $%s is spent or reserved; this request could cost up to "
                 "$%s. Raise the budget, or use another key: %s",
                 budget, required, url);
        buffer_printf(&metadata,
                      "{\"scope\":\"key\",\"limit\":\"%s\",\"spent\":\"%s\","
                      "\"required\":\"%s\",\"affordable_max_tokens\":%lld,\"resets_at\":",
                      budget, spent, required, (long long)(tokens > 0 ? tokens : 0));
        if (refusal->resets_ms > 0)
            json_write_text(&metadata, clock_format(refusal->resets_ms, resets));
        else
            buffer_append_text(&metadata, "null");
        buffer_append_char(&metadata, '}');
    } else {
        error.code = "insufficient_credits";
        snprintf(message, sizeof message,
                 "Not enough credits: $%s are available, this request could cost up to $%s. Ask "
                 "for fewer tokens (max_tokens), or add credits: %s",
                 available, required, url);
        buffer_printf(&metadata,
                      "{\"available\":\"%s\",\"required\":\"%s\",\"affordable_max_tokens\":%lld,"
                      "\"topup_url\":",
                      available, required, (long long)(tokens > 0 ? tokens : 0));
        dashboard_url_write_topup(exchange->env->public_url, &metadata);
        buffer_append_char(&metadata, '}');
    }
    buffer_append_char(&metadata, '\0');
    error.metadata = metadata.data;
    exchange_refuse(exchange, &error);
    buffer_fini(&metadata);
    return HOLD_REFUSED;
}

/* The account has a debt: the operator's correction took more than it had. */
static enum hold_step refuse_debtor(struct exchange *exchange, const struct hold_refusal *refusal)
{
    char owed[MONEY_TEXT_BYTES];
    char message[256];
    struct buffer metadata;
    money_format_short(refusal->owed_nusd, owed);
    snprintf(message, sizeof message,
             "This account owes $%s after a correction by the operator. Add credits: they pay that "
             "first, then calls work again.",
             owed);
    buffer_init(&metadata, 8192);
    buffer_printf(&metadata, "{\"available\":\"0\",\"owed\":\"%s\",\"topup_url\":", owed);
    dashboard_url_write_topup(exchange->env->public_url, &metadata);
    buffer_append_text(&metadata, "}");
    buffer_append_char(&metadata, '\0');
    const struct answer_error error = {.status = 402,
                                       .code = "insufficient_credits",
                                       .message = message,
                                       .metadata = metadata.data};
    exchange_refuse(exchange, &error);
    buffer_fini(&metadata);
    return HOLD_REFUSED;
}

enum hold_step exchange_refuse_hold(struct exchange *exchange, const struct cost_ceiling *need,
                                    int64_t required_nusd, enum hold_outcome outcome,
                                    const struct hold_refusal *refusal)
{
    struct answer_error error = {.status = 503, .retry_after_ms = 1000};
    switch (outcome) {
    case HOLD_INSUFFICIENT:
    case HOLD_BUDGET:
        return refuse_money(exchange, need, required_nusd, outcome, refusal);
    case HOLD_QUOTA:
        quota_limits_refuse(exchange, &refusal->quota);
        return HOLD_REFUSED;
    case HOLD_DEBT:
        return refuse_debtor(exchange, refusal);
    case HOLD_UNKNOWN:
        error = (struct answer_error){
            .status = 401, .code = "invalid_api_key", .message = "This API key has been deleted."};
        break;
    case HOLD_SHARE:
        error.code = "overloaded";
        error.message = "The gateway is busy, and your account has its share of the requests under "
                        "way. Try again when some of them have ended.";
        break;
    case HOLD_FULL:
        error.code = "overloaded";
        error.message =
            "The gateway has more requests under way than it can account for. Try again soon.";
        break;
    default:
        exchange_refuse_unwritable(exchange);
        return HOLD_REFUSED;
    }
    exchange_refuse(exchange, &error);
    return HOLD_REFUSED;
}
