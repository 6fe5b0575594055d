/* From a provider's words to counts and money: what it says badly does not count, and what we put
 * into its words leaves the rest of them as it was. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "dialect/completion.h"
#include "dialect/cost_edits.h"
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
#define REASONED(n) "{" COUNTS ",\"completion_tokens_details\":{\"reasoning_tokens\":" n "}}"

/* -1: that count is not said, or cannot be true. */
static const struct {
    const char *usage;
    int64_t prompt, cached, output, reasoning;
    bool flawed;
} usables[] = {
    {"{" COUNTS "}", 10, 0, 5, 0, false},
    {"{" COUNTS ",\"total_tokens\":15}", 10, 0, 5, 0, false},
    {"{" COUNTS ",\"total_tokens\":\"many\"}", 10, 0, 5, 0, true},
    {" { \"completion_tokens\" : 5 , \"x\" : [ ] , \"prompt_tokens\" : 10 } ", 10, 0, 5, 0, false},
    {"{\"prompt_tok\\u0065ns\":10,\"completion_tokens\":5}", 10, 0, 5, 0, false},
    {"{\"prompt_tokens\":0,\"completion_tokens\":0}", 0, 0, 0, 0, false},
    {"{\"prompt_tokens\":-0,\"completion_tokens\":5}", 0, 0, 5, 0, false},
    {"{\"prompt_tokens\":10.0,\"completion_tokens\":5e0}", 10, 0, 5, 0, false},
    {"{\"prompt_tokens\":1e3,\"completion_tokens\":50e-1}", 1000, 0, 5, 0, false},
    {"{\"prompt_tokens\":1000000000000,\"completion_tokens\":1000000000000}", MONEY_TOKENS_MAX, 0,
     MONEY_TOKENS_MAX, 0, false},
    {CACHED("0"), 10, 0, 5, 0, false},
    {CACHED("4"), 10, 4, 5, 0, false},
    {CACHED("10"), 10, 10, 5, 0, false},
    {CACHED("null"), 10, 0, 5, 0, false},
    {CACHED("4.0,\"audio_tokens\":-1"), 10, 4, 5, 0, false},
    {"{" COUNTS ",\"prompt_tokens_details\":null}", 10, 0, 5, 0, false},
    {"{" COUNTS ",\"prompt_tokens_details\":{}}", 10, 0, 5, 0, false},
    {"{" COUNTS ",\"prompt_tokens_details\":[]}", 10, 0, 5, 0, false},
    {REASONED("3"), 10, 0, 5, 3, false},
    {REASONED("5"), 10, 0, 5, 5, false},
    {REASONED("null"), 10, 0, 5, 0, false},
    {"{" COUNTS ",\"completion_tokens_details\":null}", 10, 0, 5, 0, false},
    /* one count that cannot be true costs that one */
    {CACHED("11"), 10, 0, 5, 0, true},
    {CACHED("-1"), 10, 0, 5, 0, true},
    {CACHED("0.5"), 10, 0, 5, 0, true},
    {CACHED("\"4\""), 10, 0, 5, 0, true},
    {CACHED("1e400"), 10, 0, 5, 0, true},
    {CACHED("[]"), 10, 0, 5, 0, true},
    {REASONED("-1"), 10, 0, 5, 0, true},
    {REASONED("0.5"), 10, 0, 5, 0, true},
    {REASONED("1000000000001"), 10, 0, 5, 0, true},
    {"{\"prompt_tokens\":10}", 10, 0, -1, 0, false},
    {"{\"completion_tokens\":5}", -1, 0, 5, 0, false},
    {"{\"prompt_tokens\":null,\"completion_tokens\":5}", -1, 0, 5, 0, false},
    {"{\"prompt_tokens\":\"10\",\"completion_tokens\":5}", -1, 0, 5, 0, true},
    {"{\"prompt_tokens\":10,\"completion_tokens\":true}", 10, 0, -1, 0, true},
    {"{\"prompt_tokens\":-1,\"completion_tokens\":5}", -1, 0, 5, 0, true},
    {"{\"prompt_tokens\":10,\"completion_tokens\":-5}", 10, 0, -1, 0, true},
    {"{\"prompt_tokens\":10.5,\"completion_tokens\":5}", -1, 0, 5, 0, true},
    {"{\"prompt_tokens\":10,\"completion_tokens\":1000000000001}", 10, 0, -1, 0, true},
    {"{\"prompt_tokens\":18446744073709551626,\"completion_tokens\":5}", -1, 0, 5, 0, true},
    {"{\"prompt_tokens\":10,\"completion_tokens\":-1e400}", 10, 0, -1, 0, true},
    /* the total says what stands beside what */
    {"{" COUNTS ",\"total_tokens\":18,\"completion_tokens_details\":{\"reasoning_tokens\":3}}", 10,
     0, 8, 3, false},
    {"{" COUNTS ",\"total_tokens\":15,\"completion_tokens_details\":{\"reasoning_tokens\":3}}", 10,
     0, 5, 3, false},
    {REASONED("6"), 10, 0, 11, 6, false},
    {"{" COUNTS ",\"total_tokens\":115,\"prompt_tokens_details\":{\"cached_tokens\":100}}", 110,
     100, 5, 0, false},
    {"{\"prompt_tokens\":10,\"total_tokens\":15}", 10, 0, 5, 0, false},
    {"{\"prompt_tokens\":10,\"total_tokens\":10}", 10, 0, -1, 0, false},
    {"{\"completion_tokens\":5,\"total_tokens\":15}", 10, 0, 5, 0, false},
    {"{\"completion_tokens\":5,\"total_tokens\":5}", -1, 0, 5, 0, false},
    {"{\"promptTokenCount\":10,\"thoughtsTokenCount\":7,\"totalTokenCount\":17}", 10, 0, 7, 7,
     false},
    {"{" COUNTS ",\"total_tokens\":715}", 10, 0, 705, 700, false},
    {"{" COUNTS ",\"total_tokens\":715,\"prompt_tokens_details\":{\"cached_tokens\":4}}", 10, 4,
     705, 700, false},
    {"{" COUNTS ",\"total_tokens\":915,\"cache_creation_input_tokens\":900}", 910, 0, 5, 0, false},
    {"{" COUNTS ",\"total_tokens\":915,\"cache_creation_input_tokens\":900,"
     "\"prompt_tokens_details\":{\"cached_tokens\":0}}",
     910, 0, 5, 0, false},
    {"{" COUNTS
     ",\"total_tokens\":24,\"cache_read_input_tokens\":4,\"cache_creation_input_tokens\":5}",
     19, 4, 5, 0, false},
    {"{" COUNTS ",\"total_tokens\":12}", 10, 0, 5, 0, false},
    /* the names of others */
    {"{" COUNTS ",\"cached_tokens\":4}", 10, 4, 5, 0, false},
    {"{" COUNTS ",\"prompt_cache_hit_tokens\":4,\"prompt_cache_miss_tokens\":6}", 10, 4, 5, 0,
     false},
    {"{" COUNTS ",\"total_tokens\":22,\"reasoning_tokens\":7}", 10, 0, 12, 7, false},
    {"{" COUNTS ",\"cache_read_input_tokens\":4}", 10, 4, 5, 0, false},
    {"{\"input_tokens\":10,\"output_tokens\":5}", 10, 0, 5, 0, false},
    {"{\"input_tokens\":10,\"output_tokens\":5,\"input_tokens_details\":{\"cached_tokens\":4},"
     "\"output_tokens_details\":{\"reasoning_tokens\":2}}",
     10, 4, 5, 2, false},
    {"{\"input_tokens\":10,\"cache_read_input_tokens\":100,\"cache_creation_input_tokens\":50,"
     "\"output_tokens\":5}",
     160, 100, 5, 0, false},
    {"{\"promptTokenCount\":10,\"cachedContentTokenCount\":4,\"candidatesTokenCount\":5,"
     "\"thoughtsTokenCount\":7,\"toolUsePromptTokenCount\":3,\"totalTokenCount\":25}",
     13, 4, 12, 7, false},
    {"{\"inputTokens\":10,\"outputTokens\":5,\"totalTokens\":15}", 10, 0, 5, 0, false},
    {"{\"prompt_eval_count\":10,\"eval_count\":5}", 10, 0, 5, 0, false},
};

static void reads_usage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof usables / sizeof *usables; i++) {
        struct meter meter = {0};
        struct json_value usage = parse(slice_of(usables[i].usage));
        if (!meter_read_usage(&meter, &usage))
            fail_msg("not usable: %s", usables[i].usage);
        int64_t prompt =
            meter.prompt_reported ? meter.tokens.input + meter.tokens.cached_input : -1;
        int64_t output = meter.reported ? meter.tokens.output : -1;
        if (prompt != usables[i].prompt || meter.tokens.cached_input != usables[i].cached ||
            output != usables[i].output || meter.reasoning_tokens != usables[i].reasoning ||
            meter.flawed != usables[i].flawed)
            fail_msg("%lld in, %lld of them cached, %lld out, %lld reasoning%s: %s",
                     (long long)prompt, (long long)meter.tokens.cached_input, (long long)output,
                     (long long)meter.reasoning_tokens, meter.flawed ? ", flawed" : "",
                     usables[i].usage);
    }
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

/* Usage outside its usual place. */
static void finds_usage(void **state)
{
    (void)state;
    static const char *const places[] = {
        "{\"choices\":[],\"x_groq\":{\"id\":\"r\",\"usage\":{" COUNTS "}}}",
        "{\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":5}}",
        "{\"usage_metadata\":{\"prompt_token_count\":10,\"candidates_token_count\":5}}",
        "{\"message\":{\"usage\":{\"input_tokens\":10,\"output_tokens\":5}}}",
        "{\"response\":{\"usage\":{\"input_tokens\":10,\"output_tokens\":5}}}",
        "{\"meta\":{\"billed_units\":{\"input_tokens\":10,\"output_tokens\":5}}}",
        "{\"prompt_eval_count\":10,\"eval_count\":5,\"done\":true}",
        "{\"timings\":{\"prompt_n\":7,\"cache_n\":3,\"predicted_n\":5,\"predicted_ms\":1.5}}",
    };
    static const char *const none[] = {"{}", "{\"choices\":[]}", "{\"x_groq\":{\"id\":\"r\"}}",
                                       "{\"timings\":{\"prompt_ms\":1}}", "{\"message\":{}}"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct meter meter = {0};
        struct json_value root = parse(slice_of(places[i]));
        if (!meter_find_usage(&meter, &root))
            fail_msg("not found: %s", places[i]);
        assert_int_equal(meter.tokens.input + meter.tokens.cached_input, 10);
        assert_int_equal(meter.tokens.output, 5);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct meter meter = {0};
        struct json_value root = parse(slice_of(none[i]));
        assert_false(meter_find_usage(&meter, &root));
    }
    struct meter meter = {0}; /* Moonshot's, in the choice */
    struct completion chunk;
    assert_true(completion_read(
        slice_of("{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\",\"usage\":{" COUNTS
                 "}}]}"),
        &chunk));
    meter_read_choices(&meter, &chunk.choices);
    assert_true(meter.reported);
}

/* ---- choices ---- */

static const struct {
    const char *root;
    int64_t bytes;
    const char *finish_reason; /* NULL: not finished */
} choices[] = {
    {"{}", 0, NULL},
    {"[]", 0, NULL},
    {"null", 0, NULL},
    {"{\"choices\":null}", 0, NULL},
    {"{\"choices\":{}}", 0, NULL},
    {"{\"choices\":[]}", 0, NULL},
    {"{\"choices\":[null,1,\"x\",[]]}", 0, NULL},
    {"{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}", 0, NULL},
    {"{\"choices\":[{\"delta\":{\"content\":\"hello\"}}]}", 5, NULL},
    {"{\"choices\":[{\"delta\":{\"content\":\"\\u00e9\\ud83d\\ude00\\n\"}}]}", 2 + 4 + 1, NULL},
    {"{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"hello\"},"
     "\"finish_reason\":\"stop\"}]}",
     5, "stop"},
    {"{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}", 0, "length"},
    {"{\"choices\":[{\"delta\":{},\"finish_reason\":null}]}", 0, NULL},
    {"{\"choices\":[{\"delta\":{},\"finish_reason\":5}]}", 0, NULL},
    {"{\"choices\":[{\"delta\":null,\"finish_reason\":\"stop\"}]}", 0, "stop"},
    {"{\"choices\":[{\"delta\":\"hello\"}]}", 0, NULL},
    {"{\"choices\":[{\"delta\":{\"content\":null,\"refusal\":\"no\"}}]}", 2, NULL},
    {"{\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\",\"content\":\"ok\"}}]}", 4, NULL},
    /* The same in three ways: counted once. */
    {"{\"choices\":[{\"delta\":{\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":"
     "\"hmm\"}],\"content\":\"ok\",\"reasoning_content\":\"hmm\",\"reasoning\":\"hmm\"}}]}",
     2 + 3, NULL},
    {"{\"choices\":[{\"message\":{\"reasoning_details\":[{\"type\":\"x\",\"text\":\"hmm\"}],"
     "\"content\":\"\",\"reasoning_content\":null}}]}",
     3, NULL},
    {"{\"choices\":[{\"delta\":{\"thinking_blocks\":[{\"type\":\"thinking\",\"thinking\":\"hmm\"}],"
     "\"reasoning_content\":\"hmm\",\"provider_specific_fields\":{\"thinking_blocks\":"
     "[\"hmm\"]}}}]}",
     3, NULL},
    /* Labels, and what no model has said. */
    {"{\"choices\":[{\"delta\":{\"id\":\"msg_1\",\"type\":\"message\",\"name\":\"bot\","
     "\"annotations\":[{\"url\":\"x\"}],\"audio\":{\"id\":\"audio_1\"}}}]}",
     0, NULL},
    {"{\"choices\":[{\"delta\":{\"content\":[{\"type\":\"x\",\"text\":\"abc\"}]}}]}", 3, NULL},
    {"{\"choices\":[{\"text\":\"abc\"}]}", 3, NULL},
    {"{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1234\",\"type\":"
     "\"custom\",\"custom\":{\"name\":\"f\",\"input\":\"abc\"}}]}}]}",
     1 + 3, NULL},
    {"{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1234\",\"type\":"
     "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]}}]}",
     1 + 7, NULL},
    {"{\"choices\":[{\"delta\":{\"tool_calls\":{}}},{\"delta\":{\"tool_calls\":[1,null,{}]}}]}", 0,
     NULL},
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
        struct token_prices prices;
        struct token_counts tokens;
        int64_t margin_ppm, held_nusd;
        struct meter_price price;
    } cases[] = {
        {{0, 0, 0}, {1000, 0, 500}, 200000, 0, {0, 0, 0}},
        {{150000, 75000, 600000}, {1000, 0, 500}, 200000, 1000000, {450000, 540000, 0}},
        {{150000, 75000, 600000}, {0, 1000, 500}, 200000, 1000000, {375000, 450000, 0}},
        {{150000, 75000, 600000}, {1000, 0, 500}, 200000, 540000, {450000, 540000, 0}},
        {{150000, 75000, 600000}, {1000, 0, 500}, 200000, 539999, {450000, 539999, 1}},
        {{150000, 75000, 600000}, {1000, 0, 500}, 200000, 0, {450000, 0, 540000}},
        {{1, 1, 1}, {1, 0, 0}, 0, 10, {1, 1, 0}}, /* a pico-USD is rounded up */
        {{1, 1, 1}, {1, 0, 0}, 100000000, 10, {1, 1, 0}},
        {{0, 0, 0}, {0, 0, 0}, 100000000, 10, {0, 0, 0}},
        {{MONEY_PRICE_MAX_PUSD, 0, MONEY_PRICE_MAX_PUSD},
         {MONEY_TOKENS_MAX, 0, MONEY_TOKENS_MAX},
         MONEY_MARGIN_MAX_PPM,
         5,
         {MONEY_AMOUNT_MAX_NUSD, 5, MONEY_AMOUNT_MAX_NUSD - 5}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct meter_price price;
        meter_price(&cases[i].prices, &cases[i].prices, &cases[i].tokens, cases[i].margin_ppm,
                    cases[i].held_nusd, &price);
        assert_int_equal(price.cost_nusd, cases[i].price.cost_nusd);
        assert_int_equal(price.charge_nusd, cases[i].price.charge_nusd);
        assert_int_equal(price.overrun_nusd, cases[i].price.overrun_nusd);
    }
    /* Another candidate than the published one: its cost, the published price. */
    const struct token_prices dear = {300000, 300000, 900000};
    const struct token_prices published = {150000, 75000, 600000};
    const struct token_counts tokens = {1000, 0, 500};
    struct meter_price price;
    meter_price(&dear, &published, &tokens, 200000, 1000000, &price);
    assert_int_equal(price.cost_nusd, 750000);
    assert_int_equal(price.charge_nusd, 540000);
}

/* ---- the cost in a usage object ---- */

/* `text` has the usage object as its member "usage"; the edited text is the caller's to free. */
static char *with_cost(const char *text, int64_t charge_nusd)
{
    struct json_edit edits[COST_EDITS_MAX];
    char number[COST_NUMBER_BYTES];
    struct json_value root = parse(slice_of(text));
    struct json_value usage;
    struct buffer out;
    assert_int_equal(json_find(&root, "usage", &usage), 1);
    size_t count = cost_edits(slice_of(text), &usage, charge_nusd, number, edits);
    assert_in_range(count, 1, COST_EDITS_MAX);
    buffer_init(&out, 1 << 20);
    assert_true(json_apply_edits(slice_of(text), edits, count, &out));
    parse(buffer_slice(&out));
    buffer_append_char(&out, '\0');
    return out.data;
}

static const struct {
    const char *before, *after;
} costs[] = {
    {"{}", "{\"cost\":0.00054}"},
    {"{ }", "{\"cost\":0.00054 }"},
    {"{\n}", "{\"cost\":0.00054\n}"},
    {"{" COUNTS "}", "{\"cost\":0.00054," COUNTS "}"},
    {"{ " COUNTS " }", "{\"cost\":0.00054, " COUNTS " }"},
    /* a cost that is there */
    {"{\"cost\":1}", "{\"cost\":0.00054}"},
    {"{\"cost\":null}", "{\"cost\":0.00054}"},
    {"{ \"cost\" : 1.5e-7 }", "{ \"cost\" : 0.00054 }"},
    {"{\"cost\":{\"usd\":1}," COUNTS "}", "{\"cost\":0.00054," COUNTS "}"},
    {"{" COUNTS ",\"cost\":\"free\"}", "{" COUNTS ",\"cost\":0.00054}"},
    {"{" COUNTS ",\"c\\u006fst\":1}", "{" COUNTS ",\"c\\u006fst\":0.00054}"},
    {"{\"x\":{\"c\":1},\"cos\":2}", "{\"cost\":0.00054,\"x\":{\"c\":1},\"cos\":2}"},
    /* other prices, by other names */
    {"{\"x\":[{\"cost\":1}],\"estimated_cost\":0.5,\"y\":2}",
     "{\"cost\":0.00054,\"x\":[{\"cost\":null}],\"estimated_cost\":null,\"y\":2}"},
    {"{\"cost_in_usd_ticks\":5,\"cost\":1,\"unitPrice\":{\"usd\":1}}",
     "{\"cost_in_usd_ticks\":null,\"cost\":0.00054,\"unitPrice\":null}"},
    {"{\"cost_details\":{\"cost\":1},\"totalCost\":1}", "{\"cost\":0.00054,\"totalCost\":null}"},
    {"{\"cost1\":1,\"cost2\":1,\"cost3\":1,\"cost4\":1,\"cost5\":1,\"cost6\":1,\"cost7\":1,"
     "\"cost8\":1,\"cost9\":1,\"cost10\":1,\"cost11\":1,\"cost12\":1,\"cost13\":1,\"cost14\":1,"
     "\"cost15\":1,\"cost16\":1}",
     "{\"cost\":0.00054}"},
    /* what the provider paid: the only member, the first, the last, between */
    {"{\"cost_details\":{\"upstream\":1}}", "{\"cost\":0.00054}"},
    {"{ \"cost_details\" : {} }", "{\"cost\":0.00054}"},
    {"{\"cost_details\":{}," COUNTS "}", "{\"cost\":0.00054," COUNTS "}"},
    {"{ \"cost_details\" : {} , " COUNTS " }", "{\"cost\":0.00054, " COUNTS " }"},
    {"{" COUNTS ",\"cost_details\":null}", "{\"cost\":0.00054," COUNTS "}"},
    {"{ " COUNTS " , \"cost_details\" : [ ] }", "{\"cost\":0.00054, " COUNTS " }"},
    {"{\"a\":1,\"cost_details\":{\"a\":1},\"b\":2}", "{\"cost\":0.00054,\"a\":1,\"b\":2}"},
    {"{\"a\":1,\"cost\\u005fdetails\":1}", "{\"cost\":0.00054,\"a\":1}"},
    /* both */
    {"{\"cost\":1,\"cost_details\":{}}", "{\"cost\":0.00054}"},
    {"{\"cost_details\":{},\"cost\":1}", "{\"cost\":0.00054}"},
    {"{ \"cost\" : 1 , \"cost_details\" : {} }", "{ \"cost\" : 0.00054 }"},
    {"{ \"cost_details\" : {} , \"cost\" : 1 }", "{ \"cost\" : 0.00054 }"},
    {"{\"cost\":1," COUNTS ",\"cost_details\":{}}", "{\"cost\":0.00054," COUNTS "}"},
    {"{\"cost_details\":{}," COUNTS ",\"cost\":1}", "{" COUNTS ",\"cost\":0.00054}"},
    {"{\"a\":1,\"cost_details\":{},\"cost\":1,\"b\":2}", "{\"a\":1,\"cost\":0.00054,\"b\":2}"},
    {"{\"a\":1,\"cost\":1,\"cost_details\":{},\"b\":2}", "{\"a\":1,\"cost\":0.00054,\"b\":2}"},
};

static void puts_the_cost_in(void **state)
{
    (void)state;
    static const char *const around[][2] = {
        {"{\"usage\":", "}"},
        {" { \"id\" : 9007199254740993 , \"usage\" : ", " , \"cost\" : 7 , \"x\" : [ ] } "},
        {"{\"cost_details\":{},\"choices\":[],\"usage\":", ",\"cost\":{}}\n"},
    };
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
        for (size_t j = 0; j < sizeof around / sizeof *around; j++) {
            char before[512];
            char after[512];
            snprintf(before, sizeof before, "%s%s%s", around[j][0], costs[i].before, around[j][1]);
            snprintf(after, sizeof after, "%s%s%s", around[j][0], costs[i].after, around[j][1]);
            char *got = with_cost(before, 540000);
            if (strcmp(got, after) != 0)
                fail_msg("\n     of %s\n    got %s\nwant to %s", before, got, after);
            free(got);
        }
    }
}

static void writes_every_amount(void **state)
{
    (void)state;
    static const struct {
        int64_t nusd;
        const char *text;
    } cases[] = {
        {0, "{\"usage\":{\"cost\":0}}"},
        {1, "{\"usage\":{\"cost\":0.000000001}}"},
        {INT64_C(1000000000), "{\"usage\":{\"cost\":1}}"},
        {MONEY_AMOUNT_MAX_NUSD - 1, "{\"usage\":{\"cost\":999999999.999999999}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = with_cost("{\"usage\":{}}", cases[i].nusd);
        assert_string_equal(got, cases[i].text);
        free(got);
    }
}

/* Whatever a provider does, it does not get its price through: no member is there twice. */
static void hides_a_price_said_twice(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{\"usage\":{\"cost\":0.111,\"a\":1,\"cost\":0.111}}",
        "{\"usage\":{\"cost\":0.111,\"c\\u006fst\":0.111}}",
        "{\"usage\":{\"cost_details\":0.111,\"cost_details\":{\"x\":0.111}}}",
        "{\"usage\":{\"cost\":0.111,\"cost_details\":0.111,\"a\":1,\"cost_details\":0.111}}",
        "{\"usage\":{\"cost_details\":0.111,\"cost\":0.111,\"cost\":0.111,\"cost\":0.111}}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = with_cost(cases[i], 540000);
        if (strstr(got, "0.111") != NULL || strstr(got, "\"cost\":0.00054") == NULL)
            fail_msg("%s", got);
        free(got);
    }
}

static void random_usages_keep_the_rest(void **state)
{
    (void)state;
    static const char *const spaces[] = {"", "", "", " ", "\n\t", "\r\n  "};
    struct dice dice = dice_make();
#define SPACE spaces[dice_below(&dice, sizeof spaces / sizeof *spaces)]
    for (int round = 0; round < 20000; round++) {
        const char *members[] = {
            "\"a\":1",
            "\"b\":{\"cos\":2,\"t_details\":3}",
            "\"c\":\",}{\"",
            dice_below(&dice, 2) == 0 ? "\"d\":[]" : "\"cost\":0.111",
            dice_below(&dice, 2) == 0 ? "\"e\":null" : "\"cost_details\":{\"f\":[0.111,{}]}",
        };
        char text[1024] = "{\"usage\":{";
        size_t at = strlen(text);
        size_t left = dice_below(&dice, 6);
        char kept[1024] = ""; /* what must be left, one after the other */
        for (bool first = true; left > 0; left--, first = false) {
            size_t chosen = dice_below(&dice, left);
            at += (size_t)sprintf(text + at, "%s%s%s%s", first ? "" : ",", SPACE, members[chosen],
                                  SPACE);
            if (strstr(members[chosen], "0.111") == NULL)
                strcat(kept, members[chosen]);
            members[chosen] = members[left - 1];
        }
        sprintf(text + at, "%s},\"cost\":1}", SPACE);
        char *got = with_cost(text, 540000);
        struct json_value root = parse(slice_of(got));
        struct json_value usage;
        struct json_item item;
        char found[1024] = "";
        unsigned paid = 0;
        json_find(&root, "usage", &usage);
        for (struct json_walk walk = json_walk(&usage); json_next(&walk, &item);) {
            if (json_key_is(item.key, "cost") && slice_equals(item.value.raw, "0.00054"))
                paid++;
            else
                sprintf(found + strlen(found), "\"%.*s\":%.*s", (int)item.key.bytes, item.key.data,
                        (int)item.value.raw.bytes, item.value.raw.data);
        }
        if (paid != 1 || strcmp(found, kept) != 0)
            fail_msg("\n     of %s\n    got %s", text, got);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_usage),
        cmocka_unit_test(refuses_what_is_no_usage),
        cmocka_unit_test(a_count_is_not_taken_back),
        cmocka_unit_test(finds_usage),
        cmocka_unit_test(reads_choices),
        cmocka_unit_test(estimates),
        cmocka_unit_test(estimates_of_output),
        cmocka_unit_test(prices),
        cmocka_unit_test(puts_the_cost_in),
        cmocka_unit_test(writes_every_amount),
        cmocka_unit_test(hides_a_price_said_twice),
        cmocka_unit_test(random_usages_keep_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
