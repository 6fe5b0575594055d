/* The ledger's journal: its records, what a start finds of them after a crash, and what happens
 * when there is no room for more. */
#include "store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/books/ledger_jobs.h"
#include "store/journal/journal.h"
#include "store/store_internal.h"

enum { FIRST = 5, SECOND = 3, HALF_BYTES = 2 * 1024 * 1024 };

static struct fixture f;
static struct customer ann;

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 1000 * USD, -1, &ann);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

/* ---- records ---- */

static const struct journal_place place = {.salt = 17, .generation = 5, .offset = 640};

static void fill(char *out, size_t bytes)
{
    memset(out, 'x', bytes - 1);
    out[bytes - 1] = '\0';
}

static void longest_settlement(struct ledger_settlement *out)
{
    struct usage_record *r = &out->record;
    *out = (struct ledger_settlement){.held_nusd = INT64_MAX, .extended_nusd = 3, .voided = true};
    fill(r->exchange_id.text, sizeof r->exchange_id.text);
    fill(r->account_id.text, sizeof r->account_id.text);
    fill(r->user_id.text, sizeof r->user_id.text);
    fill(r->key_id.text, sizeof r->key_id.text);
    fill(r->model, sizeof r->model);
    fill(r->provider, sizeof r->provider);
    fill(r->provider_model, sizeof r->provider_model);
    fill(r->policy_revision, sizeof r->policy_revision);
    fill(r->error_code, sizeof r->error_code);
    fill(r->finish_reason, sizeof r->finish_reason);
    r->status = 499;
    r->attempts = 2;
    r->streamed = true;
    r->source = USAGE_PARTIAL;
    r->counts = (struct unit_counts){.input = 4, .cached_input = 5, .output = 6};
    r->reasoning_tokens = 7;
    r->prices = (struct unit_prices){.input_pusd = 8, .cached_input_pusd = 9, .output_pusd = 10};
    r->sold = (struct unit_prices){.input_pusd = 17, .cached_input_pusd = 18, .output_pusd = 19};
    r->margin_ppm = 11;
    r->cost_nusd = 12;
    r->charge_nusd = 13;
    r->overrun_nusd = 14;
    r->created_ms = 15;
    r->first_byte_us = -1;
    r->total_us = 16;
}

static void assert_same(const struct usage_record *one, const struct usage_record *other)
{
    assert_string_equal(one->exchange_id.text, other->exchange_id.text);
    assert_string_equal(one->account_id.text, other->account_id.text);
    assert_string_equal(one->user_id.text, other->user_id.text);
    assert_string_equal(one->key_id.text, other->key_id.text);
    assert_string_equal(one->model, other->model);
    assert_string_equal(one->provider, other->provider);
    assert_string_equal(one->provider_model, other->provider_model);
    assert_string_equal(one->policy_revision, other->policy_revision);
    assert_string_equal(one->error_code, other->error_code);
    assert_string_equal(one->finish_reason, other->finish_reason);
    assert_int_equal(one->status, other->status);
    assert_int_equal(one->attempts, other->attempts);
    assert_int_equal(one->streamed, other->streamed);
    assert_int_equal(one->source, other->source);
    assert_memory_equal(&one->counts, &other->counts, sizeof one->counts);
    assert_int_equal(one->reasoning_tokens, other->reasoning_tokens);
    assert_memory_equal(&one->prices, &other->prices, sizeof one->prices);
    assert_memory_equal(&one->sold, &other->sold, sizeof one->sold);
    assert_int_equal(one->margin_ppm, other->margin_ppm);
    assert_int_equal(one->cost_nusd, other->cost_nusd);
    assert_int_equal(one->charge_nusd, other->charge_nusd);
    assert_int_equal(one->overrun_nusd, other->overrun_nusd);
    assert_int_equal(one->created_ms, other->created_ms);
    assert_int_equal(one->first_byte_us, other->first_byte_us);
    assert_int_equal(one->total_us, other->total_us);
}

static void record_is_read_as_written(void **state)
{
    struct ledger_settlement settlement;
    struct journal_record record;
    struct buffer bytes;
    size_t size = 0;
    (void)state;
    buffer_init(&bytes, JOURNAL_RECORD_BYTES_MAX);
    longest_settlement(&settlement);
    journal_record_put_settlement(&bytes, &place, &settlement, 1234);
    assert_int_equal(journal_record_read(buffer_slice(&bytes), &place, &record, &size),
                     JOURNAL_FOUND);
    assert_int_equal(size, bytes.bytes);
    assert_int_equal(record.kind, JOURNAL_SETTLEMENT);
    assert_int_equal(record.committed_ms, 1234);
    assert_int_equal(record.as.settlement.held_nusd, settlement.held_nusd);
    assert_int_equal(record.as.settlement.extended_nusd, 3);
    assert_true(record.as.settlement.voided);
    assert_same(&record.as.settlement.record, &settlement.record);
    buffer_fini(&bytes);
}

/* No part of a record, no record with one bit turned, and none of another place is a record. */
static void nothing_else_is_a_record(void **state)
{
    const struct journal_place others[] = {
        {.salt = 18, .generation = 5, .offset = 640},
        {.salt = 17, .generation = 7, .offset = 640},
        {.salt = 17, .generation = 5, .offset = 648},
    };
    struct ledger_hold hold;
    struct journal_record record;
    struct buffer bytes;
    size_t size;
    (void)state;
    buffer_init(&bytes, JOURNAL_RECORD_BYTES_MAX);
    fixture_hold(&hold, &f.reply_queue, &ann, 77);
    journal_record_put_hold(&bytes, &place, &hold, 1234);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(journal_record_read(buffer_slice(&bytes), &others[i], &record, &size),
                         JOURNAL_END);
    for (size_t i = 0; i < bytes.bytes; i++) {
        struct slice part = {bytes.data, i};
        assert_int_equal(journal_record_read(part, &place, &record, &size), JOURNAL_END);
    }
    for (size_t i = 0; i < bytes.bytes * 8; i++) {
        bytes.data[i / 8] = (char)(bytes.data[i / 8] ^ 1 << i % 8);
        assert_int_equal(journal_record_read(buffer_slice(&bytes), &place, &record, &size),
                         JOURNAL_END);
        bytes.data[i / 8] = (char)(bytes.data[i / 8] ^ 1 << i % 8);
    }
    assert_int_equal(journal_record_read(buffer_slice(&bytes), &place, &record, &size),
                     JOURNAL_FOUND);
    assert_int_equal(record.as.hold.amount_nusd, 77);
    assert_string_equal(record.as.hold.exchange_id.text, hold.exchange_id.text);
    buffer_fini(&bytes);
}

/* ---- after a crash ---- */

static sqlite3 *hold_up_tables(void)
{
    sqlite3 *handle = fixture_raw(f.path);
    assert_int_equal(sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return handle;
}

static void take_holds(int count)
{
    struct ledger_hold hold;
    for (int i = 0; i < count; i++) {
        fixture_hold(&hold, &f.reply_queue, &ann, 1);
        assert_true(fixture_take(f.store, &hold));
    }
}

static void await_seal(void)
{
    bool is_sealed = false;
    for (int i = 0; i < 5000 && !is_sealed; i++) {
        pthread_mutex_lock(&f.store->journal.mutex);
        is_sealed = f.store->journal.is_sealed;
        pthread_mutex_unlock(&f.store->journal.mutex);
        job_queue_wait(&f.reply_queue, 1); /* nothing comes: a sleep */
    }
    assert_true(is_sealed);
}

/* The files of a gateway that dies with FIRST holds in a sealed generation, and SECOND in the next;
 * returns the journal's, and how many holds a start finds. */
static void crash(char copy[128])
{
    sqlite3 *handle = hold_up_tables();
    char command[600];
    take_holds(FIRST);
    await_seal();
    take_holds(SECOND);
    snprintf(copy, 128, "%s/crashed.db", f.folder);
    snprintf(command, sizeof command,
             "cp '%s' '%s' && cp '%s-wal' '%s-wal' && cp '%s-tail' '%s-tail'", f.path, copy, f.path,
             copy, f.path, copy);
    assert_int_equal(system(command), 0);
    sqlite3_close(handle); /* and all goes on */
}

static int64_t found_at_start(const char *path)
{
    int64_t count;
    store_close(fixture_open(path, true));
    count = fixture_number(path, "SELECT count(*) FROM holds");
    assert_int_equal(fixture_number(path, "SELECT count(*) FROM open_holds"), 0);
    fixture_verify(path, NULL);
    return count;
}

/* Where the generation's n-th record stands in the file (the seal is behind the last one). */
static long place_in_file(const char *path, uint64_t generation, int n)
{
    static char half[HALF_BYTES];
    long start = generation % 2 ? HALF_BYTES : 0;
    struct journal_place at = {.generation = generation};
    struct journal_record record;
    char name[160];
    FILE *file;
    snprintf(name, sizeof name, "%s-tail", path);
    at.salt = (uint64_t)fixture_number(path, "SELECT salt FROM tail");
    file = fopen(name, "rb");
    assert_true(file != NULL && fseek(file, start, SEEK_SET) == 0);
    assert_true(fread(half, 1, sizeof half, file) > 0);
    fclose(file);
    for (int i = 0; i < n; i++) {
        struct slice rest = {half + at.offset, sizeof half - at.offset};
        size_t size;
        assert_int_equal(journal_record_read(rest, &at, &record, &size), JOURNAL_FOUND);
        at.offset += size;
    }
    return start + (long)at.offset;
}

static void damage(const char *path, long offset)
{
    char name[160];
    FILE *file;
    snprintf(name, sizeof name, "%s-tail", path);
    file = fopen(name, "r+b");
    assert_true(file != NULL && fseek(file, offset + 12, SEEK_SET) == 0 &&
                fputc(0xff, file) == 0xff);
    assert_int_equal(fclose(file), 0);
}

/* `n`-th record of the sealed generation damaged; -1: none. */
static void check_crash(int n, int64_t found)
{
    uint64_t generation;
    char copy[128];
    take_holds(1); /* that the tables have */
    generation = (uint64_t)fixture_number(f.path, "SELECT applied FROM tail") + 1;
    crash(copy);
    if (n >= 0) {
        /* Not by fixture_number: that would write the tables of the copy. */
        long offset = place_in_file(f.path, generation, n);
        damage(copy, offset);
    }
    assert_int_equal(found_at_start(copy), 1 + found);
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM holds"), 1 + FIRST + SECOND);
}

static void all_is_found(void **state)
{
    (void)state;
    check_crash(-1, FIRST + SECOND);
}

static void whole_records_are_found(void **state)
{
    (void)state;
    check_crash(2, 2);
}

/* A generation without a seal is the last one: what looks like the next is not believed. */
static void seal_is_wanted(void **state)
{
    (void)state;
    check_crash(FIRST, FIRST);
}

/* A start makes all that is in the file worthless: also a database that is put back from a copy
 * does not find the records of its own future. */
static void a_start_forgets(void **state)
{
    char command[600], old[128], copy[128];
    int64_t holds;
    (void)state;
    snprintf(old, sizeof old, "%s/old.db", f.folder);
    take_holds(1);
    holds = fixture_number(f.path, "SELECT count(*) FROM holds");
    fixture_reopen(&f);
    snprintf(command, sizeof command, "cp '%s' '%s' && cp '%s-wal' '%s-wal'", f.path, old, f.path,
             old);
    assert_int_equal(system(command), 0);
    fixture_reopen(&f);
    crash(copy);
    snprintf(command, sizeof command, "cp '%s' '%s' && cp '%s-wal' '%s-wal'", old, copy, old, copy);
    assert_int_equal(system(command), 0);
    assert_int_equal(found_at_start(copy), holds);
}

/* ---- no room ---- */

static void full_journal_waits_for_the_tables(void **state)
{
    enum { MANY = 14000 };
    struct ledger_hold *holds = calloc(MANY, sizeof *holds);
    struct hold_refusal refusal;
    sqlite3 *handle = hold_up_tables();
    (void)state;
    assert_non_null(holds);
    for (int i = 0; i < MANY; i++) {
        fixture_hold(&holds[i], &f.reply_queue, &ann, 1);
        assert_int_equal(ledger_hold(f.store, &holds[i], &refusal), HOLD_ACCEPTED);
    }
    job_queue_wait(&f.reply_queue, 1000);
    sqlite3_close(handle);
    fixture_wait(&f.reply_queue, MANY);
    for (int i = 0; i < MANY; i++)
        assert_true(holds[i].durable);
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM holds"), MANY);
    fixture_verify(f.path, NULL);
    free(holds);
}

/* One commit with more bytes than SQLite's VFS takes at a time. */
static void large_batch(void **state)
{
    enum { MANY = 512 };
    struct ledger_hold *holds = calloc(MANY, sizeof *holds);
    struct ledger_settlement *settlements = calloc(MANY, sizeof *settlements);
    struct job_list jobs = {0}, left = {0};
    (void)state;
    assert_true(holds != NULL && settlements != NULL);
    for (int i = 0; i < MANY; i++) {
        fixture_hold(&holds[i], &f.reply_queue, &ann, 10);
        assert_true(fixture_take(f.store, &holds[i]));
        fixture_settlement(&settlements[i], &holds[i], 5, 0, 1);
        settlements[i].job.run = ledger_thread_settlement;
        job_list_push(&jobs, &settlements[i].job);
    }
    journal_commit(&f.store->journal, &f.store->wallets, &jobs, &left);
    assert_int_equal(jobs.count, MANY);
    assert_int_equal(left.count, 0);
    assert_int_equal(fixture_number(f.path, "SELECT count(*) FROM usage"), MANY);
    fixture_verify(f.path, NULL);
    free(holds);
    free(settlements);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_is_read_as_written),
        cmocka_unit_test_setup_teardown(nothing_else_is_a_record, setup, teardown),
        cmocka_unit_test_setup_teardown(all_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(whole_records_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(seal_is_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_start_forgets, setup, teardown),
        cmocka_unit_test_setup_teardown(large_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(full_journal_waits_for_the_tables, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
