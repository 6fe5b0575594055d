/* A disk that fails at every single call that it is asked for: whatever happens, nothing is
 * promised that is not written, it goes on by itself when the disk works again, and at the end the
 * ledger is sound and holds exactly what was said. */
#include "store/fixture.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/asset.h"
#include "base/log.h"
#include "store/faulty_disk.h"
#include "store/store_internal.h"

enum { HOLDS = 3, HELD = 1000, CHARGED = 400, CREDIT = 5000, RUNS_MAX = 1000, FULL_SCRIPTS = 30 };

static struct fixture f;
static struct customer ann;
static char template[112];
static struct ledger_hold holds[HOLDS];
static struct ledger_settlement settlements[HOLDS];
static struct keeping keepings[HOLDS];
static size_t settling; /* that have not come back */
static struct job_queue
    reader; /* the dashboard's: into the other one settlements may come any time */
/* what was reported */
static int64_t credited;
static int64_t charged;
static int64_t held_count;
static int64_t ended_count, kept_count;
static bool refused; /* anything, since the last reset */

static struct store *try_open(struct fault *fault)
{
    struct store_options options = {.path = f.path,
                                    .power_durable = true,
                                    .serve = true,
                                    .migrations = migration_assets,
                                    .migration_count = migration_asset_count};
    return store_open(&options, fault);
}

/* What a database leaves beside it. */
static void remove_beside(void)
{
    static const char *const ends[] = {"-wal", "-shm", "-tail", "-lock"};
    char path[160];
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(path, sizeof path, "%s%s", f.path, ends[i]);
        unlink(path);
    }
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[1 << 20];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t count;
    assert_true(in != NULL && out != NULL);
    count = fread(bytes, 1, sizeof bytes, in);
    assert_true(count < sizeof bytes && fwrite(bytes, 1, count, out) == count);
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

/* A database with a customer, and a hold that a crash has left open. */
static int group_setup(void **state)
{
    (void)state;
    disk_install();
    fixture_init(&f);
    assert_true(job_queue_init(&reader, 1));
    log_configure((enum log_level)(LOG_ERROR + 1), false); /* they are many, and wanted */
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, USD / 2, &ann);
    fixture_hold(&holds[0], &f.reply_queue, &ann, HELD);
    assert_true(fixture_take(f.store, &holds[0]));
    fixture_close(&f);
    snprintf(template, sizeof template, "%s/template", f.folder);
    copy_file(f.path, template);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    if (f.store == NULL)
        f.store = fixture_open(f.path, true);
    job_queue_fini(&reader);
    fixture_fini(&f);
    return 0;
}

static int64_t on_disk(const char *sql)
{
    int64_t number;
    disk_spare(true);
    number = fixture_number(f.path, sql);
    disk_spare(false);
    return number;
}

/* What was said to be durable is there, at once. */
static void assert_reported(void)
{
    disk_spare(true);
    assert_int_equal(fixture_durable(f.path, JOURNAL_HOLD, "SELECT count(*) FROM holds"),
                     1 + held_count);
    assert_true(fixture_durable(f.path, JOURNAL_SETTLEMENT, "SELECT count(*) FROM usage") >=
                ended_count);
    assert_int_equal(fixture_durable(f.path, JOURNAL_SEAL,
                                     "SELECT credited_nusd FROM balances WHERE floor_zero"),
                     USD + credited);
    disk_spare(false);
}

static void credit(void)
{
    if (fixture_ask(f.store, &f.reply_queue, "credit.create", "titt", ann.user_id.text,
                    (int64_t)CREDIT, "test", "again") != NULL)
        credited += CREDIT;
    else
        assert_string_equal(fixture_code, "unavailable");
    refused |= fixture_code[0] != '\0';
    assert_reported();
}

static bool take(struct ledger_hold *hold)
{
    struct hold_refusal refusal;
    enum hold_outcome outcome;
    fixture_hold(hold, &f.reply_queue, &ann, HELD);
    outcome = ledger_hold(f.store, hold, &refusal);
    refused |= outcome == HOLD_UNAVAILABLE;
    if (outcome == HOLD_UNAVAILABLE)
        return false;
    assert_int_equal(outcome, HOLD_ACCEPTED);
    fixture_wait(&f.reply_queue, 1);
    held_count += hold->durable;
    refused |= !hold->durable;
    assert_reported();
    return hold->durable;
}

static void settlement_done(struct job *job)
{
    struct ledger_settlement *settlement = (struct ledger_settlement *)job;
    settling--;
    ended_count += settlement->durable;
    kept_count += settlement->durable && settlement->kept != NULL;
    charged += settlement->durable ? settlement->record.charge_nusd : 0;
    assert_true(settlement->durable); /* never refused */
}

static void end(size_t at, bool voided)
{
    fixture_settlement(&settlements[at], &holds[at], voided ? 0 : CHARGED, 0, 1);
    settlements[at].voided = voided;
    if (at == 0) /* the others go into the journal */
        fixture_keep(&keepings[at], &settlements[at], settlements[at].record.exchange_id.text,
                     slice_of("an answer"));
    settlements[at].job.done = settlement_done;
    settling++;
    ledger_settle(f.store, &settlements[at]);
    while (settling && store_writable(f.store)) { /* done, or kept until the disk works */
        job_queue_wait(&f.reply_queue, 2);
        job_queue_finish(&f.reply_queue);
    }
    assert_reported();
}

static void script(void)
{
    bool taken[HOLDS];
    credit();
    for (size_t i = 0; i < HOLDS; i++)
        taken[i] = take(&holds[i]);
    fixture_checkpoint(f.store);
    for (size_t i = 0; i < HOLDS; i++) {
        if (taken[i])
            end(i, i == 2);
    }
}

static void wait_writable(void)
{
    for (int i = 0; i < 5000 && (settling || !store_writable(f.store)); i++) {
        job_queue_wait(&f.reply_queue, 1);
        job_queue_finish(&f.reply_queue);
    }
    assert_int_equal(settling, 0);
    assert_true(store_writable(f.store));
}

static void assert_readable(void)
{
    assert_non_null(
        fixture_ask(f.store, &reader, "transfer.list", "tni", ann.account_id.text, (int64_t)10));
}

/* As other processes see it: what they ask for does not wait for anything. */
static void assert_applied(void)
{
    struct db db;
    struct fault fault;
    disk_spare(true);
    assert_true(db_open(&db, f.path, DB_READ, &fault));
    assert_true(journal_newest(&db) <= journal_applied(&db));
    db_close(&db);
    disk_spare(false);
}

static void assert_sound(void)
{
    struct wallet_state wallet;
    struct store_totals totals;
    assert_reported();
    assert_readable(); /* so the tables have all, at once */
    assert_false(journal_pending(&f.store->journal));
    assert_applied();
    assert_true(wallet_peek(&f.store->wallets, &ann.account_id, &wallet));
    assert_int_equal(wallet.posted_nusd, USD + credited - charged);
    assert_int_equal(wallet.held_nusd, 0);
    store_totals(f.store, &totals);
    assert_int_equal(totals.open_holds, 0);
    assert_int_equal(ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0),
                     USD / 2 - charged);
    assert_int_equal(on_disk("SELECT posted_nusd FROM balances WHERE floor_zero"),
                     wallet.posted_nusd);
    assert_int_equal(on_disk("SELECT count(*) FROM usage"), ended_count);
    /* Each with its answer; that none is without its settlement the audit says. */
    assert_int_equal(on_disk("SELECT count(*) FROM kept_answers"), kept_count);
    assert_int_equal(on_disk("SELECT count(*) FROM open_holds"), 0);
    assert_int_equal(on_disk("SELECT count(*) FROM pragma_integrity_check"
                             " WHERE integrity_check <> 'ok'"),
                     0);
    fixture_verify(f.path, NULL);
}

static void reset(void)
{
    if (f.store != NULL)
        fixture_close(&f);
    remove_beside();
    copy_file(template, f.path);
    credited = charged = held_count = ended_count = kept_count = 0;
    refused = false;
}

/* The disk works again, and so does all else without a restart; and after one. */
static void check_recovery(void)
{
    int64_t before;
    wait_writable();
    assert_sound();
    before = ended_count;
    script();
    assert_int_equal(ended_count, before + HOLDS);
    assert_sound();
    fixture_reopen(&f);
    assert_sound();
}

/* True: the disk has failed in this run. */
static bool run(const struct disk_plan *plan)
{
    struct fault fault = {0};
    bool failed;
    reset();
    disk_fail(plan);
    f.store = try_open(&fault);
    if (f.store != NULL) {
        script();
        if (plan->call != DISK_READ && plan->call != DISK_OPEN) /* the dashboard goes on */
            assert_readable();
    } else { /* said so; and when it works again, it starts */
        assert_true(strcmp(fault.code, "database_unusable") == 0 ||
                    strcmp(fault.code, "unavailable") == 0);
    }
    failed = disk_heal();
    if (f.store == NULL)
        f.store = try_open(&fault);
    assert_non_null(f.store);
    check_recovery();
    return failed;
}

static void sweep(enum disk_call call, enum disk_fault fault, bool forever)
{
    struct disk_plan plan = {.call = call, .fault = fault, .forever = forever};
    for (plan.at = 1 + disk_first(); plan.at < RUNS_MAX; plan.at += disk_step()) {
        if (call == DISK_WRITE && forever) /* each is slow: in turns */
            plan.fault = (enum disk_fault)(plan.at % 3);
        if (getenv("GW_DISK_VERBOSE") != NULL)
            print_message("call %d fault %d forever %d at %d\n", call, fault, forever, plan.at);
        if (!run(&plan))
            break;
    }
    print_message("call %d, fault %d, %s: %d runs\n", call, fault, forever ? "for ever" : "once",
                  plan.at);
    assert_in_range(plan.at, call == DISK_TRUNCATE ? 1 : 2, RUNS_MAX + disk_step());
}

static void a_write_fails(void **state)
{
    (void)state;
    sweep(DISK_WRITE, DISK_EIO, false);
}

static void a_write_finds_no_room(void **state)
{
    (void)state;
    sweep(DISK_WRITE, DISK_FULL, false);
}

static void a_write_is_short(void **state)
{
    (void)state;
    sweep(DISK_WRITE, DISK_SHORT, false);
}

static void writes_fail(void **state)
{
    (void)state;
    sweep(DISK_WRITE, DISK_FULL, true);
}

static void syncs_fail(void **state)
{
    (void)state;
    sweep(DISK_SYNC, DISK_EIO, false);
    sweep(DISK_SYNC, DISK_EIO, true);
}

static void opens_fail(void **state)
{
    (void)state;
    sweep(DISK_OPEN, DISK_EIO, false);
    sweep(DISK_OPEN, DISK_EIO, true);
}

static void reads_fail(void **state)
{
    (void)state;
    sweep(DISK_READ, DISK_EIO, false);
    sweep(DISK_READ, DISK_SHORT, true);
}

static void truncations_fail(void **state)
{
    (void)state;
    sweep(DISK_TRUNCATE, DISK_EIO, true);
}

/* The log is moved into the database when it closes; if not then, at the next start. */
static void closing_fails(void **state)
{
    struct disk_plan plan = {.forever = true};
    bool failed;
    (void)state;
    for (int call = DISK_READ; call <= DISK_SYNC; call++) {
        plan.call = (enum disk_call)call;
        failed = true;
        for (plan.at = 1 + disk_first(); failed && plan.at < RUNS_MAX; plan.at += disk_step()) {
            reset();
            f.store = fixture_open(f.path, true);
            script();
            disk_fail(&plan);
            fixture_close(&f);
            failed = disk_heal();
            f.store = fixture_open(f.path, true);
            assert_sound();
        }
    }
}

/* ---- a database that may not grow ---- */

static _Atomic(sqlite3 *) limited; /* the handle that writes; the others only read */
static atomic_llong page_limit;    /* to be set; 0: nothing to do */

/* In front of SQLite's: only the thread that owns a handle may change its limit. */
int sqlite3_step(sqlite3_stmt *statement)
{
    static _Atomic(int (*)(sqlite3_stmt *)) real;
    sqlite3 *handle = sqlite3_db_handle(statement);
    long long limit = handle == atomic_load(&limited) ? atomic_exchange(&page_limit, 0) : 0;
    char sql[64];
    if (atomic_load(&real) == NULL)
        atomic_store(&real, (int (*)(sqlite3_stmt *))dlsym(RTLD_NEXT, "sqlite3_step"));
    if (limit) {
        snprintf(sql, sizeof sql, "PRAGMA max_page_count = %lld", limit);
        sqlite3_exec(handle, sql, NULL, NULL, NULL);
    }
    return atomic_load(&real)(statement);
}

/* True: it was not enough. */
static bool run_limited(int more_pages)
{
    bool failed;
    reset();
    f.store = fixture_open(f.path, true);
    atomic_store(&page_limit, on_disk("PRAGMA page_count") + more_pages);
    atomic_store(&limited, f.store->db.handle);
    for (int i = 0; i < FULL_SCRIPTS && !settling; i++)
        script();
    failed = refused || settling;
    assert_readable();
    atomic_store(&page_limit, 1 << 30);
    check_recovery();
    assert_int_equal(atomic_load(&page_limit), 0); /* it was lifted, not left */
    atomic_store(&limited, NULL);
    return failed;
}

static void database_is_full(void **state)
{
    int more_pages = disk_first();
    (void)state;
    while (run_limited(more_pages)) {
        more_pages += disk_step();
        assert_true(more_pages < RUNS_MAX);
    }
    print_message("full with up to %d more pages\n", more_pages - disk_step());
    assert_true(more_pages > 10);
}

/* All of the tests, or the one that is named: CTest runs each by itself (CMakeLists.txt). */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closing_fails),
        cmocka_unit_test(truncations_fail),
        cmocka_unit_test(syncs_fail),
        cmocka_unit_test(opens_fail),
        cmocka_unit_test(reads_fail),
        cmocka_unit_test(a_write_fails),
        cmocka_unit_test(a_write_finds_no_room),
        cmocka_unit_test(a_write_is_short),
        cmocka_unit_test(writes_fail),
        cmocka_unit_test(database_is_full),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
