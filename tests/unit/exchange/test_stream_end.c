/* What a stream ends with: the truth of why, of its counts and of what was charged. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/exchange_internal.h"
#include "exchange/stream_end.h"

#define HEAD "{\"id\":\"c\""
#define DONE "data: [DONE]\n\n"
#define USAGE(members) "data: " HEAD ",\"choices\":[],\"usage\":{" members "}}\n\n"
#define COUNTS "\"prompt_tokens\":10,\"completion_tokens\":5"
#define OURS USAGE("\"cost\":0.00054," COUNTS ",\"total_tokens\":15")

static struct exchange *exchange;
static struct ledger_hold hold;

/* Of an answer that is whole, was counted and is settled. */
static int set_up(void **state)
{
    (void)state;
    exchange = calloc(1, sizeof *exchange);
    assert_non_null(exchange);
    stream_init(&exchange->stream);
    buffer_append_text(&exchange->stream.chunk_head, HEAD);
    exchange->asks.choices = 1;
    exchange->asks.usage_asked = true;
    exchange->budget.public_url = "https://x.example";
    exchange->budget.hold = &hold;
    struct usage_record *record = &exchange->settlement.record;
    record->source = USAGE_REPORTED;
    record->counts = (struct unit_counts){.input = 10, .output = 5};
    record->charge_nusd = 540000;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stream_fini(&exchange->stream);
    free(exchange);
    return 0;
}

static void assert_ends_with(const char *text)
{
    struct buffer out;
    buffer_init(&out, 1 << 16);
    stream_end_append(exchange, &out);
    assert_false(out.failed);
    buffer_append_char(&out, '\0');
    assert_string_equal(out.data, text);
    buffer_fini(&out);
}

static void who_did_not_ask_gets_no_usage(void **state)
{
    (void)state;
    exchange->asks.usage_asked = false;
    assert_ends_with(DONE);
    buffer_append_text(&exchange->stream.last_event, "data:[DONE]\n\n"); /* as it came */
    assert_ends_with("data:[DONE]\n\n");
}

static void the_provider_s_event_is_told_where_it_was_charged(void **state)
{
    (void)state;
    buffer_append_text(&exchange->stream.held_event, USAGE(COUNTS ",\"x\":1"));
    assert_ends_with(USAGE("\"cost\":0.00054," COUNTS ",\"x\":1") DONE);
    exchange->settlement.record.source = USAGE_CORRECTED; /* it said what is not true */
    assert_ends_with(OURS DONE);
    exchange->settlement.record.source = USAGE_REPORTED;
    buffer_reset(&exchange->stream.held_event); /* it has told none */
    assert_ends_with(OURS DONE);
}

static void cached_tokens_are_part_of_the_prompt(void **state)
{
    (void)state;
    exchange->settlement.record.counts =
        (struct unit_counts){.input = 6, .cached_input = 4, .output = 5};
    assert_ends_with(OURS DONE);
}

static void an_answer_without_money_says_so(void **state)
{
    (void)state;
    exchange->asks.usage_asked = false;
    exchange->stream.out_of_budget = true;
    exchange->budget.short_of = HOLD_BUDGET;
    assert_ends_with(
        "data: " HEAD ",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}],"
        "\"metadata\":{\"code\":\"key_budget_exceeded\",\"message\":\"The budget of this API key "
        "is spent; the answer is not complete. Raise the budget, or use another key: "
        "https://x.example/dashboard/keys\",\"scope\":\"key\"}}\n\n" DONE);
    exchange->budget.limit_reached = true; /* its own limit: no money is missing */
    assert_ends_with("data: " HEAD ",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":"
                     "\"length\"}]}\n\n" DONE);
}

#define ERROR(message, type)                                                                       \
    "data: {\"error\":{\"message\":\"" message "\",\"type\":\"" type                               \
    "\",\"param\":null,\"code\":\"provider_unavailable\"}}\n\n"

static void a_failure_says_what_was_charged(void **state)
{
    (void)state;
    buffer_append_text(&exchange->stream.last_event, "data: [done]\n\n"); /* which it is not */
    exchange->stream.out_of_budget = true;
    stream_note_failure(&exchange->stream, "provider_unavailable", "It broke.");
    assert_ends_with(OURS ERROR("It broke. $0.00054 was charged for what came.", "server_error")
                         DONE);
    exchange->asks.usage_asked = false;
    exchange->settlement.record.charge_nusd = 0;
    exchange->stream.refused = true;
    assert_ends_with(ERROR("It broke. Nothing was charged.", "invalid_request_error") DONE);
}

/* Nobody knows what a charge that could not be written will have been. */
static void a_charge_that_was_not_written_is_not_told(void **state)
{
    (void)state;
    exchange->stream.unwritten = true;
    stream_note_failure(&exchange->stream, "provider_unavailable", "No disk.");
    assert_ends_with(ERROR("No disk.", "server_error") DONE);
}

#define WITH_STREAM(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STREAM(who_did_not_ask_gets_no_usage),
        WITH_STREAM(the_provider_s_event_is_told_where_it_was_charged),
        WITH_STREAM(cached_tokens_are_part_of_the_prompt),
        WITH_STREAM(an_answer_without_money_says_so),
        WITH_STREAM(a_failure_says_what_was_charged),
        WITH_STREAM(a_charge_that_was_not_written_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
