/* Loss of power at every write, sync and truncation: of what was not synced anything may be gone.
 * With `power` all that was reported is there; with `process` the ledger is sound at least. */
#include "store/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/asset.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/faulty_disk.h"
#include "store/store_internal.h"

enum { STARTING_STEP = 5 };

static struct fixture f;
static struct customer ann;
static char cut_path[112];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* one cut at a time */
static int cuts;
static bool durable;
/* what was reported */
static atomic_int holds, ended, credits;

static struct store *open_store(const char *path, bool serve)
{
    struct store_options options = {.path = path,
                                    .power_durable = durable,
                                    .serve = serve,
                                    .migrations = migration_assets,
                                    .migration_count = migration_asset_count};
    struct fault fault;
    struct store *store = store_open(&options, &fault);
    if (store == NULL)
        print_error("after cut %d: %s\n", cuts, fault.message);
    return store;
}

/* Not cmocka's: it is another thread. */
static void want(bool ok, const char *what)
{
    if (ok)
        return;
    print_error("after cut %d: %s\n", cuts, what);
    abort();
}

static void remove_cut(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-lock", "-tail"};
    char path[128];
    for (size_t i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s%s", cut_path, ends[i]);
        unlink(path);
    }
}

static int64_t number(sqlite3 *handle, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t out = -1;
    want(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK,
         sqlite3_errmsg(handle));
    if (sqlite3_step(statement) == SQLITE_ROW)
        out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return out;
}

static void verify(int holds_min, int ended_min, int credits_min)
{
    struct buffer report;
    struct fault fault = {0};
    sqlite3 *handle;
    want(store_await_tables(cut_path, &fault), fault.message); /* what the journal has */
    want(sqlite3_open(cut_path, &handle) == SQLITE_OK, "it cannot be opened");
    want(number(handle, "SELECT count(*) FROM pragma_integrity_check"
                        " WHERE integrity_check <> 'ok'") == 0,
         "its integrity");
    if (durable) {
        want(number(handle, "SELECT count(*) FROM holds") >= holds_min, "a hold is lost");
        want(number(handle, "SELECT count(*) FROM usage") >= ended_min, "a settlement is lost");
        want(number(handle, "SELECT count(*) FROM transfers WHERE kind = 'manual'") >= credits_min,
             "a credit is lost");
    }
    want(number(handle, "SELECT count(*) FROM usage WHERE charge_nusd = 401 AND exchange_id NOT IN"
                        " (SELECT exchange_id FROM kept_answers)") == 0,
         "an answer is lost, and paid");
    buffer_init(&report, 1 << 20);
    bool sound = store_verify(cut_path, &report, &fault);
    if (!sound)
        print_error("%.*s", (int)report.bytes, report.data);
    want(sound, fault.message);
    buffer_fini(&report);
    sqlite3_close(handle);
}

static void make_whole(void)
{
    struct store *store = open_store(cut_path, false);
    want(store != NULL, "it does not start");
    store_close(store);
}

static void cut_running(void)
{
    int holds_min = atomic_load(&holds), ended_min = atomic_load(&ended),
        credits_min = atomic_load(&credits);
    pthread_mutex_lock(&mutex);
    if (cuts++ % disk_step() != disk_first()) {
        pthread_mutex_unlock(&mutex);
        return;
    }
    disk_spare(true);
    remove_cut();
    disk_cut(cut_path, (unsigned)cuts % 5);
    if (!durable) /* even its tables may be gone */
        make_whole();
    verify(holds_min, ended_min, credits_min);
    disk_spare(false);
    pthread_mutex_unlock(&mutex);
}

/* While the database is being made: it is made to its end at the next start. */
static void cut_starting(void)
{
    pthread_mutex_lock(&mutex);
    if (cuts++ % (STARTING_STEP * disk_step()) == disk_first()) {
        disk_spare(true);
        remove_cut();
        disk_cut(cut_path, (unsigned)(cuts / (STARTING_STEP * disk_step())) % 5);
        make_whole();
        verify(0, 0, 0);
        disk_spare(false);
    }
    pthread_mutex_unlock(&mutex);
}

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    fixture_close(&f);
    log_configure((enum log_level)(LOG_ERROR + 1), false);
    snprintf(f.path, sizeof f.path, "%s/power.db", f.folder);
    snprintf(cut_path, sizeof cut_path, "%s/cut.db", f.folder);
    disk_track(f.path);
    cuts = 0;
    atomic_store(&holds, 0);
    atomic_store(&ended, 0);
    atomic_store(&credits, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    disk_watch(NULL);
    disk_track("");
    fixture_fini(&f);
    return 0;
}

static void one_round(void)
{
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    struct keeping keeping;
    assert_non_null(fixture_ask(f.store, &f.reply_queue, "credit.create", "titt", ann.user_id.text,
                                USD, "manual", "more"));
    atomic_fetch_add(&credits, 1);
    for (int i = 0; i < 3; i++) {
        fixture_hold(&hold, &f.reply_queue, &ann, 1000);
        assert_true(fixture_take(f.store, &hold));
        atomic_fetch_add(&holds, 1);
        fixture_settlement(&settlement, &hold, i ? 400 : 401, 10, 5);
        if (i == 0) /* one with a kept answer, which the journal does not take */
            fixture_keep(&keeping, &settlement, hold.exchange_id.text, slice_of("an answer"));
        assert_true(fixture_settle(f.store, &settlement));
        atomic_fetch_add(&ended, 1);
    }
}

static void run(void)
{
    int rounds = disk_step() > 1 ? 2 : 4;
    disk_watch(cut_starting);
    f.store = open_store(f.path, true);
    assert_non_null(f.store);
    disk_watch(NULL);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, -1, &ann);
    atomic_fetch_add(&credits, 1);
    /* With `process` the journal may keep a hold whose credit is lost, which the next start of a
     * server voids. So the credit that holds need is on the disk before the first cut. */
    fixture_checkpoint(f.store);
    disk_watch(cut_running);
    for (int i = 0; i < rounds; i++) {
        one_round();
        if (i % 2) /* the log goes into the database, and begins anew */
            fixture_checkpoint(f.store);
    }
    store_close(f.store); /* as well */
    f.store = open_store(f.path, true);
    assert_non_null(f.store);
    one_round();
    disk_watch(NULL);
    print_message("%d cuts\n", cuts);
    fixture_verify(f.path, NULL);
}

static void with_power(void **state)
{
    (void)state;
    durable = true;
    run();
}

static void with_process(void **state)
{
    (void)state;
    durable = false;
    run();
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
        cmocka_unit_test_setup_teardown(with_power, setup, teardown),
        cmocka_unit_test_setup_teardown(with_process, setup, teardown),
    };
    return cmocka_run_group_tests(tests, group_setup, NULL);
}
