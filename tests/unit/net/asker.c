#include "net/asker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/support.h"

struct upstream *asker_upstream;
struct scripted_server asker_server;
bool asker_once, asker_fresh;

static struct job_queue queue;
static struct loop *loop;

static void resume(void *arg)
{
    struct outcome *outcome = arg;
    outcome->paused = false;
    outcome->inside = true;
    upstream_resume(outcome->call);
    outcome->inside = false;
}

void asker_cancel(struct outcome *outcome)
{
    outcome->inside = true;
    upstream_cancel(outcome->call);
    outcome->call = NULL;
    loop_cancel(loop, &outcome->resume);
    loop_stop(loop);
}

static void on_head(const struct upstream_head *head, void *arg)
{
    struct outcome *outcome = arg;
    assert_false(outcome->inside || outcome->paused || outcome->ended);
    outcome->heads++;
    outcome->status = head->status;
    snprintf(outcome->content_type, sizeof outcome->content_type, "%.*s",
             (int)head->content_type.bytes,
             head->content_type.data != NULL ? head->content_type.data : "");
    if (outcome->plan == CANCEL_AT_HEAD)
        asker_cancel(outcome);
}

static void on_data(struct slice data, void *arg)
{
    struct outcome *outcome = arg;
    assert_false(outcome->inside || outcome->paused || outcome->ended);
    assert_int_equal(outcome->heads, 1);
    assert_true(buffer_append_slice(&outcome->body, data));
    outcome->pieces++;
    if (outcome->plan == CANCEL_AT_DATA)
        asker_cancel(outcome);
    if (outcome->plan == PAUSE_AT_DATA || outcome->plan == PAUSE_AND_RESUME_AT_DATA) {
        outcome->paused = true;
        upstream_pause(outcome->call);
        if (outcome->plan == PAUSE_AT_DATA)
            loop_defer(loop, &outcome->resume);
        else
            resume(outcome);
    }
}

static void on_end(enum upstream_end end, const char *detail, void *arg)
{
    struct outcome *outcome = arg;
    assert_false(outcome->inside || outcome->paused || outcome->ended);
    outcome->ended = true;
    outcome->call = NULL;
    outcome->end = end;
    snprintf(outcome->detail, sizeof outcome->detail, "%s", detail);
    loop_stop(loop);
}

/* The sizes of parts: nothing, a byte, a third, the rest. */
static void divide(struct slice body, struct slice parts[4])
{
    size_t ends[] = {0, body.bytes > 0, body.bytes / 3 + (body.bytes > 0), body.bytes};
    for (size_t i = 0, at = 0; i < 4; at = ends[i++])
        parts[i] = (struct slice){body.data + at, ends[i] - at};
}

void asker_begin_at(struct outcome *outcome, enum plan plan, const char *url, struct slice body,
                    int64_t connect_timeout_ms)
{
    static const char *const headers[] = {"Content-Type: application/json",
                                          "Authorization: Bearer k"};
    struct fault fault;
    const struct upstream_request request = {.url = url,
                                             .headers = headers,
                                             .header_count = 2,
                                             .body = outcome->parts,
                                             .body_parts = 4,
                                             .once = asker_once,
                                             .fresh = asker_fresh,
                                             .connect_timeout_ms = connect_timeout_ms};
    const struct upstream_events events = {on_head, on_data, on_end, outcome};
    memset(outcome, 0, sizeof *outcome);
    buffer_init(&outcome->body, ASKER_BODY_MAX);
    divide(body, outcome->parts);
    outcome->plan = plan;
    outcome->resume = (struct deferred){.call = resume, .arg = outcome};
    outcome->inside = true;
    outcome->call = upstream_start(asker_upstream, &request, &events, &fault);
    outcome->inside = false;
    assert_non_null(outcome->call);
}

void asker_begin(struct outcome *outcome, enum plan plan, struct slice body)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1/x", asker_server.port);
    asker_begin_at(outcome, plan, url, body, ASKER_LONG_MS);
}

void asker_turn_a_little(void)
{
    static atomic_int none;
    asker_turn_until(&none, 0);
    asker_turn_until(&none, 0);
}

void asker_run(void)
{
    loop_run(loop);
}

struct outcome asker_ask(enum plan plan, struct slice body)
{
    struct outcome outcome;
    asker_begin(&outcome, plan, body);
    asker_run();
    return outcome;
}

void assert_whole(struct outcome *outcome, int status, const char *body)
{
    if (!outcome->ended || outcome->end != UPSTREAM_COMPLETE)
        fail_msg("ended %d: %d, %s", outcome->ended, outcome->end, outcome->detail);
    assert_int_equal(outcome->heads, 1);
    assert_int_equal(outcome->status, status);
    assert_int_equal(outcome->body.bytes, strlen(body));
    if (outcome->body.bytes > 0)
        assert_memory_equal(outcome->body.data, body, outcome->body.bytes);
    buffer_fini(&outcome->body);
}

void assert_failed(struct outcome *outcome, enum upstream_end end, const char *body)
{
    assert_true(outcome->ended);
    if (outcome->end != end)
        fail_msg("%d instead of %d: %s", outcome->end, end, outcome->detail);
    assert_true(strlen(outcome->detail) > 0);
    assert_int_equal(outcome->body.bytes, strlen(body));
    buffer_fini(&outcome->body);
}

void asker_ask_whole(int status, const char *body)
{
    struct outcome outcome = asker_ask(TAKE, slice_of("{}"));
    assert_whole(&outcome, status, body);
}

/* Turns the loop until the server has counted so far. */
static atomic_int *awaited;
static int awaited_count;

static void look(void *arg)
{
    (void)arg;
    if (awaited != NULL && *awaited >= awaited_count)
        loop_stop(loop);
}

void asker_turn_until(atomic_int *count, int wanted)
{
    awaited = count;
    awaited_count = wanted;
    loop_run(loop);
    awaited = NULL;
}

int asker_set_up(void **state)
{
    asker_once = asker_fresh = false;
    struct fault fault;
    (void)state;
    alarm(300); /* nothing here waits for ever */
    assert_true(job_queue_init(&queue, 100));
    loop = loop_new(&queue, NULL, &fault);
    assert_non_null(loop);
    asker_upstream = upstream_new(loop);
    loop_on_tick(loop, look, NULL);
    return 0;
}

int asker_tear_down(void **state)
{
    (void)state;
    upstream_free(asker_upstream);
    loop_free(loop);
    job_queue_finish(&queue);
    job_queue_fini(&queue);
    return 0;
}

void asker_start(const struct script *script)
{
    scripted_server_start(&asker_server, script);
}

void asker_join(int connections)
{
    scripted_server_join(&asker_server);
    assert_int_equal(asker_server.connections, connections);
    free(asker_server.request);
}
