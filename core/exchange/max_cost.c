#include "exchange/max_cost.h"

#include <stdio.h>

#include "exchange/exchange_internal.h"

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
