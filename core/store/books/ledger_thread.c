#include "store/books/ledger_thread.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/limits.h"
#include "base/log.h"
#include "store/alerts.h"
#include "store/books/alerts_table.h"
#include "store/books/answers_table.h"
#include "store/books/apply.h"
#include "store/books/expiry.h"
#include "store/books/ledger_jobs.h"
#include "store/books/notes_table.h"
#include "store/books/objects_table.h"
#include "store/books/outbox_table.h"
#include "store/books/posting.h"
#include "store/books/quota_table.h"
#include "store/books/turns_table.h"
#include "store/engine/checkpoint.h"
#include "store/journal/journal.h"
#include "store/memory/top_up_book.h"
#include "store/memory/wallet.h"
#include "store/operations/operations.h"
#include "store/questions/reports.h"

enum {
    BATCH_JOBS = 512,             /* per transaction */
    LEDGER_NICE = 5,              /* see thread_main */
    LAG_MS = 25,                  /* how far the tables may be behind the journal under load */
    IDLE_MS = 100,                /* between two looks for the writes of other processes */
    EXPIRE_US = 2 * 1000 * 1000,  /* between two looks for expired holds */
    TOP_UP_US = 1000 * 1000,      /* between two looks for balances that are low */
    RETRY_MS = 50,                /* between two tries while the disk fails */
    STOP_US = 5 * 1000 * 1000,    /* how long a stop waits while the disk fails */
    CHECKPOINT_PAGES = 250,       /* of 4 KB; fewer are not worth their syncs */
    CHECKPOINT_GAP_MS = 150,      /* between two; under load each moves what came meanwhile */
    CHECKPOINT_REST_PAGES = 2000, /* the ledger thread itself moves these at the end: a few ms */
};

static struct db *db_of(struct ledger_thread *ledger)
{
    return ledger->parts.db;
}

static struct apply apply_of(struct ledger_thread *ledger)
{
    return (struct apply){.db = ledger->parts.db,
                          .journal = ledger->parts.journal,
                          .memory = ledger->parts.memory,
                          .rollup = &ledger->rollup,
                          .changes = &ledger->changes};
}

static bool apply_journal(struct ledger_thread *ledger)
{
    const struct apply apply = apply_of(ledger);
    return apply_all(&apply);
}

static void sleep_us(int64_t us)
{
    nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
}

/* ---- one job in the open transaction ---- */

static bool tx_sound(struct ledger_thread *ledger)
{
    return db_of(ledger)->failure == 0 && db_of(ledger)->constraint == 0;
}

void ledger_thread_hold(struct job *job, void *server)
{
    struct ledger_hold *hold = (struct ledger_hold *)job;
    struct ledger_thread *ledger = server;
    struct wallet_state wallet;
    _Static_assert(offsetof(struct ledger_hold, job) == 0, "a job is cast to its hold");
    /* Another process may have just taken money that was promised here. It counted the holds on
     * disk, but not this one, so this one gives way. */
    hold->durable = false;
    if (!wallet_peek(ledger->parts.memory.wallets, &hold->account_id, &wallet) ||
        wallet.held_nusd > wallet.posted_nusd)
        return;
    hold->durable = posting_hold(db_of(ledger), hold) == POSTING_DONE;
}

void ledger_thread_settlement(struct job *job, void *server)
{
    struct ledger_settlement *settlement = (struct ledger_settlement *)job;
    struct ledger_thread *ledger = server;
    const struct id *account_id = &settlement->record.account_id;
    struct db *db = db_of(ledger);
    _Static_assert(offsetof(struct ledger_settlement, job) == 0, "a job is cast to its settlement");
    settlement->durable =
        rollup_post(&ledger->rollup, db, settlement, ledger->now_ms) == POSTING_DONE &&
        (settlement->kept == NULL || answers_table_keep(db, settlement->kept, ledger->now_ms)) &&
        (settlement->objects == NULL ||
         objects_table_add(db, account_id, settlement->objects, ledger->now_ms)) &&
        (settlement->turn == NULL ||
         turns_table_add(db, account_id, settlement->turn, ledger->now_ms));
}

/* Runs an operation. If it fails, only its own writes are taken back. */
void ledger_thread_call(struct job *job, void *server)
{
    struct store_call *call = (struct store_call *)job;
    struct ledger_thread *ledger = server;
    struct db *db = ledger->parts.db;
    _Static_assert(offsetof(struct store_call, job) == 0, "a job is cast to its call");
    if (!db_run(db, "SAVEPOINT operation", NULL, 0))
        return;
    operations_run(call, db);
    db->constraint = 0; /* the operation has made it a fault */
    if (db->failure)
        return;
    if (!call->ok && !db_run(db, "ROLLBACK TO operation", NULL, 0))
        return;
    db_run(db, "RELEASE operation", NULL, 0);
    ledger->operations_ran |= call->ok;
}

/* A call that reads must find in the tables what was answered before it was posted. */
void ledger_thread_read(struct job *job, void *server)
{
    (void)job;
    (void)server;
    check(false); /* it is forwarded */
}

void ledger_thread_refresh(struct job *job, void *server)
{
    ledger_thread_read(job, server); /* never run here, either */
}

/* ---- a batch ---- */

/* Loads what another process has written since the last batch, before anything is decided. */
static bool sync_foreign(struct ledger_thread *ledger)
{
    if (!changes_stage(&ledger->changes, db_of(ledger)))
        return false;
    changes_apply(&ledger->changes, &ledger->parts.memory); /* the other process has committed it */
    ledger->polled_us = clock_mono_us();
    return true;
}

static bool write_batch(struct ledger_thread *ledger, struct job_list *jobs)
{
    struct db *db = db_of(ledger);
    if (!db_run(db, "BEGIN IMMEDIATE", NULL, 0) || !sync_foreign(ledger))
        return false;
    for (struct job *job = jobs->first; job != NULL; job = job->next) {
        job->run(job, ledger);
        if (!tx_sound(ledger)) /* the transaction may be gone: no more statements */
            return false;
    }
    if (!rollup_write(&ledger->rollup, db, ledger->now_ms))
        return false;
    if (ledger->operations_ran && !changes_stage(&ledger->changes, db))
        return false;
    failpoint_reach(FAILPOINT_BEFORE_COMMIT);
    return db_commit(db);
}

static void refuse_settlement(struct ledger_thread *ledger, struct ledger_settlement *settlement,
                              const char *why)
{
    const struct usage_record *record = &settlement->record;
    settlement->durable = false;
    if (settlement->extended_nusd) /* only this settlement knows them */
        wallet_unextend(ledger->parts.memory.wallets, &record->account_id, &record->key_id,
                        settlement->extended_nusd);
    log_event(LOG_ERROR, "settlement refused",
              log_text("exchange", settlement->record.exchange_id.text),
              log_int("charge_nusd", settlement->record.charge_nusd), log_text("why", why));
}

/* After the commit: updates memory before the job returns. */
static void apply_job(struct ledger_thread *ledger, struct job *job)
{
    struct wallets *wallets = ledger->parts.memory.wallets;
    if (job->run == ledger_thread_hold) {
        struct ledger_hold *hold = (struct ledger_hold *)job;
        if (hold->durable)
            journal_hold_opened(ledger->parts.journal, hold);
        else
            wallet_give_back(wallets, hold);
    } else if (job->run == ledger_thread_settlement) {
        struct ledger_settlement *settlement = (struct ledger_settlement *)job;
        const struct usage_record *record = &settlement->record;
        if (!settlement->durable) {
            refuse_settlement(ledger, settlement, "it has no open hold of this amount");
            return;
        }
        journal_hold_ended(ledger->parts.journal, &record->exchange_id);
        wallet_release(wallets, &record->account_id, &record->key_id, settlement->held_nusd,
                       &(struct wallet_charge){record->charge_nusd, record->created_ms});
        quota_book_settle(settlement->quotas, record, 0);
    }
}

static void return_job(struct job *job)
{
    if (job->reply_queue != NULL)
        job_return(job);
}

/* The last write has succeeded. */
static void note_writable(struct ledger_thread *ledger)
{
    if (atomic_exchange(&ledger->writable, true))
        return;
    log_event(LOG_INFO, "the database can be written again");
    alerts_clear(ledger->parts.alerts, ALERT_LEDGER_UNWRITABLE, "database");
}

static void finish_batch(struct ledger_thread *ledger, struct job_list *jobs)
{
    for (struct job *job = jobs->first; job != NULL; job = job->next)
        apply_job(ledger, job);
    if (ledger->operations_ran) {
        changes_apply(&ledger->changes, &ledger->parts.memory);
        outbox_table_added(ledger->parts.outbox); /* it may have */
    }
    wallet_unreserve_all(ledger->parts.memory.wallets);
    atomic_fetch_add_explicit(&ledger->commits, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&ledger->jobs, jobs->count, memory_order_relaxed);
    note_writable(ledger);
    job_return_all(jobs);
}

/* The disk fails: holds and operations are refused, settlements wait. */
static void fail_job(struct ledger_thread *ledger, struct job *job)
{
    if (job->run == ledger_thread_settlement) {
        ((struct ledger_settlement *)job)->durable = false;
        job_list_push(&ledger->unsettled, job);
        return;
    }
    if (job->run == ledger_thread_hold) {
        struct ledger_hold *hold = (struct ledger_hold *)job;
        hold->durable = false;
        wallet_give_back(ledger->parts.memory.wallets, hold);
    } else if (job->run == ledger_thread_call) {
        operations_fail((struct store_call *)job, db_of(ledger));
    }
    return_job(job);
}

static void fail_batch(struct ledger_thread *ledger, struct job_list *jobs)
{
    if (atomic_exchange(&ledger->writable, false))
        log_event(LOG_ERROR, "the database cannot be written; new requests are refused",
                  log_text("why", db_of(ledger)->failure_text),
                  log_int("jobs", (int64_t)jobs->count));
    alerts_raise(ledger->parts.alerts, ALERT_LEDGER_UNWRITABLE, "database",
                 db_of(ledger)->failure_text);
    while (jobs->first != NULL)
        fail_job(ledger, job_list_pop(jobs));
}

/* A constraint has refused this job; the others of its batch are written without it. */
static void refuse_job(struct ledger_thread *ledger, struct job *job)
{
    if (job->run == ledger_thread_settlement) {
        /* The hold stays, here and on disk, until it expires: never free, never charged twice. */
        refuse_settlement(ledger, (struct ledger_settlement *)job,
                          db_constraint_text(db_of(ledger)));
        return_job(job);
        return;
    }
    log_event(LOG_ERROR, "ledger job refused", log_text("why", db_constraint_text(db_of(ledger))));
    fail_job(ledger, job);
}

/* Writes the jobs in one transaction and returns them; the list is empty after that. */
static void run_batch(struct ledger_thread *ledger, struct job_list *jobs)
{
    struct db *db = db_of(ledger);
    int64_t began_us = clock_mono_us();
    db_clear(db);
    rollup_reset(&ledger->rollup);
    ledger->operations_ran = false;
    ledger->now_ms = clock_wall_ms();
    if (write_batch(ledger, jobs)) {
        failpoint_reach(FAILPOINT_AFTER_COMMIT);
        metrics_observe_since(&ledger->transactions, metrics_short_us, began_us);
        finish_batch(ledger, jobs);
        return;
    }
    db_rollback(db);
    changes_drop(&ledger->changes);
    wallet_unreserve_all(ledger->parts.memory.wallets);
    if (db->failure || jobs->count == 0) {
        fail_batch(ledger, jobs);
    } else if (jobs->count == 1) {
        refuse_job(ledger, job_list_pop(jobs));
    } else {
        while (jobs->first != NULL) {
            struct job_list one = {0};
            job_list_push(&one, job_list_pop(jobs));
            run_batch(ledger, &one); /* recursion ends here */
        }
    }
}

/* ---- between the batches ---- */

/* Tries the write that must become possible, not just any write. */
static void probe(struct ledger_thread *ledger)
{
    if (journal_pending(ledger->parts.journal) ? !apply_journal(ledger)
                                               : !db_write_nothing(db_of(ledger)))
        return;
    note_writable(ledger);
}

static void poll_foreign(struct ledger_thread *ledger)
{
    struct db *db = db_of(ledger);
    db_clear(db);
    ledger->polled_us = clock_mono_us();
    if (!db_run(db, "BEGIN", NULL, 0) || !sync_foreign(ledger) || !db_run(db, "COMMIT", NULL, 0))
        db_rollback(db); /* the next look reads it again, or the next batch reports the fault */
}

static void on_commit(int pages, void *arg)
{
    struct ledger_thread *ledger = arg;
    ledger->wal_pages = pages;
    if (pages < ledger->wal_pages_tried) /* the log has begun anew */
        ledger->wal_pages_tried = 0;
}

/* Without a pause: see checkpoint.h. Small and often, because 8,000 pages at once take a CPU for
 * 20 ms. An old reader's snapshot may hold pages back; they are tried again with as many new. */
static void keep_log_short(struct ledger_thread *ledger)
{
    struct checkpoint *checkpoint = ledger->parts.checkpoint;
    int pages_new = ledger->wal_pages - ledger->wal_pages_tried;
    int64_t now_us = clock_mono_us();
    if (checkpoint_busy(checkpoint) || !checkpoint_trusted(checkpoint))
        return;
    if (ledger->checkpoint_asked) { /* it has finished, but for new pages */
        ledger->checkpoint_asked = false;
        if (pages_new > 0 && pages_new < CHECKPOINT_REST_PAGES) {
            ledger->wal_pages_tried = ledger->wal_pages;
            checkpoint_run(checkpoint, db_of(ledger));
        }
    } else if (pages_new >= CHECKPOINT_PAGES &&
               now_us - ledger->checkpointed_us >= CHECKPOINT_GAP_MS * 1000) {
        ledger->wal_pages_tried = ledger->wal_pages;
        ledger->checkpoint_asked = checkpoint_request(checkpoint);
        ledger->checkpointed_us = now_us;
    }
}

/* An operation of the thread's own, on what was answered before it. */
static void run_own(struct ledger_thread *ledger, const char *what, const char *text)
{
    const struct store_value arg = text != NULL ? bind_text(text) : bind_null();
    struct store_call call;
    struct fault fault;
    struct job_list jobs = {0};
    if (!apply_journal(ledger) || !store_call_init(&call, what, &arg, text != NULL ? 1 : 0, &fault))
        return;
    call.wallets = ledger->parts.memory.wallets;
    call.job = (struct job){.run = ledger_thread_call};
    job_list_push(&jobs, &call.job);
    run_batch(ledger, &jobs);
    store_call_fini(&call);
}

static void move_money(struct ledger_thread *ledger, int64_t now_us)
{
    if (now_us - ledger->collected_us >= IDLE_MS * 1000) {
        ledger->collected_us = now_us;
        if (wallet_has_debtors(ledger->parts.memory.wallets))
            run_own(ledger, "debt.collect", NULL);
    }
    if (now_us - ledger->topped_up_us < TOP_UP_US)
        return;
    ledger->topped_up_us = now_us;
    char *terms = top_up_book_terms(ledger->parts.top_ups);
    if (terms != NULL &&
        db_number(db_of(ledger), "SELECT 1 FROM automatic_top_ups LIMIT 1", NULL, 0, 0) > 0)
        run_own(ledger, "top_up.run", terms);
    free(terms);
}

/* Not while the disk fails: the courier then tells that from memory. */
static void write_alerts(struct ledger_thread *ledger)
{
    const struct ledger_parts *of = &ledger->parts;
    alerts_table_write(of->alerts, of->outbox, of->notices, of->db, &ledger->alerts_pace);
    notices_write(of->db, of->notices, of->memory.wallets, of->outbox, &ledger->notices_pace);
    quota_table_write_events(of->db, of->quotas, of->notices, of->outbox);
}

static void idle(struct ledger_thread *ledger)
{
    int64_t now_us = clock_mono_us();
    if (!atomic_load(&ledger->writable) && ledger->unsettled.count == 0) {
        probe(ledger);
        if (!atomic_load(&ledger->writable))
            sleep_us(RETRY_MS * 1000);
    }
    if (now_us - ledger->polled_us >= IDLE_MS * 1000)
        poll_foreign(ledger);
    if (now_us - ledger->expired_us >= EXPIRE_US && ledger->unsettled.count == 0) {
        ledger->expired_us = now_us;
        expiry_run(db_of(ledger), ledger->parts.journal, ledger->parts.memory.wallets);
    }
    if (ledger->unsettled.count == 0 && atomic_load(&ledger->writable))
        move_money(ledger, now_us);
    notes_table_write(ledger->parts.notes, ledger->parts.memory.wallets, db_of(ledger));
    if (atomic_load(&ledger->writable))
        write_alerts(ledger);
    if (ledger->unsettled.count == 0) {
        answers_table_forget(db_of(ledger), &ledger->forget_due_us);
        objects_table_forget(db_of(ledger), &ledger->forget_objects_due_us);
        turns_table_forget(db_of(ledger), &ledger->forget_turns_due_us);
        notes_table_forget(ledger->parts.notes, db_of(ledger));
    }
    keep_log_short(ledger);
}

/* ---- the thread ---- */

/* The list in which a job waits; `batch` is for jobs that write. */
static struct job_list *list_of(struct ledger_thread *ledger, const struct job *job,
                                struct job_list *batch)
{
    if (job->run == ledger_thread_read)
        return &ledger->reads;
    return job->run == ledger_thread_refresh ? &ledger->refreshes : batch;
}

/* The next batch: first the settlements that the disk has refused, in order, then new jobs. */
static struct job_list next_batch(struct ledger_thread *ledger)
{
    struct job_list jobs = {0};
    while (jobs.count < BATCH_JOBS && ledger->unsettled.first != NULL)
        job_list_push(&jobs, job_list_pop(&ledger->unsettled));
    while (jobs.count < BATCH_JOBS && ledger->service.waiting.first != NULL) {
        struct job *job = job_list_pop(&ledger->service.waiting);
        job_list_push(list_of(ledger, job, &jobs), job);
    }
    return jobs;
}

/* The disk fails. Refuses waiting holds and operations at once, so that their callers do not wait;
 * they may retry later. Settlements stay and are tried again. */
static void refuse_waiting(struct ledger_thread *ledger)
{
    struct job_list jobs = ledger->service.waiting;
    ledger->service.waiting = (struct job_list){0};
    while (jobs.first != NULL) {
        struct job *job = job_list_pop(&jobs);
        if (job->run == ledger_thread_read || job->run == ledger_thread_refresh)
            job_list_push(list_of(ledger, job, NULL), job);
        else
            fail_job(ledger, job);
    }
}

static void give_up(struct ledger_thread *ledger)
{
    log_event(LOG_ERROR, "stopping while the database cannot be written: holds stay open",
              log_int("settlements", (int64_t)ledger->unsettled.count));
    while (ledger->unsettled.first != NULL)
        return_job(job_list_pop(&ledger->unsettled));
}

/* Forwards the reads: the tables have what they must see, or the disk fails. */
static void send_reads(struct ledger_thread *ledger)
{
    struct job *job;
    while ((job = job_list_pop(&ledger->reads)) != NULL) {
        struct store_call *call = (struct store_call *)job;
        if (!reports_post(call->reports, call)) {
            fault_set(&call->fault, "overloaded", "too many reports are asked for; try again soon");
            return_job(job);
        }
    }
}

/* Returns the refreshes, even if the look has failed: the caller decides by what memory has. */
static void answer_refreshes(struct ledger_thread *ledger)
{
    if (ledger->refreshes.first == NULL)
        return;
    poll_foreign(ledger);
    job_return_all(&ledger->refreshes);
}

static bool is_behind(const struct ledger_thread *ledger)
{
    return journal_pending(ledger->parts.journal) &&
           clock_mono_us() - ledger->applied_us >= LAG_MS * 1000;
}

/* Applies the journal before other jobs are written, to keep the order of events. */
static bool write_journal(struct ledger_thread *ledger, bool awaited)
{
    ledger->applied_us = clock_mono_us();
    const struct apply apply = apply_of(ledger);
    bool applied = awaited ? apply_all(&apply) : apply_in_steps(&apply);
    metrics_observe_since(&ledger->transactions, metrics_short_us, ledger->applied_us);
    return applied;
}

static void work(struct ledger_thread *ledger)
{
    bool applied = true;
    if (!atomic_load(&ledger->writable)) {
        refuse_waiting(ledger);
        if (ledger->unsettled.count)
            sleep_us(RETRY_MS * 1000);
    }
    struct job_list jobs = next_batch(ledger);
    bool awaited = jobs.first != NULL || ledger->reads.first != NULL;
    if (awaited || is_behind(ledger))
        applied = write_journal(ledger, awaited);
    if (ledger->reads.first != NULL)
        notes_table_write(ledger->parts.notes, ledger->parts.memory.wallets, db_of(ledger));
    send_reads(ledger);
    if (!applied)
        fail_batch(ledger, &jobs);
    else if (jobs.first != NULL)
        run_batch(ledger, &jobs);
    answer_refreshes(ledger);
    if (ledger->unsettled.count && atomic_load(&ledger->giving_up))
        give_up(ledger);
}

static bool finished(struct ledger_thread *ledger)
{
    if (!ledger->service.stopping || ledger->service.waiting.count)
        return false;
    if (ledger->unsettled.count == 0)
        return true;
    if (ledger->stop_deadline_us == 0)
        ledger->stop_deadline_us = clock_mono_us() + STOP_US;
    if (clock_mono_us() < ledger->stop_deadline_us)
        return false;
    give_up(ledger);
    return true;
}

static void serve(void *server)
{
    struct ledger_thread *ledger = server;
    /* In Linux only this thread: with few CPUs, those that a client waits for go first. */
    (void)setpriority(PRIO_PROCESS, 0, LEDGER_NICE);
    while (!finished(ledger)) {
        bool idle_now = ledger->service.waiting.count == 0 && ledger->unsettled.count == 0;
        int timeout_ms = journal_pending(ledger->parts.journal) ? LAG_MS : IDLE_MS;
        service_take(&ledger->service, idle_now ? timeout_ms : 0);
        work(ledger);
        idle(ledger);
    }
    notes_table_write(ledger->parts.notes, ledger->parts.memory.wallets, db_of(ledger));
    ledger->alerts_pace = (struct alerts_pace){.due_us = 0};
    write_alerts(ledger);
    if (!apply_journal(ledger))
        log_event(LOG_WARN, "stopping while the database cannot be written: the next start does it",
                  log_text("why", db_of(ledger)->failure_text));
}

bool ledger_thread_start(struct ledger_thread *ledger, const struct ledger_parts *parts,
                         struct fault *fault)
{
    ledger->parts = *parts;
    atomic_init(&ledger->writable, true);
    atomic_init(&ledger->giving_up, false);
    rollup_init(&ledger->rollup, BATCH_JOBS);
    db_on_commit(parts->db, on_commit, ledger);
    if (service_start(&ledger->service, "ledger", LIMIT_LEDGER_JOBS, serve, ledger, fault))
        return true;
    rollup_fini(&ledger->rollup);
    return false;
}

void ledger_thread_stop(struct ledger_thread *ledger)
{
    if (!ledger->service.started)
        return;
    service_stop(&ledger->service);
    changes_drop(&ledger->changes);
    rollup_fini(&ledger->rollup);
}
