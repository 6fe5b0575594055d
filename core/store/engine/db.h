/* One SQLite handle with its prepared statements. A handle belongs to one thread at a time: the
 * ledger's writes, each reports thread has one that only reads. Inside the store floor only.
 *
 * SQL is always a string literal (the cache knows a statement by its address) and values are
 * always bound. */
#ifndef STORE_ENGINE_DB_H
#define STORE_ENGINE_DB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "store/value.h"

enum { DB_STATEMENTS = 256 }; /* slots; about half of them are used */
enum { DB_BUSY_MS = 5000 };   /* how long another process may hold the write lock */

enum db_mode { DB_WRITE_POWER, DB_WRITE_PROCESS, DB_READ };

struct sqlite3;

/* The rows that a statement gives, of which one is seen at a time. */
struct row;

struct db_slot {
    const char *sql;
    struct row *row;
};

struct db {
    struct sqlite3 *handle;
    struct db_slot slots[DB_STATEMENTS];
    size_t slot_count;
    /* The first result since db_clear that was neither a row, an end nor a constraint: the disk,
     * or what SQLite makes of it. Once set the transaction is lost: nothing may be written in it
     * any more. */
    int failure;
    char failure_text[160];
    int constraint; /* the last constraint that refused a statement since db_clear; extended code */
    void (*on_commit)(int pages, void *arg);
    void *on_commit_arg;
    void (*on_steps)(void *arg);
    void *on_steps_arg;
    int64_t deadline_us; /* monotonic; 0: none. A statement that runs longer fails: db_timed_out */
    bool timed_out;
    const atomic_bool *cancelled; /* NULL, or true: no statement goes on, as if it were too long */
};

/* The file is created when it is missing (mode 0600), unless DB_READ. */
bool db_open(struct db *db, const char *path, enum db_mode mode, struct fault *fault)
    __attribute__((warn_unused_result));
void db_close(struct db *db); /* also after a failed db_open */
void db_clear(struct db *db); /* forgets failure, constraint and deadline */

/* The rows of a statement with its values bound, before the first. NULL: db->failure is set. */
struct row *db_bind(struct db *db, const char *sql, const struct store_value *values,
                    size_t value_count);
/* True: there is a row. False: the end, or a failure; the statement is reset. */
bool db_row(struct db *db, struct row *row);
/* Leaves a statement before its last row. */
void db_leave(struct row *row);
/* Runs a statement that gives no rows. False: db->failure or db->constraint is set. */
bool db_run(struct db *db, const char *sql, const struct store_value *values, size_t value_count);
/* The integer in the first column of the first row; `otherwise` without one, or when it is NULL. */
int64_t db_number(struct db *db, const char *sql, const struct store_value *values,
                  size_t value_count, int64_t otherwise);
/* Runs SQL that is no literal, or several statements (migrations, pragmas). */
bool db_script(struct db *db, const char *sql, struct fault *fault);
/* True when nothing failed since db_clear; else the fault says what, for a caller outside. */
bool db_sound(const struct db *db, struct fault *fault);
/* Ends an open transaction, whatever state it is in. */
void db_rollback(struct db *db);
/* False: db->failure or db->constraint is set, the transaction has ended, and nothing of it will be
 * found by the next start either: a sync that fails leaves it whole in the log, so its place there
 * is written over. (Not when the disk refuses that, too.) */
bool db_commit(struct db *db);
/* A transaction that changes nothing that matters, but has to be written. True: the disk writes. */
bool db_write_nothing(struct db *db);
/* The last close leaves the log as it is, for the next start to move all of it. */
void db_keep_log(struct db *db);

#define DB_VALUES(...)                                                                             \
    (const struct store_value[]){__VA_ARGS__},                                                     \
        sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value)

static inline struct store_value bind_int(int64_t number)
{
    return (struct store_value){.type = STORE_INT, .number = number};
}

static inline struct store_value bind_text(const char *text)
{
    return (struct store_value){.type = STORE_TEXT, .text = slice_of(text)};
}

static inline struct store_value bind_blob(struct slice bytes)
{
    return (struct store_value){.type = STORE_BLOB, .text = bytes};
}

static inline struct store_value bind_null(void)
{
    return (struct store_value){.type = STORE_NULL};
}

/* A column of the row that is seen; texts and bytes live until the next one. NULL reads as "", 0 or
 * no bytes. */
const char *column_text(struct row *row, int column);
int64_t column_int(struct row *row, int column);
struct slice column_blob(struct row *row, int column);
bool column_null(struct row *row, int column);

/* How many rows the last statement has changed; the id of the last one it has added. */
int64_t db_changes(const struct db *db);
int64_t db_last_id(const struct db *db);
/* Why the last call has failed, and which constraint has refused a statement, for people. */
const char *db_error(const struct db *db);
const char *db_constraint_text(const struct db *db);
/* Whether that constraint is that a value must be there once only. */
bool db_is_duplicate(const struct db *db);
/* As if a statement had named a row that is not there. */
void db_refuse_reference(struct db *db);

/* Calls it after each commit, with the pages that the log has by then. */
void db_on_commit(struct db *db, void (*call)(int pages, void *arg), void *arg);
/* Calls it every so many steps of a statement. 0: no more. */
void db_on_steps(struct db *db, int steps, void (*call)(void *arg), void *arg);
/* Adds usd(nano) to its SQL: an amount as people read it. */
bool db_add_usd(struct db *db);
/* The path of the database's file. Lives as long as the handle; behind it stand the empty
 * parameters that engine/file.h wants. */
const char *db_path(const struct db *db);

#endif
