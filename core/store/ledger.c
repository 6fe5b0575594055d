#include "store/ledger.h"

#include "base/check.h"
#include "store/store_internal.h"

/* Where no sync is asked for, appending to the journal is a write of some hundred bytes: cheaper
 * than waking another thread. False: the journal does not take it. */
static bool commit_now(struct store *store, struct job *job)
{
    struct job_list jobs = {0};
    struct job_list left = {0};

    if (store->journal_thread.service.started)
        return false;
    job_list_push(&jobs, job);
    journal_commit(&store->journal, &store->wallets, &jobs, &left);
    if (jobs.first)
        job_return(job_list_pop(&jobs));
    return left.first == NULL;
}

static struct job_queue *job_queue_of(struct store *store)
{
    return store->journal_thread.service.started ? &store->journal_thread.service.queue : &store->ledger.service.queue;
}

enum hold_outcome ledger_hold(struct store *store, struct ledger_hold *hold,
                              struct hold_refusal *refusal)
{
    enum hold_outcome outcome;

    check(hold->amount_nusd >= 0);
    *refusal = (struct hold_refusal){0};
    if (!store_writable(store))
        return HOLD_UNAVAILABLE;
    outcome = wallet_take(&store->wallets, hold, refusal);
    if (outcome != HOLD_ACCEPTED)
        return outcome;
    hold->durable = false;
    hold->job.run = ledger_thread_hold;
    if (commit_now(store, &hold->job) || job_queue_post(job_queue_of(store), &hold->job))
        return HOLD_ACCEPTED;
    wallet_give_back(&store->wallets, hold);
    return HOLD_FULL;
}

int64_t ledger_available_nusd(struct store *store, const struct id *account_id,
                              const struct id *key_id)
{
    return wallet_available(&store->wallets, account_id, key_id);
}

enum hold_outcome ledger_short_of(struct store *store, const struct id *account_id,
                                  const struct id *key_id)
{
    return wallet_short_of(&store->wallets, account_id, key_id);
}

int64_t ledger_extend(struct store *store, const struct ledger_hold *hold, int64_t amount_nusd)
{
    check(amount_nusd >= 0);
    return wallet_extend(&store->wallets, hold, amount_nusd);
}

void ledger_unextend(struct store *store, const struct ledger_hold *hold, int64_t amount_nusd)
{
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
    /* Refused only after store_close, which is not called before the last exchange has ended. */
    check(job_queue_post_always(job_queue_of(store), &settlement->job));
}
