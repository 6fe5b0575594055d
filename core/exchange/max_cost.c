#include "exchange/max_cost.h"

#include <stdio.h>

#include "exchange/exchange_internal.h"
#include "exchange/quotes.h"

static const char name[] = "x-llm-max-cost";

/* Returns how often the header stands there; *value is the last one's. */
static size_t find(const struct http_head *head, struct slice *value)
{
    size_t count = 0;
    for (size_t i = 0; i < head->header_count; i++) {
        if (!slice_equals_nocase(head->headers[i].name, name))
            continue;
        *value = head->headers[i].value;
        count++;
    }
    return count;
}

static bool refuse(struct exchange *exchange)
{
    const struct answer_error error = {
        .status = 400,
        .code = "invalid_value",
        .message = "x-llm-max-cost must be a plain decimal number of USD such as 0.05, without a "
                   "sign, with at most 9 decimals, and stand there once.",
        .param = name};
    exchange_refuse(exchange, &error);
    return false;
}

bool max_cost_read(struct exchange *exchange)
{
    struct stream_budget *budget = &exchange->budget;
    struct slice value = {0};
    struct fault fault;
    size_t count = find(&exchange->request->head, &value);
    if (count == 0)
        return true;
    if (count > 1 || !money_parse(value, &budget->max_cost_nusd, &fault))
        return refuse(exchange);
    budget->has_max_cost = true;
    return true;
}

/* The body and the account that pays. */
static struct quote_name name_of(const struct exchange *exchange)
{
    const struct limiter *limiter = exchange->env->limiter;
    struct limit_slot body = limiter_slot(limiter, buffer_slice(&exchange->body), 0);
    struct limit_slot account =
        limiter_slot(limiter, slice_of(exchange->key.account_id.text), QUOTES_VALID_MS);
    return (struct quote_name){body.low ^ account.low, body.high ^ account.high};
}

void max_cost_quote(const struct exchange *exchange, int64_t most_nusd)
{
    const struct quote_name quoted = name_of(exchange);
    quotes_note(exchange->env->quotes, &quoted, most_nusd, exchange->created_ms);
}

/* An estimate is no call: by an older one it would prolong that. */
bool max_cost_is_quoted(const struct exchange *exchange)
{
    if (!exchange->asks_model)
        return false;
    const struct quote_name quoted = name_of(exchange);
    return quotes_bind(exchange->env->quotes, &quoted, exchange->budget.max_cost_nusd,
                       exchange->created_ms);
}

void max_cost_refuse(struct exchange *exchange, int64_t required_nusd)
{
    char most[MONEY_TEXT_BYTES];
    char required[MONEY_TEXT_BYTES];
    char message[256];
    char metadata[160];
    money_format_short(exchange->budget.max_cost_nusd, most);
    money_format_short(required_nusd, required);
    snprintf(message, sizeof message,
             "x-llm-max-cost allows $%s, but this request could cost $%s even with the shortest "
             "answer. Allow more, or send less. POST /v1/estimate says what it could cost at most.",
             most, required);
    snprintf(metadata, sizeof metadata,
             "{\"max_cost\":\"%s\",\"required\":\"%s\",\"affordable_max_tokens\":0}", most,
             required);
    const struct answer_error error = {.status = 400,
                                       .code = "max_cost_exceeded",
                                       .message = message,
                                       .param = name,
                                       .metadata = metadata};
    exchange_refuse(exchange, &error);
}
