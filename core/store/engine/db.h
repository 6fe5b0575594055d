/* One SQLite handle with its prepared statements. A handle belongs to one thread at a time: the
 * ledger thread's writes, each reports thread has one that only reads. Inside the store floor only.
 *
 * SQL must be a string literal (the cache knows a statement by its address), and values are
 * bound. */
#ifndef STORE_ENGINE_DB_H
#define STORE_ENGINE_DB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "store/engine/given_rows.h"
#include "store/value.h"

enum { DB_STATEMENTS = 256 }; /* slots; about half of them are used */
enum { DB_BUSY_MS = 5000 };   /* how long we wait for another process's write lock */

enum db_mode { DB_WRITE_POWER, DB_WRITE_PROCESS, DB_READ };

struct sqlite3;

/* The rows of a running statement; one is readable at a time. */
struct row;

struct db_slot {
    const char *sql;
    struct row *row;
};

struct db {
    struct sqlite3 *handle;
    struct db_slot slots[DB_STATEMENTS];
    size_t slot_count;
    /* The first result since db_clear that was no row, end or constraint: the disk failed, or what
     * SQLite takes for that. It ends the transaction: nothing more may be written in it. */
    int failure;
    char failure_text[160];
    int constraint; /* extended code of the last refusal by a constraint since db_clear */
    void (*on_commit)(int pages, void *arg);
    void *on_commit_arg;
    void (*on_steps)(void *arg);
    void *on_steps_arg;
    int64_t deadline_us; /* monotonic; 0: none. A statement that runs longer fails: db_timed_out */
    bool timed_out;
    struct given_rows given;      /* of the statement that runs */
    const atomic_bool *cancelled; /* may be NULL; true: all statements fail as if too long */
};

/* Makes a missing file (mode 0600), unless DB_READ. */
bool db_open(struct db *db, const char *path, enum db_mode mode, struct fault *fault)
    __attribute__((warn_unused_result));
void db_close(struct db *db); /* also after a failed db_open */
void db_clear(struct db *db); /* forgets failure, constraint and deadline */

/* Binds the values of a statement and returns it before its first row. NULL: db->failure is set. */
struct row *db_bind(struct db *db, const char *sql, const struct store_value *values,
                    size_t value_count);
/* True: there is a row. False: end or failure; the statement is reset. */
bool db_row(struct db *db, struct row *row);
/* Ends a statement before its last row. */
void db_leave(struct row *row);
/* Runs a statement without rows. False: db->failure or db->constraint is set. */
bool db_run(struct db *db, const char *sql, const struct store_value *values, size_t value_count);
/* Runs a statement that reads `given_rows` once (given_rows.h), on a handle that writes. False: as
 * db_run. */
bool db_run_given(struct db *db, const char *sql, given_row *next, void *arg);
/* The integer in the first column of the first row; `otherwise` if there is no row or it is
 * NULL. */
int64_t db_number(struct db *db, const char *sql, const struct store_value *values,
                  size_t value_count, int64_t otherwise);
/* Runs SQL that is no literal, or several statements (migrations, pragmas). */
bool db_script(struct db *db, const char *sql, struct fault *fault);
/* True if nothing failed since db_clear; else fills *fault for a caller outside of the store. */
bool db_sound(const struct db *db, struct fault *fault);
/* Ends an open transaction in any state. */
void db_rollback(struct db *db);
/* False: db->failure or db->constraint is set, and the transaction has ended. The next start does
 * not find it either: a failed sync leaves it whole in the log, so its place there is overwritten
 * (unless the disk refuses that, too). */
bool db_commit(struct db *db);
/* Tests the disk: writes a transaction that changes nothing of importance. True: the disk
 * writes. */
bool db_write_nothing(struct db *db);
/* Makes the last close leave the log, so that the next start moves all of it. */
void db_keep_log(struct db *db);

#define DB_VALUES(...)                                                                             \
    (const struct store_value[]){__VA_ARGS__},                                                     \
        sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value)

/* A column of the present row; texts and bytes live until the next row. NULL reads as "", 0 or no
 * bytes. */
const char *column_text(struct row *row, int column);
int64_t column_int(struct row *row, int column);
struct slice column_blob(struct row *row, int column);
bool column_null(struct row *row, int column);

/* The number of rows that the last statement changed; the id of the last row that it added. */
int64_t db_changes(const struct db *db);
int64_t db_last_id(const struct db *db);
/* Why the last call failed, and which constraint refused a statement; for people. */
const char *db_error(const struct db *db);
const char *db_constraint_text(const struct db *db);
/* Whether a UNIQUE constraint was violated. */
bool db_is_duplicate(const struct db *db);
/* Fails as if a statement referred to a row that does not exist. */
void db_refuse_reference(struct db *db);

/* Sets the function called after each commit, with the number of pages in the log. */
void db_on_commit(struct db *db, void (*call)(int pages, void *arg), void *arg);
/* Sets the function called every `steps` steps of a statement. 0: none. */
void db_on_steps(struct db *db, int steps, void (*call)(void *arg), void *arg);
/* Adds usd(nano) to the handle's SQL: an amount for people. */
bool db_add_usd(struct db *db);
/* The path of the database file. Lives as long as the handle. After its end stand the empty
 * parameters that engine/file.h needs. */
const char *db_path(const struct db *db);

#endif
