/* Asks a scripted server by upstream.h, and notes what becomes of it. One loop, one pool and one
 * server at a time, made for each test by asker_set_up. */
#ifndef TESTS_NET_ASKER_H
#define TESTS_NET_ASKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "net/client/upstream.h"
#include "net/loop/loop.h"
#include "net/scripted_server.h"

enum { ASKER_BODY_MAX = 1 << 26, ASKER_LONG_MS = 60000 };

extern struct upstream *asker_upstream;
extern struct scripted_server asker_server;

enum plan { TAKE, CANCEL_AT_HEAD, CANCEL_AT_DATA, PAUSE_AT_DATA, PAUSE_AND_RESUME_AT_DATA };

/* What became of a call. */
struct outcome {
    struct upstream_call *call;
    enum plan plan;
    bool inside; /* a function of upstream.h: no event may come */
    bool paused;
    struct deferred resume;
    struct slice parts[4]; /* of the request's body */
    unsigned heads;
    int status;
    char content_type[64];
    struct buffer body;
    unsigned pieces;
    bool ended;
    enum upstream_end end;
    char detail[256];
};

extern bool asker_once, asker_fresh; /* of the calls to come */

int asker_set_up(void **state);
int asker_tear_down(void **state);

#define WITH_ASKER(name) cmocka_unit_test_setup_teardown(name, asker_set_up, asker_tear_down)

void asker_start(const struct script *script);
void asker_join(int connections); /* which so many were */

/* Begins a call, its body in parts, and makes sure that no event comes from inside that. */
void asker_begin_at(struct outcome *outcome, enum plan plan, const char *url, struct slice body,
                    int64_t connect_timeout_ms);
void asker_begin(struct outcome *outcome, enum plan plan, struct slice body); /* at the server */
void asker_cancel(struct outcome *outcome);
void asker_turn_a_little(void);                       /* for a tick or two */
void asker_run(void);                                 /* until an end or a cancel */
void asker_turn_until(atomic_int *count, int wanted); /* until the server has counted so far */

/* Begins and runs; the outcome's body is the caller's until one of the asserts. */
struct outcome asker_ask(enum plan plan, struct slice body);
void asker_ask_whole(int status, const char *body);

void assert_whole(struct outcome *outcome, int status, const char *body);
void assert_failed(struct outcome *outcome, enum upstream_end end, const char *body);

/* ---- what scripts are made of ---- */

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; x=y\r\n"
#define HELLO HEAD "Content-Length: 5\r\n\r\nhello"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

/* clang-format off */
#define SAY(words) {STEP_SEND, words, {0}}
#define READ {STEP_READ, NULL, {0}}
#define CLOSE {STEP_CLOSE, NULL, {0}}
#define SEE_CLOSE {STEP_SEE_CLOSE, NULL, {0}}
#define WAIT {STEP_WAIT, NULL, {0}}
/* clang-format on */

#endif
