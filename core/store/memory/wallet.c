#include "store/memory/wallet.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"

struct account_wallet {
    struct table_node node; /* first: nodes are cast back */
    struct id id;
    int64_t posted_nusd;    /* as committed */
    int64_t unapplied_nusd; /* its charges that are not in the tables yet */
    int64_t held_nusd;
    int64_t owed_nusd;
    int64_t open_holds;
    int64_t low_nusd; /* a balance below it is a crossing */
    uint64_t version;
};

struct wallet_reservation {
    struct wallet_reservation *next;
    struct id account_id;
    int64_t amount_nusd;
};

struct key_wallet {
    struct table_node node;
    struct id id;
    struct id account_id;
    struct key_budget budget;
    int64_t open_holds;
    int64_t told_ms; /* the start of the period of which a crossing was put; -1: of none */
    bool gone;       /* the key was deleted; freed with its last hold */
};

static void init_shards(struct wallet_shard *shards)
{
    for (size_t i = 0; i < WALLET_SHARDS; i++) {
        check(pthread_mutex_init(&shards[i].mutex, NULL) == 0);
        table_init(&shards[i].table);
        shards[i].open_holds = 0;
        shards[i].held_nusd = 0;
    }
}

static void free_node(struct table_node *node)
{
    free(node);
}

static void fini_shards(struct wallet_shard *shards)
{
    for (size_t i = 0; i < WALLET_SHARDS; i++) {
        table_fini(&shards[i].table, free_node);
        check(pthread_mutex_destroy(&shards[i].mutex) == 0);
    }
}

void wallet_init(struct wallets *wallets)
{
    wallets->epoch_ms = clock_wall_ms();
    wallets->reservations = NULL;
    atomic_init(&wallets->debtors, 0);
    atomic_init(&wallets->open_holds, 0);
    atomic_init(&wallets->holds_most, 0);
    crossings_init(&wallets->crossings);
    init_shards(wallets->accounts);
    init_shards(wallets->keys);
}

void wallet_fini(struct wallets *wallets)
{
    fini_shards(wallets->accounts);
    fini_shards(wallets->keys);
    crossings_fini(&wallets->crossings);
}

static struct wallet_shard *lock_shard(struct wallet_shard *shards, uint64_t hash)
{
    struct wallet_shard *shard = &shards[hash % WALLET_SHARDS];
    check(pthread_mutex_lock(&shard->mutex) == 0);
    return shard;
}

static void unlock_shard(struct wallet_shard *shard)
{
    check(pthread_mutex_unlock(&shard->mutex) == 0);
}

static struct account_wallet *find_account(const struct wallet_shard *shard, uint64_t hash,
                                           const struct id *id)
{
    for (struct table_node *node = table_first(&shard->table, hash); node != NULL;
         node = table_next(node)) {
        struct account_wallet *wallet = (struct account_wallet *)node;
        if (strcmp(wallet->id.text, id->text) == 0)
            return wallet;
    }
    return NULL;
}

static struct key_wallet *find_key(const struct wallet_shard *shard, uint64_t hash,
                                   const struct id *id)
{
    for (struct table_node *node = table_first(&shard->table, hash); node != NULL;
         node = table_next(node)) {
        struct key_wallet *key = (struct key_wallet *)node;
        if (strcmp(key->id.text, id->text) == 0)
            return key;
    }
    return NULL;
}

void wallet_put(struct wallets *wallets, const struct id *account_id, int64_t posted_nusd,
                int64_t owed_nusd)
{
    uint64_t hash = table_hash_id(account_id);
    struct wallet_shard *shard = lock_shard(wallets->accounts, hash);
    struct account_wallet *wallet = find_account(shard, hash, account_id);
    if (wallet == NULL) {
        wallet = calloc(1, sizeof *wallet);
        check(wallet != NULL);
        wallet->id = *account_id;
        wallet->low_nusd = WALLET_NEVER_LOW;
        table_insert(&shard->table, &wallet->node, hash);
    }
    wallet->posted_nusd = posted_nusd - wallet->unapplied_nusd;
    atomic_fetch_add(&wallets->debtors, (owed_nusd > 0) - (wallet->owed_nusd > 0));
    wallet->owed_nusd = owed_nusd;
    wallet->version++;
    unlock_shard(shard);
}

/* If the list is full, the next settlement tries again. */
static void look_whether_low(struct wallets *wallets, struct account_wallet *wallet)
{
    const struct crossing crossing = {.kind = CROSSING_LOW, .account_id = wallet->id};
    if (wallet->posted_nusd < wallet->low_nusd && crossings_put(&wallets->crossings, &crossing))
        wallet->low_nusd = WALLET_NEVER_LOW;
}

void wallet_watch(struct wallets *wallets, const struct id *account_id, int64_t low_nusd)
{
    uint64_t hash = table_hash_id(account_id);
    struct wallet_shard *shard = lock_shard(wallets->accounts, hash);
    struct account_wallet *wallet = find_account(shard, hash, account_id);
    check(wallet != NULL);
    wallet->low_nusd = low_nusd;
    look_whether_low(wallets, wallet);
    unlock_shard(shard);
}

bool wallet_has_debtors(struct wallets *wallets)
{
    return atomic_load_explicit(&wallets->debtors, memory_order_relaxed) > 0;
}

/* What is not held; negative after another process took money. */
static int64_t left_of(const struct account_wallet *wallet)
{
    int64_t left = wallet->posted_nusd - wallet->held_nusd;
    return left > 0 ? left : 0;
}

static void add_held(struct wallets *wallets, const struct id *account_id, int64_t amount_nusd)
{
    uint64_t hash = table_hash_id(account_id);
    struct wallet_shard *shard = lock_shard(wallets->accounts, hash);
    struct account_wallet *wallet = find_account(shard, hash, account_id);
    check(wallet != NULL);
    wallet->held_nusd += amount_nusd;
    shard->held_nusd += amount_nusd;
    unlock_shard(shard);
}

static int64_t take_left(struct wallets *wallets, const struct id *account_id, int64_t amount_nusd)
{
    uint64_t hash = table_hash_id(account_id);
    struct wallet_shard *shard = lock_shard(wallets->accounts, hash);
    struct account_wallet *wallet = find_account(shard, hash, account_id);
    int64_t left = wallet != NULL ? left_of(wallet) : 0;
    if (left < amount_nusd)
        amount_nusd = left;
    if (amount_nusd > 0) {
        wallet->held_nusd += amount_nusd;
        shard->held_nusd += amount_nusd;
    }
    unlock_shard(shard);
    return amount_nusd;
}

int64_t wallet_reserve(struct wallets *wallets, const struct id *account_id, int64_t amount_nusd)
{
    struct wallet_reservation *reservation;
    amount_nusd = take_left(wallets, account_id, amount_nusd);
    if (amount_nusd == 0)
        return 0;
    reservation = malloc(sizeof *reservation);
    check(reservation != NULL);
    *reservation = (struct wallet_reservation){
        .next = wallets->reservations, .account_id = *account_id, .amount_nusd = amount_nusd};
    wallets->reservations = reservation;
    return amount_nusd;
}

void wallet_unreserve_all(struct wallets *wallets)
{
    while (wallets->reservations != NULL) {
        struct wallet_reservation *reservation = wallets->reservations;
        wallets->reservations = reservation->next;
        add_held(wallets, &reservation->account_id, -reservation->amount_nusd);
        free(reservation);
    }
}

void wallet_touch(struct wallets *wallets, const struct id *account_id)
{
    uint64_t hash = table_hash_id(account_id);
    struct wallet_shard *shard = lock_shard(wallets->accounts, hash);
    struct account_wallet *wallet = find_account(shard, hash, account_id);
    if (wallet != NULL)
        wallet->version++;
    unlock_shard(shard);
}

void wallet_put_key(struct wallets *wallets, const struct id *key_id, const struct id *account_id,
                    const struct wallet_budget *budget)
{
    uint64_t hash = table_hash_id(key_id);
    struct wallet_shard *shard = lock_shard(wallets->keys, hash);
    struct key_wallet *key = find_key(shard, hash, key_id);
    if (key == NULL) {
        key = calloc(1, sizeof *key);
        check(key != NULL);
        key->id = *key_id;
        table_insert(&shard->table, &key->node, hash);
    }
    key->account_id = *account_id;
    key_budget_set(&key->budget, budget->amount_nusd, budget->period, budget->at_ms,
                   budget->spent_nusd);
    key->told_ms = -1;
    key->gone = false;
    unlock_shard(shard);
}

static void free_key_if_done(struct wallet_shard *shard, struct key_wallet *key)
{
    if (!key->gone || key->open_holds > 0)
        return;
    table_remove(&shard->table, &key->node);
    free(key);
}

void wallet_drop_key(struct wallets *wallets, const struct id *key_id)
{
    uint64_t hash = table_hash_id(key_id);
    struct wallet_shard *shard = lock_shard(wallets->keys, hash);
    struct key_wallet *key = find_key(shard, hash, key_id);
    if (key != NULL) {
        key->gone = true;
        free_key_if_done(shard, key);
    }
    unlock_shard(shard);
}

/* A hold was refused. Only what was spent counts: what others hold may come back. */
static void note_spent(struct wallets *wallets, struct key_wallet *key,
                       const struct ledger_hold *hold)
{
    const struct crossing crossing = {
        .kind = CROSSING_BUDGET, .account_id = key->account_id, .key_id = key->id};
    int64_t start_ms = period_start_ms(key->budget.period, hold->created_ms);
    int64_t spent_nusd = key_budget_spent_nusd(&key->budget, hold->created_ms);
    if (key->told_ms != start_ms && key->budget.amount_nusd - spent_nusd < hold->amount_nusd &&
        crossings_put(&wallets->crossings, &crossing))
        key->told_ms = start_ms;
}

/* Whether the key allows the hold; with `take`, its budget has it then. */
static enum hold_outcome ask_key(struct wallets *wallets, const struct ledger_hold *hold, bool take,
                                 struct hold_refusal *refusal)
{
    uint64_t hash = table_hash_id(&hold->key_id);
    struct wallet_shard *shard = lock_shard(wallets->keys, hash);
    struct key_wallet *key = find_key(shard, hash, &hold->key_id);
    enum hold_outcome outcome = HOLD_ACCEPTED;
    if (key == NULL || key->gone || strcmp(key->account_id.text, hold->account_id.text) != 0) {
        outcome = HOLD_UNKNOWN;
    } else if (key->budget.amount_nusd >= 0 &&
               key_budget_left_nusd(&key->budget, hold->created_ms) < hold->amount_nusd) {
        refusal->available_nusd = key_budget_left_nusd(&key->budget, hold->created_ms);
        refusal->budget_nusd = key->budget.amount_nusd;
        refusal->spent_nusd = key_budget_spent_nusd(&key->budget, hold->created_ms);
        refusal->resets_ms = key->budget.period == PERIOD_NONE
                                 ? 0
                                 : period_end_ms(key->budget.period, hold->created_ms);
        if (take)
            note_spent(wallets, key, hold);
        outcome = HOLD_BUDGET;
    } else if (take) {
        key->budget.held_nusd += hold->amount_nusd;
        key->open_holds++;
    }
    unlock_shard(shard);
    return outcome;
}

/* Whether the account has as many open holds as it may have while so few are free (dynamic
 * thresholds, as Choudhury and Hahne describe them for switches, IEEE/ACM Transactions on
 * Networking 6(2), 1998). */
static bool has_its_share(const struct wallets *wallets, const struct account_wallet *wallet)
{
    enum { OF_FREE = 4 };
    int64_t most = atomic_load_explicit(&wallets->holds_most, memory_order_relaxed);
    int64_t open = atomic_load_explicit(&wallets->open_holds, memory_order_relaxed);
    return most > 0 && wallet->open_holds >= OF_FREE * (most - open);
}

static enum hold_outcome ask(struct wallets *wallets, const struct ledger_hold *hold, bool take,
                             struct hold_refusal *refusal)
{
    uint64_t hash = table_hash_id(&hold->account_id);
    struct wallet_shard *shard = lock_shard(wallets->accounts, hash);
    struct account_wallet *wallet = find_account(shard, hash, &hold->account_id);
    enum hold_outcome outcome = HOLD_ACCEPTED;
    if (wallet == NULL) {
        outcome = HOLD_UNKNOWN;
    } else if (wallet->owed_nusd > 0) {
        refusal->available_nusd = 0;
        refusal->owed_nusd = wallet->owed_nusd;
        outcome = HOLD_DEBT;
    } else if (wallet->posted_nusd - wallet->held_nusd < hold->amount_nusd) {
        refusal->available_nusd = left_of(wallet);
        outcome = HOLD_INSUFFICIENT;
    } else if (take && has_its_share(wallets, wallet)) {
        outcome = HOLD_SHARE;
    } else if (hold->key_id.text[0]) {
        outcome = ask_key(wallets, hold, take, refusal);
    }
    if (take && outcome == HOLD_ACCEPTED) {
        wallet->held_nusd += hold->amount_nusd;
        wallet->open_holds++;
        shard->held_nusd += hold->amount_nusd;
        shard->open_holds++;
        atomic_fetch_add_explicit(&wallets->open_holds, 1, memory_order_relaxed);
    }
    unlock_shard(shard);
    return outcome;
}

enum hold_outcome wallet_take(struct wallets *wallets, const struct ledger_hold *hold,
                              struct hold_refusal *refusal)
{
    return ask(wallets, hold, true, refusal);
}

enum hold_outcome wallet_would_take(struct wallets *wallets, const struct ledger_hold *hold)
{
    struct hold_refusal unused;
    return ask(wallets, hold, false, &unused);
}

/* A deleted key still pays for calls that it has begun. */
static int64_t extend_key(struct wallets *wallets, const struct ledger_hold *hold,
                          int64_t amount_nusd)
{
    uint64_t hash = table_hash_id(&hold->key_id);
    struct wallet_shard *shard = lock_shard(wallets->keys, hash);
    struct key_wallet *key = find_key(shard, hash, &hold->key_id);
    if (key == NULL) { /* the key was deleted, and its last hold has expired */
        amount_nusd = 0;
    } else {
        int64_t left = key_budget_left_nusd(&key->budget, hold->created_ms);
        if (left < amount_nusd)
            amount_nusd = left;
        key->budget.held_nusd += amount_nusd;
    }
    unlock_shard(shard);
    return amount_nusd;
}

int64_t wallet_extend(struct wallets *wallets, const struct ledger_hold *hold, int64_t amount_nusd)
{
    uint64_t hash = table_hash_id(&hold->account_id);
    struct wallet_shard *shard = lock_shard(wallets->accounts, hash);
    struct account_wallet *wallet = find_account(shard, hash, &hold->account_id);
    int64_t left;
    check(wallet != NULL);                              /* an account is never deleted */
    left = wallet->owed_nusd > 0 ? 0 : left_of(wallet); /* what is left pays the debt */
    if (left < amount_nusd)
        amount_nusd = left;
    if (hold->key_id.text[0])
        amount_nusd = extend_key(wallets, hold, amount_nusd);
    wallet->held_nusd += amount_nusd;
    shard->held_nusd += amount_nusd;
    unlock_shard(shard);
    return amount_nusd;
}

void wallet_unextend(struct wallets *wallets, const struct id *account_id, const struct id *key_id,
                     int64_t amount_nusd)
{
    uint64_t hash = table_hash_id(account_id);
    struct wallet_shard *shard = lock_shard(wallets->accounts, hash);
    struct account_wallet *wallet = find_account(shard, hash, account_id);
    check(wallet != NULL && wallet->held_nusd >= amount_nusd);
    wallet->held_nusd -= amount_nusd;
    shard->held_nusd -= amount_nusd;
    if (key_id->text[0]) {
        uint64_t key_hash = table_hash_id(key_id);
        struct wallet_shard *key_shard = lock_shard(wallets->keys, key_hash);
        struct key_wallet *key = find_key(key_shard, key_hash, key_id);
        if (key != NULL) { /* else the key was deleted, and its last hold has ended */
            check(key->budget.held_nusd >= amount_nusd);
            key->budget.held_nusd -= amount_nusd;
        }
        unlock_shard(key_shard);
    }
    unlock_shard(shard);
}

static void release_key(struct wallets *wallets, const struct id *key_id, int64_t held_nusd,
                        const struct wallet_charge *charge, int64_t unapplied_nusd)
{
    uint64_t hash = table_hash_id(key_id);
    struct wallet_shard *shard = lock_shard(wallets->keys, hash);
    struct key_wallet *key = find_key(shard, hash, key_id);
    check(key != NULL && key->budget.held_nusd >= held_nusd && key->open_holds > 0);
    key->budget.held_nusd -= held_nusd;
    key_budget_spend(&key->budget, charge->at_ms, charge->amount_nusd, unapplied_nusd);
    key->open_holds--;
    free_key_if_done(shard, key);
    unlock_shard(shard);
}

/* `unapplied_nusd` of the charge is not in the tables yet. */
static void release(struct wallets *wallets, const struct id *account_id, const struct id *key_id,
                    int64_t held_nusd, const struct wallet_charge *charge, int64_t unapplied_nusd)
{
    uint64_t hash = table_hash_id(account_id);
    struct wallet_shard *shard = lock_shard(wallets->accounts, hash);
    struct account_wallet *wallet = find_account(shard, hash, account_id);
    check(charge->amount_nusd >= 0 && charge->amount_nusd <= held_nusd);
    check(wallet != NULL && wallet->held_nusd >= held_nusd && wallet->open_holds > 0);
    wallet->held_nusd -= held_nusd;
    wallet->open_holds--;
    atomic_fetch_sub_explicit(&wallets->open_holds, 1, memory_order_relaxed);
    wallet->posted_nusd -= charge->amount_nusd;
    wallet->unapplied_nusd += unapplied_nusd;
    look_whether_low(wallets, wallet);
    wallet->version++;
    shard->held_nusd -= held_nusd;
    shard->open_holds--;
    if (key_id->text[0])
        release_key(wallets, key_id, held_nusd, charge, unapplied_nusd);
    unlock_shard(shard);
}

void wallet_release(struct wallets *wallets, const struct id *account_id, const struct id *key_id,
                    int64_t held_nusd, const struct wallet_charge *charge)
{
    release(wallets, account_id, key_id, held_nusd, charge, 0);
}

void wallet_give_back(struct wallets *wallets, const struct ledger_hold *hold)
{
    const struct wallet_charge nothing = {.at_ms = hold->created_ms};
    release(wallets, &hold->account_id, &hold->key_id, hold->amount_nusd, &nothing, 0);
}

void wallet_release_unapplied(struct wallets *wallets, const struct id *account_id,
                              const struct id *key_id, int64_t held_nusd,
                              const struct wallet_charge *charge)
{
    release(wallets, account_id, key_id, held_nusd, charge, charge->amount_nusd);
}

void wallet_applied(struct wallets *wallets, const struct id *account_id, const struct id *key_id,
                    const struct wallet_charge *charge)
{
    uint64_t hash = table_hash_id(account_id);
    struct wallet_shard *shard = lock_shard(wallets->accounts, hash);
    struct account_wallet *wallet = find_account(shard, hash, account_id);
    check(wallet != NULL);
    wallet->unapplied_nusd -= charge->amount_nusd;
    if (key_id->text[0]) {
        uint64_t key_hash = table_hash_id(key_id);
        struct wallet_shard *key_shard = lock_shard(wallets->keys, key_hash);
        struct key_wallet *key = find_key(key_shard, key_hash, key_id);
        if (key != NULL) /* else the key was deleted, and its last hold has ended */
            key_budget_applied(&key->budget, charge->at_ms, charge->amount_nusd);
        unlock_shard(key_shard);
    }
    unlock_shard(shard);
}

bool wallet_peek(struct wallets *wallets, const struct id *account_id, struct wallet_state *out)
{
    uint64_t hash = table_hash_id(account_id);
    struct wallet_shard *shard = lock_shard(wallets->accounts, hash);
    struct account_wallet *wallet = find_account(shard, hash, account_id);
    if (wallet != NULL) {
        out->posted_nusd = wallet->posted_nusd;
        out->held_nusd = wallet->held_nusd;
        out->owed_nusd = wallet->owed_nusd;
        out->version = wallet->version;
    }
    unlock_shard(shard);
    return wallet != NULL;
}

static int64_t key_available(struct wallets *wallets, const struct id *account_id,
                             const struct id *key_id)
{
    uint64_t hash = table_hash_id(key_id);
    struct wallet_shard *shard = lock_shard(wallets->keys, hash);
    struct key_wallet *key = find_key(shard, hash, key_id);
    int64_t available = 0;
    if (key != NULL && !key->gone && strcmp(key->account_id.text, account_id->text) == 0)
        available = key_budget_left_nusd(&key->budget, clock_wall_ms());
    unlock_shard(shard);
    return available;
}

static int64_t account_available(struct wallets *wallets, const struct id *account_id)
{
    struct wallet_state state;
    if (!wallet_peek(wallets, account_id, &state) || state.owed_nusd > 0)
        return 0;
    return state.posted_nusd - state.held_nusd;
}

int64_t wallet_available(struct wallets *wallets, const struct id *account_id,
                         const struct id *key_id)
{
    int64_t available = account_available(wallets, account_id);
    if (key_id->text[0]) {
        int64_t of_key = key_available(wallets, account_id, key_id);
        if (of_key < available)
            available = of_key;
    }
    return available > 0 ? available : 0;
}

enum hold_outcome wallet_short_of(struct wallets *wallets, const struct id *account_id,
                                  const struct id *key_id)
{
    if (!key_id->text[0])
        return HOLD_INSUFFICIENT;
    return key_available(wallets, account_id, key_id) < account_available(wallets, account_id)
               ? HOLD_BUDGET
               : HOLD_INSUFFICIENT;
}

void wallet_totals(struct wallets *wallets, int64_t *open_holds, int64_t *held_nusd)
{
    *open_holds = 0;
    *held_nusd = 0;
    for (size_t i = 0; i < WALLET_SHARDS; i++) {
        struct wallet_shard *shard = &wallets->accounts[i];
        check(pthread_mutex_lock(&shard->mutex) == 0);
        *open_holds += shard->open_holds;
        *held_nusd += shard->held_nusd;
        check(pthread_mutex_unlock(&shard->mutex) == 0);
    }
}
