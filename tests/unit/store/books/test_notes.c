/* What is told beside the ledger: no more waits than there is room for, and none for ever. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/fixture.h"
#include "store/notes.h"
#include "store/store_internal.h"

#define MONTH_MS (INT64_C(31) * 24 * 3600 * 1000)

static struct id account = {"acct_1"};

/* Nobody writes them: what is above the bound is dropped and counted. */
static void full_queue(void **state)
{
    struct store *store = calloc(1, sizeof *store);
    const struct attempt_note attempt = {.number = 1};
    (void)state;
    assert_non_null(store);
    notes_table_init(&store->notes);
    assert_false(notes_table_is_waiting(&store->notes));
    for (int i = 0; i < LIMIT_NOTES + 10; i++)
        notes_attempt(store, &account, &attempt);
    assert_true(notes_table_is_waiting(&store->notes));
    assert_int_equal(store->notes.count, LIMIT_NOTES);
    assert_int_equal(store->notes.dropped, 10);
    notes_table_fini(&store->notes);
    free(store);
}

/* So many of an account and minute, and the others are counted; of more accounts than there is room
 * for only that. */
static void sampling(void **state)
{
    struct store *store = calloc(1, sizeof *store);
    int taken = 0;
    (void)state;
    assert_non_null(store);
    notes_table_init(&store->notes);
    for (int i = 0; i < LIMIT_REFUSALS_A_MINUTE + 5; i++)
        taken += notes_take_refusal(store, &account, 1000000);
    assert_int_equal(taken, LIMIT_REFUSALS_A_MINUTE);
    assert_true(notes_table_is_waiting(&store->notes));
    assert_true(notes_take_refusal(store, &account, 1000000 + 60000));
    for (int i = 0; i < NOTES_ACCOUNTS * 4; i++) {
        struct id other;
        snprintf(other.text, sizeof other.text, "acct_%d", i + 2);
        for (int n = 0; n <= LIMIT_REFUSALS_A_MINUTE; n++)
            notes_take_refusal(store, &other, 1000000);
    }
    assert_true(store->notes.dropped > 0);
    notes_table_fini(&store->notes);
    free(store);
}

static void wait_for(struct fixture *f, const char *sql, int64_t wanted)
{
    for (int i = 0; i < 500 && fixture_number(f->path, sql) != wanted; i++)
        usleep(10000);
    assert_int_equal(fixture_number(f->path, sql), wanted);
}

static void old_rows_go(void **state)
{
    struct refused_call refused = {.account_id = account, .status = 404};
    const struct attempt_note attempt = {.number = 1, .created_ms = clock_wall_ms()};
    struct fixture f;
    (void)state;
    fixture_init(&f);
    for (int i = 0; i < 600; i++) {
        snprintf(refused.exchange_id.text, sizeof refused.exchange_id.text, "req_%d", i);
        refused.created_ms = clock_wall_ms() - (i < 550 ? MONTH_MS : 0);
        notes_refusal(f.store, &refused);
    }
    notes_attempt(f.store, &account, &attempt);
    assert_true(notes_take_refusal(f.store, &account, clock_wall_ms()));
    for (int i = 0; i < LIMIT_REFUSALS_A_MINUTE; i++)
        notes_take_refusal(f.store, &account, clock_wall_ms());
    wait_for(&f, "SELECT sum(count) FROM refusals_left_out", 1);
    clock_advance_ms(6000);
    wait_for(&f, "SELECT count(*) FROM refusals", 50);
    wait_for(&f, "SELECT count(*) FROM attempts", 1);
    clock_advance_ms(MONTH_MS);
    wait_for(&f, "SELECT count(*) FROM refusals", 0);
    wait_for(&f, "SELECT count(*) FROM attempts", 0);
    wait_for(&f, "SELECT count(*) FROM refusals_left_out", 0);
    fixture_fini(&f);
}

/* What waits when the store closes is written first. */
static void closing_writes(void **state)
{
    const struct attempt_note attempt = {.number = 1, .created_ms = clock_wall_ms()};
    struct fixture f;
    (void)state;
    fixture_init(&f);
    notes_attempt(f.store, &account, &attempt);
    fixture_close(&f);
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM attempts"), 1);
    fixture_reopen(&f);
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_queue),
        cmocka_unit_test(sampling),
        cmocka_unit_test(old_rows_go),
        cmocka_unit_test(closing_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
