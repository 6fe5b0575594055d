#include "exchange/processor_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "exchange/exchange_internal.h"
#include "exchange/inquiry.h"
#include "exchange/processor.h"
#include "exchange/trace.h"
#include "net/client/upstream.h"

enum { ANSWER_BYTES_MAX = 256 * 1024, CONNECT_MS = 5000, HEADER_BYTES = 512 };

struct processor_call {
    struct exchange *exchange;
    struct inquiry inquiry;
    char url[PROCESSOR_TEXT_BYTES + PROCESSOR_PATH_BYTES];
    const char *asked; /* for the log */
    char *body;
    struct slice body_part;
    int status; /* 0: no answer */
    struct buffer answer;
};

static void on_end(int status, struct slice body, const char *failure, void *arg)
{
    struct processor_call *call = arg;
    call->status = failure == NULL ? status : 0;
    if (failure == NULL)
        buffer_append_slice(&call->answer, body);
    else
        buffer_append_text(&call->answer, failure);
    if (call->status < 200 || call->status >= 300)
        log_event(LOG_WARN, "a server does not do what was asked", LOG_CALL(call->exchange),
                  log_text("server", call->asked), log_int("status", call->status),
                  log_text(failure != NULL ? "why" : NULL, failure));
    exchange_wake(call->exchange);
}

void exchange_ask_processor(struct exchange *exchange, const struct processor_question *question)
{
    const struct processor *processor = exchange->env->processor;
    const char *ca_file = question->url != NULL ? question->ca_file : processor->ca_file;
    const char *lines[2 + PROCESSOR_HEADERS] = {"User-Agent: llm-gateway/1"};
    size_t count = 1;
    check(!processor_call_is_busy(exchange));
    if (question->url == NULL)
        lines[count++] = processor->authorization;
    processor_call_fini(exchange);
    struct processor_call *call = exchange->processor_call = calloc(1, sizeof *call);
    check(call != NULL);
    for (size_t i = 0; i < PROCESSOR_HEADERS && question->headers[i] != NULL; i++)
        lines[count++] = question->headers[i];
    call->exchange = exchange;
    call->asked = question->url != NULL ? "sign_up_check_url" : processor->name;
    snprintf(call->url, sizeof call->url, "%s%s",
             question->url != NULL ? question->url : processor->url, question->path);
    call->body = malloc(question->body.bytes + 1);
    check(call->body != NULL);
    memcpy(call->body, question->body.data, question->body.bytes);
    call->body_part = (struct slice){call->body, question->body.bytes};
    buffer_init(&call->answer, ANSWER_BYTES_MAX);
    const struct upstream_request request = {
        .url = call->url,
        .method = question->method,
        .headers = lines,
        .header_count = count,
        .body = &call->body_part,
        .body_parts = question->body.bytes > 0 ? 1 : 0,
        .connect_timeout_ms = CONNECT_MS,
        .ca_file = ca_file[0] != '\0' ? ca_file : NULL,
    };
    const struct inquiry_end end = {.bytes_max = ANSWER_BYTES_MAX, .on_end = on_end, .arg = call};
    inquiry_send(&call->inquiry, exchange->env->upstream, &request, &end);
}

int exchange_processor_status(const struct exchange *exchange)
{
    return exchange->processor_call->status;
}

struct slice exchange_processor_body(const struct exchange *exchange)
{
    return buffer_slice(&exchange->processor_call->answer);
}

bool processor_call_is_busy(const struct exchange *exchange)
{
    return exchange->processor_call != NULL && inquiry_runs(&exchange->processor_call->inquiry);
}

void processor_call_tick(struct exchange *exchange)
{
    if (exchange->processor_call != NULL)
        inquiry_tick(&exchange->processor_call->inquiry);
}

void processor_call_cancel(struct exchange *exchange)
{
    if (processor_call_is_busy(exchange))
        inquiry_cancel(&exchange->processor_call->inquiry);
}

void processor_call_fini(struct exchange *exchange)
{
    struct processor_call *call = exchange->processor_call;
    if (call == NULL)
        return;
    processor_call_cancel(exchange);
    buffer_fini(&call->answer);
    free(call->body);
    free(call);
    exchange->processor_call = NULL;
}
