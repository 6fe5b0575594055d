/* Money: holds and settlements, in two phases as in TigerBeetle (pending, post, void). Double
 * entry: a transfer moves an amount from one account to another, balance = credits - debits, so the
 * sum over all accounts is 0. Rows are append-only (triggers refuse UPDATE and DELETE). Accounts:
 * one per customer ("acct_...", never below zero), and the operator's, by name: "revenue",
 * "cost:PROVIDER", "overrun", "funding:manual", "funding:test", "promotion".
 *
 * A settlement writes into the tables, in one transaction: customer -> revenue (charge), overrun ->
 * revenue (the part of the price above the hold), revenue -> cost:PROVIDER (cost), the hold's
 * resolution, the usage record, balances, the key's total, the roll-ups. */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/id.h"
#include "base/job.h"
#include "store/answers.h"
#include "store/objects.h"
#include "store/quotas.h"
#include "store/turns.h"
#include "store/usage.h"

struct store;

enum hold_outcome {
    HOLD_ACCEPTED,
    HOLD_INSUFFICIENT, /* posted - held < amount */
    HOLD_BUDGET,       /* the key's budget - spent - held < amount */
    HOLD_FULL,         /* the ledger's queue is full: 503 with Retry-After */
    HOLD_UNAVAILABLE,  /* the database cannot be written: 503, never a free answer */
    HOLD_UNKNOWN,      /* no such account, or the key was deleted */
    HOLD_QUOTA,
    HOLD_DEBT, /* the account has a debt, which the next credit pays first */
    HOLD_SHARE /* the account has its share of what can be open */
};

/* A hold, embedded in the exchange. The caller sets `job.reply_queue` and `job.done`. done is
 * called on the caller's thread when the hold is on disk (durable) or could not be written (not
 * durable: the amount is free again, and the exchange must end without an answer). */
struct ledger_hold {
    struct job job;
    struct id exchange_id;
    struct id account_id;
    struct id key_id;
    int64_t amount_nusd; /* >= 0; 0 is a valid hold */
    int64_t created_ms;
    /* At this time the ledger gives the amount back by itself, and refuses a later settlement. It
     * must be well after the exchange's own deadline. */
    int64_t expires_ms;
    struct quota_claim *quotas; /* borrowed; NULL: none */
    bool durable;               /* output */
};

struct hold_refusal {
    int64_t available_nusd; /* in the wallet, the key's budget or the quotas, by the outcome */
    int64_t budget_nusd;
    int64_t spent_nusd;
    int64_t owed_nusd;          /* with HOLD_DEBT */
    int64_t resets_ms;          /* when the budget's next period begins; 0: never */
    struct quota_refusal quota; /* with HOLD_QUOTA */
};

/* Decides at once against the wallet in memory (any thread, no waiting). If accepted, queues the
 * row. Else nothing was taken, the caller keeps `hold`, and *refusal says how much is available. */
enum hold_outcome ledger_hold(struct store *store, struct ledger_hold *hold,
                              struct hold_refusal *refusal);
/* At most so many holds are open at once, of which each account has its share; 0: no bound. */
void ledger_share_holds(struct store *store, int64_t most);
/* What the wallet would answer. */
enum hold_outcome ledger_would_hold(struct store *store, const struct ledger_hold *hold);

/* Loads the changes of other processes (top-ups), which otherwise takes up to 0.1 s. The job
 * returns by job.reply_queue and job.done when memory has them. False: the queue is full. */
bool ledger_refresh(struct store *store, struct job *job);

/* The largest hold that this key could make now: min(wallet, budget, quotas of money). */
int64_t ledger_available_nusd(struct store *store, const struct id *account_id,
                              const struct id *key_id, const struct quota_claim *quotas,
                              int64_t at_ms);
/* Which is smallest: HOLD_QUOTA, HOLD_BUDGET or HOLD_INSUFFICIENT (the wallet). */
enum hold_outcome ledger_short_of(struct store *store, const struct id *account_id,
                                  const struct id *key_id, const struct quota_claim *quotas,
                                  int64_t at_ms);

/* A settlement, embedded in the exchange. Ends the hold of record.exchange_id: charges
 * record.charge_nusd (<= held; the caller puts the rest of the price into overrun_nusd), or nothing
 * if `voided`. An exchange that never had a hold is not settled. */
struct ledger_settlement {
    struct job job;
    struct usage_record record;
    int64_t held_nusd;     /* with what ledger_extend has added */
    int64_t extended_nusd; /* that part of it */
    bool voided;
    struct quota_claim *quotas; /* the hold's; borrowed until the job is back */
    /* The client's answer, to be kept for a retry and written in the same transaction. NULL:
     * none. */
    const struct kept_answer *kept;
    const struct made_objects *objects; /* that are kept of the answer, likewise */
    const struct made_turn *turn;       /* that the gateway keeps of it, likewise */
    /* Output. False if the store closes while the disk still fails, or if no such hold is open (it
     * has ended or expired, its row was never written, or account, key or amount differ): it is
     * logged as an error, and nothing is charged. */
    bool durable;
};

/* Adds up to `amount_nusd` to an accepted hold: as much as wallet and key still have. Returns how
 * much. It is held in memory from now on. The settlement writes the sum of a hold's extensions, and
 * must include it in held_nusd and extended_nusd. Give extensions back before the hold is voided.
 * Any thread. */
int64_t ledger_extend(struct store *store, const struct ledger_hold *hold, int64_t amount_nusd);
void ledger_unextend(struct store *store, const struct ledger_hold *hold, int64_t amount_nusd);

/* Never refused. While the disk fails, the ledger thread tries again. `done` is called once it is
 * durable; the amount stays held until then. */
void ledger_settle(struct store *store, struct ledger_settlement *settlement);

#endif
