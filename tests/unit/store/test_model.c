/* Random operations against the reference ledger of model.h, from a seed: whatever happens,
 * wallets, budgets and disk are what the model says. The seed is printed with every run.
 *
 *   GW_SEED=N GW_MODEL_OPERATIONS=N build/unit/store_test_model */
#include "store/fixture.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "store/model.h"
#include "store/state.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { OPERATIONS = 10 * 1000 };
#else
enum { OPERATIONS = 100 * 1000 };
#endif
enum {
    COMPARE_EVERY = 50,
    DISK_EVERY = 2500,
    VERIFY_EVERY = 20 * 1000,
    HOUR_MS = 3600 * 1000,
    THREADS = 4,
    SHARED_HOLDS = 4,
    SHARED_EVERY = 20, /* of a thread's operations one is on the account of all */
};
#define FOREVER_MS (INT64_C(100) * 365 * 24 * HOUR_MS)
#define HOLD_MAX INT64_C(200000)
#define CREDIT_MAX INT64_C(2000000)

struct slot {
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    bool *pending; /* the `durable` that is on its way */
    bool expected;
};

struct driver {
    struct fixture *fixture;
    struct inbox home;
    uint64_t seed;
    uint64_t random;
    int64_t number; /* of the operation */
    bool alone;
    struct model model;
    struct customer customers[MODEL_ACCOUNTS];
    struct id keys[MODEL_KEYS];
    struct slot slots[MODEL_HOLDS];
    bool dirty[MODEL_ACCOUNTS]; /* a settlement is on its way */
    size_t pending;
    /* the account of all */
    const struct customer *shared;
    int64_t shared_paid;
    int64_t shared_charged;
};

static struct fixture f;
static uint64_t seed;
static int64_t operations = OPERATIONS;

/* Not cmocka's: it may be another thread. */
static void same(const struct driver *d, const char *what, int64_t store, int64_t model)
{
    if (store == model)
        return;
    fprintf(stderr,
            "GW_SEED=%" PRIu64 ", operation %" PRId64 ": %s is %" PRId64 ", must be %" PRId64 "\n",
            d->seed, d->number, what, store, model);
    abort();
}

/* splitmix64 */
static uint64_t next_random(struct driver *d)
{
    uint64_t z = (d->random += UINT64_C(0x9E3779B97F4A7C15));

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int64_t below(struct driver *d, int64_t bound)
{
    return (int64_t)(next_random(d) % (uint64_t)bound);
}

/* 0 to max; the ends are likely. */
static int64_t amount_to(struct driver *d, int64_t max)
{
    int64_t kind = below(d, 8);

    if (kind == 2 && max > 10)
        max = 10;
    return kind == 0 ? 0 : kind == 1 ? max : below(d, max + 1);
}

/* ---- what the store is asked ---- */

/* Waits for all that is on its way. */
static void flush(struct driver *d)
{
    fixture_wait(&d->home, d->pending);
    d->pending = 0;
    for (int i = 0; i < MODEL_HOLDS; i++) {
        struct slot *slot = &d->slots[i];
        if (slot->pending)
            same(d, "durable", *slot->pending, slot->expected);
        slot->pending = NULL;
    }
    memset(d->dirty, 0, sizeof(d->dirty));
}

static void post(struct driver *d, struct slot *slot, bool *durable, bool expected)
{
    slot->pending = durable;
    slot->expected = expected;
    d->pending++;
}

static void call(struct driver *d, struct store_call *call, struct store *store)
{
    call->job.home = &d->home;
    if (store) {
        store_call_now(store, call);
    } else {
        same(d, "posted", store_call_post(d->fixture->store, call), true);
        fixture_wait(&d->home, 1);
    }
    same(d, call->fault.code, call->ok, true);
}

/* Store NULL: the one that serves. */
static void pay_in(struct driver *d, const struct customer *customer, int64_t amount,
                   struct store *store)
{
    const struct store_value args[] = {bind_text(customer->user_id.text), bind_int(amount),
                                       bind_text("manual"), bind_text("a test")};
    struct store_call request;
    struct fault fault;

    flush(d);
    same(d, "init", store_call_init(&request, "credit.create", args, 4, &fault), true);
    call(d, &request, store);
    store_call_fini(&request);
}

static void credit(struct driver *d, int account, int64_t amount, struct store *store)
{
    pay_in(d, &d->customers[account], amount, store);
    model_credit(&d->model, account, amount);
}

/* As by the command line: the server knows of it with its next batch. */
static void foreign_credit(struct driver *d, int account)
{
    struct store *other = fixture_open(d->fixture->path, false);

    credit(d, account, 1 + below(d, CREDIT_MAX), other);
    store_close(other);
    credit(d, account, 1 + below(d, 10), NULL);
}

static void create_key(struct driver *d, int key)
{
    int account = key % MODEL_ACCOUNTS;
    int64_t budget = below(d, 3) ? amount_to(d, CREDIT_MAX) : -1;
    struct store_call request;
    struct fault fault;
    char digest[65], json[512];
    const char *at;

    for (int i = 0; i < 4; i++)
        snprintf(digest + 16 * i, 17, "%016" PRIx64, random_u64());
    const struct store_value args[] = {bind_text(d->customers[account].user_id.text),
                                       bind_text(digest),
                                       bind_text("llm_sk_ab"),
                                       bind_text("wxyz"),
                                       bind_text("a key"),
                                       bind_null(),
                                       budget < 0 ? bind_null() : bind_int(budget),
                                       bind_null()};
    same(d, "init", store_call_init(&request, "key.create", args, 8, &fault), true);
    call(d, &request, NULL);
    snprintf(json, sizeof(json), "%.*s", (int)request.result.bytes, request.result.data);
    at = strstr(json, "\"id\":\"");
    same(d, "id",
         at && id_parse((struct slice){at + 6, strcspn(at + 6, "\"")}, "key", &d->keys[key]), true);
    store_call_fini(&request);
    model_key(&d->model, key, account, budget);
}

/* Deletes a key, or replaces one that is deleted. */
static void change_key(struct driver *d)
{
    int key = (int)below(d, MODEL_KEYS);
    const struct store_value args[] = {bind_text(d->customers[key % MODEL_ACCOUNTS].user_id.text),
                                       bind_text(d->keys[key].text)};
    struct store_call request;
    struct fault fault;

    flush(d);
    if (d->model.keys[key].deleted) {
        if (model_open_holds(&d->model, key) == 0)
            create_key(d, key);
        return;
    }
    same(d, "init", store_call_init(&request, "key.delete", args, 2, &fault), true);
    call(d, &request, NULL);
    store_call_fini(&request);
    model_delete_key(&d->model, key);
}

static void hold(struct driver *d, int at)
{
    static const enum hold_outcome outcomes[] = {HOLD_ACCEPTED, HOLD_INSUFFICIENT, HOLD_BUDGET,
                                                 HOLD_UNKNOWN};
    struct slot *slot = &d->slots[at];
    int key = (int)below(d, MODEL_KEYS);
    bool expires = d->alone && below(d, 4) == 0;
    struct hold_refusal refusal;
    enum hold_outcome outcome;

    if (slot->pending || d->dirty[key % MODEL_ACCOUNTS])
        flush(d);
    fixture_hold(&slot->hold, &d->home, &d->customers[key % MODEL_ACCOUNTS],
                 amount_to(d, HOLD_MAX));
    slot->hold.key_id = d->keys[key];
    slot->hold.expires_ms = slot->hold.created_ms + (expires ? HOUR_MS : FOREVER_MS);
    outcome = outcomes[model_hold(&d->model, at, key, slot->hold.amount_nusd, expires)];
    same(d, "outcome", ledger_hold(d->fixture->store, &slot->hold, &refusal), outcome);
    if (outcome == HOLD_ACCEPTED)
        post(d, slot, &slot->hold.durable, true);
    else
        slot->hold.exchange_id.text[0] = '\0';
}

/* Adds to a hold; also to one that has ended, which the refused settlement gives back. */
static int64_t extend(struct driver *d, int at)
{
    const struct slot *slot = &d->slots[at];
    int key = d->model.holds[at].key;
    int64_t wanted = amount_to(d, HOLD_MAX), expected = 0, more;

    if (d->model.holds[at].open)
        expected = model_extend(&d->model, at, wanted);
    else if (strcmp(slot->hold.key_id.text, d->keys[key].text) == 0 &&
             (!d->model.keys[key].deleted || model_open_holds(&d->model, key)))
        expected = model_spare(&d->model, key, wanted);
    more = ledger_extend(d->fixture->store, &slot->hold, wanted);
    same(d, "extended", more, expected);
    return more;
}

/* Settles or voids what is open; of what has ended nothing may come again. */
static void settle(struct driver *d, int at)
{
    struct slot *slot = &d->slots[at];
    struct ledger_settlement *settlement = &slot->settlement;
    int account = d->model.keys[d->model.holds[at].key].account;
    int64_t held = slot->hold.amount_nusd, more = 0, charge;
    bool voided = below(d, 6) == 0;

    if (slot->pending || d->dirty[account])
        flush(d);
    if (!voided && below(d, 4) == 0)
        more = extend(d, at);
    charge = voided ? 0 : amount_to(d, held + more);
    fixture_settlement(settlement, &slot->hold, charge, voided ? 0 : below(d, 3), below(d, 1000));
    settlement->held_nusd = held + more;
    settlement->extended_nusd = more;
    settlement->voided = voided;
    post(d, slot, &settlement->durable, model_settle(&d->model, at, charge));
    ledger_settle(d->fixture->store, settlement);
    d->dirty[account] = true;
}

static void wait_expired(struct driver *d)
{
    struct store_totals totals;

    for (int i = 0; i < 1000; i++) {
        credit(d, 0, 1, NULL); /* wakes the ledger's thread, which then looks */
        store_totals(d->fixture->store, &totals);
        if (totals.open_holds == model_open_holds(&d->model, -1))
            return;
        usleep(300);
        if (i % 10 == 9)
            clock_advance_ms(2001); /* it takes 64 at a time, and looks every 2 s */
    }
    same(d, "open holds", totals.open_holds, model_open_holds(&d->model, -1));
}

static void expire(struct driver *d)
{
    flush(d);
    clock_advance_ms(2 * HOUR_MS);
    model_expire(&d->model);
    wait_expired(d);
}

static void restart(struct driver *d)
{
    flush(d);
    fixture_reopen(d->fixture);
    model_restart(&d->model);
}

static void end_shared(struct driver *d, struct slot *slot)
{
    int64_t more = ledger_extend(d->fixture->store, &slot->hold, amount_to(d, HOLD_MAX / 8));
    int64_t held = slot->hold.amount_nusd + more;

    same(d, "durable", slot->hold.durable, true);
    fixture_settlement(&slot->settlement, &slot->hold, amount_to(d, held), 0, 1);
    slot->settlement.held_nusd = held;
    slot->settlement.extended_nusd = more;
    ledger_settle(d->fixture->store, &slot->settlement);
    fixture_wait(&d->home, 1);
    same(d, "durable", slot->settlement.durable, true);
    d->shared_charged += slot->settlement.record.charge_nusd;
}

/* Holds on the account of all, at once, and their ends. There is never enough for all, so what is
 * asked for is often too much; what is taken is never more than there is. */
static void use_shared(struct driver *d)
{
    struct slot slots[SHARED_HOLDS];
    struct hold_refusal refusal;
    size_t taken = 0;

    if (ledger_available_nusd(d->fixture->store, &d->shared->account_id, &d->shared->key_id) <
        HOLD_MAX) {
        int64_t amount = 1 + below(d, HOLD_MAX);
        pay_in(d, d->shared, amount, NULL);
        d->shared_paid += amount;
    }
    flush(d);
    for (int i = 0; i < SHARED_HOLDS; i++) {
        fixture_hold(&slots[taken].hold, &d->home, d->shared, amount_to(d, HOLD_MAX));
        if (ledger_hold(d->fixture->store, &slots[taken].hold, &refusal) == HOLD_ACCEPTED)
            taken++;
    }
    fixture_wait(&d->home, taken);
    for (size_t i = 0; i < taken; i++)
        end_shared(d, &slots[i]);
}

/* ---- comparing ---- */

static void compare(struct driver *d)
{
    struct wallets *wallets = &d->fixture->store->wallets;
    struct store_totals totals;
    struct wallet_state wallet;
    int64_t held = 0;

    flush(d);
    for (int i = 0; i < MODEL_ACCOUNTS; i++) {
        same(d, "known", wallet_peek(wallets, &d->customers[i].account_id, &wallet), true);
        same(d, "balance", wallet.posted_nusd, d->model.accounts[i].posted);
        same(d, "held", wallet.held_nusd, d->model.accounts[i].held);
        held += wallet.held_nusd;
    }
    for (int i = 0; i < MODEL_KEYS; i++)
        same(d, "available",
             ledger_available_nusd(d->fixture->store, &d->customers[i % MODEL_ACCOUNTS].account_id,
                                   &d->keys[i]),
             model_available(&d->model, i));
    if (!d->alone)
        return;
    store_totals(d->fixture->store, &totals);
    same(d, "open holds in all", totals.open_holds, model_open_holds(&d->model, -1));
    same(d, "held in all", totals.held_nusd, held);
}

static int64_t on_disk(const struct driver *d, const char *sql, const struct id *id)
{
    char text[256];

    snprintf(text, sizeof(text), sql, id->text);
    return fixture_number(d->fixture->path, text);
}

static void compare_disk(struct driver *d)
{
    flush(d);
    for (int i = 0; i < MODEL_ACCOUNTS; i++) {
        const struct id *id = &d->customers[i].account_id;
        same(d, "balance on disk",
             on_disk(d, "SELECT posted_nusd FROM balances WHERE account_id = '%s'", id),
             d->model.accounts[i].posted);
        same(d, "held on disk",
             on_disk(d, "SELECT total(amount_nusd) FROM open_holds WHERE account_id = '%s'", id),
             d->model.accounts[i].held);
    }
    for (int i = 0; i < MODEL_KEYS; i++)
        same(
            d, "spent on disk",
            on_disk(d, "SELECT total(spent_nusd) FROM key_totals WHERE key_id = '%s'", &d->keys[i]),
            d->model.keys[i].spent);
}

/* ---- the driver ---- */

static void start(struct driver *d, struct fixture *fixture, uint64_t from)
{
    static int users;
    char email[32];

    memset(d, 0, sizeof(*d));
    d->fixture = fixture;
    d->seed = seed;
    d->random = from;
    assert_true(inbox_init(&d->home, 1000));
    for (int i = 0; i < MODEL_ACCOUNTS; i++) {
        snprintf(email, sizeof(email), "user%d@example.com", users++);
        fixture_customer(fixture->store, &d->home, email, 0, -1, &d->customers[i]);
    }
    for (int i = 0; i < MODEL_KEYS; i++)
        create_key(d, i);
}

static void operate(struct driver *d)
{
    int64_t kind = below(d, 2000);
    int account = (int)below(d, MODEL_ACCOUNTS), at = (int)below(d, MODEL_HOLDS);

    if (kind < 40) {
        if (d->model.accounts[account].posted < 2 * CREDIT_MAX)
            credit(d, account, 1 + below(d, CREDIT_MAX), NULL);
    } else if (kind < 60) {
        change_key(d);
    } else if (kind < 64 && d->alone) {
        if (kind == 60)
            restart(d);
        else if (kind == 61)
            foreign_credit(d, account);
        else
            expire(d);
    } else if (d->model.holds[at].open) {
        settle(d, at);
    } else if (kind < 80 && d->slots[at].hold.exchange_id.text[0]) {
        settle(d, at); /* too late */
    } else {
        hold(d, at);
    }
}

static void finish(struct driver *d)
{
    flush(d);
    for (int i = 0; i < MODEL_HOLDS; i++) {
        if (d->model.holds[i].open)
            settle(d, i);
    }
    compare(d);
    compare_disk(d);
}

static void silent(void)
{
    log_configure((enum log_level)(LOG_ERROR + 1), false); /* refused settlements are errors */
}

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    silent();
    print_message("GW_SEED=%" PRIu64 " GW_MODEL_OPERATIONS=%" PRId64 "\n", seed, operations);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

static void one_after_the_other(void **state)
{
    static struct driver d;

    (void)state;
    start(&d, &f, seed);
    d.alone = true;
    for (d.number = 0; d.number < operations; d.number++) {
        operate(&d);
        if (d.number % COMPARE_EVERY == 0)
            compare(&d);
        if (d.number % DISK_EVERY == 0)
            compare_disk(&d);
        if (d.number % VERIFY_EVERY == 0)
            fixture_verify(f.path, NULL);
    }
    finish(&d);
    fixture_verify(f.path, NULL);
    assert_int_equal(fixture_number(f.path, "SELECT total(posted_nusd) FROM balances"
                                            " WHERE floor_zero"),
                     d.model.credited - d.model.charged);
    inbox_fini(&d.home);
}

/* ---- at once ---- */

static atomic_int running;

static void *thread_main(void *arg)
{
    struct driver *d = arg;

    for (d->number = 0; d->number < operations / 2 / THREADS; d->number++) {
        if (d->number % SHARED_EVERY == 0)
            use_shared(d);
        operate(d);
        if (d->number % COMPARE_EVERY == 0)
            compare(d);
    }
    flush(d);
    atomic_fetch_sub(&running, 1);
    return NULL;
}

/* What must be so at any time, in memory and on disk. */
static void sample(const struct customer *shared)
{
    struct wallet_state wallet;

    assert_true(wallet_peek(&f.store->wallets, &shared->account_id, &wallet));
    assert_true(wallet.posted_nusd >= 0 && wallet.held_nusd >= 0);
    assert_true(wallet.held_nusd <= wallet.posted_nusd);
    assert_int_equal(fixture_number(f.path, "SELECT sum(posted_nusd) FROM balances"), 0);
    assert_int_equal(fixture_number(f.path,
                                    "SELECT count(*) FROM balances b WHERE floor_zero AND"
                                    " posted_nusd < (SELECT total(amount_nusd) FROM open_holds h"
                                    " WHERE h.account_id = b.account_id)"),
                     0);
}

static void many_at_once(void **state)
{
    static struct driver drivers[THREADS];
    pthread_t threads[THREADS];
    struct customer shared;
    int64_t paid = HOLD_MAX;
    struct wallet_state wallet;

    (void)state;
    fixture_customer(f.store, &f.home, "all@example.com", paid, -1, &shared);
    for (int i = 0; i < THREADS; i++) {
        start(&drivers[i], &f, seed + (uint64_t)i + 1);
        drivers[i].shared = &shared;
    }
    atomic_store(&running, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, thread_main, &drivers[i]), 0);
    while (atomic_load(&running)) {
        sample(&shared);
        usleep(2000);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        finish(&drivers[i]);
        paid += drivers[i].shared_paid - drivers[i].shared_charged;
        inbox_fini(&drivers[i].home);
    }
    assert_true(wallet_peek(&f.store->wallets, &shared.account_id, &wallet));
    assert_int_equal(wallet.posted_nusd, paid);
    assert_int_equal(wallet.held_nusd, 0);
    sample(&shared);
    fixture_verify(f.path, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_after_the_other, setup, teardown),
        cmocka_unit_test_setup_teardown(many_at_once, setup, teardown),
    };
    const char *from = getenv("GW_SEED"), *count = getenv("GW_MODEL_OPERATIONS");
    struct fault fault;

    if (!secret_init(&fault))
        return 1;
    seed = from ? strtoull(from, NULL, 10) : random_u64();
    if (count)
        operations = strtoll(count, NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
