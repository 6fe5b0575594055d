/* Counters of quotas that made room for others come back with all that was answered, whether the
 * tables have it yet or only the journal. */
#include "store/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/memory/quota_book.h"
#include "store/quotas.h"

enum { ROUNDS = 100, CHARGE = 7, SHARD = 3 };

static struct fixture f;
static struct customer ann;

static int set_up(void **state)
{
    (void)state;
    fixture_init(&f);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", USD, -1, &ann);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

static const struct quota_rule rule = {.unit = QUOTA_USD,
                                       .scope = QUOTA_PER_KEY,
                                       .period = QUOTA_MONTH,
                                       .limit = USD,
                                       .name = "key/usd_per_month",
                                       .models = ""};

/* All of one shard. */
static struct quota_claim *claim(uint64_t number)
{
    const struct quota_ask ask = {
        .rule = &rule, .subject = ann.key_id.text, .place = {.low = number, .high = SHARD}};
    return quotas_claim(f.store, &ask, 1);
}

static void done(struct job *job)
{
    (void)job;
}

static void load(struct quota_claim *own)
{
    struct quota_load load = {.job = {.reply_queue = &f.reply_queue, .done = done}};
    assert_true(quotas_load(f.store, &load, own));
    fixture_wait(&f.reply_queue, 1);
    assert_true(load.loaded);
}

static int64_t used_of(const struct quota_claim *own)
{
    struct quota_view view;
    quotas_look(own, 0, clock_wall_ms(), &view);
    assert_int_equal(view.held, 0);
    return view.used;
}

static void call(struct quota_claim *own)
{
    struct ledger_hold hold;
    struct ledger_settlement settlement;
    fixture_hold(&hold, &f.reply_queue, &ann, 2 * CHARGE);
    hold.created_ms = clock_wall_ms();
    hold.expires_ms = hold.created_ms + 3600000;
    hold.quotas = own;
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, CHARGE, 0, 0);
    settlement.record.created_ms = hold.created_ms;
    settlement.quotas = own;
    assert_true(fixture_settle(f.store, &settlement));
}

/* Counters whose calls are over. */
static void fill(size_t count)
{
    for (uint64_t number = 1; number < count; number++)
        quotas_claim_free(claim(number));
}

/* In no time, so that the journal has what the tables lack. */
static void a_counter_that_made_room_misses_nothing(void **state)
{
    (void)state;
    quotas_claim_free(claim(QUOTA_SHARD_COUNTERS));
    for (int64_t round = 0; round < ROUNDS; round++) {
        struct quota_claim *own = claim(0);
        assert_false(quotas_are_loaded(own, clock_wall_ms())); /* it is a new one */
        load(own);
        assert_int_equal(used_of(own), round * CHARGE);
        fill(QUOTA_SHARD_COUNTERS - 1); /* with these two the shard is full */
        call(own);
        assert_int_equal(used_of(own), (round + 1) * CHARGE);
        quotas_claim_free(own);
        quotas_claim_free(claim(QUOTA_SHARD_COUNTERS + 1 + (uint64_t)round)); /* all make room */
    }
}

/* It would not come back with what is held. */
static void a_counter_of_a_call_stays(void **state)
{
    (void)state;
    struct quota_claim *own = claim(0);
    load(own);
    fill(QUOTA_SHARD_COUNTERS + 2);
    struct quota_claim *other = claim(0);
    assert_true(quotas_are_loaded(other, clock_wall_ms()));
    quotas_claim_free(other);
    quotas_claim_free(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_counter_that_made_room_misses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_counter_of_a_call_stays, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
