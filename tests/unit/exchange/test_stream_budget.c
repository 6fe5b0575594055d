/* The money of a stream: no text is given that nothing is held for, and no more is held than can
 * come. Each output token costs a nano-USD here, so that tokens and money are the same numbers. */
#include "store/fixture.c" /* NOLINT(bugprone-suspicious-include) */

#include "exchange/candidate.h"
#include "exchange/charge.h"
#include "exchange/stream_budget.h"

enum { HELD = HOLD_CHUNK_TOKENS, MOST = 10000 };

static struct fixture f;
static struct customer ann;
static struct ledger_hold hold;
static struct ledger_settlement settlement;
static struct meter meter;
static struct charge_limits limits;
static struct stream_budget budget;

static const struct candidate_terms terms = {.sold = {.output_pusd = 1000}};

/* A stream of which the first chunk is held; `budget_nusd` -1: the key has none. */
static void start(int64_t credit_nusd, int64_t budget_nusd)
{
    fixture_init(&f);
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", credit_nusd, budget_nusd, &ann);
    fixture_hold(&hold, &f.reply_queue, &ann, HELD);
    assert_true(fixture_take(f.store, &hold));
    settlement = (struct ledger_settlement){.extended_nusd = 0};
    meter = (struct meter){.reported = false};
    limits = (struct charge_limits){.image_tokens = 100};
    budget = (struct stream_budget){.store = f.store,
                                    .hold = &hold,
                                    .settlement = &settlement,
                                    .meter = &meter,
                                    .limits = &limits,
                                    .terms = &terms,
                                    .sold = {.output_pusd = 1000},
                                    .public_url = "https://x.example",
                                    .choices = 1,
                                    .chunked = true,
                                    .output_tokens_most = MOST};
}

/* Nothing of a stream stays behind. */
static int tear_down(void **state)
{
    struct ledger_settlement nothing;
    (void)state;
    stream_budget_give_back(&budget);
    assert_int_equal(settlement.extended_nusd, 0);
    fixture_settlement(&nothing, &hold, 0, 0, 0);
    nothing.voided = true;
    assert_true(fixture_settle(f.store, &nothing));
    fixture_fini(&f);
    return 0;
}

/* So many tokens have come in all, by our estimate. */
static bool covers(int64_t tokens)
{
    meter.output.text_bytes = 4 * tokens;
    meter.output_pieces = tokens;
    return stream_budget_cover(&budget);
}

static int64_t available(void)
{
    return ledger_available_nusd(f.store, &ann.account_id, &ann.key_id, NULL, 0);
}

static void a_chunk_is_held_ahead_of_the_text(void **state)
{
    (void)state;
    start(USD, -1);
    assert_true(covers(10));
    assert_int_equal(stream_budget_held_nusd(&budget), 10 + HOLD_CHUNK_TOKENS);
    assert_true(covers(10 + HOLD_CHUNK_TOKENS / 2)); /* half a chunk is left: no need to look */
    assert_int_equal(settlement.extended_nusd, 10);
    assert_true(covers(11 + HOLD_CHUNK_TOKENS / 2));
    assert_int_equal(stream_budget_held_nusd(&budget),
                     11 + HOLD_CHUNK_TOKENS / 2 + HOLD_CHUNK_TOKENS);
    assert_int_equal(available(), USD - stream_budget_held_nusd(&budget));
}

static void each_choice_has_a_chunk(void **state)
{
    (void)state;
    start(USD, -1);
    budget.choices = 3;
    assert_true(covers(10));
    assert_int_equal(stream_budget_held_nusd(&budget), 10 + 3 * HOLD_CHUNK_TOKENS);
}

static void no_more_is_held_than_can_come(void **state)
{
    (void)state;
    start(USD, -1);
    budget.output_tokens_most = 1500;
    assert_true(covers(1000));
    assert_int_equal(stream_budget_held_nusd(&budget), 1500);
    assert_true(covers(1490));
    assert_true(covers(1600)); /* the provider ends it by itself; what is above is the operator's */
    assert_int_equal(stream_budget_held_nusd(&budget), 1500);
}

static void an_answer_ends_where_the_money_ends(void **state)
{
    (void)state;
    start(HELD + 100, -1);
    assert_true(covers(1000));
    assert_int_equal(available(), 0);
    assert_true(covers(HELD + 100));
    assert_false(covers(HELD + 101));
    assert_int_equal(budget.short_of, HOLD_INSUFFICIENT);
    assert_false(budget.limit_reached);
    assert_string_equal(stream_budget_reason(&budget), "insufficient_credits");
}

static void an_answer_ends_where_the_key_s_budget_ends(void **state)
{
    (void)state;
    start(USD, HELD + 100);
    assert_true(covers(HELD + 100));
    assert_false(covers(HELD + 101));
    assert_int_equal(budget.short_of, HOLD_BUDGET);
    assert_string_equal(stream_budget_reason(&budget), "key_budget_exceeded");
}

/* Whatever the wallet has. */
static void an_answer_ends_at_the_client_s_bound(void **state)
{
    (void)state;
    start(USD, -1);
    budget.has_max_cost = true;
    budget.max_cost_nusd = HELD + 100;
    assert_true(covers(HELD + 100));
    assert_int_equal(stream_budget_held_nusd(&budget), HELD + 100);
    assert_false(covers(HELD + 101));
    assert_int_equal(stream_budget_held_nusd(&budget), HELD + 100);
    assert_string_equal(stream_budget_reason(&budget), "max_cost");
}

/* The wallet has less than the bound. */
static void the_least_of_the_bounds_is_told(void **state)
{
    (void)state;
    start(HELD + 100, -1);
    budget.has_max_cost = true;
    budget.max_cost_nusd = HELD + 101;
    assert_false(covers(HELD + 101));
    assert_string_equal(stream_budget_reason(&budget), "insufficient_credits");
}

static void nothing_is_added_beyond_the_bound(void **state)
{
    (void)state;
    start(USD, -1);
    budget.has_max_cost = true;
    budget.max_cost_nusd = HELD + 1;
    assert_int_equal(stream_budget_extend(&budget, 0), 0);
    assert_int_equal(stream_budget_extend(&budget, 100), 1);
    assert_int_equal(stream_budget_extend(&budget, 100), 0);
    budget.max_cost_nusd = 0; /* below what is held: it cannot be, and nothing is taken back */
    assert_int_equal(stream_budget_extend(&budget, 100), 0);
    budget.has_max_cost = false;
    assert_int_equal(stream_budget_extend(&budget, 100), 100);
}

/* A count of the provider's counts where it is more, and so do pictures. */
static void what_is_seen_is_the_larger_count(void **state)
{
    (void)state;
    start(HELD, -1);
    meter.reported = true;
    meter.tokens.output = HELD;
    assert_true(covers(10));
    meter.tokens.output = HELD + 1;
    assert_false(covers(10));
    meter.reported = false;
    assert_true(covers(HELD - 100));
    meter.output.image_count = 1;
    assert_true(covers(HELD - 100));
    assert_false(covers(HELD - 99));
}

static void what_is_held_whole_is_not_looked_at(void **state)
{
    (void)state;
    start(HELD, -1);
    budget.chunked = false;
    assert_true(covers(5 * HELD));
    assert_int_equal(settlement.extended_nusd, 0);
}

/* The provider was asked for no more than the money, and sends more. */
static void a_provider_that_does_not_keep_to_the_money_is_ended(void **state)
{
    (void)state;
    start(HELD, -1);
    budget.chunked = false;
    budget.capped = true;
    budget.output_tokens_most = HELD;
    budget.short_of = HOLD_BUDGET; /* by what it was capped */
    assert_true(covers(2 * HELD)); /* by our estimate, which may be wrong by so much */
    assert_false(covers(2 * HELD + 1));
    meter.reported = true;
    meter.tokens.output = HELD;
    assert_true(covers(10));
    meter.tokens.output = HELD + 1;
    assert_false(covers(10));
    assert_int_equal(budget.short_of, HOLD_BUDGET);
}

/* Of an answer that was asked for with 100 tokens at most. */
static void far_behind_its_limit_an_answer_is_ended(void **state)
{
    (void)state;
    static const struct {
        int64_t text_bytes, pieces, counted; /* 0: not counted */
        bool ends;
    } cases[] = {
        {832, 2, 0, false},     {833, 2, 0, true},                           /* by its text */
        {267, 134, 0, true},    {267, 133, 0, false},  {266, 134, 0, false}, /* by its pieces */
        {100, 100, 120, false}, {100, 100, 121, true}, /* by the provider's count */
        {9999, 1, 0, false},                           /* in one piece: something is given */
    };
    start(USD, -1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        budget.output_tokens_asked = 100;
        budget.limit_reached = false;
        meter = (struct meter){.output = {.text_bytes = cases[i].text_bytes},
                               .output_pieces = cases[i].pieces,
                               .reported = cases[i].counted > 0,
                               .tokens = {.output = cases[i].counted}};
        if (stream_budget_cover(&budget) == cases[i].ends || budget.limit_reached != cases[i].ends)
            fail_msg("%lld bytes, %lld pieces", (long long)cases[i].text_bytes,
                     (long long)cases[i].pieces);
        budget.output_tokens_asked = 0; /* nobody has named a limit */
        assert_true(stream_budget_cover(&budget));
    }
}

static void a_hold_that_is_not_settled_gives_back(void **state)
{
    (void)state;
    start(USD, -1);
    assert_true(covers(HELD));
    assert_int_equal(available(), USD - 2 * HELD);
    stream_budget_give_back(&budget);
    assert_int_equal(available(), USD - HELD);
    assert_int_equal(stream_budget_held_nusd(&budget), HELD);
    stream_budget_give_back(&budget); /* once */
    assert_int_equal(available(), USD - HELD);
}

static void a_choice_that_the_money_has_ended_is_known(void **state)
{
    (void)state;
    start(USD, -1);
    const struct meter before = {.finished = false};
    meter = (struct meter){.finish_reason = "length", .finished_choices = {1, 0}};
    assert_false(stream_budget_ended_choice(&budget, &before)); /* its own limit */
    budget.capped = true;
    assert_true(stream_budget_ended_choice(&budget, &before));
    assert_false(stream_budget_ended_choice(&budget, &meter)); /* before */
    strcpy(meter.finish_reason, "stop");
    assert_false(stream_budget_ended_choice(&budget, &before));
}

static void the_reason_is_an_answer_s_metadata(void **state)
{
    (void)state;
    static const char text[] = "data: {\"choices\":[]}";
    struct json_value object = {.type = JSON_OBJECT, .raw = slice_of(text + 6)};
    struct json_edit edit;
    struct buffer member;
    struct buffer out;
    start(USD, -1);
    buffer_init(&member, 4096);
    buffer_init(&out, 4096);
    budget.capped = true;
    budget.output_tokens_max = 7;
    budget.short_of = HOLD_INSUFFICIENT;
    assert_true(stream_budget_explain(&budget, slice_of(text), &object, &member, &edit));
    assert_true(json_apply_edits(slice_of(text), &edit, 1, &out));
    assert_true(slice_equals(
        buffer_slice(&out),
        "data: {\"metadata\":{\"code\":\"insufficient_credits\",\"message\":\"The credits are "
        "spent; the answer is not complete. Add credits to get longer answers: "
        "https://x.example/dashboard/credits\",\"max_tokens\":7,\"scope\":\"account\","
        "\"topup_url\":\"https://x.example/dashboard/credits\"},\"choices\":[]}"));
    object.raw = slice_of("{\"metadata\":null}");
    assert_false(stream_budget_explain(&budget, object.raw, &object, &member, &edit));
    buffer_fini(&member);
    buffer_fini(&out);
}

#define WITH_BUDGET(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BUDGET(a_chunk_is_held_ahead_of_the_text),
        WITH_BUDGET(each_choice_has_a_chunk),
        WITH_BUDGET(no_more_is_held_than_can_come),
        WITH_BUDGET(an_answer_ends_where_the_money_ends),
        WITH_BUDGET(an_answer_ends_where_the_key_s_budget_ends),
        WITH_BUDGET(an_answer_ends_at_the_client_s_bound),
        WITH_BUDGET(the_least_of_the_bounds_is_told),
        WITH_BUDGET(nothing_is_added_beyond_the_bound),
        WITH_BUDGET(what_is_seen_is_the_larger_count),
        WITH_BUDGET(what_is_held_whole_is_not_looked_at),
        WITH_BUDGET(a_provider_that_does_not_keep_to_the_money_is_ended),
        WITH_BUDGET(far_behind_its_limit_an_answer_is_ended),
        WITH_BUDGET(a_hold_that_is_not_settled_gives_back),
        WITH_BUDGET(a_choice_that_the_money_has_ended_is_known),
        WITH_BUDGET(the_reason_is_an_answer_s_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
