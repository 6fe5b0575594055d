/* Replies that are not relayed: errors and small documents. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "base/duration.h"
#include "base/json.h"
#include "base/limits.h"
#include "exchange/departure.h"
#include "exchange/download.h"
#include "exchange/early_stream.h"
#include "exchange/exchange_internal.h"
#include "exchange/idempotency.h"
#include "exchange/ours.h"
#include "exchange/packed_reply.h"
#include "exchange/rate_limits.h"
#include "exchange/refusal.h"

enum { REPLY_HEADERS_BYTES = 4096, ERROR_BYTES = 16 * 1024, PACKED_BYTES_EXTRA = 4096 };

static bool worth_retrying(const struct answer_error *error)
{
    bool transient = error->status == 429 || error->status >= 500 || error->retry_after_ms > 0;
    return transient && !error->final && error->retry_after_ms <= LIMIT_RETRY_AFTER_MS;
}

void exchange_header(struct exchange *exchange, const char *name, const char *value)
{
    struct buffer *headers = &exchange->reply_headers;
    if (headers->bytes_max == 0)
        buffer_init(headers, REPLY_HEADERS_BYTES);
    /* A pair that does not fit is left out. */
    if (headers->bytes + strlen(name) + strlen(value) + 2 > REPLY_HEADERS_BYTES)
        return;
    buffer_append(headers, name, strlen(name) + 1);
    buffer_append(headers, value, strlen(value) + 1);
}

static void send_number(struct exchange *exchange, const char *name, int64_t number)
{
    char text[DECIMAL_BYTES + 1];
    *decimal_put(text, number) = '\0';
    http_reply_header(exchange->request, name, text);
}

static void send_rate(struct exchange *exchange, const struct limit_state *state, const char *limit,
                      const char *remaining, const char *reset)
{
    char text[DURATION_TEXT_BYTES];
    if (state->limit == 0)
        return;
    send_number(exchange, limit, state->limit);
    send_number(exchange, remaining, state->remaining);
    http_reply_header(exchange->request, reset, duration_format(state->reset_ms, text));
}

/* What is left of a quota of money, in the same words. */
static void send_money_rate(struct exchange *exchange, const struct limit_state *state)
{
    char money[MONEY_TEXT_BYTES];
    char text[DURATION_TEXT_BYTES];
    if (state->limit == 0)
        return;
    http_reply_header(exchange->request, "x-ratelimit-limit-usd",
                      money_format_short(state->limit, money));
    http_reply_header(exchange->request, "x-ratelimit-remaining-usd",
                      money_format_short(state->remaining, money));
    http_reply_header(exchange->request, "x-ratelimit-reset-usd",
                      duration_format(state->reset_ms, text));
}

/* The names in which a dialect tells a limit. */
struct rate_names {
    const char *limit;
    const char *remaining;
    const char *reset;
};

/* The same as Anthropic writes it: the reset is a date. */
static void send_anthropic_rate(struct exchange *exchange, const struct limit_state *state,
                                const struct rate_names *names)
{
    char text[CLOCK_TEXT_BYTES];
    if (state->limit == 0)
        return;
    send_number(exchange, names->limit, state->limit);
    send_number(exchange, names->remaining, state->remaining);
    http_reply_header(exchange->request, names->reset,
                      clock_format(clock_wall_ms() + state->reset_ms, text));
}

static void send_rates(struct exchange *exchange)
{
    static const struct rate_names requests = {"anthropic-ratelimit-requests-limit",
                                               "anthropic-ratelimit-requests-remaining",
                                               "anthropic-ratelimit-requests-reset"};
    static const struct rate_names tokens = {"anthropic-ratelimit-tokens-limit",
                                             "anthropic-ratelimit-tokens-remaining",
                                             "anthropic-ratelimit-tokens-reset"};
    send_rate(exchange, &exchange->rate[LIMIT_REQUESTS], "x-ratelimit-limit-requests",
              "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests");
    send_rate(exchange, &exchange->rate[LIMIT_TOKENS], "x-ratelimit-limit-tokens",
              "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens");
    send_money_rate(exchange, &exchange->rate_nusd);
    if (exchange->asks.dialect != DIALECT_ANTHROPIC)
        return;
    send_anthropic_rate(exchange, &exchange->rate[LIMIT_REQUESTS], &requests);
    send_anthropic_rate(exchange, &exchange->rate[LIMIT_TOKENS], &tokens);
}

static void send_headers(struct exchange *exchange, const char *content_type)
{
    struct http_request *request = exchange->request;
    bool replayed = exchange->replay_of.text[0] != '\0';
    http_reply_header(request, "x-request-id",
                      replayed ? exchange->replay_of.text : exchange->id.text);
    if (exchange->asks.dialect == DIALECT_ANTHROPIC) /* its SDKs look for this name */
        http_reply_header(request, "request-id", exchange->id.text);
    if (content_type != NULL)
        http_reply_header(request, "Content-Type", content_type);
    http_reply_header(request, "X-Content-Type-Options", "nosniff");
    const struct buffer *headers = &exchange->reply_headers;
    bool caching_said = false;
    for (size_t at = 0; at < headers->bytes;) {
        const char *name = headers->data + at;
        const char *value = name + strlen(name) + 1;
        http_reply_header(request, name, value);
        caching_said = caching_said || strcmp(name, "Cache-Control") == 0;
        at = (size_t)(value + strlen(value) + 1 - headers->data);
    }
    if (!caching_said)
        http_reply_header(request, "Cache-Control", "no-store");
    send_rates(exchange);
}

static void note_first_byte(struct exchange *exchange)
{
    exchange->reply_begun = true;
    if (exchange->first_byte_us < 0)
        exchange->first_byte_us = clock_mono_us() - exchange->started_us;
}

void exchange_begin_stream(struct exchange *exchange, const char *content_type)
{
    exchange_begin_sized(exchange, content_type, -1);
}

void exchange_begin_sized(struct exchange *exchange, const char *content_type, int64_t body_bytes)
{
    exchange->status = departure_is_abandoned(exchange) ? USAGE_STATUS_ABANDONED : 200;
    note_first_byte(exchange);
    if (exchange->detached)
        return;
    http_reply_header(exchange->request, "X-Accel-Buffering",
                      "no"); /* a proxy (nginx) must not buffer it */
    send_headers(exchange, content_type);
    if (body_bytes >= 0)
        http_reply_begin_sized(exchange->request, 200, (size_t)body_bytes);
    else
        http_reply_begin(exchange->request, 200);
}

void exchange_keep_alive(struct exchange *exchange, int64_t now_us)
{
    const char *text = dialect_form(exchange->asks.dialect)->keep_alive;
    exchange->stream.written_us = now_us;
    if (text[0] != '\0')
        http_reply_write(exchange->request, slice_of(text));
}

/* Whether the client has left or has its answer. */
static bool is_over(const struct exchange *exchange)
{
    bool gone = exchange->request == NULL && !exchange->detached;
    return gone || exchange->reply_begun;
}

void exchange_reply(struct exchange *exchange, int status, const char *content_type,
                    struct slice body)
{
    if (is_over(exchange))
        return;
    struct http_request *request = exchange->request;
    exchange->status = status;
    note_first_byte(exchange);
    idempotency_finish(exchange);
    if (request != NULL) {
        struct buffer packed;
        buffer_init(&packed, 2 * body.bytes + PACKED_BYTES_EXTRA);
        send_headers(exchange, content_type);
        bool packs = packed_reply_make(exchange, status, body, &packed);
        exchange->request = NULL;
        http_reply(request, status, packs ? buffer_slice(&packed) : body);
        buffer_fini(&packed);
    }
    exchange_end(exchange);
}

struct error_body exchange_error_body(const struct exchange *exchange,
                                      const struct answer_error *error)
{
    return (struct error_body){.status = error->status,
                               .code = error->code,
                               .message = error->message,
                               .param = error->param,
                               .metadata = error->metadata,
                               .request_id = exchange->id.text,
                               .retry_after_ms = error->retry_after_ms};
}

void exchange_write_error(const struct exchange *exchange, const struct answer_error *error,
                          struct buffer *out)
{
    const struct error_body body = exchange_error_body(exchange, error);
    error_body_write(exchange->asks.dialect, &body, out);
}

void exchange_refuse(struct exchange *exchange, const struct answer_error *error)
{
    bool early = early_stream_is_open(exchange);
    if (ours_fail(exchange, error->code))
        return;
    if (download_cut(exchange, error->code) || (is_over(exchange) && !early))
        return;
    refusal_note(exchange, error);
    snprintf(exchange->error_code, sizeof exchange->error_code, "%s", error->code);
    exchange_header(exchange, "x-should-retry", worth_retrying(error) ? "true" : "false");
    if (error->retry_after_ms > 0) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)((error->retry_after_ms + 999) / 1000));
        exchange_header(exchange, "retry-after", text);
        snprintf(text, sizeof text, "%lld", (long long)error->retry_after_ms);
        exchange_header(exchange, "retry-after-ms", text);
    }
    if (error->status == 401)
        exchange_header(exchange, "WWW-Authenticate", "Bearer");
    struct buffer body;
    buffer_init(&body, ERROR_BYTES);
    if (error->body.bytes > 0)
        buffer_append_slice(&body, error->body);
    else
        exchange_write_error(exchange, error, &body);
    exchange->status = error_body_status(exchange->asks.dialect, error->status);
    idempotency_refused(exchange, buffer_slice(&body), worth_retrying(error));
    exchange_void(exchange);
    if (early_stream_refuse(exchange, error))
        exchange_end(exchange);
    else
        exchange_reply(exchange, exchange->status, "application/json", buffer_slice(&body));
    buffer_fini(&body);
}

void exchange_keep_error(struct exchange *exchange, const struct answer_error *error)
{
    struct buffer body;
    buffer_init(&body, ERROR_BYTES);
    exchange_write_error(exchange, error, &body);
    idempotency_refused(exchange, buffer_slice(&body), worth_retrying(error));
    buffer_fini(&body);
}

void exchange_refuse_unwritable(struct exchange *exchange)
{
    const struct answer_error error = {
        .status = 503,
        .code = "ledger_unavailable",
        .message = "The gateway cannot write its ledger, so it answers nothing that costs money. "
                   "Try again soon.",
        .retry_after_ms = 1000};
    exchange_refuse(exchange, &error);
}
