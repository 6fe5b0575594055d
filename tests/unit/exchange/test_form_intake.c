/* A form that passes and for which memory ends: its call fails, instead of a form with a hole. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "exchange/exchange_internal.h"
#include "exchange/form_intake.h"
#include "net/server/body_flow.h"
#include "net/server/connection.h"

#define HEAD                                                                                       \
    "POST /v1/audio/transcriptions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"          \
    "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
#define FRONT                                                                                      \
    "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n"                           \
    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nsound"

enum { HELD_BYTES_MAX = 1000 };

static struct job_queue queue;
static struct exchange_env env;
static struct exchange exchange;
static struct connection connection;
static struct http_header headers[8];

/* A form of which the front has come, and passes. */
static int set_up(void **state)
{
    (void)state;
    struct fault fault;
    struct refusal refusal;
    assert_true(job_queue_init(&queue, 100));
    memset(&connection, 0, sizeof connection);
    memset(&exchange, 0, sizeof exchange);
    struct http_request *request = &connection.request;
    request->connection = &connection;
    request->user = &exchange;
    assert_true(head_parse(HEAD, sizeof HEAD - 1, headers, 8, &request->head, &refusal));
    env = (struct exchange_env){.loop = loop_new(&queue, NULL, &fault),
                                .body_bytes_max = HELD_BYTES_MAX,
                                .form_bytes_max = 1 << 30};
    assert_non_null(env.loop);
    exchange.env = &env;
    exchange.request = request;
    id_make_at(&exchange.id, "req", 0);
    exchange.asks.dialect = DIALECT_TRANSCRIPTIONS;
    exchange.state = EXCHANGE_SETTLING; /* so that its failure asks nobody */
    buffer_init(&exchange.body, sizeof FRONT);
    buffer_append(&exchange.body, FRONT, sizeof FRONT - 1);
    form_intake_begin(&exchange);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    form_intake_fini(&exchange);
    buffer_fini(&exchange.body);
    loop_free(env.loop);
    job_queue_finish(&queue);
    job_queue_fini(&queue);
    return 0;
}

static void stop(void *arg)
{
    loop_stop(arg);
}

/* What was put off is done. */
static void turn(void)
{
    struct deferred last = {.call = stop, .arg = env.loop};
    loop_defer(env.loop, &last);
    loop_run(env.loop);
}

static bool passes(void)
{
    size_t closing_bytes;
    return form_intake_tail(&exchange, &closing_bytes) != NULL;
}

static void come(size_t bytes)
{
    char *data = calloc(1, bytes);
    check(data != NULL);
    connection.request.body_events->on_body((struct slice){data, bytes}, false, &exchange);
    free(data);
    turn();
}

static void what_comes_passes(void **state)
{
    (void)state;
    assert_false(form_intake_waits(&exchange));
    assert_true(passes());
    come(LIMIT_FORM_FLOW_BYTES);
    assert_true(passes());
}

static void a_form_with_a_hole_does_not_pass(void **state)
{
    (void)state;
    assert_false(form_intake_waits(&exchange));
    come(HELD_BYTES_MAX + 2 * LIMIT_FORM_FLOW_BYTES + 1); /* more than there is room for */
    assert_false(passes());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_comes_passes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_form_with_a_hole_does_not_pass, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
