#include "exchange/cors.h"

#include <string.h>

#include "exchange/exchange_internal.h"
#include "net/http1/field.h"

enum { REQUESTED_BYTES_MAX = 1024 };

bool cors_is_preflight(const struct http_head *head)
{
    return head->method == HTTP_OPTIONS &&
           head_header(head, "access-control-request-method") != NULL;
}

static bool is_list_of_names(struct slice text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        char c = text.data[i];
        if (!field_is_token_char((unsigned char)c) && c != ',' && c != ' ')
            return false;
    }
    return text.bytes > 0 && text.bytes <= REQUESTED_BYTES_MAX;
}

/* Allows whatever is asked for: SDKs send a dozen headers of their own. (`*` would not include
 * Authorization.) */
static void allow_headers(struct exchange *exchange)
{
    const struct slice *asked =
        head_header(&exchange->request->head, "access-control-request-headers");
    char names[REQUESTED_BYTES_MAX + 1] = "authorization, content-type";
    if (asked != NULL && is_list_of_names(*asked)) {
        memcpy(names, asked->data, asked->bytes);
        names[asked->bytes] = '\0';
    }
    exchange_header(exchange, "Access-Control-Allow-Headers", names);
}

void cors_answer_preflight(struct exchange *exchange)
{
    exchange_header(exchange, "Access-Control-Allow-Origin", "*");
    exchange_header(exchange, "Access-Control-Allow-Methods",
                    "GET, HEAD, POST, PUT, PATCH, DELETE");
    allow_headers(exchange);
    exchange_header(exchange, "Access-Control-Max-Age", "7200");
    exchange_header(exchange, "Vary",
                    "Access-Control-Request-Method, Access-Control-Request-Headers");
    exchange_reply(exchange, 204, NULL, (struct slice){0});
}

void cors_allow(struct exchange *exchange)
{
    exchange_header(exchange, "Access-Control-Allow-Origin", "*");
    exchange_header(
        exchange, "Access-Control-Expose-Headers",
        "x-request-id, x-llm-cost, retry-after, retry-after-ms, x-should-retry, "
        "x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, "
        "x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens, "
        "x-ratelimit-limit-usd, x-ratelimit-remaining-usd, x-ratelimit-reset-usd");
}
