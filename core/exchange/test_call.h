/* A test call: a small call, plain or a stream, that an administrator asks of one candidate, to see
 * what its provider says. It is an exchange without a client, without a hold of a customer and
 * without a record in `usage`, but it is translated, sent and judged as any call, and breakers,
 * caps and live metrics hear of it. It goes out whatever breakers say, for it may be the probe of
 * what they leave out. The store has noted it before (provider.test), and is told what came of it;
 * what it costs is the operator's.
 *
 *   test_call_new -> test_call_begin -> an attempt -> its answer, metered and thrown away
 *                 -> (its result noted) -> ended
 *
 * On the worker's thread. */
#ifndef EXCHANGE_TEST_CALL_H
#define EXCHANGE_TEST_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "dialect/dialect_kind.h"

struct candidate;
struct cost_ceiling;
struct exchange;
struct exchange_env;

/* What is asked; borrowed. */
struct test_call_terms {
    struct slice id;   /* that provider.test gave */
    const char *model; /* its public name */
    enum dialect dialect;
    struct slice body;
    struct candidate *candidate;
};

/* ---- for the task ---- */

/* The caller attaches a task and calls test_call_begin. */
struct exchange *test_call_new(struct exchange_env *env, const struct test_call_terms *terms);
/* `need`: of its candidate alone; borrowed until this returns. */
void test_call_begin(struct exchange *exchange, const struct cost_ceiling *need);
/* The task was woken: goes on. */
void test_call_woken(struct exchange *exchange);

/* ---- for the files that move an exchange along ---- */

/* Its answer has come to its end, or was cut. */
void test_call_settle(struct exchange *exchange);
/* Ends it at once for this reason. */
void test_call_fail(struct exchange *exchange, const char *why);
void test_call_tick(struct exchange *exchange, int64_t now_us); /* also of one that is none */
void test_call_stop_all(struct exchange_env *env);              /* the worker stops */
bool test_call_is_busy(const struct exchange *exchange);        /* also of one that is none */
void test_call_fini(struct exchange *exchange);                 /* likewise */

#endif
