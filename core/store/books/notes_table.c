#include "store/books/notes_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/engine/db.h"
#include "store/memory/table.h"
#include "store/memory/wallet.h"

enum {
    SAMPLE_TRIES = 8, /* slots that an account may use */
    MINUTE_MS = 60000,
    FORGET_ROWS = 256, /* of a table, per transaction */
    FORGET_US = 5 * 1000 * 1000,
    FORGET_REST_US = 50 * 1000 /* while there are many */
};

struct note {
    struct note *next;
    enum { NOTE_REFUSAL, NOTE_ATTEMPT } kind;
    struct id exchange_id; /* for an attempt */
    union {
        struct refused_call refused;
        struct attempt_note attempt;
    } as;
};

void notes_table_init(struct notes *notes)
{
    check(pthread_mutex_init(&notes->mutex, NULL) == 0);
    atomic_init(&notes->waiting, false);
}

static void free_notes(struct note *first)
{
    while (first != NULL) {
        struct note *next = first->next;
        free(first);
        first = next;
    }
}

void notes_table_fini(struct notes *notes)
{
    free_notes(notes->first);
    check(pthread_mutex_destroy(&notes->mutex) == 0);
}

bool notes_table_is_waiting(const struct notes *notes)
{
    return atomic_load_explicit(&notes->waiting, memory_order_acquire);
}

/* ---- noting ---- */

/* NULL: other accounts of this minute use all slots. The caller holds the mutex. */
static struct notes_sample *find_sample(struct notes *notes, const struct id *account_id,
                                        int64_t minute)
{
    uint64_t hash = table_hash(account_id->text, strlen(account_id->text)) + (uint64_t)minute;
    struct notes_sample *room = NULL;
    for (size_t i = 0; i < SAMPLE_TRIES; i++) {
        struct notes_sample *sample = &notes->samples[(hash + i) % NOTES_ACCOUNTS];
        if (sample->minute == minute && strcmp(sample->account_id.text, account_id->text) == 0)
            return sample;
        if (room == NULL && sample->minute != minute && sample->left_out == 0)
            room = sample;
    }
    if (room != NULL)
        *room = (struct notes_sample){.account_id = *account_id, .minute = minute};
    return room;
}

bool notes_table_take_refusal(struct notes *notes, const struct id *account_id, int64_t now_ms)
{
    struct notes_sample *sample;
    bool wanted;
    check(pthread_mutex_lock(&notes->mutex) == 0);
    sample = find_sample(notes, account_id, now_ms / MINUTE_MS);
    wanted = sample != NULL && sample->kept < LIMIT_REFUSALS_A_MINUTE;
    if (wanted) {
        sample->kept++;
    } else if (sample != NULL) {
        sample->left_out++;
        atomic_store_explicit(&notes->waiting, true, memory_order_release);
    } else {
        notes->dropped++;
    }
    check(pthread_mutex_unlock(&notes->mutex) == 0);
    return wanted;
}

static void push(struct notes *notes, struct note *note)
{
    bool taken;
    check(pthread_mutex_lock(&notes->mutex) == 0);
    taken = notes->count < LIMIT_NOTES;
    if (taken) {
        if (notes->last != NULL)
            notes->last->next = note;
        else
            notes->first = note;
        notes->last = note;
        notes->count++;
        atomic_store_explicit(&notes->waiting, true, memory_order_release);
    } else {
        notes->dropped++;
    }
    check(pthread_mutex_unlock(&notes->mutex) == 0);
    if (!taken)
        free(note);
}

static struct note *new_note(void)
{
    struct note *note = calloc(1, sizeof *note);
    check(note != NULL);
    return note;
}

void notes_table_put_refusal(struct notes *notes, const struct refused_call *refused)
{
    struct note *note = new_note();
    note->kind = NOTE_REFUSAL;
    note->as.refused = *refused;
    push(notes, note);
}

void notes_table_put_attempt(struct notes *notes, const struct id *exchange_id,
                             const struct attempt_note *attempt)
{
    struct note *note = new_note();
    note->kind = NOTE_ATTEMPT;
    note->exchange_id = *exchange_id;
    note->as.attempt = *attempt;
    push(notes, note);
}

/* ---- writing ---- */

struct taken {
    struct note *first;
    uint64_t dropped;
    struct notes_sample *left_out; /* of the accounts that have any */
    size_t left_out_count;
};

static void take_left_out(struct notes *notes, struct taken *out)
{
    out->left_out = malloc(sizeof notes->samples);
    check(out->left_out != NULL);
    for (size_t i = 0; i < NOTES_ACCOUNTS; i++) {
        if (notes->samples[i].left_out > 0)
            out->left_out[out->left_out_count++] = notes->samples[i];
        notes->samples[i].left_out = 0;
    }
}

static struct taken take_all(struct notes *notes)
{
    struct taken taken = {0};
    check(pthread_mutex_lock(&notes->mutex) == 0);
    atomic_store_explicit(&notes->waiting, false, memory_order_relaxed);
    taken.first = notes->first;
    taken.dropped = notes->dropped;
    notes->first = notes->last = NULL;
    notes->count = notes->dropped = 0;
    take_left_out(notes, &taken);
    check(pthread_mutex_unlock(&notes->mutex) == 0);
    return taken;
}

static bool write_refusal(struct db *db, const struct refused_call *refused)
{
    return db_run(db,
                  "INSERT OR IGNORE INTO refusals (exchange_id, account_id, key_id, created_ms,"
                  " total_us, status, code, model, path)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                  DB_VALUES(bind_text(refused->exchange_id.text),
                            bind_text(refused->account_id.text), bind_text(refused->key_id.text),
                            bind_int(refused->created_ms), bind_int(refused->total_us),
                            bind_int(refused->status), bind_text(refused->code),
                            bind_text(refused->model), bind_text(refused->path)));
}

static bool write_attempt(struct db *db, const struct id *exchange_id,
                          const struct attempt_note *attempt)
{
    return db_run(db,
                  "INSERT INTO attempts (exchange_id, number, provider, model, outcome, status,"
                  " created_ms, duration_us, words, class)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                  DB_VALUES(bind_text(exchange_id->text), bind_int(attempt->number),
                            bind_text(attempt->provider), bind_text(attempt->model),
                            bind_text(attempt->outcome), bind_int(attempt->status),
                            bind_int(attempt->created_ms), bind_int(attempt->duration_us),
                            bind_text(attempt->words), bind_text(attempt->class)));
}

static bool write_left_out(struct db *db, const struct notes_sample *sample)
{
    return db_run(db,
                  "INSERT INTO refusals_left_out (account_id, minute, count) VALUES (?1, ?2, ?3)"
                  " ON CONFLICT DO UPDATE SET count = count + ?3",
                  DB_VALUES(bind_text(sample->account_id.text), bind_int(sample->minute),
                            bind_int(sample->left_out)));
}

static bool write_taken(struct db *db, const struct taken *taken)
{
    bool ok = db_run(db, "BEGIN IMMEDIATE", NULL, 0);
    for (const struct note *note = taken->first; ok && note != NULL; note = note->next) {
        ok = note->kind == NOTE_REFUSAL ? write_refusal(db, &note->as.refused)
                                        : write_attempt(db, &note->exchange_id, &note->as.attempt);
    }
    for (size_t i = 0; ok && i < taken->left_out_count; i++)
        ok = write_left_out(db, &taken->left_out[i]);
    return ok && db_run(db, "COMMIT", NULL, 0);
}

static uint64_t count_notes(const struct note *first)
{
    uint64_t count = 0;
    for (; first != NULL; first = first->next)
        count++;
    return count;
}

/* Pages that watch the accounts' versions then ask again. */
static void touch_accounts(struct wallets *wallets, const struct note *first)
{
    for (; first != NULL; first = first->next) {
        if (first->kind == NOTE_REFUSAL)
            wallet_touch(wallets, &first->as.refused.account_id);
    }
}

void notes_table_write(struct notes *notes, struct wallets *wallets, struct db *db)
{
    struct taken taken;
    if (!notes_table_is_waiting(notes))
        return;
    taken = take_all(notes);
    db_clear(db);
    if (write_taken(db, &taken)) {
        touch_accounts(wallets, taken.first);
    } else {
        db_rollback(db);
        taken.dropped += count_notes(taken.first);
    }
    if (taken.dropped > 0)
        log_event(LOG_WARN, "refusals and attempts were not noted: too many, or no disk",
                  log_int("dropped", (int64_t)taken.dropped));
    free_notes(taken.first);
    free(taken.left_out);
}

/* ---- deleting old rows ---- */

/* Deletes the oldest rows: a few at a time, so that no job waits long for the ledger thread. False:
 * the disk fails. */
static bool forget(struct db *db, const char *sql, int64_t before, int64_t rows_max, bool *more)
{
    if (!db_run(db, sql, DB_VALUES(bind_int(before), bind_int(rows_max), bind_int(FORGET_ROWS))))
        return false;
    *more = *more || db_changes(db) == FORGET_ROWS;
    return true;
}

#define OLDEST(table)                                                                              \
    "DELETE FROM " table " WHERE seq IN (SELECT seq FROM " table " ORDER BY seq LIMIT ?3)"         \
    " AND (created_ms < ?1 OR seq <= (SELECT max(seq) FROM " table ") - ?2)"

static bool forget_all(struct db *db, int64_t now_ms, bool *more)
{
    return db_run(db, "BEGIN IMMEDIATE", NULL, 0) &&
           forget(db, OLDEST("refusals"), now_ms - LIMIT_NOTES_MS, LIMIT_REFUSALS, more) &&
           forget(db, OLDEST("attempts"), now_ms - LIMIT_NOTES_MS, LIMIT_ATTEMPT_NOTES, more) &&
           forget(db,
                  "DELETE FROM refusals_left_out WHERE (account_id, minute) IN (SELECT account_id,"
                  " minute FROM refusals_left_out WHERE minute < ?1 LIMIT ?3) AND ?2 >= 0",
                  (now_ms - LIMIT_NOTES_MS) / MINUTE_MS, 0, more) &&
           db_run(db, "COMMIT", NULL, 0);
}

void notes_table_forget(struct notes *notes, struct db *db)
{
    int64_t now_us = clock_mono_us();
    bool more = false;
    if (now_us < notes->forget_due_us)
        return;
    db_clear(db);
    if (!forget_all(db, clock_wall_ms(), &more))
        db_rollback(db);
    notes->forget_due_us = now_us + (more ? FORGET_REST_US : FORGET_US);
}
