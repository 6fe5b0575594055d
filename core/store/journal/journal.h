/* The journal of the ledger: a file of our own (DATABASE-tail) with the holds and settlements that
 * are durable, but not yet in the tables. A caller only waits until a few hundred bytes are
 * appended and synced. The ledger thread applies them: within about 0.1 s it writes many records
 * into the tables in one transaction.
 *
 * The file has two halves. Records are appended to one half as one generation. When the ledger
 * thread takes them over, the generation is sealed, and the next one goes to the start of the other
 * half. The transaction that writes a generation into the tables sets `applied` in the table `tail`
 * to it. So after a crash the two generations after `applied` are missing, and no record is ever
 * written twice or forgotten. Each record's check sum includes its generation and place.
 *
 * The ledger thread takes what cannot be appended: when there is no room or the disk fails, a
 * settlement with a kept answer or objects, or a hold that the journal does not know. It first
 * applies the journal, and then writes the job itself, in a transaction of its own.
 *
 * Any thread, under its mutex; only the ledger thread seals and applies. With `durability =
 * process` a worker appends its record itself, under the mutex: that takes microseconds in the page
 * cache, and longer when the kernel must free pages first. With `power` only the journal's and the
 * ledger's thread take the mutex while workers run. The file goes through SQLite's VFS, so that the
 * tests' failing disks cover it, too. */
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
    struct file *file; /* NULL: there is no journal; all goes into the tables at once */
    char *path;
    uint64_t salt;
    bool synced;          /* `durability = power` */
    uint64_t generation;  /* of `active` */
    uint64_t broken;      /* the last one with a failed append: no append before it is applied */
    bool fails;           /* the last append failed; this is logged once */
    struct buffer active; /* its records as in the file; durable */
    struct buffer sealed; /* records of the generation before, until they are applied */
    bool is_sealed;       /* `sealed` waits to be applied; it may be empty */
    int64_t active_us;    /* when the first record of `active` came; 0: none has */
    int64_t sealed_us;    /* likewise */
    struct open_holds holds;
    atomic_bool pending; /* something is not applied */
    atomic_uint_fast64_t commits;
    atomic_uint_fast64_t jobs;
};

void journal_init(struct journal *journal);
void journal_fini(struct journal *journal);

/* Opens the file, makes a missing one, and reads what the tables lack as the sealed generation. The
 * database must have the table `tail`. False: *fault. */
bool journal_open(struct journal *journal, struct db *db, bool synced, struct fault *fault);
/* Begins a new journal. Call it when all is applied, before anything is appended: the old content
 * of the file means nothing any more, even if the database was restored from a copy. False: it
 * cannot be written. */
bool journal_begin(struct journal *journal, struct db *db);
/* The newest generation in the file beside a database, whichever process writes it (0: none); and
 * the last one that the tables have (UNKNOWN: they cannot be read, or have no table `tail` yet). */
#define JOURNAL_UNKNOWN UINT64_MAX
uint64_t journal_newest(struct db *db);
uint64_t journal_applied(struct db *db);

/* Appends the jobs (holds and settlements), makes them durable and updates the wallets. `jobs`
 * keeps those that are done and must be returned; `left` gets the others, for the ledger thread. */
void journal_commit(struct journal *journal, struct wallets *wallets, struct job_list *jobs,
                    struct job_list *left);

/* Whether the tables lack something that was answered before the call. */
bool journal_pending(const struct journal *journal);
/* What the tables lack: bytes of records, and for how long the oldest has waited. */
struct journal_lag {
    int64_t bytes;
    int64_t age_us; /* 0: they lack nothing */
};
struct journal_lag journal_lag(struct journal *journal);

/* ---- for the ledger thread ---- */

/* Seals what was appended so far, to be applied. False: there is nothing. */
bool journal_seal(struct journal *journal);
/* Reads the next record of the sealed generation; `at` begins as 0. */
bool journal_next(const struct journal *journal, size_t *at, struct journal_record *out);
/* Marks the sealed generation as applied, in the open transaction. */
bool journal_mark_applied(const struct journal *journal, struct db *db);
/* Forgets it, after the commit. */
void journal_forget_sealed(struct journal *journal);

/* Notes what the ledger thread has made durable without the journal. */
void journal_hold_opened(struct journal *journal, const struct ledger_hold *hold);
void journal_hold_ended(struct journal *journal, const struct id *exchange_id);
/* Marks a hold as expiring: from now on only the ledger thread ends it. False: it has ended
 * already. */
bool journal_hold_expires(struct journal *journal, const struct id *exchange_id);

#endif
