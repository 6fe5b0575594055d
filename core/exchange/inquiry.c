#include "exchange/inquiry.h"

#include <stdio.h>
#include <strings.h>

#include "base/clock.h"
#include "base/fault.h"
#include "exchange/candidate.h"
#include "net/client/upstream.h"
#include "net/http1/field.h"

enum { ANSWER_MS = 10000, CONNECT_MS_MAX = 5000 };

bool inquiry_runs(const struct inquiry *inquiry)
{
    return inquiry->call != NULL || inquiry->failure != NULL;
}

static void end(struct inquiry *inquiry, const char *failure)
{
    struct buffer body = inquiry->body;
    inquiry->call = NULL;
    inquiry->failure = NULL;
    inquiry->body = (struct buffer){.data = NULL};
    inquiry->on_end(inquiry->status, buffer_slice(&body), failure, inquiry->arg);
    buffer_fini(&body);
}

static void on_head(const struct upstream_head *head, void *arg)
{
    struct inquiry *inquiry = arg;
    inquiry->status = head->status;
    if (head->field == NULL || !field_date(head->field(head->from, "date"), &inquiry->date_ms))
        inquiry->date_ms = 0;
}

static void on_data(struct slice data, void *arg)
{
    struct inquiry *inquiry = arg;
    buffer_append_slice(&inquiry->body, data); /* if it is too much, the question has failed */
}

static const char *too_large(struct inquiry *inquiry)
{
    size_t kb = inquiry->body.bytes_max / 1024;
    bool whole_mb = kb % 1024 == 0;
    snprintf(inquiry->failure_text, sizeof inquiry->failure_text,
             "its answer is larger than %zu %s", whole_mb ? kb / 1024 : kb, whole_mb ? "MB" : "KB");
    return inquiry->failure_text;
}

static void on_end(enum upstream_end how, const char *detail, void *arg)
{
    struct inquiry *inquiry = arg;
    if (how != UPSTREAM_COMPLETE)
        end(inquiry, detail);
    else
        end(inquiry, inquiry->body.failed ? too_large(inquiry) : NULL);
}

static bool has_user_agent(const struct candidate *server)
{
    for (size_t i = 0; i < server->header_count; i++) {
        if (strncasecmp(server->headers[i], "user-agent:", 11) == 0)
            return true;
    }
    return false;
}

static size_t fill_headers(const struct inquiry_terms *terms, const char **lines)
{
    const struct candidate *server = terms->server;
    size_t count = 0;
    if (!has_user_agent(server))
        lines[count++] = "User-Agent: llm-gateway/1";
    const char *key =
        terms->key != NULL ? terms->key : candidate_key(server, server->terms.dialect);
    if (key != NULL)
        lines[count++] = key;
    for (size_t i = 0; i < server->header_count; i++)
        lines[count++] = server->headers[i];
    return count;
}

void inquiry_send(struct inquiry *inquiry, struct upstream *upstream,
                  const struct upstream_request *request, const struct inquiry_end *end_terms)
{
    const struct upstream_events events = {
        .on_head = on_head, .on_data = on_data, .on_end = on_end, .arg = inquiry};
    struct fault fault;
    *inquiry = (struct inquiry){.on_end = end_terms->on_end,
                                .arg = end_terms->arg,
                                .deadline_us = clock_mono_us() + INT64_C(1000) * ANSWER_MS};
    buffer_init(&inquiry->body, end_terms->bytes_max);
    inquiry->call = upstream_start(upstream, request, &events, &fault);
    if (inquiry->call != NULL)
        return;
    snprintf(inquiry->failure_text, sizeof inquiry->failure_text, "%s", fault.message);
    inquiry->failure = inquiry->failure_text;
}

void inquiry_ask(struct inquiry *inquiry, struct upstream *upstream,
                 const struct inquiry_terms *terms)
{
    const struct candidate_terms *own = &terms->server->terms;
    const char *lines[2 + CANDIDATE_HEADERS];
    const struct upstream_request request = {
        .url = terms->url,
        .headers = lines,
        .header_count = fill_headers(terms, lines),
        .connect_timeout_ms =
            own->connect_timeout_ms < CONNECT_MS_MAX ? own->connect_timeout_ms : CONNECT_MS_MAX,
        .ca_file = own->ca_file[0] != '\0' ? own->ca_file : NULL,
    };
    const struct inquiry_end end_terms = {
        .bytes_max = terms->bytes_max, .on_end = terms->on_end, .arg = terms->arg};
    inquiry_send(inquiry, upstream, &request, &end_terms);
}

void inquiry_tick(struct inquiry *inquiry)
{
    if (inquiry->failure != NULL) {
        end(inquiry, inquiry->failure);
        return;
    }
    if (inquiry->call == NULL)
        return;
    bool late = clock_mono_us() > inquiry->deadline_us;
    if (!late && !inquiry->body.failed)
        return;
    upstream_cancel(inquiry->call);
    end(inquiry, late ? "it does not answer within 10 s" : too_large(inquiry));
}

void inquiry_cancel(struct inquiry *inquiry)
{
    if (inquiry->call != NULL)
        upstream_cancel(inquiry->call);
    inquiry->call = NULL;
    inquiry->failure = NULL;
    buffer_fini(&inquiry->body);
}
