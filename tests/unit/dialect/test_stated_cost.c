/* What a provider says that it charges: read exactly and rounded up once, wherever the policy says
 * that it stands; no amount is left in what the client gets. */

#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "dialect/stated_cost.h"

static const struct stated_cost_paths usd = {.count = 1, .list = {{.path = "usage.cost"}}};
static const struct stated_cost_paths ticks = {
    .count = 1, .list = {{.path = "usage.cost_in_usd_ticks", .decimals = 10}}};
static const struct stated_cost_paths openrouter = {
    .count = 2,
    .list = {{.path = "usage.cost"},
             {.path = "usage.cost_details.upstream_inference_cost", .only_if = "usage.is_byok"}}};
static const struct stated_cost_paths outside = {
    .count = 1, .list = {{.path = "provider_metadata.gateway.cost"}}};

/* One path leads through what the other names. */
static const struct stated_cost_paths within = {
    .count = 2, .list = {{.path = "usage.cost.total"}, {.path = "usage.cost"}}};

enum { MALFORMED = -1, SILENT = -2 };

static int64_t read_cost(const struct stated_cost_paths *paths, const char *text)
{
    struct json_value root;
    struct fault fault;
    struct stated_cost cost = {.came = false};
    assert_true(json_parse(slice_of(text), 64, &root, &fault));
    if (!stated_cost_read(paths, &root, &cost)) {
        assert_false(cost.came);
        return SILENT;
    }
    assert_true(cost.came);
    return cost.malformed ? MALFORMED : cost.nusd;
}

static void assert_cost(const struct stated_cost_paths *paths, const char *format,
                        const char *amount, int64_t wanted)
{
    char text[512];
    snprintf(text, sizeof text, format, amount);
    int64_t got = read_cost(paths, text);
    if (got != wanted)
        fail_msg("%s: %lld, not %lld", text, (long long)got, (long long)wanted);
}

static void amounts_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *amount;
        int64_t nusd;
    } cases[] = {
        {"0", 0},
        {"0.0", 0},
        {"0e999", 0},
        {"0.95", 950000000},
        {"1", 1000000000},
        {"0.000000001", 1},
        {"0.0000000010", 1},
        {"1e-9", 1},
        {"1E-09", 1},
        {"10.0e-10", 1},
        {"0.00014", 140000},
        {"1.4e-4", 140000},
        {"1.40E-4", 140000},
        {"14000e-8", 140000},
        /* rounded up, once */
        {"0.0000000000001", 1},
        {"1e-27", 1},
        {"1e-40", 1},
        {"1e-999", 1},
        {"0.0000000010000000000000000000000001", 2},
        {"0.0012345678900000001", 1234568},
        {"0.00123456789", 1234568},
        {"0.001234568", 1234568},
        /* doubles, as JSON.stringify writes them */
        {"0.30000000000000004", 300000001},
        {"1.2300000000000001e-05", 12301},
        {"1.23e-05", 12300},
        {"\"0.0045405\"", 4540500},
        {"1000000000", MONEY_AMOUNT_MAX_NUSD},
        {"1e9", MONEY_AMOUNT_MAX_NUSD},
        {"1000000000.0000000001", MALFORMED},
        {"1e10", MALFORMED},
        {"1e999", MALFORMED},
        {"1e1000", MALFORMED},
        {"99999999999999999999999999999999999999999999999", MALFORMED},
        {"-1", MALFORMED},
        {"-0.5", MALFORMED},
        {"-0", MALFORMED},
        {"true", MALFORMED},
        {"{}", MALFORMED},
        {"[1]", MALFORMED},
        {"\"\"", MALFORMED},
        {"\"free\"", MALFORMED},
        {"\"1.\"", MALFORMED},
        {"\"1,5\"", MALFORMED},
        {"\" 1\"", MALFORMED},
        {"\"0x10\"", MALFORMED},
        {"\"1e\"", MALFORMED},
        {"\"$1\"", MALFORMED},
        {"null", SILENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_cost(&usd, "{\"usage\":{\"cost\":%s}}", cases[i].amount, cases[i].nusd);
    assert_cost(&usd, "{\"usage\":{}}%s", "", SILENT);
    assert_cost(&usd, "{\"usage\":null}%s", "", SILENT);
    assert_cost(&usd, "{\"usage\":7}%s", "", SILENT);
    assert_cost(&usd, "{\"cost\":%s}", "1", SILENT);
}

/* A tick is 10^-10 USD. */
static void ticks_are_read(void **state)
{
    (void)state;
    static const char form[] = "{\"usage\":{\"cost_in_usd_ticks\":%s}}";
    assert_cost(&ticks, form, "10", 1);
    assert_cost(&ticks, form, "1", 1);
    assert_cost(&ticks, form, "11", 2);
    assert_cost(&ticks, form, "37756000", 3775600);
    assert_cost(&ticks, form, "9223372036854775807", INT64_C(922337203685477581));
    assert_cost(&ticks, form, "-10", MALFORMED);
}

/* With a key of one's own OpenRouter takes a fee, and the provider takes its price. */
static void amounts_add_up(void **state)
{
    (void)state;
    static const char form[] = "{\"usage\":{\"cost\":0.05,\"is_byok\":%s,"
                               "\"cost_details\":{\"upstream_inference_cost\":0.95}}}";
    assert_cost(&openrouter, form, "true", 1000000000);
    assert_cost(&openrouter, form, "false", 50000000);
    assert_cost(&openrouter, form, "null", 50000000);
    /* The sum is rounded, not its parts. */
    static const char halves[] = "{\"usage\":{\"cost\":0.0000000005,\"is_byok\":true,"
                                 "\"cost_details\":{\"upstream_inference_cost\":%s}}}";
    assert_cost(&openrouter, halves, "5e-10", 1);
    assert_cost(&openrouter, halves, "5.1e-10", 2);
    assert_cost(&openrouter, halves, "null", 1);
    assert_cost(&openrouter, halves, "-1", MALFORMED);
    assert_cost(&openrouter,
                "{\"usage\":{\"is_byok\":true,"
                "\"cost_details\":{\"upstream_inference_cost\":%s}}}",
                "1", SILENT);
}

static void what_is_said_twice_is_malformed(void **state)
{
    (void)state;
    assert_int_equal(read_cost(&usd, "{\"usage\":{\"cost\":1,\"cost\":1}}"), MALFORMED);
    assert_int_equal(read_cost(&usd, "{\"usage\":{\"cost\":1,\"c\\u006fst\":null}}"), MALFORMED);
    assert_int_equal(read_cost(&outside, "{\"provider_metadata\":{\"gateway\":{\"cost\":1}},"
                                         "\"provider_metadata\":{\"gateway\":{\"cost\":1}}}"),
                     MALFORMED);
}

/* ---- hiding ---- */

/* With an index, as bodies are read, or without, as events are. */
static void parse(struct slice text, struct json_index *index, struct json_value *root)
{
    struct fault fault;
    if (index != NULL)
        assert_true(json_parse_indexed(text, 64, 16, index, root, &fault));
    else
        assert_true(json_parse(text, 64, root, &fault));
}

/* `holder`: the member that the paths begin at; NULL: the root. */
static char *hidden_in(const struct stated_cost_paths *paths, const char *holder, const char *text,
                       struct json_index *index)
{
    struct buffer now;
    struct json_value root;
    buffer_init(&now, 100000);
    buffer_append_text(&now, text);
    for (int round = 0;; round++) {
        struct buffer next;
        assert_true(round < 2); /* at one go */
        parse(buffer_slice(&now), index, &root);
        struct json_value held = root;
        if (holder != NULL)
            assert_int_equal(json_find(&root, holder, &held), 1);
        if (!stated_cost_hide(paths, buffer_slice(&now), &root, &held, &next))
            break;
        buffer_fini(&now);
        now = next;
    }
    buffer_append_char(&now, '\0');
    assert_false(now.failed);
    char *out = strdup(now.data);
    buffer_fini(&now);
    return out;
}

static char *hidden(const struct stated_cost_paths *paths, const char *text)
{
    return hidden_in(paths, NULL, text, NULL);
}

static void assert_hidden(const struct stated_cost_paths *paths, const char *before,
                          const char *after)
{
    static struct json_index index;
    char *got = hidden(paths, before);
    assert_string_equal(got, after);
    free(got);
    got = hidden_in(paths, NULL, before, &index);
    assert_string_equal(got, after);
    free(got);
}

static void no_amount_is_left(void **state)
{
    (void)state;
    assert_hidden(&usd, "{ \"usage\" : {\"a\":9007199254740993, \"cost\" : 1.5e-3 } }",
                  "{ \"usage\" : {\"a\":9007199254740993, \"cost\" : null } }");
    assert_hidden(&usd, "{\"usage\":{\"cost\":{\"total\":1}}}", "{\"usage\":{\"cost\":null}}");
    assert_hidden(&within, "{\"usage\":{\"cost\":{\"total\":1,\"a\":2}}}",
                  "{\"usage\":{\"cost\":null}}");
    assert_hidden(&openrouter,
                  "{\"usage\":{\"cost_details\":{\"upstream_inference_cost\":2,\"b\":3},"
                  "\"cost\":1}}",
                  "{\"usage\":{\"cost_details\":null,\"cost\":null}}");
    assert_hidden(&outside, "{\"choices\":[],\"provider_metadata\":{\"gateway\":{\"cost\":\"1\"}}}",
                  "{\"choices\":[],\"provider_metadata\":{\"gateway\":{\"cost\":null}}}");
    assert_hidden(&outside, "{\"provider_metadata\":[1]}", "{\"provider_metadata\":[1]}");
}

/* A path begins where the answer begins: inside an event. */
static void paths_begin_at_the_holder(void **state)
{
    (void)state;
    static const struct stated_cost_paths neutral = {.count = 1, .list = {{.path = "usage.x"}}};
    char *got = hidden_in(&neutral, "response",
                          "{\"usage\":{\"x\":7},\"response\":{\"usage\":{\"x\":0.1}}}", NULL);
    assert_string_equal(got, "{\"usage\":{\"x\":7},\"response\":{\"usage\":{\"x\":null}}}");
    free(got);
}

/* What a provider has stated is not told under another name. */
static void repeated_by_other_names(void **state)
{
    (void)state;
    assert_hidden(&usd, "{\"usage\":{\"cost\":0.00298,\"n\":[0.00298,0.0029]},\"x\":\"$0.00298\"}",
                  "{\"usage\":{\"cost\":null,\"n\":[null,0.0029]},\"x\":null}");
    assert_hidden(&usd, "{\"usage\":{\"cost\":\"0.00298\"},\"total\":0.00298}",
                  "{\"usage\":{\"cost\":null},\"total\":null}");
    /* What the model says stays, and what stands there by accident. */
    assert_hidden(&usd, "{\"usage\":{\"cost\":0.00298},\"content\":\"0.00298\"}",
                  "{\"usage\":{\"cost\":null},\"content\":\"0.00298\"}");
    assert_hidden(&usd, "{\"usage\":{\"cost\":0.95},\"top_p\":0.95}",
                  "{\"usage\":{\"cost\":null},\"top_p\":0.95}");
}

/* However often it stands there. */
static void repeated_amounts_are_hidden(void **state)
{
    (void)state;
    char text[4096] = "{\"usage\":{\"cost\":0.111";
    for (int i = 0; i < 100; i++)
        strcat(text, i % 2 ? ",\"cost\":0.111" : ",\"c\\u006fst\":\"0.111\"");
    strcat(text, "},\"usage\":{\"cost\":0.111}}");
    char *got = hidden(&usd, text);
    assert_null(strstr(got, "0.111"));
    free(got);
}

/* Wherever a provider puts its price, and whether or not the policy believes it. */
static void prices_are_hidden_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"{\"cost\":1,\"choices\":[]}", "{\"cost\":null,\"choices\":[]}"},
        {"{\"id\":\"c\",\"total_cost\" : \"0.5\" }", "{\"id\":\"c\",\"total_cost\" : null }"},
        {"{\"choices\":[{\"usage\":{\"cost\":1,\"n\":2}}]}",
         "{\"choices\":[{\"usage\":{\"cost\":null,\"n\":2}}]}"},
        {"{\"choices\":[{\"message\":{\"content\":\"a\",\"usage\":{\"cost\":1}}}]}",
         "{\"choices\":[{\"message\":{\"content\":\"a\",\"usage\":{\"cost\":null}}}]}"},
        {"{\"choices\":[{\"delta\":{\"cost\":1}}]}", "{\"choices\":[{\"delta\":{\"cost\":null}}]}"},
        {"{\"x_groq\":{\"usage\":{\"estimatedCost\":1e-5}}}",
         "{\"x_groq\":{\"usage\":{\"estimatedCost\":null}}}"},
        {"{\"cost_details\":{\"upstream\":1},\"a\":1}", "{\"cost_details\":null,\"a\":1}"},
        {"{\"usage\":{\"cost_in_usd_ticks\":5,\"unitPrice\":{\"usd\":1}}}",
         "{\"usage\":{\"cost_in_usd_ticks\":null,\"unitPrice\":null}}"},
        {"{\"usage\":[{\"cost\":1}]}", "{\"usage\":[{\"cost\":null}]}"},
        {"{\"meta\":{\"usage\":{\"credits_used\":12,\"usd_spent\":0.1}}}",
         "{\"meta\":{\"usage\":{\"credits_used\":null,\"usd_spent\":null}}}"},
        {"{\"_hidden_params\":{\"response_cost\":1,\"model_id\":\"7\"}}",
         "{\"_hidden_params\":{\"response_cost\":null,\"model_id\":\"7\"}}"},
        {"{\"usage\":{\"cache_discount\":-0.1,\"TOTALCOST\":1,\"COST\":2}}",
         "{\"usage\":{\"cache_discount\":null,\"TOTALCOST\":null,\"COST\":null}}"},
        {"{\"x_pricing\":{\"amount\":1,\"remainingBalance\":9}}", "{\"x_pricing\":null}"},
        {"{\"gateway\":{\"remainingBalance\":9,\"marketCost\":\"$0.1\"}}",
         "{\"gateway\":{\"remainingBalance\":null,\"marketCost\":null}}"},
        {"{\"metadata\":{\"cost\":0.1,\"cost_center\":\"4711\"}}",
         "{\"metadata\":{\"cost\":null,\"cost_center\":\"4711\"}}"},
        {"{\"a\":[[{\"b\":{\"cost\":1}}]],\"cost\":2}",
         "{\"a\":[[{\"b\":{\"cost\":null}}]],\"cost\":null}"},
        {"{\"x\":{\"amount\":1,\"amountDue\":\"$2\"}}",
         "{\"x\":{\"amount\":null,\"amountDue\":null}}"},
        /* names with escapes */
        {"{\"c\\u006fst\":1,\"\\u0063ost\":2,\"a\":\"b\\n\"}",
         "{\"c\\u006fst\":null,\"\\u0063ost\":null,\"a\":\"b\\n\"}"},
        {"{\"usage\":{\"total\\u005Fcost\" : 1,\"\\u0055S\\u0044\":2,\"a\\u002fb\":3}}",
         "{\"usage\":{\"total\\u005Fcost\" : null,\"\\u0055S\\u0044\":null,\"a\\u002fb\":3}}"},
        /* behind and between long texts */
        {"{\"a\":\"a long text, \\\"cost\\\": 1\",\"cost\":1,\"b\":\"another long text\"}",
         "{\"a\":\"a long text, \\\"cost\\\": 1\",\"cost\":null,\"b\":\"another long text\"}"},
        {"{\"a\":[\"a long text, too\",{\"b\":\"another long text\"}],\"cost\":1}",
         "{\"a\":[\"a long text, too\",{\"b\":\"another long text\"}],\"cost\":null}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_hidden(NULL, cases[i].before, cases[i].after);
        assert_hidden(&usd, cases[i].before, cases[i].after);
    }
}

/* What a model says and finds, and what a client had asked for, may name prices. */
static void words_of_others_stay(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{\"choices\":[{\"message\":{\"content\":\"{\\\"cost\\\":1}\"}}]}",
        "{\"choices\":[{\"message\":{\"content\":[{\"type\":\"x\",\"price\":1}]}}]}",
        "{\"choices\":[{\"message\":{\"tool_calls\":[{\"function\":{\"arguments\":"
        "{\"price\":5}}}]}}]}",
        "{\"choices\":[{\"message\":{\"function_call\":{\"arguments\":{\"cost\":5}}}}]}",
        "{\"choices\":[{\"message\":{\"parsed\":{\"price\":5}}}]}",
        "{\"choices\":[{\"logprobs\":{\"top_logprobs\":[{\"cost\":-0.1,\"price\":-2}]}}]}",
        "{\"search_results\":[{\"title\":\"shoes\",\"price\":20}]}",
        "{\"tools\":[{\"parameters\":{\"properties\":{\"price\":{\"type\":\"number\"}}}}]}",
        "{\"choices\":[],\"price_tier\":\"standard\",\"cost\":null,\"charged\":false}",
        "{\"object\":\"chat.completion.chunk\",\"created\":1,\"usage\":null,\"focus\":\"cost\"}",
        "{\"metadata\":{\"cost_center\":\"4711\"}}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_hidden(NULL, cases[i], cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prices_are_hidden_by_name),
        cmocka_unit_test(words_of_others_stay),
        cmocka_unit_test(amounts_are_exact),
        cmocka_unit_test(ticks_are_read),
        cmocka_unit_test(amounts_add_up),
        cmocka_unit_test(what_is_said_twice_is_malformed),
        cmocka_unit_test(no_amount_is_left),
        cmocka_unit_test(repeated_amounts_are_hidden),
        cmocka_unit_test(paths_begin_at_the_holder),
        cmocka_unit_test(repeated_by_other_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
