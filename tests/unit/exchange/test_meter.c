/* From a provider's words to counts and money: what it says badly does not count. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "dialect/completion.h"
#include "exchange/meter.h"

static struct json_value parse(struct slice text)
{
    struct json_value root;
    struct fault fault;
    if (!json_parse(text, LIMIT_JSON_DEPTH, &root, &fault))
        fail_msg("%s: %.*s", fault.message, (int)text.bytes, text.data);
    return root;
}

/* ---- usage ---- */

#define COUNTS "\"prompt_tokens\":10,\"completion_tokens\":5"
#define CACHED(n) "{" COUNTS ",\"prompt_tokens_details\":{\"cached_tokens\":" n "}}"

/* Each token in one place: what a cache had is no input, and nobody reasons more than it says. */
static void takes_counts_apart(void **state)
{
    (void)state;
    struct json_value cached = parse(slice_of(CACHED("4")));
    struct json_value reasoned = parse(slice_of(
        "{" COUNTS ",\"total_tokens\":15,\"completion_tokens_details\":{\"reasoning_tokens\":6}}"));
    struct meter meter = {0};
    assert_true(meter_read_usage(&meter, &cached));
    assert_true(meter.prompt_reported && meter.reported && !meter.flawed);
    assert_int_equal(meter.tokens.input, 6);
    assert_int_equal(meter.tokens.cached_input, 4);
    assert_int_equal(meter.tokens.output, 5);
    assert_int_equal(meter.reasoning_tokens, 0);
    assert_true(meter_read_usage(&meter, &reasoned));
    assert_int_equal(meter.tokens.cached_input, 4); /* the same prompt: what is known of it holds */
    assert_int_equal(meter.tokens.output, 5);
    assert_int_equal(meter.reasoning_tokens, 5);
}

static void one_count_that_cannot_be_true_costs_that_one(void **state)
{
    (void)state;
    struct json_value usage = parse(slice_of("{\"prompt_tokens\":-1,\"completion_tokens\":5}"));
    struct meter meter = {0};
    assert_true(meter_read_usage(&meter, &usage));
    assert_true(meter.reported && meter.flawed);
    assert_false(meter.prompt_reported);
    assert_int_equal(meter.tokens.output, 5);
}

static const char *const unusables[] = {
    "null",
    "true",
    "15",
    "\"15\"",
    "[]",
    "[10,5]",
    "{}",
    "{\"usage\":{" COUNTS "}}",
    "{\"Prompt_tokens\":10}",
};

/* What has no counts changes nothing that was read before. */
static void refuses_what_is_no_usage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unusables / sizeof *unusables; i++) {
        struct json_value usage = parse(slice_of(unusables[i]));
        struct json_value good = parse(slice_of(CACHED("4")));
        struct meter meter = {0};
        if (meter_read_usage(&meter, &usage))
            fail_msg("usable: %s", unusables[i]);
        assert_false(meter.reported);
        assert_true(meter_read_usage(&meter, &good));
        struct meter before = meter;
        assert_false(meter_read_usage(&meter, &usage));
        assert_memory_equal(&meter, &before, sizeof meter);
    }
}

static void a_count_is_not_taken_back(void **state)
{
    (void)state;
    static const char *const later[] = {"{\"prompt_tokens\":0,\"completion_tokens\":0}",
                                        "{\"prompt_tokens\":-1,\"completion_tokens\":null}",
                                        "{\"prompt_tokens\":10}"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        struct meter meter = {0};
        struct json_value first = parse(slice_of(CACHED("4")));
        struct json_value second = parse(slice_of(later[i]));
        assert_true(meter_read_usage(&meter, &first));
        meter_read_usage(&meter, &second);
        assert_int_equal(meter.tokens.input + meter.tokens.cached_input, 10);
        assert_int_equal(meter.tokens.output, 5);
    }
}

/* Usage outside its usual place, and Moonshot's, in the choice. */
static void finds_usage(void **state)
{
    (void)state;
    struct json_value root = parse(slice_of("{\"x_groq\":{\"usage\":{" COUNTS "}}}"));
    struct meter meter = {0};
    assert_true(meter_find_usage(&meter, &root));
    assert_int_equal(meter.tokens.input, 10);
    assert_int_equal(meter.tokens.output, 5);
    root = parse(slice_of("{\"choices\":[]}"));
    assert_false(meter_find_usage(&meter, &root));
    struct meter moonshot = {0};
    struct completion chunk;
    assert_true(completion_read(
        slice_of("{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\",\"usage\":{" COUNTS
                 "}}]}"),
        &chunk));
    meter_read_choices(&moonshot, &chunk.choices);
    assert_true(moonshot.reported);
}

/* ---- choices ---- */

static const struct {
    const char *root;
    int64_t bytes;
    const char *finish_reason; /* NULL: not finished */
} choices[] = {
    {"{}", 0, NULL},
    {"[]", 0, NULL},
    {"{\"choices\":null}", 0, NULL},
    {"{\"choices\":[]}", 0, NULL},
    {"{\"choices\":[null,1,\"x\",[]]}", 0, NULL},
    {"{\"choices\":[{\"delta\":{\"content\":\"hello\"}}]}", 5, NULL},
    {"{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"hello\"},"
     "\"finish_reason\":\"stop\"}]}",
     5, "stop"},
    {"{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}", 0, "length"},
    {"{\"choices\":[{\"delta\":{},\"finish_reason\":null}]}", 0, NULL},
    {"{\"choices\":[{\"delta\":{},\"finish_reason\":5}]}", 0, NULL},
    {"{\"choices\":[{\"delta\":null,\"finish_reason\":\"stop\"}]}", 0, "stop"},
    {"{\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"},"
     "{\"delta\":{\"content\":\"bc\"},\"finish_reason\":\"length\"}]}",
     3, "length"},
    {"{\"choices\":[{\"finish_reason\":\"1234567890123456789012345678901\"}]}", 0,
     "1234567890123456789012345678901"},
    {"{\"choices\":[{\"finish_reason\":\"12345678901234567890123456789012\"}]}", 0, ""},
    {"{\"choices\":[{\"finish_reason\":\"\"}]}", 0, NULL}, /* not yet */
};

static void reads_choices(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        struct meter meter = {.output = {.text_bytes = 100}};
        struct completion completion;
        completion_read(slice_of(choices[i].root), &completion);
        meter_read_choices(&meter, &completion.choices);
        if (meter.output.text_bytes != 100 + choices[i].bytes)
            fail_msg("%lld bytes: %s", (long long)meter.output.text_bytes - 100, choices[i].root);
        assert_int_equal(meter.finished, choices[i].finish_reason != NULL);
        if (choices[i].finish_reason != NULL)
            assert_string_equal(meter.finish_reason, choices[i].finish_reason);
        assert_false(meter.reported);
    }
}

/* ---- money ---- */

static void estimates(void **state)
{
    (void)state;
    static const int64_t cases[][2] = {{0, 0}, {1, 1}, {4, 1}, {5, 2}, {8, 2}, {1000001, 250001}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(meter_estimate(cases[i][0]), cases[i][1]);
}

/* Of what was generated: by bytes or by pieces, whichever is more. */
static void estimates_of_output(void **state)
{
    static const char *const deltas[] = {"\"content\":\"1\"", "\"content\":\"\"", "\"role\":\"a\"",
                                         "\"content\":\"12345\"", "\"content\":\"123456789\""};
    static const int64_t expected[] = {1, 1, 1, 2, 4};
    struct meter meter = {0};
    (void)state;
    for (size_t i = 0; i < sizeof deltas / sizeof *deltas; i++) {
        char chunk[128];
        struct completion completion;
        snprintf(chunk, sizeof chunk, "{\"choices\":[{\"delta\":{%s}}]}", deltas[i]);
        assert_true(completion_read(slice_of(chunk), &completion));
        meter_read_choices(&meter, &completion.choices);
        assert_int_equal(meter_output_estimate(&meter), expected[i]);
    }
}

static void prices(void **state)
{
    (void)state;
    static const struct {
        struct unit_prices prices;
        struct unit_counts tokens;
        int64_t margin_ppm;
        int64_t cost_nusd, price_nusd;
    } cases[] = {
        {{.of = {0, 0, 0}}, {.of = {1000, 0, 500}}, 200000, 0, 0},
        {{.of = {150000, 75000, 600000}}, {.of = {1000, 0, 500}}, 200000, 450000, 540000},
        {{.of = {150000, 75000, 600000}}, {.of = {0, 1000, 500}}, 200000, 375000, 450000},
        {{.of = {1, 1, 1}}, {.of = {1, 0, 0}}, 0, 1, 1}, /* a pico-USD is rounded up */
        {{.of = {1, 1, 1}}, {.of = {1, 0, 0}}, 100000000, 1, 1},
        {{.of = {0, 0, 0}}, {.of = {0, 0, 0}}, 100000000, 0, 0},
        {{.of = {MONEY_PRICE_MAX_PUSD, 0, MONEY_PRICE_MAX_PUSD}},
         {.of = {MONEY_TOKENS_MAX, 0, MONEY_TOKENS_MAX}},
         MONEY_MARGIN_MAX_PPM,
         MONEY_AMOUNT_MAX_NUSD,
         MONEY_AMOUNT_MAX_NUSD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(meter_price(&cases[i].prices, &cases[i].tokens, 0), cases[i].cost_nusd);
        assert_int_equal(meter_price(&cases[i].prices, &cases[i].tokens, cases[i].margin_ppm),
                         cases[i].price_nusd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_counts_apart),
        cmocka_unit_test(one_count_that_cannot_be_true_costs_that_one),
        cmocka_unit_test(refuses_what_is_no_usage),
        cmocka_unit_test(a_count_is_not_taken_back),
        cmocka_unit_test(finds_usage),
        cmocka_unit_test(reads_choices),
        cmocka_unit_test(estimates),
        cmocka_unit_test(estimates_of_output),
        cmocka_unit_test(prices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
