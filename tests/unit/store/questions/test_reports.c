/* The threads that read: accounts take turns, and a stop waits for nothing. */
#include "store/fixture.h"

#include <semaphore.h>
#include <string.h>

#include "store/engine/db.h"
#include "store/store_internal.h"

static struct fixture f;

#define ASK(...) fixture_ask(f.store, &f.reply_queue, __VA_ARGS__)

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

static sem_t gate;
static sem_t entered;
static char arrived[8];
static size_t arrived_count;

static void run_gate(struct job *job, void *server)
{
    (void)job;
    (void)server;
    sem_post(&entered);
    sem_wait(&gate);
}

static void on_list(struct job *job)
{
    struct store_call *call = (struct store_call *)job;
    assert_true(call->ok);
    arrived[arrived_count++] = call->actor.name[0];
}

static void ask_list(struct store_call *call, const struct customer *whose, char name)
{
    const struct store_value args[] = {bind_text(whose->account_id.text), bind_null(), bind_int(9)};
    struct fault fault;
    assert_true(store_call_init(call, "transfer.list", args, 3, &fault));
    call->job.reply_queue = &f.reply_queue;
    call->job.done = on_list;
    call->actor.name[0] = name;
    assert_true(store_call_post(f.store, call));
}

/* Who asks for much does not keep others waiting for all of it. */
static void accounts_take_turns(void **state)
{
    struct fair_job held = {.job = {.reply_queue = &f.reply_queue, .run = run_gate}, .address = 1};
    struct store_call calls[5];
    struct customer ann, bob;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 0, -1, &ann);
    fixture_customer(f.store, &f.reply_queue, "bob@example.com", 0, -1, &bob);
    sem_init(&gate, 0, 0);
    sem_init(&entered, 0, 0);
    memset(arrived, 0, sizeof arrived);
    arrived_count = 0;
    assert_true(fair_pool_post(f.store->reports[REPORTS_LONG].turns, &held));
    sem_wait(&entered);
    for (int i = 0; i < 4; i++)
        ask_list(&calls[i], &ann, 'a');
    ask_list(&calls[4], &bob, 'B');
    sem_post(&gate);
    while (arrived_count < 5) {
        job_queue_wait(&f.reply_queue, 1000);
        job_queue_finish(&f.reply_queue);
    }
    assert_string_equal(arrived, "aBaaa");
    for (int i = 0; i < 5; i++)
        store_call_fini(&calls[i]);
    sem_destroy(&gate);
    sem_destroy(&entered);
}

/* What waits and what is under way, at the end. */
static void reads_are_cancelled(void **state)
{
    const atomic_bool cancelled = true;
    struct customer ann;
    struct fault fault;
    struct db db;
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 0, -1, &ann);
    assert_non_null(ASK("user.get", "t", ann.user_id.text));
    store_cancel_reads(f.store);
    fixture_assert_fails(ASK("user.get", "t", ann.user_id.text), "unavailable");
    assert_true(db_open(&db, f.path, DB_READ, &fault));
    db.cancelled = &cancelled;
    assert_int_equal(db_number(&db,
                               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                               " WHERE i < 100000) SELECT count(*) FROM n",
                               NULL, 0, -1),
                     -1);
    db_close(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(accounts_take_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_are_cancelled, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
