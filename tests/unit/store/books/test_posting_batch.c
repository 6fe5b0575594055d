/* A batch writes the rows that are written one by one otherwise: the same in all tables. */
#include "store/books/posting_batch.h"

#include <stdio.h>
#include <string.h>

#include "base/support.h"
#include "store/books/posting.h"
#include "store/fixture.h"

enum { MANY = POSTING_BATCH_MAX, ROUNDS = 3 };

static struct dice dice;
static struct fixture alone, together;
static struct db one_by_one, batched;
static struct posting_batch batch;
static struct ledger_hold holds[MANY];
static struct ledger_settlement settlements[MANY];

static void open_tables(struct fixture *fixture, struct db *db)
{
    struct fault fault;
    fixture_init(fixture);
    store_close(fixture->store);
    fixture->store = NULL;
    assert_true(db_open(db, fixture->path, DB_WRITE_PROCESS, &fault));
}

static int set_up(void **state)
{
    (void)state;
    open_tables(&alone, &one_by_one);
    open_tables(&together, &batched);
    return 0;
}

static void close_tables(struct fixture *fixture, struct db *db)
{
    db_close(db);
    fixture->store = fixture_open(fixture->path, false); /* for fixture_fini */
    fixture_fini(fixture);
}

static int tear_down(void **state)
{
    (void)state;
    close_tables(&alone, &one_by_one);
    close_tables(&together, &batched);
    return 0;
}

/* ---- what is written ---- */

static struct id id_of(const char *prefix, size_t number)
{
    struct id id;
    snprintf(id.text, sizeof id.text, "%s_%zu", prefix, number);
    return id;
}

static int64_t amount(void)
{
    return dice_below(&dice, 3) == 0 ? 0 : (int64_t)dice_below(&dice, 1000000) + 1;
}

static void fill_counts(struct usage_record *record)
{
    for (enum unit unit = 0; unit < UNIT_COUNT; unit++) {
        record->counts.of[unit] = dice_below(&dice, 4) == 0 ? amount() : 0;
        record->prices.of[unit] = amount();
        record->sold.of[unit] = dice_below(&dice, 2) == 0 ? amount() : record->prices.of[unit];
    }
}

static void fill_facts(struct usage_facts *facts)
{
    if (dice_below(&dice, 3) == 0)
        strcpy(facts->words[USAGE_SERVICE_TIER], "flex");
    facts->cost_stated = dice_below(&dice, 4) == 0;
    facts->stated_cost_nusd = amount();
    facts->computed_cost_nusd = amount();
}

static void fill(size_t number, struct ledger_hold *hold, struct ledger_settlement *settlement)
{
    *hold = (struct ledger_hold){.exchange_id = id_of("req", number),
                                 .account_id = id_of("acct", number % 5),
                                 .key_id = id_of("key", number % 3),
                                 .amount_nusd = amount(),
                                 .created_ms = 1000,
                                 .expires_ms = 2000};
    *settlement = (struct ledger_settlement){.extended_nusd = amount()};
    settlement->held_nusd = hold->amount_nusd + settlement->extended_nusd;
    settlement->voided = dice_below(&dice, 4) == 0;
    struct usage_record *record = &settlement->record;
    record->exchange_id = hold->exchange_id;
    record->account_id = hold->account_id;
    record->user_id = id_of("user", number % 5);
    record->key_id = hold->key_id;
    strcpy(record->model, "m");
    strcpy(record->provider, number % 2 ? "openai" : "");
    strcpy(record->error_code, number % 7 ? "" : "upstream_error");
    fill_counts(record);
    fill_facts(&record->facts);
    record->charge_nusd = settlement->voided ? 0 : settlement->held_nusd;
    record->overrun_nusd = amount();
    record->cost_nusd = amount();
    record->created_ms = 1000 + (int64_t)number;
    record->excess_tokens = number % 5 == 0 ? 1 + (int64_t)number : 0;
    record->first_byte_us = -1;
}

static void write_one_by_one(size_t count, int64_t *last_charge)
{
    assert_true(db_run(&one_by_one, "BEGIN IMMEDIATE", NULL, 0));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(posting_hold(&one_by_one, &holds[i]), POSTING_DONE);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(posting_settlement(&one_by_one, &settlements[i], 77, last_charge),
                         POSTING_DONE);
    assert_true(db_commit(&one_by_one));
}

static void write_together(size_t count, int64_t *last_charge)
{
    assert_true(db_run(&batched, "BEGIN IMMEDIATE", NULL, 0));
    assert_true(posting_batch_begin(&batch, &batched));
    for (size_t i = 0; i < count; i++)
        posting_batch_add_hold(&batch, &holds[i]);
    for (size_t i = 0; i < count; i++)
        posting_batch_add_settlement(&batch, &settlements[i], 77, last_charge);
    assert_true(posting_batch_write(&batch, &batched));
    assert_true(db_commit(&batched));
}

/* ---- comparing ---- */

static void assert_same_value(sqlite3_stmt *one, sqlite3_stmt *other, int column)
{
    assert_int_equal(sqlite3_column_type(one, column), sqlite3_column_type(other, column));
    const unsigned char *text = sqlite3_column_text(one, column);
    if (text != NULL)
        assert_string_equal((const char *)text, (const char *)sqlite3_column_text(other, column));
}

static sqlite3_stmt *read_all(struct db *db, const char *table)
{
    char sql[96];
    sqlite3_stmt *statement;
    snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY 1, 2", table);
    assert_int_equal(sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL), SQLITE_OK);
    return statement;
}

static size_t assert_same_table(const char *table)
{
    size_t rows = 0;
    sqlite3_stmt *one = read_all(&one_by_one, table), *other = read_all(&batched, table);
    for (;; rows++) {
        int rc = sqlite3_step(one);
        assert_int_equal(sqlite3_step(other), rc);
        if (rc != SQLITE_ROW)
            break;
        for (int i = 0; i < sqlite3_column_count(one); i++)
            assert_same_value(one, other, i);
    }
    sqlite3_finalize(one);
    sqlite3_finalize(other);
    return rows;
}

/* ---- the tests ---- */

static void a_batch_writes_what_is_written_one_by_one(void **state)
{
    static const char *const tables[] = {"holds",       "transfers",    "usage",
                                         "usage_lines", "usage_facts",  "hold_extensions",
                                         "resolutions", "excess_tokens"};
    int64_t last_alone = 0, last_together = 0;
    (void)state;
    dice = dice_make();
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t count = round == 1 ? 1 : MANY;
        for (size_t i = 0; i < count; i++)
            fill(round * MANY + i, &holds[i], &settlements[i]);
        write_one_by_one(count, &last_alone);
        write_together(count, &last_together);
        assert_int_equal(last_alone, last_together);
    }
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        assert_true(assert_same_table(tables[i]) > 10);
}

static void an_empty_batch_writes_nothing(void **state)
{
    (void)state;
    assert_true(posting_batch_begin(&batch, &batched));
    assert_true(posting_batch_write(&batch, &batched));
    assert_int_equal(db_number(&batched, "SELECT count(*) FROM holds", NULL, 0, -1), 0);
}

/* The same hold twice. */
static void a_batch_that_a_constraint_refuses_says_so(void **state)
{
    (void)state;
    dice = dice_make();
    fill(1, &holds[0], &settlements[0]);
    assert_true(db_run(&batched, "BEGIN IMMEDIATE", NULL, 0));
    assert_true(posting_batch_begin(&batch, &batched));
    posting_batch_add_hold(&batch, &holds[0]);
    posting_batch_add_hold(&batch, &holds[0]);
    assert_false(posting_batch_write(&batch, &batched));
    assert_int_not_equal(batched.constraint, 0);
    assert_int_equal(batched.failure, 0);
    db_rollback(&batched);
    assert_int_equal(db_number(&batched, "SELECT count(*) FROM holds", NULL, 0, -1), 0);
}

#define WITH_TABLES(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TABLES(a_batch_writes_what_is_written_one_by_one),
        WITH_TABLES(an_empty_batch_writes_nothing),
        WITH_TABLES(a_batch_that_a_constraint_refuses_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
