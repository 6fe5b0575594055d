/* The journal of the ledger: holds and settlements that are durable, in a file of their own
 * (DATABASE-journal), and not yet in the tables. Appending a few hundred bytes and syncing them is
 * what a caller waits for; the ledger thread writes the tables behind it, many records in one
 * transaction, within about 0.1 s.
 *
 * The file has two halves. Records are appended to one half as one generation; when the ledger
 * thread takes them over, the generation is sealed, and the next one goes to the start of the other
 * half. The transaction that writes a generation into the tables sets `applied` in the table `tail`
 * to it: so after a crash the two generations behind `applied` are what is missing, and no record
 * is ever written twice or forgotten. Each record's check sum knows its generation and place.
 *
 * What cannot be appended (no room, the disk fails, a settlement with a kept answer, a hold that
 * the journal does not know) is left to the ledger thread, which first writes what the journal has
 * and then the job itself, in a transaction of its own.
 *
 * Any thread, by its mutex; only the ledger thread seals and applies. With `durability = process` a
 * worker writes its record itself, under the mutex: some microseconds in the page cache, longer
 * when the kernel must free pages first. With `power` only the journal's and the ledger's thread
 * take the mutex while workers run. Through SQLite's VFS, so that the tests' failing disks have
 * this file, too. */
#ifndef STORE_JOURNAL_JOURNAL_H
#define STORE_JOURNAL_JOURNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/job.h"
#include "store/engine/db.h"
#include "store/engine/file.h"
#include "store/journal/journal_record.h"
#include "store/memory/open_holds.h"

struct wallets;

struct journal {
    pthread_mutex_t mutex;
    struct file *file; /* NULL: there is no journal, all goes into the tables at once */
    char *path;
    uint64_t salt;
    bool synced;         /* `durability = power` */
    uint64_t generation; /* of `active` */
    uint64_t broken;     /* the last one in which an append has failed: none before it is applied */
    bool fails;          /* the last append did: that is logged once */
    struct buffer active; /* the records as in the file; durable */
    struct buffer sealed; /* of the generation before, until they are in the tables */
    bool is_sealed;       /* `sealed` waits for the tables; it may be empty */
    struct open_holds holds;
    atomic_bool pending; /* something is not in the tables */
    atomic_uint_fast64_t commits;
    atomic_uint_fast64_t jobs;
};

void journal_init(struct journal *journal);
void journal_fini(struct journal *journal);

/* Opens the file, makes it where there is none, and reads what the tables miss, as sealed. The
 * database has the table `tail`. False: *fault. */
bool journal_open(struct journal *journal, struct db *db, bool synced, struct fault *fault);
/* To be called once nothing is missing, before anything is appended: what is in the file means
 * nothing from here on, also where the database was put back from a copy. False: it cannot be
 * written. */
bool journal_begin(struct journal *journal, struct db *db);
/* The newest generation in the file beside a database, whoever writes it (0: none); and the last
 * one that its tables have (UNKNOWN: they cannot be read, or there is no table `tail` yet). */
#define JOURNAL_UNKNOWN UINT64_MAX
uint64_t journal_newest(struct db *db);
uint64_t journal_applied(struct db *db);

/* Appends the jobs (holds and settlements), makes them durable, brings the wallets up to them. What
 * is done is left in `jobs`, to be returned; what is not, for the ledger thread, is in `left`. */
void journal_commit(struct journal *journal, struct wallets *wallets, struct job_list *jobs,
                    struct job_list *left);

/* True while the tables lack something that was answered before the call. */
bool journal_pending(const struct journal *journal);

/* ---- the ledger thread ---- */

/* Takes over what was appended so far, to be written into the tables. False: there is nothing. */
bool journal_seal(struct journal *journal);
/* The records of the sealed generation, one after the other; `at` begins as 0. */
bool journal_next(const struct journal *journal, size_t *at, struct journal_record *out);
/* In the open transaction: these records are in the tables now. */
bool journal_mark_applied(const struct journal *journal, struct db *db);
/* And that is committed. */
void journal_forget_sealed(struct journal *journal);

/* What the ledger thread has made durable without the journal. */
void journal_hold_opened(struct journal *journal, const struct ledger_hold *hold);
void journal_hold_ended(struct journal *journal, const struct id *exchange_id);
/* False: it has been ended meanwhile. Else its end is the ledger thread's alone from here on. */
bool journal_hold_expires(struct journal *journal, const struct id *exchange_id);

#endif
