/* Money: holds and settlements, in two phases as in TigerBeetle (pending, post, void). Double
 * entry: a transfer moves an amount from one account to another, balance = credits - debits, so the
 * sum over all accounts is 0; rows are append-only (triggers refuse UPDATE and DELETE). Accounts:
 * one per customer ("acct_...", never below zero), and the operator's, by name: "revenue",
 * "cost:PROVIDER", "overrun", "funding:manual", "funding:test", "promotion".
 *
 * A settlement writes into the tables, in one transaction: customer -> revenue (charge), overrun
 * -> revenue (what the price is above the hold), revenue -> cost:PROVIDER (cost), the hold's
 * resolution, the usage record, balances, the key's total, the day's roll-up. */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/id.h"
#include "base/job.h"
#include "store/answers.h"
#include "store/usage.h"

struct store;

enum hold_outcome {
    HOLD_ACCEPTED,
    HOLD_INSUFFICIENT, /* posted - held < amount */
    HOLD_BUDGET,       /* the key's budget - spent - held < amount */
    HOLD_FULL,         /* the ledger's queue is full: 503 with Retry-After */
    HOLD_UNAVAILABLE,  /* the database cannot be written: 503, never a free answer */
    HOLD_UNKNOWN,      /* no such account, or the key is gone */
    HOLD_DEBT          /* the account owes something: what comes in pays that first */
};

/* Embedded in the exchange. `job.reply_queue` and `job.done` are the caller's; done is called on
 * its thread when the hold is on disk (durable) or could not be written (not durable: the amount is
 * free again, the exchange must end without an answer). */
struct ledger_hold {
    struct job job;
    struct id exchange_id;
    struct id account_id;
    struct id key_id;
    int64_t amount_nusd; /* >= 0; 0 is a hold like any other */
    int64_t created_ms;
    /* When the ledger gives the amount back by itself, and refuses a settlement that comes later:
     * well beyond the exchange's own deadline. */
    int64_t expires_ms;
    bool durable; /* out */
};

struct hold_refusal {
    int64_t available_nusd; /* of the wallet, or of the key's budget with HOLD_BUDGET */
    int64_t budget_nusd;
    int64_t spent_nusd;
    int64_t owed_nusd; /* with HOLD_DEBT */
    int64_t resets_ms; /* when the budget is there anew; 0: never */
};

/* Decides at once against the wallet in memory (no waiting, any thread) and, when accepted, queues
 * the row. Anything but HOLD_ACCEPTED: nothing was taken, `hold` is the caller's, *refusal says how
 * much there is. */
enum hold_outcome ledger_hold(struct store *store, struct ledger_hold *hold,
                              struct hold_refusal *refusal);

/* Looks for what other processes have changed, a top-up by the command line, which is otherwise
 * seen within 0.1 s. Comes back, by job.reply_queue and job.done, when memory has it. False: the
 * queue is full. */
bool ledger_refresh(struct store *store, struct job *job);

/* What a hold of this key could take at most now: min(wallet, key budget); for a cap on the
 * answer. */
int64_t ledger_available_nusd(struct store *store, const struct id *account_id,
                              const struct id *key_id);
/* Which of the two that is: HOLD_BUDGET or HOLD_INSUFFICIENT (the wallet). */
enum hold_outcome ledger_short_of(struct store *store, const struct id *account_id,
                                  const struct id *key_id);

/* Embedded in the exchange. Ends the hold of record.exchange_id: with record.charge_nusd (<= held;
 * the caller has put what is above into overrun_nusd) or, when `voided`, with nothing. An exchange
 * that never had a hold (refused before) is not settled. */
struct ledger_settlement {
    struct job job;
    struct usage_record record;
    int64_t held_nusd;     /* what ledger_extend has added included */
    int64_t extended_nusd; /* that part */
    bool voided;
    /* What the client is answered, when it is to be kept for his retry: written with the rest.
     * NULL: nothing. */
    const struct kept_answer *kept;
    /* out: false when the store closes while the disk still fails, or when no such hold is open (it
     * has ended or expired, its row was never written, or account, key or amount are not its own):
     * logged as an error, nothing charged. */
    bool durable;
};

/* Adds up to `amount_nusd` to an accepted hold: as much as wallet and key still have. Returns how
 * much. It is held, in memory, from now on, and the sum of a hold's extensions is written with its
 * settlement, whose held_nusd and extended_nusd must count it. Before a hold is voided, they are
 * given back. Any thread. */
int64_t ledger_extend(struct store *store, const struct ledger_hold *hold, int64_t amount_nusd);
void ledger_unextend(struct store *store, const struct ledger_hold *hold, int64_t amount_nusd);

/* Never refused. The ledger thread tries again while the disk fails; `done` is called once it is
 * durable. The held amount stays held until then. */
void ledger_settle(struct store *store, struct ledger_settlement *settlement);

#endif
