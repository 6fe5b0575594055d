/* The wallets: what each customer has posted and held, and what each key has spent, holds and may
 * spend. A hold is decided here, on the caller's thread, in a fraction of a microsecond. What is
 * durable counts at once, even if the tables do not have it yet (journal.h): the wallet remembers
 * these unapplied charges, and subtracts them from a balance that is loaded from the tables.
 *
 * Any thread. Guarded by the mutexes of the shards; lock a wallet's shard before a key's. */
#ifndef STORE_MEMORY_WALLET_H
#define STORE_MEMORY_WALLET_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "store/ledger.h"
#include "store/memory/crossings.h"
#include "store/memory/key_budget.h"
#include "store/memory/table.h"

enum { WALLET_SHARDS = 64 };

struct wallet_shard {
    pthread_mutex_t mutex;
    struct table table;
    int64_t open_holds; /* of its wallets; for store_totals */
    int64_t held_nusd;
} __attribute__((aligned(64)));

struct wallet_reservation; /* money that a transaction is moving */

struct wallets {
    struct wallet_reservation *reservations; /* for the ledger thread only */
    atomic_int_fast64_t debtors;             /* the number of wallets with a debt */
    atomic_int_fast64_t open_holds;          /* of all */
    atomic_int_fast64_t holds_most;          /* ledger_share_holds */
    int64_t epoch_ms; /* when they were made; with a version: what a reader saw of a wallet */
    struct crossings crossings; /* for the customers' notices */
    struct wallet_shard accounts[WALLET_SHARDS];
    struct wallet_shard keys[WALLET_SHARDS];
};

struct wallet_state {
    int64_t posted_nusd;
    int64_t held_nusd;
    int64_t owed_nusd; /* > 0: no hold is accepted */
    uint64_t version;  /* grows with each hold that ends and each balance that is loaded */
};

void wallet_init(struct wallets *wallets);
void wallet_fini(struct wallets *wallets);

/* Makes the wallet, or updates its balance and debt: the tables' values, less the unapplied
 * charges. */
void wallet_put(struct wallets *wallets, const struct id *account_id, int64_t posted_nusd,
                int64_t owed_nusd);
/* A balance below `low_nusd` is put into `crossings`, once: now, or with the settlement that finds
 * it. WALLET_NEVER_LOW: none is. Of a wallet that was put. */
#define WALLET_NEVER_LOW INT64_MIN
void wallet_watch(struct wallets *wallets, const struct id *account_id, int64_t low_nusd);
/* Reserves up to `amount_nusd` of what is not held, until wallet_unreserve_all: call that when the
 * transaction that moves the money has ended and the new balance is put. Returns how much. For the
 * ledger thread. */
int64_t wallet_reserve(struct wallets *wallets, const struct id *account_id, int64_t amount_nusd);
void wallet_unreserve_all(struct wallets *wallets);
bool wallet_has_debtors(struct wallets *wallets);
/* A key's budget, and what it has spent by the tables in the period of `at_ms`. */
struct wallet_budget {
    int64_t amount_nusd; /* -1: no budget */
    enum period period;
    int64_t at_ms;
    int64_t spent_nusd;
};
/* Makes or changes the key's budget; unapplied charges are added to what it has spent. */
void wallet_put_key(struct wallets *wallets, const struct id *key_id, const struct id *account_id,
                    const struct wallet_budget *budget);
/* Refuses new holds by this key; its open holds are settled as usual. */
void wallet_drop_key(struct wallets *wallets, const struct id *key_id);

/* Takes the hold's amount out of the wallet and the key's budget, or says why not. Key_id "" has no
 * budget. */
enum hold_outcome wallet_take(struct wallets *wallets, const struct ledger_hold *hold,
                              struct hold_refusal *refusal);
/* Adds up to `amount_nusd` to an open hold: as much as wallet and key still have. Returns how
 * much. */
int64_t wallet_extend(struct wallets *wallets, const struct ledger_hold *hold, int64_t amount_nusd);
/* Takes that back, because the hold will not be settled. */
void wallet_unextend(struct wallets *wallets, const struct id *account_id, const struct id *key_id,
                     int64_t amount_nusd);
/* The charge of a request, and when the request came, which decides its period. */
struct wallet_charge {
    int64_t amount_nusd;
    int64_t at_ms;
};
/* Ends a hold: the charge (0 <= charge <= held) is spent, the rest is free again. */
void wallet_release(struct wallets *wallets, const struct id *account_id, const struct id *key_id,
                    int64_t held_nusd, const struct wallet_charge *charge);
/* Ends a hold without a charge. */
void wallet_give_back(struct wallets *wallets, const struct ledger_hold *hold);
/* Ends a hold by a settlement that is durable but not applied; the second call says that it is
 * applied now. */
void wallet_release_unapplied(struct wallets *wallets, const struct id *account_id,
                              const struct id *key_id, int64_t held_nusd,
                              const struct wallet_charge *charge);
void wallet_applied(struct wallets *wallets, const struct id *account_id, const struct id *key_id,
                    const struct wallet_charge *charge);

/* False: no such wallet. */
bool wallet_peek(struct wallets *wallets, const struct id *account_id, struct wallet_state *out);
/* What wallet_take would answer now, but for HOLD_SHARE. */
enum hold_outcome wallet_would_take(struct wallets *wallets, const struct ledger_hold *hold);
/* The largest hold that this key could make; 0 if wallet or key is unknown. */
int64_t wallet_available(struct wallets *wallets, const struct id *account_id,
                         const struct id *key_id);
/* Which of the two is smaller: HOLD_BUDGET or HOLD_INSUFFICIENT. */
enum hold_outcome wallet_short_of(struct wallets *wallets, const struct id *account_id,
                                  const struct id *key_id);
void wallet_totals(struct wallets *wallets, int64_t *open_holds, int64_t *held_nusd);

/* Lets the version grow: readers have something new to see. */
void wallet_touch(struct wallets *wallets, const struct id *account_id);

#endif
