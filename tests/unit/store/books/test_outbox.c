/* The outbox: written with its cause, given out once, the oldest of each destination; when a try is
 * repeated, and when it is given up. The alerts' rows beside it. */
#include "store/fixture.h"

#include <string.h>

#include "base/clock.h"
#include "store/alerts.h"
#include "store/books/alerts_table.h"
#include "store/books/outbox_table.h"
#include "store/store_internal.h"

enum { MOST = 8, HOUR = 3600 * 1000 };

static struct fixture f;
static struct db db;
static struct outbox outbox;
static const struct notice_switches nobody;

static int set_up(void **state)
{
    struct fault fault;
    (void)state;
    fixture_init(&f);
    fixture_close(&f); /* this test writes by itself */
    assert_true(db_open(&db, f.path, DB_WRITE_PROCESS, &fault));
    outbox_table_init(&outbox);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    outbox_table_fini(&outbox);
    db_close(&db);
    fixture_fini(&f);
    return 0;
}

static void add(enum outbox_kind kind, const char *destination, int64_t now_ms)
{
    assert_true(outbox_table_add(&db, kind, destination, "{}", now_ms));
}

static size_t due(int64_t now_ms, struct outbox_message *out, int64_t *next_ms)
{
    return outbox_table_due(&outbox, f.path, OUTBOX_TO_OPERATOR, now_ms, out, MOST, next_ms);
}

static void free_all(struct outbox_message *messages, size_t count)
{
    for (size_t i = 0; i < count; i++)
        outbox_message_fini(&messages[i]);
}

static void the_oldest_of_each_destination(void **state)
{
    struct outbox_message out[MOST];
    int64_t next_ms;
    (void)state;
    assert_int_equal(due(1000, out, &next_ms), 0);
    assert_true(next_ms == INT64_MAX);
    add(OUTBOX_WEBHOOK, "operator", 1002);
    add(OUTBOX_WEBHOOK, "operator", 1001);
    add(OUTBOX_MAIL, "a@example.com", 1003);
    add(OUTBOX_MAIL, "b@example.com", 5000);
    size_t count = due(2000, out, &next_ms);
    assert_int_equal(count, 2);
    assert_true(next_ms == 5000);
    for (size_t i = 0; i < count; i++) {
        assert_true(out[i].created_ms == (out[i].kind == OUTBOX_MAIL ? 1003 : 1001));
        assert_string_equal(out[i].payload, "{}");
        assert_memory_equal(out[i].id.text, "msg_", 4);
    }
    free_all(out, count);
}

static void a_clock_that_is_set_back(void **state)
{
    struct outbox_message out[MOST];
    int64_t next_ms;
    (void)state;
    add(OUTBOX_WEBHOOK, "operator", 24 * HOUR);
    assert_int_equal(due(23 * HOUR, out, &next_ms), 0); /* it may well be a pause */
    size_t count = due(22 * HOUR, out, &next_ms);
    assert_int_equal(count, 1);
    free_all(out, count);
}

/* Between the note and its row, a message is not given out again. */
static void noted_once(void **state)
{
    struct outbox_message out[MOST];
    struct outbox_result results[OUTBOX_RESULTS];
    int64_t next_ms;
    (void)state;
    add(OUTBOX_WEBHOOK, "operator", 1000);
    assert_int_equal(due(2000, out, &next_ms), 1);
    struct outbox_result result = {
        .id = out[0].id, .state = OUTBOX_WAITING, .tries = 1, .due_ms = 3000, .error = "no"};
    free_all(out, 1);
    uint64_t version = atomic_load(&outbox.version);
    outbox_table_note(&outbox, &result);
    assert_int_equal(due(2000, out, &next_ms), 0);
    size_t count = outbox_table_results(&outbox, results);
    assert_int_equal(count, 1);
    assert_true(outbox_table_write(&db, results, count));
    outbox_table_written(&outbox, count);
    assert_true(atomic_load(&outbox.version) != version);
    assert_int_equal(due(2999, out, &next_ms), 0);
    assert_true(next_ms == 3000);
    assert_int_equal(due(3000, out, &next_ms), 1);
    assert_int_equal(out[0].tries, 1);
    free_all(out, 1);
    result.state = OUTBOX_DELIVERED;
    assert_true(outbox_table_write(&db, &result, 1));
    assert_int_equal(due(9000, out, &next_ms), 0);
    assert_int_equal(db_number(&db, "SELECT length(payload) FROM outbox", NULL, 0, -1), 0);
}

static void a_full_mailbox(void **state)
{
    struct outbox_result result = {.state = OUTBOX_DELIVERED};
    (void)state;
    for (int i = 0; i < OUTBOX_RESULTS; i++) {
        assert_true(outbox_table_has_room(&outbox));
        outbox_table_note(&outbox, &result);
    }
    assert_false(outbox_table_has_room(&outbox));
    outbox_table_written(&outbox, 3);
    assert_true(outbox_table_has_room(&outbox));
}

static void pauses_grow_and_end(void **state)
{
    int64_t now_ms = 1000000, before_ms = 0;
    (void)state;
    for (int64_t tries = 1; tries <= 40; tries++) {
        int64_t least_ms = outbox_retry_ms(now_ms, tries, now_ms, 0) - now_ms;
        int64_t most_ms = 0;
        for (uint64_t random = 0; random < 4096; random++) {
            int64_t ms = outbox_retry_ms(now_ms, tries, now_ms, random * 1009) - now_ms;
            most_ms = ms > most_ms ? ms : most_ms;
            assert_true(ms >= least_ms && ms <= HOUR);
        }
        assert_true(least_ms >= before_ms && most_ms > least_ms);
        before_ms = least_ms;
    }
    assert_int_equal(before_ms, HOUR / 2);
    assert_int_equal(outbox_retry_ms(0, 1, 24 * (int64_t)HOUR, 0), 0);
    assert_true(outbox_retry_ms(0, 1, 23 * (int64_t)HOUR, 0) > 0);
}

static void old_ones_are_forgotten(void **state)
{
    int64_t now_ms = clock_wall_ms(), day_ms = 24 * (int64_t)HOUR;
    struct outbox_result result = {.error = ""};
    (void)state;
    for (int i = 0; i < 4; i++) {
        add(OUTBOX_WEBHOOK, "operator", now_ms - i);
        struct row *row = db_bind(&db,
                                  "SELECT max(rowid), id FROM (SELECT 1 AS rowid, id FROM"
                                  " outbox WHERE state = 'waiting')",
                                  NULL, 0);
        assert_true(db_row(&db, row));
        slice_copy(slice_of(column_text(row, 1)), result.id.text, sizeof result.id.text);
        db_leave(row);
        result.state = i < 2 ? OUTBOX_DELIVERED : OUTBOX_GIVEN_UP;
        result.due_ms = now_ms - (i == 0 ? 6 : i == 3 ? 31 : 8) * day_ms;
        assert_true(outbox_table_write(&db, &result, 1));
    }
    assert_true(outbox_table_forget(&db, now_ms));
    assert_int_equal(db_number(&db, "SELECT count(*) FROM outbox", NULL, 0, -1), 2);
}

/* Row and messages in one transaction; a registry of another process takes up where this ends. */
static void alerts_and_their_messages(void **state)
{
    struct alerts *alerts = alerts_new(4 * HOUR);
    struct alerts *after = alerts_new(4 * HOUR);
    const struct alert_receivers receivers = {
        .webhook = true, .mail = {"a@example.com", "b@example.com"}, .mail_count = 2};
    struct alert_news news;
    struct alerts_pace pace = {.due_us = 0};
    (void)state;
    alerts_set_receivers(alerts, &receivers);
    alerts_raise(alerts, ALERT_BALANCE_LOW, "openai", "less than $5");
    alerts_table_write(alerts, &outbox, &nobody, &db, &pace);
    assert_int_equal(db_number(&db, "SELECT count(*) FROM outbox", NULL, 0, -1), 3);
    assert_int_equal(db_number(&db, "SELECT told_open FROM alerts", NULL, 0, -1), 1);
    assert_true(alerts_table_load(after, &db));
    assert_int_equal(alerts_take(after, clock_wall_ms(), &news, 1), 0); /* it is told already */
    alerts_clear(after, ALERT_BALANCE_LOW, "openai");
    pace.due_us = 0;
    alerts_table_write(after, &outbox, &nobody, &db, &pace); /* nobody is told, but it is written */
    assert_int_equal(db_number(&db, "SELECT count(*) FROM alerts WHERE closed_ms > 0", NULL, 0, -1),
                     1);
    assert_int_equal(db_number(&db, "SELECT count(*) FROM outbox", NULL, 0, -1), 3);
    alerts_free(alerts);
    alerts_free(after);
}

/* The log says it once, until it goes well again. */
static void alerts_that_cannot_be_written(void **state)
{
    struct alerts *alerts = alerts_new(4 * HOUR);
    struct alerts_pace pace = {.due_us = 0};
    (void)state;
    assert_true(db_run(&db,
                       "CREATE TRIGGER no_alerts BEFORE INSERT ON alerts"
                       " BEGIN SELECT RAISE(ABORT, 'not now'); END",
                       NULL, 0));
    alerts_raise(alerts, ALERT_BALANCE_LOW, "openai", "less than $5");
    alerts_table_write(alerts, &outbox, &nobody, &db, &pace);
    assert_true(pace.failed);
    assert_true(pace.due_us > clock_mono_us());
    assert_true(db_run(&db, "DROP TRIGGER no_alerts", NULL, 0));
    pace.due_us = 0;
    alerts_table_write(alerts, &outbox, &nobody, &db, &pace);
    assert_false(pace.failed);
    assert_int_equal(db_number(&db, "SELECT count(*) FROM alerts", NULL, 0, -1), 1);
    alerts_free(alerts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_oldest_of_each_destination, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_clock_that_is_set_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(noted_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_mailbox, set_up, tear_down),
        cmocka_unit_test(pauses_grow_and_end),
        cmocka_unit_test_setup_teardown(old_ones_are_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(alerts_and_their_messages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(alerts_that_cannot_be_written, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
