#include "store/engine/db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/money.h"
#include "store/engine/sum_into.h"

enum {
    PROGRESS_STEPS = 20000
}; /* virtual machine steps between two looks at the deadline: < 1 ms */

static sqlite3_stmt *statement_of(struct row *row)
{
    return (sqlite3_stmt *)(void *)row;
}

static pthread_once_t configured = PTHREAD_ONCE_INIT;

/* No statistics: they need a global mutex around each allocation. */
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_initialize();
}

static int progress(void *arg)
{
    struct db *db = arg;
    bool cancelled =
        db->cancelled != NULL && atomic_load_explicit(db->cancelled, memory_order_relaxed);
    if (!cancelled && (db->deadline_us == 0 || clock_mono_us() < db->deadline_us))
        return 0;
    db->timed_out = true;
    return 1;
}

/* Puts a result code into db->failure or db->constraint; true if it is neither. */
static bool take_result(struct db *db, int rc)
{
    int primary = rc & 0xff;
    if (rc == SQLITE_ROW || rc == SQLITE_DONE || rc == SQLITE_OK)
        return true;
    if (primary == SQLITE_CONSTRAINT) {
        db->constraint = rc;
        return false;
    }
    if (db->failure == 0) {
        db->failure = rc;
        snprintf(db->failure_text, sizeof db->failure_text, "%s (%d)", sqlite3_errmsg(db->handle),
                 rc);
    }
    return false;
}

/* Makes a missing file, for its owner only. An existing file must not even be opened: to close any
 * descriptor of it would drop all locks that SQLite holds on it in this process (fcntl locks work
 * so), and another process would then delete the log that we are writing. */
static bool create_private(const char *path, struct fault *fault)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    else if (errno != EEXIST)
        return fault_set(fault, "database_unusable", "cannot make the database %s: %s", path,
                         strerror(errno));
    return true;
}

bool db_open(struct db *db, const char *path, enum db_mode mode, struct fault *fault)
{
    bool writes = mode != DB_READ;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;
    int rc;
    memset(db, 0, sizeof *db);
    check(pthread_once(&configured, configure) == 0);
    if (writes) {
        if (!create_private(path, fault))
            return false;
        flags |= SQLITE_OPEN_READWRITE;
    } else {
        flags |= SQLITE_OPEN_READONLY;
    }
    rc = sqlite3_open_v2(path, &db->handle, flags, NULL);
    if (rc != SQLITE_OK)
        return fault_set(fault, "database_unusable", "cannot open the database %s: %s", path,
                         sqlite3_errstr(rc));
    if (writes && sqlite3_db_readonly(db->handle, NULL) == 1)
        return fault_set(fault, "database_unusable", "the database %s cannot be written", path);
    sqlite3_busy_timeout(db->handle, DB_BUSY_MS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (!writes) {
        sqlite3_progress_handler(db->handle, PROGRESS_STEPS, progress, db);
        return db_script(db, "PRAGMA query_only = ON; PRAGMA cache_size = -8000", fault);
    }
    if (!given_rows_add(db->handle, &db->given) || !sum_into_add(db->handle, &db->given))
        return fault_set(fault, "database_unusable", "there is no memory for the database");
    /* We run checkpoints ourselves (see ledger_thread.c); else one would run inside some commit.
     * Most tables only grow at their end, so a few pages of each are enough; the rest comes from
     * the kernel's cache. */
    if (!db_script(
            db,
            "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0;"
            "PRAGMA cache_size = -4000; PRAGMA temp_store = MEMORY;"
            "PRAGMA journal_size_limit = 67108864",
            fault))
        return false;
    return db_script(
        db, mode == DB_WRITE_POWER ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
        fault);
}

void db_close(struct db *db)
{
    for (size_t i = 0; i < DB_STATEMENTS; i++)
        sqlite3_finalize(statement_of(db->slots[i].row));
    if (db->handle != NULL)
        check(sqlite3_close(db->handle) == SQLITE_OK);
    memset(db, 0, sizeof *db);
}

void db_clear(struct db *db)
{
    db->failure = 0;
    db->failure_text[0] = '\0';
    db->constraint = 0;
    db->deadline_us = 0;
    db->timed_out = false;
}

static sqlite3_stmt *prepare(struct db *db, const char *sql)
{
    size_t at = ((uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15)) >> 56;
    sqlite3_stmt *statement = NULL;
    _Static_assert(DB_STATEMENTS == 256, "the hash above has 8 bits");
    while (db->slots[at].sql != NULL) {
        if (db->slots[at].sql == sql)
            return statement_of(db->slots[at].row);
        at = (at + 1) % DB_STATEMENTS;
    }
    check(db->slot_count < DB_STATEMENTS - 1);
    if (!take_result(db, sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                            &statement, NULL)))
        return NULL;
    db->slots[at] = (struct db_slot){.sql = sql, .row = (struct row *)(void *)statement};
    db->slot_count++;
    return statement;
}

struct row *db_bind(struct db *db, const char *sql, const struct store_value *values,
                    size_t value_count)
{
    sqlite3_stmt *statement = prepare(db, sql);
    int rc = SQLITE_OK;
    if (statement == NULL)
        return NULL;
    check(!sqlite3_stmt_busy(statement)); /* nested use of the same statement is our bug */
    for (size_t i = 0; i < value_count && rc == SQLITE_OK; i++) {
        const struct store_value *value = &values[i];
        int at = (int)i + 1;
        if (value->type == STORE_INT)
            rc = sqlite3_bind_int64(statement, at, value->number);
        else if (value->type == STORE_NULL)
            rc = sqlite3_bind_null(statement, at);
        else if (value->type == STORE_BLOB)
            rc = sqlite3_bind_blob(statement, at, value->text.data, (int)value->text.bytes,
                                   SQLITE_STATIC);
        else /* not copied: the text outlives the steps. "" must not become NULL. */
            rc = sqlite3_bind_text(statement, at, value->text.data != NULL ? value->text.data : "",
                                   (int)value->text.bytes, SQLITE_STATIC);
    }
    if (!take_result(db, rc))
        return NULL;
    return (struct row *)(void *)statement;
}

bool db_row(struct db *db, struct row *row)
{
    int rc;
    if (row == NULL)
        return false;
    rc = sqlite3_step(statement_of(row));
    if (rc == SQLITE_ROW)
        return true;
    take_result(db, rc);
    sqlite3_reset(statement_of(row));
    return false;
}

void db_leave(struct row *row)
{
    if (row != NULL)
        sqlite3_reset(statement_of(row));
}

bool db_run(struct db *db, const char *sql, const struct store_value *values, size_t value_count)
{
    struct row *row = db_bind(db, sql, values, value_count);
    bool ok;
    if (row == NULL)
        return false;
    ok = take_result(db, sqlite3_step(statement_of(row)));
    sqlite3_reset(statement_of(row));
    return ok;
}

bool db_run_given(struct db *db, const char *sql, given_row *next_row, void *arg)
{
    check(db->given.next == NULL); /* one statement at a time */
    db->given = (struct given_rows){next_row, arg};
    bool ok = db_run(db, sql, NULL, 0);
    db->given = (struct given_rows){NULL, NULL};
    return ok;
}

int64_t db_number(struct db *db, const char *sql, const struct store_value *values,
                  size_t value_count, int64_t otherwise)
{
    struct row *row = db_bind(db, sql, values, value_count);
    int64_t number = otherwise;
    if (!db_row(db, row))
        return otherwise;
    if (!column_null(row, 0))
        number = column_int(row, 0);
    db_leave(row);
    return number;
}

bool db_script(struct db *db, const char *sql, struct fault *fault)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return true;
    fault_set(fault, "database_unusable", "the database says: %s (%d)", sqlite3_errmsg(db->handle),
              rc);
    return take_result(db, rc);
}

bool db_sound(const struct db *db, struct fault *fault)
{
    if (db->failure == 0)
        return true;
    if (db->timed_out)
        return fault_set(fault, "timeout", "this query takes too long; ask for a shorter time");
    return fault_set(fault, "unavailable", "the database cannot be used now: %s", db->failure_text);
}

void db_rollback(struct db *db)
{
    /* Some failures (disk full, I/O) have already ended the transaction. No statement runs now: all
     * are reset when they end. */
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

bool db_commit(struct db *db)
{
    if (db_run(db, "COMMIT", NULL, 0))
        return true;
    db_rollback(db);
    db_write_nothing(db);
    return false;
}

bool db_write_nothing(struct db *db)
{
    bool ok = sqlite3_exec(db->handle,
                           "BEGIN IMMEDIATE; INSERT INTO changes (kind, id) VALUES ('account', '');"
                           "COMMIT",
                           NULL, NULL, NULL) == SQLITE_OK;
    db_rollback(db);
    return ok;
}

void db_keep_log(struct db *db)
{
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

/* ---- reading a row ---- */

const char *column_text(struct row *row, int column)
{
    const unsigned char *text = sqlite3_column_text(statement_of(row), column);
    return text != NULL ? (const char *)text : "";
}

int64_t column_int(struct row *row, int column)
{
    return sqlite3_column_int64(statement_of(row), column);
}

struct slice column_blob(struct row *row, int column)
{
    const char *bytes = sqlite3_column_blob(statement_of(row), column); /* NULL with 0 bytes */
    return (struct slice){bytes, (size_t)sqlite3_column_bytes(statement_of(row), column)};
}

bool column_null(struct row *row, int column)
{
    return sqlite3_column_type(statement_of(row), column) == SQLITE_NULL;
}

/* ---- after a statement ---- */

int64_t db_changes(const struct db *db)
{
    return sqlite3_changes64(db->handle);
}

int64_t db_last_id(const struct db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

const char *db_error(const struct db *db)
{
    return sqlite3_errmsg(db->handle);
}

const char *db_constraint_text(const struct db *db)
{
    return sqlite3_errstr(db->constraint);
}

bool db_is_duplicate(const struct db *db)
{
    return db->constraint == SQLITE_CONSTRAINT_UNIQUE;
}

void db_refuse_reference(struct db *db)
{
    db->constraint = SQLITE_CONSTRAINT_FOREIGNKEY;
}

/* ---- hooks and functions ---- */

static int after_commit(void *arg, sqlite3 *handle, const char *name, int pages)
{
    struct db *db = arg;
    (void)handle;
    (void)name;
    db->on_commit(pages, db->on_commit_arg);
    return SQLITE_OK;
}

void db_on_commit(struct db *db, void (*call)(int pages, void *arg), void *arg)
{
    db->on_commit = call;
    db->on_commit_arg = arg;
    sqlite3_wal_hook(db->handle, after_commit, db);
}

static int after_steps(void *arg)
{
    struct db *db = arg;
    db->on_steps(db->on_steps_arg);
    return 0; /* the statement goes on */
}

void db_on_steps(struct db *db, int steps, void (*call)(void *arg), void *arg)
{
    db->on_steps = call;
    db->on_steps_arg = arg;
    sqlite3_progress_handler(db->handle, steps, steps > 0 ? after_steps : NULL, db);
}

static void usd(sqlite3_context *context, int count, sqlite3_value **values)
{
    char text[MONEY_TEXT_BYTES];
    (void)count;
    if (sqlite3_value_type(values[0]) == SQLITE_NULL)
        return; /* NULL stays NULL */
    money_format(sqlite3_value_int64(values[0]), text);
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

bool db_add_usd(struct db *db)
{
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    return sqlite3_create_function(db->handle, "usd", 1, flags, NULL, usd, NULL, NULL) == SQLITE_OK;
}

const char *db_path(const struct db *db)
{
    return sqlite3_db_filename(db->handle, "main");
}
