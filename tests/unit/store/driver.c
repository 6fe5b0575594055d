#include "store/driver.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "store/store_internal.h"

enum { SHARED_HOLDS = 4 };
#define FOREVER_MS (INT64_C(100) * 365 * 24 * DRIVER_HOUR_MS)
#define HOLD_MAX INT64_C(200000)
#define CREDIT_MAX INT64_C(2000000)

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

static uint64_t next_random(struct driver *d)
{
    /* splitmix64 */
    uint64_t z = (d->random += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

int64_t driver_random(struct driver *d, int64_t bound)
{
    return (int64_t)(next_random(d) % (uint64_t)bound);
}

/* 0 to max; the ends are likely. */
static int64_t amount_to(struct driver *d, int64_t max)
{
    int64_t kind = driver_random(d, 8);
    if (kind == 2 && max > 10)
        max = 10;
    return kind == 0 ? 0 : kind == 1 ? max : driver_random(d, max + 1);
}

/* ---- jobs on their way ---- */

void driver_forget_pending(struct driver *d)
{
    for (int i = 0; i < MODEL_HOLDS; i++)
        d->slots[i].pending = NULL;
    memset(d->dirty, 0, sizeof d->dirty);
}

/* Waits for all of them. */
void driver_flush(struct driver *d)
{
    fixture_wait(&d->reply_queue, d->pending);
    d->pending = 0;
    for (int i = 0; i < MODEL_HOLDS; i++) {
        const struct slot *slot = &d->slots[i];
        if (slot->pending != NULL)
            same(d, "durable", *slot->pending, slot->expected);
    }
    driver_forget_pending(d);
}

static void post(struct driver *d, struct slot *slot, bool *durable, bool expected)
{
    slot->pending = durable;
    slot->expected = expected;
    d->pending++;
}

/* ---- the operations of call.h ---- */

/* Through the server, or as the command line does from a process of its own. */
static void run(struct driver *d, struct store_call *call, bool foreign)
{
    struct store *store;
    if (foreign) {
        store = fixture_open(d->fixture->path, false);
        store_call_now(store, call);
        store_close(store);
        return;
    }
    call->job.reply_queue = &d->reply_queue;
    same(d, "posted", store_call_post(d->fixture->store, call), true);
    fixture_wait(&d->reply_queue, 1);
}

/* Its result goes to `json` unless that is NULL; returns the fault's code, "" without. */
static const char *ask(struct driver *d, bool foreign, const char *operation,
                       const struct store_value *args, size_t arg_count, char json[512])
{
    static __thread char code[48];
    struct store_call call;
    struct fault fault;
    driver_flush(d);
    same(d, operation, store_call_init(&call, operation, args, arg_count, &fault), true);
    run(d, &call, foreign);
    snprintf(code, sizeof code, "%s", call.ok ? "" : call.fault.code);
    if (json)
        snprintf(json, 512, "%.*s", (int)call.result.bytes, call.result.data);
    store_call_fini(&call);
    return code;
}

#define ASK(d, foreign, operation, json, ...)                                                      \
    ask(d, foreign, operation, (const struct store_value[]){__VA_ARGS__},                          \
        sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value), json)

static void expect(const struct driver *d, const char *what, const char *code, const char *expected)
{
    if (strcmp(code, expected) == 0)
        return;
    fprintf(stderr, "%s says \"%s\" and not \"%s\"\n", what, code, expected);
    same(d, what, false, true);
}

static int64_t posted(struct driver *d, const struct customer *customer)
{
    struct wallet_state wallet;
    same(d, "known", wallet_peek(&d->fixture->store->wallets, &customer->account_id, &wallet),
         true);
    return wallet.posted_nusd;
}

void driver_pay_in(struct driver *d, const struct customer *customer, int64_t amount, bool foreign)
{
    expect(d, "credit",
           ASK(d, foreign, "credit.create", NULL, bind_text(customer->user_id.text),
               bind_int(amount), bind_text("manual"), bind_text("a test")),
           "");
}

/* What another process has written the server learns with its next batch, or by itself. */
static void learn(struct driver *d, int account, bool by_itself)
{
    const struct customer *customer = &d->customers[account];
    for (int i = 0;
         by_itself && i < 5000 && posted(d, customer) != d->model.accounts[account].posted; i++)
        usleep(1000);
    if (!by_itself) {
        driver_pay_in(d, customer, 1, false);
        model_credit(&d->model, account, 1);
    }
    same(d, "balance", posted(d, customer), d->model.accounts[account].posted);
}

static void credit(struct driver *d, int account, bool foreign)
{
    int64_t amount = 1 + driver_random(d, CREDIT_MAX);
    if (d->model.accounts[account].posted >= 2 * CREDIT_MAX)
        return;
    driver_pay_in(d, &d->customers[account], amount, foreign);
    model_credit(&d->model, account, amount);
    if (foreign)
        learn(d, account, driver_random(d, 2));
}

/* Of a charge, of what was free, of what is still open: as the model says. */
static void refund(struct driver *d, int at, bool foreign)
{
    static const char *const codes[] = {[MODEL_ACCEPTED] = "",
                                        [MODEL_UNKNOWN] = "not_found",
                                        [MODEL_NOTHING_LEFT] = "nothing_to_refund",
                                        [MODEL_TOO_MUCH] = "invalid_amount"};
    const struct model_hold *hold = &d->model.holds[at];
    int account = d->model.keys[hold->key].account;
    int64_t amount = driver_random(d, hold->charged - hold->refunded + 2); /* 0: all */
    enum model_answer answer;
    if (!d->slots[at].hold.exchange_id.text[0])
        return;
    driver_flush(d);
    answer = model_refund(&d->model, at, amount);
    expect(d, "refund",
           ASK(d, foreign, "refund.create", NULL, bind_text(d->slots[at].hold.exchange_id.text),
               amount ? bind_int(amount) : bind_null(), bind_text("a test")),
           codes[answer]);
    if (foreign)
        learn(d, account, driver_random(d, 2));
}

/* ---- keys ---- */

static void create_key(struct driver *d, int key)
{
    int account = key % MODEL_ACCOUNTS;
    int64_t budget = driver_random(d, 3) ? amount_to(d, CREDIT_MAX) : -1;
    char digest[65], json[512];
    const char *at;
    for (int i = 0; i < 4; i++)
        snprintf(digest + 16 * i, 17, "%016" PRIx64, random_u64());
    expect(d, "key.create",
           ASK(d, false, "key.create", json, bind_text(d->customers[account].user_id.text),
               bind_text(digest), bind_text("llm_sk_ab"), bind_text("wxyz"), bind_text("a key"),
               bind_null(), budget < 0 ? bind_null() : bind_int(budget), bind_null(), bind_null()),
           "");
    at = strstr(json, "\"id\":\"");
    same(d, "id",
         at != NULL &&
             id_parse((struct slice){at + 6, strcspn(at + 6, "\"")}, "key", &d->keys[key]),
         true);
    model_key(&d->model, key, account, budget);
}

/* Deletes a key, or replaces one that is deleted. */
static void change_key(struct driver *d, bool foreign)
{
    int key = (int)driver_random(d, MODEL_KEYS);
    driver_flush(d);
    if (d->model.keys[key].deleted) {
        if (model_open_holds(&d->model, key) == 0)
            create_key(d, key);
        return;
    }
    expect(d, "key.delete",
           ASK(d, foreign, "key.delete", NULL,
               bind_text(d->customers[key % MODEL_ACCOUNTS].user_id.text),
               bind_text(d->keys[key].text)),
           "");
    model_delete_key(&d->model, key);
    if (foreign)
        learn(d, key % MODEL_ACCOUNTS, false);
}

/* ---- holds ---- */

void driver_hold(struct driver *d, int at)
{
    static const enum hold_outcome outcomes[] = {HOLD_ACCEPTED, HOLD_INSUFFICIENT, HOLD_BUDGET,
                                                 HOLD_UNKNOWN};
    struct slot *slot = &d->slots[at];
    int key = (int)driver_random(d, MODEL_KEYS);
    bool expires = driver_random(d, 4) == 0;
    struct hold_refusal refusal;
    enum hold_outcome outcome;
    if (slot->pending != NULL || d->dirty[key % MODEL_ACCOUNTS])
        driver_flush(d);
    fixture_hold(&slot->hold, &d->reply_queue, &d->customers[key % MODEL_ACCOUNTS],
                 amount_to(d, HOLD_MAX));
    slot->hold.key_id = d->keys[key];
    slot->hold.expires_ms = slot->hold.created_ms + (expires ? DRIVER_HOUR_MS : FOREVER_MS);
    outcome = outcomes[model_hold(&d->model, at, key, slot->hold.amount_nusd, expires)];
    same(d, "outcome", ledger_hold(d->fixture->store, &slot->hold, &refusal), outcome);
    if (outcome == HOLD_ACCEPTED)
        post(d, slot, &slot->hold.durable, true);
    else
        slot->hold.exchange_id.text[0] = '\0';
}

/* Adds to a hold; also to one that has ended. */
static void extend(struct driver *d, int at)
{
    const struct slot *slot = &d->slots[at];
    int key = d->model.holds[at].key;
    int64_t wanted = amount_to(d, HOLD_MAX), expected = 0;
    bool known = d->model.holds[at].open ||
                 (strcmp(slot->hold.key_id.text, d->keys[key].text) == 0 &&
                  (!d->model.keys[key].deleted || model_open_holds(&d->model, key)));
    if (d->dirty[key % MODEL_ACCOUNTS])
        driver_flush(d);
    if (known)
        expected = model_extend(&d->model, at, wanted);
    same(d, "extended", ledger_extend(d->fixture->store, &slot->hold, wanted), expected);
}

static void give_back(struct driver *d, int at)
{
    if (d->model.holds[at].more)
        ledger_unextend(d->fixture->store, &d->slots[at].hold, d->model.holds[at].more);
    model_give_back(&d->model, at);
}

/* Settles or voids what is open; of what has ended nothing may come again. */
void driver_settle(struct driver *d, int at)
{
    struct slot *slot = &d->slots[at];
    struct ledger_settlement *settlement = &slot->settlement;
    int account = d->model.keys[d->model.holds[at].key].account;
    bool voided = driver_random(d, 6) == 0;
    int64_t more, held, charge;
    if (slot->pending != NULL || d->dirty[account])
        driver_flush(d);
    if (voided)
        give_back(d, at);
    else if (driver_random(d, 4) == 0)
        extend(d, at);
    more = d->model.holds[at].more;
    held = slot->hold.amount_nusd + more;
    charge = voided ? 0 : amount_to(d, held);
    fixture_settlement(settlement, &slot->hold, charge, voided ? 0 : driver_random(d, 3),
                       driver_random(d, 1000));
    settlement->held_nusd = held;
    settlement->extended_nusd = more;
    settlement->voided = voided;
    post(d, slot, &settlement->durable, model_settle(&d->model, at, charge));
    ledger_settle(d->fixture->store, settlement);
    d->dirty[account] = true;
}

/* ---- the account of all ---- */

static void end_shared(struct driver *d, struct slot *slot)
{
    int64_t more = ledger_extend(d->fixture->store, &slot->hold, amount_to(d, HOLD_MAX / 8));
    int64_t held = slot->hold.amount_nusd + more;
    same(d, "durable", slot->hold.durable, true);
    fixture_settlement(&slot->settlement, &slot->hold, amount_to(d, held), 0, 1);
    slot->settlement.held_nusd = held;
    slot->settlement.extended_nusd = more;
    ledger_settle(d->fixture->store, &slot->settlement);
    fixture_wait(&d->reply_queue, 1);
    same(d, "durable", slot->settlement.durable, true);
    d->shared.charged += slot->settlement.record.charge_nusd;
}

/* There is never enough for all, so what is asked for is often too much; what is taken is never
 * more than there is. */
void driver_share(struct driver *d)
{
    const struct customer *customer = &d->shared.customer;
    struct slot slots[SHARED_HOLDS];
    struct hold_refusal refusal;
    size_t taken = 0;
    if (ledger_available_nusd(d->fixture->store, &customer->account_id, &customer->key_id, NULL,
                              0) < HOLD_MAX) {
        int64_t amount = 1 + driver_random(d, HOLD_MAX);
        driver_pay_in(d, customer, amount, false);
        d->shared.paid += amount;
    }
    driver_flush(d);
    for (int i = 0; i < SHARED_HOLDS; i++) {
        fixture_hold(&slots[taken].hold, &d->reply_queue, customer, amount_to(d, HOLD_MAX));
        slots[taken].hold.expires_ms += FOREVER_MS;
        if (ledger_hold(d->fixture->store, &slots[taken].hold, &refusal) == HOLD_ACCEPTED)
            taken++;
    }
    fixture_wait(&d->reply_queue, taken);
    for (size_t i = 0; i < taken; i++)
        end_shared(d, &slots[i]);
}

/* ---- comparing ---- */

void driver_compare(struct driver *d)
{
    struct wallets *wallets = &d->fixture->store->wallets;
    struct wallet_state wallet;
    driver_flush(d);
    for (int i = 0; i < MODEL_ACCOUNTS; i++) {
        same(d, "known", wallet_peek(wallets, &d->customers[i].account_id, &wallet), true);
        same(d, "balance", wallet.posted_nusd, d->model.accounts[i].posted);
        same(d, "held", wallet.held_nusd, d->model.accounts[i].held);
    }
    for (int i = 0; i < MODEL_KEYS; i++)
        same(d, "available",
             ledger_available_nusd(d->fixture->store, &d->customers[i % MODEL_ACCOUNTS].account_id,
                                   &d->keys[i], NULL, 0),
             model_available(&d->model, i));
}

int64_t driver_on_disk(sqlite3 *handle, const char *sql, const char *id)
{
    char text[256];
    snprintf(text, sizeof text, sql, id);
    return fixture_raw_number(handle, text);
}

/* What was added to holds is not on disk before they are settled. */
static int64_t held_on_disk(const struct driver *d, int account)
{
    int64_t held = d->model.accounts[account].held;
    for (int i = 0; i < MODEL_HOLDS; i++) {
        if (d->model.keys[d->model.holds[i].key].account == account)
            held -= d->model.holds[i].more;
    }
    return held;
}

void driver_compare_disk(struct driver *d)
{
    sqlite3 *handle;
    driver_flush(d);
    handle = fixture_raw(d->fixture->path);
    for (int i = 0; i < MODEL_ACCOUNTS; i++) {
        const char *id = d->customers[i].account_id.text;
        same(d, "balance on disk",
             driver_on_disk(handle, "SELECT posted_nusd FROM balances WHERE account_id = '%s'", id),
             d->model.accounts[i].posted);
        same(d, "held on disk",
             driver_on_disk(
                 handle, "SELECT total(amount_nusd) FROM open_holds WHERE account_id = '%s'", id),
             held_on_disk(d, i));
    }
    for (int i = 0; i < MODEL_KEYS; i++)
        same(d, "spent on disk",
             driver_on_disk(handle, "SELECT total(spent_nusd) FROM key_totals WHERE key_id = '%s'",
                            d->keys[i].text),
             d->model.keys[i].spent);
    sqlite3_close(handle);
}

void drivers_compare(struct driver *drivers, size_t count)
{
    const struct driver *d = &drivers[0];
    int64_t open_holds = 0, held = 0, paid = 0;
    struct store_totals totals;
    for (size_t i = 0; i < count; i++) {
        driver_compare(&drivers[i]);
        driver_compare_disk(&drivers[i]);
        open_holds += model_open_holds(&drivers[i].model, -1);
        for (int k = 0; k < MODEL_ACCOUNTS; k++)
            held += drivers[i].model.accounts[k].held;
        paid += drivers[i].shared.paid - drivers[i].shared.charged;
    }
    store_totals(d->fixture->store, &totals);
    same(d, "open holds in all", totals.open_holds, open_holds);
    same(d, "held in all", totals.held_nusd, held);
    if (d->shared.customer.user_id.text[0])
        same(d, "the shared balance", posted(&drivers[0], &d->shared.customer), paid);
}

/* ---- the driver ---- */

void driver_start(struct driver *d, struct fixture *fixture, uint64_t seed, uint64_t from)
{
    static int users;
    char email[32];
    memset(d, 0, sizeof *d);
    d->fixture = fixture;
    d->seed = seed;
    d->random = from;
    assert_true(job_queue_init(&d->reply_queue, 1000));
    for (int i = 0; i < MODEL_ACCOUNTS; i++) {
        snprintf(email, sizeof email, "user%d@example.com", users++);
        fixture_customer(fixture->store, &d->reply_queue, email, 0, -1, &d->customers[i]);
    }
    for (int i = 0; i < MODEL_KEYS; i++)
        create_key(d, i);
}

void driver_operate(struct driver *d)
{
    int64_t kind = driver_random(d, 2000);
    int account = (int)driver_random(d, MODEL_ACCOUNTS), at = (int)driver_random(d, MODEL_HOLDS);
    bool foreign = driver_random(d, 20) == 0;
    if (kind < 40)
        credit(d, account, foreign);
    else if (kind < 60)
        change_key(d, foreign);
    else if (kind < 90)
        refund(d, at, foreign);
    else if (kind < 150 && d->model.holds[at].open)
        extend(d, at);
    else if (d->model.holds[at].open)
        driver_settle(d, at);
    else if (kind < 170 && d->slots[at].hold.exchange_id.text[0])
        driver_settle(d, at); /* too late */
    else
        driver_hold(d, at);
    d->number++;
}

void driver_finish(struct driver *d)
{
    driver_flush(d);
    for (int i = 0; i < MODEL_HOLDS; i++) {
        if (d->model.holds[i].open)
            driver_settle(d, i);
    }
    driver_compare(d);
    driver_compare_disk(d);
}
