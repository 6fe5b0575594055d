#include "exchange/max_cost.h"

#include <stdio.h>

#include "base/sha256.h"
#include "dialect/dialect_form.h"
#include "exchange/exchange_internal.h"
#include "exchange/quotes.h"

static const char name[] = "x-llm-max-cost";

enum { OF_BODY, OF_ACCOUNT, OF_ADDRESS }; /* what a part of a quote's name is of */

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
    size_t count = exchange->request != NULL ? find(&exchange->request->head, &value) : 0;
    if (count == 0)
        return true;
    if (count > 1 || !money_parse(value, &budget->max_cost_nusd, &fault))
        return refuse(exchange);
    budget->has_max_cost = true;
    return true;
}

/* The body; of a form its parts, because clients make a boundary anew each time. */
static struct limit_slot name_of_body(const struct exchange *exchange)
{
    const struct dialect_form *form = dialect_form(exchange->asks.dialect);
    char digest[SHA256_HEX_BYTES];
    if (form->digest == NULL)
        return limiter_slot(exchange->env->limiter, buffer_slice(&exchange->body), OF_BODY);
    form->digest(&exchange->asks, digest);
    return limiter_slot(exchange->env->limiter, slice_of(digest), OF_BODY);
}

/* The body, the account that pays, and what the address says: one body may be sent to two models,
 * or to an endpoint where it is cheap and to one where it is dear. */
static struct quote_name name_of(const struct exchange *exchange)
{
    const struct limiter *limiter = exchange->env->limiter;
    const struct model_request *asks = &exchange->asks;
    char address[sizeof asks->model + 64];
    snprintf(address, sizeof address, "%d %d %d %s", (int)asks->dialect, asks->streamed,
             (int)asks->compaction, asks->model);
    struct limit_slot body = name_of_body(exchange);
    struct limit_slot account =
        limiter_slot(limiter, slice_of(exchange->key.account_id.text), OF_ACCOUNT);
    struct limit_slot where = limiter_slot(limiter, slice_of(address), OF_ADDRESS);
    return (struct quote_name){body.low ^ account.low ^ where.low,
                               body.high ^ account.high ^ where.high};
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
