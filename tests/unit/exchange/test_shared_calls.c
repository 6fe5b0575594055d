/* Identical calls: one leads, the others wait; who gets its answer, who withdraws, and all of it
 * from many threads. */
#include "base/support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "exchange/shared_calls.h"

static struct shared_calls *calls;
static const struct id ids[2] = {{.text = "req_0"}, {.text = "req_1"}};

static int setup(void **state)
{
    (void)state;
    calls = shared_calls_new();
    return 0;
}

/* Checks that every call has ended. */
static int teardown(void **state)
{
    (void)state;
    shared_calls_free(calls);
    return 0;
}

static void key_of(char letter, char out[SHA256_HEX_BYTES])
{
    memset(out, letter, SHA256_HEX_BYTES - 1);
    out[SHA256_HEX_BYTES - 1] = '\0';
}

struct asker {
    struct shared_waiter waiter; /* first: its job is cast back */
    struct shared_call *call;
    bool leads;
    bool back;
};

static void on_back(struct job *job)
{
    ((struct asker *)(void *)job)->back = true;
}

static void join(struct asker *asker, char letter, unsigned number, struct job_queue *queue)
{
    char key[SHA256_HEX_BYTES];
    key_of(letter, key);
    *asker = (struct asker){.waiter = {.job = {.reply_queue = queue, .done = on_back}}};
    asker->call = shared_calls_join(calls, key, &ids[number % 2], &asker->waiter, &asker->leads);
}

static void answer(struct asker *leader, const char *text)
{
    struct shared_answer given = {.status = 200, .content_type = "application/json"};
    buffer_init(&given.body, 100);
    buffer_append_text(&given.body, text);
    shared_calls_end(calls, leader->call, &given);
}

static void leave(struct asker *asker)
{
    shared_calls_unref(calls, asker->call);
}

static void test_who_waits_gets_the_answer(void **state)
{
    (void)state;
    struct job_queue queue;
    struct asker first, second, other;
    assert_true(job_queue_init(&queue, 8));
    join(&first, 'a', 0, &queue);
    join(&second, 'a', 1, &queue);
    join(&other, 'b', 1, &queue);
    assert_true(first.leads && other.leads && !second.leads);
    assert_string_equal(shared_call_leader(second.call)->text, "req_0");
    answer(&first, "{}");
    leave(&first);
    assert_int_equal(job_queue_finish(&queue), 1);
    assert_true(second.back);
    assert_true(slice_equals(buffer_slice(&shared_call_answer(second.call)->body), "{}"));
    struct asker late;
    join(&late, 'a', 0, &queue);
    assert_true(late.leads); /* what has ended is not shared */
    shared_calls_end(calls, late.call, NULL);
    shared_calls_end(calls, other.call, NULL);
    leave(&second);
    leave(&late);
    leave(&other);
    job_queue_fini(&queue);
}

static void test_a_leader_without_an_answer(void **state)
{
    (void)state;
    struct job_queue queue;
    struct asker first, second;
    assert_true(job_queue_init(&queue, 8));
    join(&first, 'a', 0, &queue);
    join(&second, 'a', 1, &queue);
    shared_calls_end(calls, first.call, NULL);
    leave(&first);
    assert_int_equal(job_queue_finish(&queue), 1);
    assert_null(shared_call_answer(second.call));
    leave(&second);
    job_queue_fini(&queue);
}

static void test_who_withdraws_gets_nothing(void **state)
{
    (void)state;
    struct job_queue queue;
    struct asker first, second;
    assert_true(job_queue_init(&queue, 8));
    join(&first, 'a', 0, &queue);
    join(&second, 'a', 1, &queue);
    assert_true(shared_calls_withdraw(calls, second.call, &second.waiter));
    leave(&second);
    join(&second, 'a', 1, &queue);
    answer(&first, "{}");
    assert_false(shared_calls_withdraw(calls, second.call, &second.waiter)); /* it comes back */
    assert_int_equal(job_queue_finish(&queue), 1);
    leave(&first);
    leave(&second);
    job_queue_fini(&queue);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 2000 };

static void *work(void *arg)
{
    unsigned number = *(const unsigned *)arg;
    struct job_queue queue;
    assert_true(job_queue_init(&queue, 8));
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct asker asker;
        join(&asker, (char)('a' + i % 2), number, &queue);
        if (asker.leads && i % 3 == 0)
            shared_calls_end(calls, asker.call, NULL);
        else if (asker.leads)
            answer(&asker, "{\"an\":\"answer\"}");
        else if (i % 5 != 0 || !shared_calls_withdraw(calls, asker.call, &asker.waiter)) {
            while (job_queue_finish(&queue) == 0)
                job_queue_wait(&queue, -1);
            const struct shared_answer *given = shared_call_answer(asker.call);
            assert_true(given == NULL || given->body.bytes == 15);
        }
        leave(&asker);
    }
    job_queue_fini(&queue);
    return NULL;
}

static void test_many_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    unsigned numbers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, work, &numbers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_waits_gets_the_answer),
        TEST(test_a_leader_without_an_answer),
        TEST(test_who_withdraws_gets_nothing),
        TEST(test_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
