/* store_verify must find each kind of damage and name the row. The damage is done by hand, in the
 * files of a store that has just been found sound. */
#include "store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fixture f;
static struct customer ann;
static struct ledger_hold settled;

/* A ledger with a bit of everything: a charge with cost and overrun, a void, an open hold, answers
 * that are kept of all but the last, and of a top-up. */
static int setup(void **state)
{
    static struct ledger_hold hold;
    struct ledger_settlement settlement;
    struct keeping keeping;
    (void)state;
    fixture_init(&f);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 10 * USD, 8 * USD, &ann);
    fixture_hold(&settled, &f.reply_queue, &ann, 1000);
    assert_true(fixture_take(f.store, &settled));
    fixture_settlement(&settlement, &settled, 1000, 7, 800);
    settlement.record.counts.input -= 1; /* the whole prompt and answer stay the same */
    settlement.record.counts.output -= 1;
    settlement.record.counts.cache_write = 1;
    settlement.record.counts.reasoning = 1;
    settlement.record.counts.web_search = 3;
    settlement.record.facts = (struct usage_facts){.words[USAGE_SERVICE_TIER] = "flex",
                                                   .cost_stated = true,
                                                   .sold_by_cost = true,
                                                   .stated_cost_nusd = 800};
    settlement.record.excess_tokens = 2;
    settlement.record.margin_ppm = 258750; /* 800 become the 1000 that were paid and 7 */
    assert_true(money_charge(&settlement.record.prices, &settlement.record.counts, 0,
                             &settlement.record.facts.computed_cost_nusd));
    fixture_keep(&keeping, &settlement, "settled", slice_of("a"));
    assert_true(fixture_settle(f.store, &settlement));
    fixture_hold(&hold, &f.reply_queue, &ann, 50);
    assert_true(fixture_take(f.store, &hold));
    fixture_settlement(&settlement, &hold, 0, 0, 0);
    settlement.voided = true;
    settlement.record.provider[0] = '\0';
    fixture_keep(&keeping, &settlement, "void", slice_of("b"));
    assert_true(fixture_settle(f.store, &settlement));
    assert_non_null(fixture_ask(f.store, &f.reply_queue, "credit.create_once", "tittttti",
                                ann.user_id.text, (int64_t)USD, "test", "a test", "top-up",
                                keeping.claim.digest, "req_x", (int64_t)201));
    assert_non_null(fixture_ask(f.store, &f.reply_queue, "shadow.begin", "ttttttiiii", "req_s",
                                "req_x", "m", "openai", "new", "r", (int64_t)0, (int64_t)500,
                                (int64_t)500, (int64_t)1000));
    assert_non_null(fixture_ask(f.store, &f.reply_queue, "shadow.end", "tttttiiiiiii", "req_s",
                                "answered", "reported", "stop", "openai", (int64_t)200, (int64_t)1,
                                (int64_t)0, (int64_t)2, (int64_t)300, (int64_t)-1, (int64_t)9));
    assert_non_null(fixture_ask(f.store, &f.reply_queue, "hedge.begin", "ttttttii", "req_h",
                                "req_x", "m", "other", "new", "r", (int64_t)500, (int64_t)1000));
    assert_non_null(fixture_ask(f.store, &f.reply_queue, "hedge.end", "titttttiiiiii", "req_h",
                                (int64_t)1, "answered", "reported", "stop", "openai", "m",
                                (int64_t)200, (int64_t)1, (int64_t)0, (int64_t)2, (int64_t)40,
                                (int64_t)9));
    fixture_hold(&hold, &f.reply_queue, &ann, 60); /* stays open */
    assert_true(fixture_take(f.store, &hold));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

static void sound(void **state)
{
    (void)state;
    fixture_verify(f.path, NULL); /* while the server runs */
    fixture_close(&f);
    fixture_verify(f.path, NULL); /* and without it */
    fixture_reopen(&f);           /* which voids what was open */
    fixture_verify(f.path, NULL);
}

#define NO_TRIGGERS                                                                                \
    "PRAGMA ignore_check_constraints = ON;"                                                        \
    "DROP TRIGGER transfers_no_update; DROP TRIGGER transfers_no_delete;"                          \
    "DROP TRIGGER holds_no_update; DROP TRIGGER holds_no_delete;"                                  \
    "DROP TRIGGER hold_extensions_no_update; DROP TRIGGER hold_extensions_no_delete;"              \
    "DROP TRIGGER resolutions_no_update; DROP TRIGGER resolutions_no_delete;"                      \
    "DROP TRIGGER usage_no_update; DROP TRIGGER usage_no_delete;"                                  \
    "DROP TRIGGER usage_lines_no_update; DROP TRIGGER usage_lines_no_delete;"                      \
    "DROP TRIGGER shadow_results_no_update; DROP TRIGGER shadow_results_no_delete;"                \
    "DROP TRIGGER hedge_results_no_update; DROP TRIGGER hedge_results_no_delete;"                  \
    "DROP TRIGGER usage_facts_no_update; DROP TRIGGER usage_facts_no_delete;"                      \
    "DROP TRIGGER excess_tokens_no_update;"

struct damage {
    const char *sql;
    const char *report;
};

static const struct damage damages[] = {
    {"UPDATE usage_lines SET usage_seq = 99 WHERE unit = 'web_search'",
     "usage line web_search of record 99: there is no such record"},
    {"UPDATE usage_lines SET quantity = 1000000 WHERE unit = 'cache_write'",
     "its lines have 1000000 tokens of the prompt and 1 of the answer"},
    {"UPDATE usage_lines SET quantity = 1000000 WHERE unit = 'reasoning'",
     "its lines have 1 tokens of the prompt and 1000000 of the answer"},
    {"UPDATE usage_facts SET computed_cost_nusd = 123456",
     "its computed cost is 0.000123456 and must be "},
    {"UPDATE usage SET margin_ppm = 0 WHERE margin_ppm > 0",
     "its price by cost is 0.000001007 and must be 0.000000800"},
    {"UPDATE excess_tokens SET tokens = 1000000", "1000000 excess tokens of "},
    {"UPDATE excess_tokens SET key_id = 'another'", "2 excess tokens of "},
    {"UPDATE usage_facts SET usage_seq = 99", "facts of record 99: there is no such record"},
    {"UPDATE usage_facts SET stated_cost_nusd = 801",
     ": its provider stated 0.000000801, but its cost is 0.000000800"},
    {"UPDATE transfers SET amount_nusd = 999 WHERE kind = 'charge'", "balance of acct_"},
    {"UPDATE transfers SET amount_nusd = 999 WHERE kind = 'charge'",
     "0.000000999 of kind charge from acct_"},
    {"UPDATE transfers SET amount_nusd = -5 WHERE kind = 'manual'", "must be above 0"},
    {"UPDATE transfers SET credit_account = 'nobody' WHERE kind = 'cost'",
     "account nobody does not exist"},
    {"DELETE FROM transfers WHERE kind = 'overrun'",
     "0.000000000 of kind overrun from overrun to revenue, its usage record says 0.000000007"},
    {"DELETE FROM transfers WHERE kind = 'manual'", "balance of funding:manual"},
    {"INSERT INTO transfers (debit_account, credit_account, amount_nusd, kind, exchange_id,"
     " created_ms) VALUES ('revenue', 'overrun', 1, 'charge', 'req_x', 0)",
     "exchange req_x: 0.000000001 of kind charge from revenue to overrun"},
    {"UPDATE transfers SET previous_charge = 1 WHERE kind = 'charge'",
     "says that 1 is the one before it, but that is 0"},
    {"UPDATE balances SET last_charge = last_charge + 1 WHERE last_charge > 0",
     "its last charge is "},
    {"INSERT INTO transfers SELECT seq + 100, id, debit_account, credit_account, amount_nusd, kind,"
     " exchange_id, reason, created_ms, NULL FROM transfers WHERE kind = 'charge'",
     "0.000002000 of kind charge"},
    {"UPDATE balances SET credited_nusd = credited_nusd + 1 WHERE account_id = 'revenue'",
     "balance of revenue: 0.000001008 credited"},
    {"UPDATE balances SET credited_nusd = credited_nusd + 1 WHERE account_id = 'revenue'",
     "the balances of all accounts add up to 0.000000001"},
    {"UPDATE balances SET debited_nusd = credited_nusd + 1 WHERE floor_zero = 1",
     "-0.000000001 is below zero"},
    {"UPDATE balances SET debited_nusd = credited_nusd WHERE floor_zero = 1",
     "open holds of 0.000000060 are more than its balance of 0.000000000"},
    {"UPDATE balances SET floor_zero = 0", "the account does not exist or is of another kind"},
    {"DELETE FROM balances WHERE account_id = 'overrun'", "account overrun has no balance"},
    {"UPDATE holds SET amount_nusd = 1001 WHERE amount_nusd = 1000",
     "0.000001000 held, but its hold is of 0.000001001"},
    {"DELETE FROM holds WHERE amount_nusd = 1000", "but its hold is missing"},
    {"DELETE FROM holds WHERE amount_nusd = 60", "it is not the hold of 0.000000060"},
    {"UPDATE open_holds SET amount_nusd = 1", "it is not the hold of 0.000000001"},
    {"DELETE FROM open_holds", "it is neither open nor ended"},
    {"INSERT INTO open_holds SELECT exchange_id, account_id, key_id, amount_nusd, expires_ms"
     " FROM holds WHERE amount_nusd = 1000",
     "it is open and has ended (settle)"},
    {"INSERT INTO hold_extensions SELECT exchange_id, 5, 0 FROM holds WHERE amount_nusd = 60",
     "of 0.000000005: it was not settled"},
    {"INSERT INTO hold_extensions SELECT exchange_id, 5, 0 FROM holds WHERE amount_nusd = 1000",
     "0.000001000 held, but its hold is of 0.000001000, extended by 0.000000005"},
    {"UPDATE resolutions SET posted_nusd = 1 WHERE outcome = 'void'", "0.000000001 was posted"},
    {"UPDATE resolutions SET posted_nusd = 1001 WHERE outcome = 'settle'",
     "0.000001001 was posted of a hold of 0.000001000"},
    {"DELETE FROM resolutions WHERE outcome = 'settle'", "but its resolution is missing"},
    {"DELETE FROM resolutions WHERE outcome = 'void'", "it is neither open nor ended"},
    {"UPDATE resolutions SET usage_seq = NULL WHERE outcome = 'settle'",
     "settled 0.000001000 without a usage record"},
    {"UPDATE usage SET charge_nusd = 1 WHERE charge_nusd = 1000",
     "charged 0.000000001, but its resolution is settle 0.000001000"},
    {"UPDATE usage SET cost_nusd = 1 WHERE cost_nusd = 800",
     "0.000000800 of kind cost from revenue to cost:openai, its usage record says 0.000000001"},
    {"UPDATE usage SET key_id = 'key_x' WHERE cost_nusd = 800",
     "its hold is of another account or key"},
    {"DELETE FROM usage WHERE cost_nusd = 800", "settled 0.000001000 without a usage record"},
    {"INSERT INTO usage (" FIXTURE_USAGE_COLUMNS
     ") SELECT seq + 10, exchange_id, account_id, user_id, key_id, model, provider,"
     " provider_model, policy_revision, error_code, finish_reason, status, attempts, streamed,"
     " source, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,"
     " input_price_pusd, cached_input_price_pusd, output_price_pusd, margin_ppm, cost_nusd,"
     " charge_nusd, overrun_nusd, created_ms, first_byte_us, total_us, transfer_seq FROM usage",
     "but its resolution is of another record"},
    {"UPDATE key_totals SET spent_nusd = 1", "total 0.000000001 in 2 requests"},
    {"DELETE FROM key_totals", "total 0.000000000 in 0 requests, its usage adds up to 0.000001000"},
    {"UPDATE key_totals SET spent_nusd = 9000000000", "was spent of a budget of 8.000000000"},
    {"UPDATE hourly SET requests = 3", "differs from its usage by 1 requests"},
    {"UPDATE hourly SET errors = 3", "by 0 requests, 3 errors"},
    {"UPDATE hourly SET output_tokens = 0", "by 0 requests, 0 errors, -10 tokens"},
    {"UPDATE hourly SET charge_nusd = 0", "and -0.000001000"},
    {"UPDATE hourly SET cost_nusd = 0", "-0.000000800 of cost"},
    {"UPDATE hourly SET overrun_nusd = 0", "-0.000000007 of overrun"},
    {"DELETE FROM hourly", "differs from its usage by -2 requests"},
    {"UPDATE summed_days SET until_day = 1000000", "differs from its hours by -2 requests"},
    {"INSERT INTO customer_days VALUES ('acct_y', 1, 1, 2, 3, 0, 0, 0, 4, 5, 6)",
     "1970-01-02 of acct_y: the roll-up differs from its hours by 1 requests, 2 errors, 3 tokens"},
    {"UPDATE sales SET requests = requests + 1 WHERE provider <> ''",
     "provider openai: the roll-up of all customers differs from its usage by 1 requests"},
    {"UPDATE sales SET errors = 9 WHERE provider = ''", "9 errors"},
    {"UPDATE sales SET cached_input_tokens = 0 WHERE provider <> ''", "-2 tokens"},
    {"UPDATE sales SET cost_nusd = 0", "-0.000000800 of cost"},
    {"UPDATE sales SET overrun_nusd = 0", "-0.000000007 of overrun"},
    {"UPDATE shadow_results SET cost_nusd = 299", "0.000000300 of kind shadow from revenue to"},
    {"UPDATE transfers SET kind = 'cost' WHERE kind = 'shadow'", "its result says 0.000000300"},
    {"DELETE FROM shadow_results",
     "0.000000300 counts against the limit of its shadows, they add up"
     " to 0.000000500"},
    {"UPDATE shadow_days SET counted_nusd = 0", "they add up to 0.000000300"},
    {"UPDATE hedge_results SET cost_nusd = 39", "0.000000040 of kind hedge from revenue to"},
    {"UPDATE hedge_results SET provider = 'other'", "from revenue to cost:other"},
    {"UPDATE transfers SET kind = 'cost' WHERE kind = 'hedge'", "its result says 0.000000040"},
    {"DELETE FROM hedge_results", "its result says 0.000000000"},
    {"DELETE FROM sales", "provider openai: the roll-up of all customers differs"},
    {"UPDATE hourly_units SET quantity = 5 WHERE unit = 'web_search'",
     "the roll-up of web_search differs from its usage lines by 2"},
    {"DELETE FROM hourly_units WHERE unit = 'reasoning'",
     "the roll-up of reasoning differs from its usage lines by -1"},
    {"DELETE FROM hourly_units", "the roll-up of cache_write differs from its usage lines by -1"},
    {"INSERT INTO hourly_units SELECT account_id, hour, key_id, model, 'audio_input', 9"
     " FROM hourly LIMIT 1",
     "the roll-up of audio_input differs from its usage lines by 9"},
    {"UPDATE sales_units SET quantity = 5 WHERE unit = 'web_search'",
     "provider openai: the roll-up of web_search of all customers differs from its usage lines by"
     " 2"},
    {"DELETE FROM sales_units", "cache_write of all customers differs from its usage lines by -1"},
    {"INSERT INTO customer_day_units VALUES ('acct_y', 1, 'web_search', 3)",
     "1970-01-02 of acct_y: the roll-up of web_search differs from its hours by 3"},
    {"DROP TRIGGER units_of_summed_days; UPDATE summed_days SET until_day = 1000000",
     "the roll-up of web_search differs from its hours by -3"},
    {"UPDATE kept_answers SET exchange_id = 'req_y' WHERE key = 'settled'",
     "kept answer of req_y: its exchange is missing"},
    {"UPDATE kept_answers SET account_id = 'acct_y' WHERE key = 'void'",
     "its exchange is missing or another account's"},
    {"UPDATE kept_answers SET cost_nusd = 999 WHERE key = 'settled'",
     "its cost is 0.000000999, its resolution 0.000001000"},
    {"UPDATE kept_answers SET transfer_id = 'tx_y' WHERE key = 'top-up'",
     "kept answer of req_x: its transfer is missing"},
    {"UPDATE kept_answers SET account_id = 'acct_y' WHERE key = 'top-up'",
     "its transfer is missing or another account's"},
};

static void every_damage_is_named(void **state)
{
    char copy[128], command[512], sql[2048];
    (void)state;
    fixture_close(&f); /* its files are complete; the hold stays open, as no server comes */
    snprintf(copy, sizeof copy, "%s/copy.db", f.folder);
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        snprintf(command, sizeof command, "rm -f '%s'*; cp '%s' '%s'", copy, f.path, copy);
        assert_int_equal(system(command), 0);
        fixture_verify(copy, NULL);
        snprintf(sql, sizeof sql, NO_TRIGGERS "%s", damages[i].sql);
        fixture_sql(copy, sql);
        fixture_verify(copy, damages[i].report);
    }
}

static void no_database(void **state)
{
    struct buffer report;
    struct fault fault;
    (void)state;
    buffer_init(&report, 10000);
    assert_false(store_verify("/nonexistent/gateway.db", &report, &fault));
    assert_true(report.bytes > 0);
    assert_string_equal(fault.code, "database_unusable");
    buffer_fini(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sound, setup, teardown),
        cmocka_unit_test_setup_teardown(every_damage_is_named, setup, teardown),
        cmocka_unit_test(no_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
