/* A sync that fails, and what stays behind: the log may hold what was refused, and the kernel may
 * have forgotten what it could not write. Neither may ever make the ledger wrong. */
#include "store/fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/asset.h"
#include "base/log.h"
#include "store/faulty_disk.h"
#include "store/store_internal.h"

enum { ROUNDS = 2, SYNCS_MAX = 200 };

static struct fixture f;
static struct customer ann;
static char cut_path[112];
static int64_t charges, credits; /* that were reported */

static struct store *open_store(const char *path, bool serve)
{
    struct store_options options = {.path = path,
                                    .power_durable = true,
                                    .serve = serve,
                                    .migrations = migration_assets,
                                    .migration_count = migration_asset_count};
    struct fault fault;
    struct store *store = store_open(&options, &fault);
    if (store == NULL)
        print_error("%s\n", fault.message);
    assert_non_null(store);
    return store;
}

/* A database of which every sync is known. */
static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    fixture_close(&f);
    log_configure((enum log_level)(LOG_ERROR + 1), false);
    snprintf(f.path, sizeof f.path, "%s/sync.db", f.folder);
    snprintf(cut_path, sizeof cut_path, "%s/cut.db", f.folder);
    disk_track(f.path);
    f.store = open_store(f.path, true);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, -1, &ann);
    charges = credits = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    disk_heal();
    disk_track("");
    fixture_fini(&f);
    return 0;
}

static void wait_writable(void)
{
    for (int i = 0; i < 5000 && !store_writable(f.store); i++)
        job_queue_wait(&f.reply_queue, 1); /* nothing comes: a sleep */
    assert_true(store_writable(f.store));
}

/* ---- what was refused ---- */

static const char *credit(int64_t amount)
{
    return fixture_ask(f.store, f.store->serve ? &f.reply_queue : NULL, "credit.create", "titt",
                       ann.user_id.text, amount, "manual", "more");
}

/* The whole transaction stands in the log when its sync fails, and the next start would find it
 * there. */
static void what_was_refused_stays_refused(void **state)
{
    const struct disk_plan plan = {.call = DISK_SYNC, .at = 1, .forever = true};
    (void)state;
    fixture_close(&f);
    f.store = open_store(f.path, false); /* as `llm-gateway credit` does */
    assert_non_null(credit(5)); /* or the log would be empty, and gone with its last user */
    disk_fail(&plan);
    assert_null(credit(USD));
    assert_string_equal(fixture_code, "unavailable");
    fixture_close(&f);
    assert_true(disk_heal());
    f.store = open_store(f.path, true);
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0),
                     USD + 5);
    fixture_verify(f.path, NULL);
}

/* ---- what was forgotten ---- */

static void one_round(void)
{
    struct ledger_settlement settlement;
    struct ledger_hold hold;
    wait_writable();
    fixture_hold(&hold, &f.reply_queue, &ann, 1000);
    if (fixture_take(f.store, &hold)) {
        fixture_settlement(&settlement, &hold, 400, 10, 5);
        assert_true(fixture_settle(f.store, &settlement));
        charges++;
    }
    if (credit(1) != NULL)
        credits++;
}

/* A part of the log goes into the database, without a sync: a reader keeps the rest back. */
static void checkpoint_a_part(void)
{
    sqlite3 *reader;
    assert_int_equal(sqlite3_open(f.path, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM accounts", NULL, NULL, NULL),
                     SQLITE_OK);
    one_round();
    fixture_checkpoint(f.store);
    sqlite3_close(reader);
}

/* The power fails: what is left is sound, and all that was reported is in it. */
static void cut(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-tail"};
    char path[128];
    disk_spare(true);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", cut_path, ends[i]);
        unlink(path);
    }
    disk_cut(cut_path, 0);
    assert_int_equal(fixture_number(cut_path, "SELECT count(*) FROM pragma_integrity_check"
                                              " WHERE integrity_check <> 'ok'"),
                     0);
    fixture_verify(cut_path, NULL);
    assert_true(fixture_number(cut_path, "SELECT count(*) FROM usage") >= charges);
    assert_true(fixture_number(cut_path, "SELECT credited_nusd FROM balances WHERE floor_zero") >=
                USD + credits);
    disk_spare(false);
}

static void rounds(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        one_round();
        checkpoint_a_part();
        cut();
        one_round();
        fixture_checkpoint(f.store); /* the rest, and the sync */
        cut();
        one_round(); /* the log begins anew */
        cut();
    }
}

/* The file that writes hears of the loss, as it does when it was the ledger thread's own sync that
 * failed: so the sync of the last close will succeed. */
static void hear_of_it(void)
{
    sqlite3_file *file;
    assert_int_equal(
        sqlite3_file_control(f.store->db.handle, "main", SQLITE_FCNTL_FILE_POINTER, &file),
        SQLITE_OK);
    file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

static bool run(int at)
{
    const struct disk_plan plan = {.call = DISK_SYNC, .fault = DISK_LOST, .at = at};
    bool failed;
    disk_fail(&plan);
    rounds();
    failed = disk_heal();
    rounds();
    hear_of_it();
    fixture_close(&f);
    f.store = open_store(f.path, true);
    cut();
    rounds();
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0),
                     USD + credits - 400 * charges);
    return failed;
}

static void what_was_forgotten_is_written_again(void **state)
{
    int at = 1 + disk_first();
    while (run(at)) {
        at += disk_step();
        assert_true(at < SYNCS_MAX);
        teardown(state);
        setup(state);
    }
    print_message("%d syncs\n", at - disk_step());
    assert_true(at > ROUNDS * 10);
}

static int group_setup(void **state)
{
    (void)state;
    disk_install();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_refused_stays_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_forgotten_is_written_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
