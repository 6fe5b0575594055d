/* Functions of the store's faces: ledger.h, directory.h, claims.h, answers.h, objects.h,
 * turns.h, notes.h, outbox.h, notices.h, and the posting of call.h. */
#include <stdlib.h>

#include "base/check.h"
#include "base/limits.h"
#include "store/books/ledger_jobs.h"
#include "store/operations/operations.h"
#include "store/questions/answer_lookup.h"
#include "store/questions/object_lookup.h"
#include "store/questions/turn_lookup.h"
#include "store/store_internal.h"
#include "store/top_ups.h"

/* ---- ledger.h ---- */

/* Without a sync, appending to the journal writes some hundred bytes: that is cheaper than waking
 * another thread. False: the journal does not take the job. */
static bool commit_now(struct store *store, struct job *job)
{
    struct job_list jobs = {0};
    struct job_list left = {0};
    if (store->journal_thread.service.started)
        return false;
    job_list_push(&jobs, job);
    journal_commit(&store->journal, &store->wallets, &jobs, &left);
    if (jobs.first != NULL)
        job_return(job_list_pop(&jobs));
    return left.first == NULL;
}

static struct job_queue *job_queue_of(struct store *store)
{
    return store->journal_thread.service.started ? &store->journal_thread.service.queue
                                                 : &store->ledger.service.queue;
}

static void give_back_quotas(const struct ledger_hold *hold)
{
    if (hold->quotas != NULL)
        quota_book_give_back(hold->quotas);
}

enum hold_outcome ledger_hold(struct store *store, struct ledger_hold *hold,
                              struct hold_refusal *refusal)
{
    enum hold_outcome outcome;
    check(hold->amount_nusd >= 0);
    *refusal = (struct hold_refusal){0};
    if (!store_writable(store))
        return HOLD_UNAVAILABLE;
    if (hold->quotas != NULL &&
        !quota_book_take(hold->quotas, hold->amount_nusd, hold->created_ms, &refusal->quota)) {
        refusal->available_nusd = quotas_left_nusd(hold->quotas, hold->created_ms);
        return HOLD_QUOTA;
    }
    outcome = wallet_take(&store->wallets, hold, refusal);
    if (outcome != HOLD_ACCEPTED) {
        give_back_quotas(hold);
        return outcome;
    }
    hold->durable = false;
    hold->job.run = ledger_thread_hold;
    if (commit_now(store, &hold->job) || job_queue_post(job_queue_of(store), &hold->job))
        return HOLD_ACCEPTED;
    wallet_give_back(&store->wallets, hold);
    give_back_quotas(hold);
    return HOLD_FULL;
}

void ledger_share_holds(struct store *store, int64_t most)
{
    atomic_store(&store->wallets.holds_most, most);
}

enum hold_outcome ledger_would_hold(struct store *store, const struct ledger_hold *hold)
{
    return wallet_would_take(&store->wallets, hold);
}

bool ledger_refresh(struct store *store, struct job *job)
{
    job->run = ledger_thread_refresh;
    return job_queue_post(&store->ledger.service.queue, job);
}

int64_t ledger_available_nusd(struct store *store, const struct id *account_id,
                              const struct id *key_id, const struct quota_claim *quotas,
                              int64_t at_ms)
{
    int64_t available_nusd = wallet_available(&store->wallets, account_id, key_id);
    int64_t left_nusd = quotas != NULL ? quotas_left_nusd(quotas, at_ms) : INT64_MAX;
    return left_nusd < available_nusd ? left_nusd : available_nusd;
}

enum hold_outcome ledger_short_of(struct store *store, const struct id *account_id,
                                  const struct id *key_id, const struct quota_claim *quotas,
                                  int64_t at_ms)
{
    if (quotas != NULL &&
        quotas_left_nusd(quotas, at_ms) < wallet_available(&store->wallets, account_id, key_id))
        return HOLD_QUOTA;
    return wallet_short_of(&store->wallets, account_id, key_id);
}

int64_t ledger_extend(struct store *store, const struct ledger_hold *hold, int64_t amount_nusd)
{
    int64_t wanted_nusd = amount_nusd;
    check(amount_nusd >= 0);
    if (hold->quotas != NULL)
        wanted_nusd = quota_book_extend(hold->quotas, amount_nusd);
    int64_t more_nusd = wallet_extend(&store->wallets, hold, wanted_nusd);
    if (hold->quotas != NULL && more_nusd < wanted_nusd)
        quota_book_unextend(hold->quotas, wanted_nusd - more_nusd);
    return more_nusd;
}

void ledger_unextend(struct store *store, const struct ledger_hold *hold, int64_t amount_nusd)
{
    if (hold->quotas != NULL)
        quota_book_unextend(hold->quotas, amount_nusd);
    wallet_unextend(&store->wallets, &hold->account_id, &hold->key_id, amount_nusd);
}

void ledger_settle(struct store *store, struct ledger_settlement *settlement)
{
    const struct usage_record *record = &settlement->record;
    check(settlement->extended_nusd >= 0 && settlement->held_nusd >= settlement->extended_nusd);
    check(settlement->extended_nusd == 0 || !settlement->voided);
    check(record->charge_nusd >= 0 && record->charge_nusd <= settlement->held_nusd);
    check(record->overrun_nusd >= 0 && record->cost_nusd >= 0);
    check(!settlement->voided || (record->charge_nusd == 0 && record->overrun_nusd == 0));
    settlement->durable = false;
    settlement->job.run = ledger_thread_settlement;
    if (commit_now(store, &settlement->job))
        return;
    /* The queue refuses only after store_close, which comes after the last exchange has ended. */
    check(job_queue_post_always(job_queue_of(store), &settlement->job));
}

/* ---- quotas.h ---- */

bool quotas_set(const struct store *store)
{
    return store != NULL &&
           atomic_load_explicit(&store->quota_settings.subjects, memory_order_relaxed) > 0;
}

void quotas_of(struct store *store, const char *subject, struct quota_list *out)
{
    quota_settings_find(&store->quota_settings, subject, out);
}

struct quota_claim *quotas_claim(struct store *store, const struct quota_ask *asks, size_t count)
{
    return quota_book_claim(&store->quotas, asks, count);
}

bool quotas_load(struct store *store, struct quota_load *load, struct quota_claim *claim)
{
    load->claim = claim;
    load->loaded = false;
    load->job.run = ledger_thread_quotas;
    return job_queue_post(&store->ledger.service.queue, &load->job);
}

int64_t quotas_held(struct store *store, const struct quota_place *place, int64_t now_ms)
{
    return quota_book_held(&store->quotas, place, now_ms);
}

void quotas_reload(struct store *store)
{
    quota_book_reload(&store->quotas);
}

/* ---- directory.h ---- */

bool directory_find_key(struct store *store, const struct digest *digest, struct key_facts *out)
{
    return directory_table_find(&store->directory, digest, out);
}

uint64_t directory_revocations(struct store *store)
{
    return atomic_load(&store->directory.revocations);
}

/* ---- claims.h, answers.h ---- */

enum claim_outcome claims_take(struct store *store, struct claim *claim)
{
    return claims_table_take(&store->claims, claim);
}

void claims_give_back(struct store *store, struct claim *claim)
{
    claims_table_give_back(&store->claims, claim);
}

bool answers_look(struct store *store, struct answer_lookup *lookup)
{
    buffer_init(&lookup->body, LIMIT_KEPT_ANSWER_BYTES);
    lookup->job.run = answer_lookup_run;
    return job_queue_post(&store->reports[REPORTS_QUICK].service.queue, &lookup->job);
}

void answers_look_fini(struct answer_lookup *lookup)
{
    buffer_fini(&lookup->body);
}

/* ---- objects.h ---- */

bool objects_look(struct store *store, struct object_lookup *lookup)
{
    lookup->job.run = object_lookup_run;
    return job_queue_post(&store->reports[REPORTS_QUICK].service.queue, &lookup->job);
}

/* ---- turns.h ---- */

bool turns_look(struct store *store, struct turn_lookup *lookup)
{
    lookup->job.run = turn_lookup_run;
    return job_queue_post(&store->reports[REPORTS_QUICK].service.queue, &lookup->job);
}

void turns_look_fini(struct turn_lookup *lookup)
{
    for (size_t i = 0; i < lookup->turn_count; i++)
        buffer_fini(&lookup->turns[i].sealed);
    free(lookup->turns);
    lookup->turns = NULL;
    lookup->turn_count = 0;
}

/* ---- notes.h ---- */

bool notes_take_refusal(struct store *store, const struct id *account_id, int64_t now_ms)
{
    return notes_table_take_refusal(&store->notes, account_id, now_ms);
}

void notes_refusal(struct store *store, const struct refused_call *refused)
{
    notes_table_put_refusal(&store->notes, refused);
}

void notes_attempt(struct store *store, const struct id *exchange_id,
                   const struct attempt_note *attempt)
{
    notes_table_put_attempt(&store->notes, exchange_id, attempt);
}

/* ---- call.h ---- */

static void prepare(struct store *store, struct store_call *call)
{
    bool is_long = call->operation->thread == OPERATION_LONG;
    call->ok = false;
    call->store = store;
    call->wallets = store->serve ? &store->wallets : NULL;
    call->reports = &store->reports[is_long ? REPORTS_LONG : REPORTS_QUICK];
    call->providers_shown = store->providers_shown;
    call->quota_near_ppm = store->quotas.near_ppm;
}

bool store_call_post(struct store *store, struct store_call *call)
{
    check(store->serve);
    prepare(store, call);
    if (call->operation->thread == OPERATION_WRITES) {
        call->job.run = ledger_thread_call;
        return job_queue_post(&store->ledger.service.queue, &call->job);
    }
    if (!journal_pending(&store->journal) && !notes_table_is_waiting(&store->notes))
        return reports_post(call->reports, call);
    call->job.run = ledger_thread_read;
    return job_queue_post(&store->ledger.service.queue, &call->job);
}

void store_call_now(struct store *store, struct store_call *call)
{
    struct db *db = &store->db;
    check(!store->serve);
    prepare(store, call);
    db_clear(db);
    if (!db_run(db, "BEGIN IMMEDIATE", NULL, 0)) {
        operations_fail(call, db);
        return;
    }
    operations_run(call, db);
    db->constraint = 0;
    if (!call->ok)
        db_rollback(db);
    else if (!db_commit(db))
        operations_fail(call, db);
}

/* ---- outbox.h ---- */

size_t outbox_due(struct store *store, enum outbox_lane lane, int64_t now_ms,
                  struct outbox_message *out, size_t most, int64_t *next_ms)
{
    return outbox_table_due(&store->outbox, store->path, lane, now_ms, out, most, next_ms);
}

bool outbox_has_room(struct store *store)
{
    return outbox_table_has_room(&store->outbox);
}

void outbox_note(struct store *store, const struct outbox_result *result)
{
    outbox_table_note(&store->outbox, result);
}

uint64_t outbox_version(const struct store *store)
{
    return atomic_load(&store->outbox.version);
}

/* ---- top_ups.h ---- */

void store_set_top_ups(struct store *store, const char *terms)
{
    top_up_book_set(&store->top_ups, terms);
}

/* ---- notices.h ---- */

void store_set_notices(struct store *store, const struct notice_settings *settings)
{
    notices_set(&store->notices, settings);
}
