/* The wallets: of each customer what is posted and what is held, of each key what it has spent,
 * holds and may spend. This is where a hold is decided, on the caller's thread, in a fraction of
 * a microsecond. What is durable is counted at once, also where the tables do not have it yet
 * (journal.h): what is charged ahead of them is known, so that a balance loaded from them can be
 * put right.
 *
 * Any thread. Guarded by the mutexes of the shards, always a wallet's before a key's. */
#ifndef STORE_MEMORY_WALLET_H
#define STORE_MEMORY_WALLET_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "store/ledger.h"
#include "store/memory/key_budget.h"
#include "store/memory/table.h"

enum { WALLET_SHARDS = 64 };

struct wallet_shard {
    pthread_mutex_t mutex;
    struct table table;
    int64_t open_holds; /* of the wallets in it; for store_totals */
    int64_t held_nusd;
} __attribute__((aligned(64)));

struct wallet_reservation; /* money that is being moved */

struct wallets {
    struct wallet_reservation *reservations; /* the ledger thread's */
    atomic_int_fast64_t debtors;             /* wallets that owe something */
    int64_t epoch_ms; /* when they were made: with a version, what was seen of a wallet */
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

/* Makes the wallet, or gives it a new balance and what its account owes: what is in the tables now,
 * less what was charged ahead of them. */
void wallet_put(struct wallets *wallets, const struct id *account_id, int64_t posted_nusd,
                int64_t owed_nusd);
/* Reserves up to `amount_nusd` of what no hold has taken, until wallet_unreserve_all: when the
 * transaction that moves it has ended, and the new balance is put. Returns how much. The ledger
 * thread's. */
int64_t wallet_reserve(struct wallets *wallets, const struct id *account_id, int64_t amount_nusd);
void wallet_unreserve_all(struct wallets *wallets);
bool wallet_has_debtors(struct wallets *wallets);
/* What a key may spend in each period, and has, by the tables, in the one that `at_ms` lies in. */
struct wallet_budget {
    int64_t amount_nusd; /* -1: none */
    enum period period;
    int64_t at_ms;
    int64_t spent_nusd;
};
/* Makes the key's budget, or changes it; what it has spent is taken as the balance is. */
void wallet_put_key(struct wallets *wallets, const struct id *key_id, const struct id *account_id,
                    const struct wallet_budget *budget);
/* No new hold by this key; what it holds now is settled as usual. */
void wallet_drop_key(struct wallets *wallets, const struct id *key_id);

/* Takes the hold's amount out of the wallet and the key's budget, or says why not. A key_id of ""
 * has no budget. */
enum hold_outcome wallet_take(struct wallets *wallets, const struct ledger_hold *hold,
                              struct hold_refusal *refusal);
/* Adds up to `amount_nusd` to an open hold: what wallet and key still have. Returns how much. */
int64_t wallet_extend(struct wallets *wallets, const struct ledger_hold *hold, int64_t amount_nusd);
/* Takes that back: the hold is not settled. */
void wallet_unextend(struct wallets *wallets, const struct id *account_id, const struct id *key_id,
                     int64_t amount_nusd);
/* What a request is charged, and when it came: its period. */
struct wallet_charge {
    int64_t amount_nusd;
    int64_t at_ms;
};
/* Ends a hold: the charge (0 <= charge <= held) is spent of it, the rest is free again. */
void wallet_release(struct wallets *wallets, const struct id *account_id, const struct id *key_id,
                    int64_t held_nusd, const struct wallet_charge *charge);
/* The same of a hold that is not charged. */
void wallet_give_back(struct wallets *wallets, const struct ledger_hold *hold);
/* The same, by a settlement that is durable but not yet in the tables; and when it is in them. */
void wallet_release_unapplied(struct wallets *wallets, const struct id *account_id,
                              const struct id *key_id, int64_t held_nusd,
                              const struct wallet_charge *charge);
void wallet_catch_up(struct wallets *wallets, const struct id *account_id, const struct id *key_id,
                     const struct wallet_charge *charge);

/* False: no such wallet. */
bool wallet_peek(struct wallets *wallets, const struct id *account_id, struct wallet_state *out);
/* What a hold by this key could take at most; 0 when either is unknown. */
int64_t wallet_available(struct wallets *wallets, const struct id *account_id,
                         const struct id *key_id);
/* Which of the two ends first: HOLD_BUDGET or HOLD_INSUFFICIENT. */
enum hold_outcome wallet_short_of(struct wallets *wallets, const struct id *account_id,
                                  const struct id *key_id);
void wallet_totals(struct wallets *wallets, int64_t *open_holds, int64_t *held_nusd);

/* Its version grows: there is something new to be seen. */
void wallet_touch(struct wallets *wallets, const struct id *account_id);

#endif
