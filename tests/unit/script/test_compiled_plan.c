/* What policies prepare for C: plans that are kept as long as what decides them is the same, and
 * handles that outlive their VM where somebody still uses them. */
#include "script/compiled_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exchange/rate_limits.h"
#include "policy_fixture.h"
#include "script/asked_servers.h"

#define MODELS                                                                                     \
    "local function model(name, candidates) return { context = 1000, max_output = 100, "           \
    "  input = '1', output = '2', price_by = 'candidate', candidates = candidates } end "          \
    "return { one = model('one', { { provider = 'demo' } }), "                                     \
    "  many = model('many', { { provider = 'shut' }, { provider = 'openai', model = 'a', "         \
    "    input = '3', cached_input = '5', output = '1' }, { provider = 'demo' }, "                 \
    "    { provider = 'openai', model = 'c' }, { provider = 'openai', model = 'd' } }), "          \
    "  shut = model('shut', { { provider = 'shut' } }) }"

#define PROVIDERS                                                                                  \
    "return { demo = { dialect = 'demo' }, shut = { dialect = 'openai', "                          \
    "  base_url = 'http://h/v1' }, openai = { dialect = 'openai', base_url = 'http://h/v1/', "     \
    "  api_key = 'sk-secret', ca_file = '/ca.pem', idle_timeout_ms = 7 } }"

/* Puts what the rules need in front of `code`. */
static void assert_gives(struct vm *vm, const char *code, const char *expected)
{
    char text[4096];
    snprintf(text, sizeof text,
             "local policy = require 'policy' local function prepare(model, group, user) "
             "return policy.prepare { model = model, group = group, user_id = user or 'u', "
             "key_id = 'k', input_tokens = 10 } end %s",
             code);
    fixture_returns(vm, text, expected);
}

static struct vm *make_vm(const char *name, const char *text)
{
    struct fault fault;
    const struct fixture_file files[] = {
        {"providers.lua", PROVIDERS},
        {"models.lua", MODELS},
        {"routes.lua", "return {}"},
        {"limits.lua", "return {}"},
        {"examples.lua", "return {}"},
        {"margins.lua", "return { default = '20%' }"},
        {name, text},
        {NULL, NULL},
    };
    struct vm *vm = fixture_vm(files, &fault);
    if (vm == NULL)
        fail_msg("%s", fault.message);
    return vm;
}

/* ---- plans ---- */

static void test_a_plan_of_tables_is_kept(void **unused)
{
    struct vm *vm =
        make_vm("limits.lua", "return { { scope = 'key', group = 'g', concurrency = 1 } }");
    (void)unused;
    assert_gives(vm, "return tostring(policy.has_rules)", "false");
    assert_gives(vm, "return prepare('many') == prepare('many', 'h', 'another')", "true");
    assert_gives(vm, "return prepare('many') == prepare('one')", "false");
    assert_gives(vm, "return prepare('many', 'g') == prepare('many')", "false");
    assert_gives(vm, "return prepare('many', 'g').limits ~= prepare('many').limits", "true");
    assert_gives(vm,
                 "return prepare('many', 'g').limits == policy.limits { model = 'gone', "
                 "group = 'g' }",
                 "true");
    assert_gives(vm, "return (select(2, prepare('gone')))", "model_not_found");
    assert_gives(vm,
                 "return policy.prepare { model = 'one', key_models = { one = true } } == "
                 "prepare('one')",
                 "true");
    assert_gives(
        vm, "return (select(2, policy.prepare { model = 'one', key_models = { many = true } }))",
        "model_not_allowed");
    vm_unref(vm);
}

static void test_rules_are_asked_each_time(void **unused)
{
    struct vm *vm = make_vm("margins.lua", "local asked = 0 return { default = '1%', rule = "
                                           "function(request) asked = asked + 1 "
                                           "return request.user_id .. asked % 2 .. '%' end }");
    (void)unused;
    assert_gives(vm, "return tostring(policy.has_rules)", "true");
    assert_gives(vm,
                 "local a, b, c = prepare('one', '', '1'), prepare('one', '', '1'), "
                 "prepare('one', '', '1') return a ~= b and a == c",
                 "true");
    assert_gives(vm, "return prepare('one', '', '1') ~= prepare('one', '', '2')", "true");
    assert_gives(
        vm, "local _, code, why = prepare('one', '', 'x') return code .. why",
        "policy_errormargins.lua: rule: the result A margin is a percentage such as 20% or "
        "12.5%, with at most 4 decimals and at most 10000%.");
    vm_unref(vm);
    vm = make_vm("routes.lua", "local asked = 0 return { access = { rule = function() "
                               "asked = asked + 1 return asked % 2 == 1 end } }");
    assert_gives(vm, "return tostring(policy.has_rules)", "true");
    assert_gives(vm,
                 "local function one() local plan, code = prepare('one') "
                 "return plan and 'plan' or code end local a, b, c = one(), one(), one() "
                 "return tostring(a ~= b) .. tostring(a == c)",
                 "truetrue");
    vm_unref(vm);
}

static void test_an_order_is_asked_each_time(void **unused)
{
    struct vm *vm = make_vm("routes.lua", "local asked = 0 return { order = "
                                          "function(request, all) asked = asked + 1 "
                                          "if asked == 3 then return nil end "
                                          "return { all[asked % 2 + 2] } end }");
    (void)unused;
    assert_gives(vm, "return tostring(policy.has_rules)", "true");
    assert_gives(vm,
                 "local a, b, c, d = prepare('many'), prepare('many'), prepare('many'), "
                 "prepare('many') return #a.candidates .. #b.candidates .. #c.candidates .. "
                 "tostring(a.candidates[1] ~= b.candidates[1]) .. "
                 "tostring(d.candidates[1] == b.candidates[1]) .. "
                 "tostring(c.candidates[1] == b.candidates[1])",
                 "114truetruetrue");
    vm_unref(vm);
}

static void test_who_is_tried(void **unused)
{
    struct vm *vm =
        make_vm("routes.lua", "return { retry = { attempts_max = 2, on = { '429' } } }");
    (void)unused;
    assert_gives(vm,
                 "local p = prepare('many') return #p.candidates .. "
                 "tostring(p.retry_on['429']) .. tostring(p.retry_on.connect) .. p.attempts_max",
                 "4truenil2");
    assert_gives(vm, "local p = prepare('shut') return #p.candidates .. p.unavailable_reason",
                 "0provider \"shut\" has no key: its api_key is nil (write false for a server "
                 "without keys)");
    vm_unref(vm);
}

/* ---- handles ---- */

/* What `code` makes, as the last value of the state; the VM stays the owner. */
static lua_State *make_handle(struct vm *vm, const char *code)
{
    lua_State *state = vm_state(vm);
    assert_int_equal(luaL_loadstring(state, code), 0);
    assert_int_equal(lua_pcall(state, 0, 1, 0), 0);
    return state;
}

static void test_a_candidate_outlives_its_policy(void **unused)
{
    struct vm *vm = make_vm("limits.lua", "return {}");
    lua_State *state = make_handle(
        vm, "return require('policy').prepare({ model = 'many', group = '' }).candidates[1]");
    struct candidate *candidate = candidate_ref(compiled_plan_candidate(state, -1));
    (void)unused;
    vm_unref(vm); /* a reload, and the last task has ended */
    assert_int_equal(candidate->references, 1);
    assert_int_equal(candidate->terms.dialect, DIALECT_CHAT);
    assert_int_equal(candidate->terms.dialects,
                     1 << DIALECT_CHAT | 1 << DIALECT_EMBEDDINGS | 1 << DIALECT_MODERATIONS |
                         1 << DIALECT_SPEECH | 1 << DIALECT_IMAGES | 1 << DIALECT_TRANSCRIPTIONS |
                         1 << DIALECT_TRANSLATIONS | 1 << DIALECT_IMAGE_EDITS |
                         1 << DIALECT_IMAGE_VARIATIONS);
    assert_string_equal(candidate->terms.provider, "openai");
    assert_string_equal(candidate->terms.model, "a");
    assert_string_equal(candidate->urls[DIALECT_CHAT], "http://h/v1/chat/completions");
    assert_string_equal(candidate->terms.api_key, "sk-secret");
    assert_string_equal(candidate_key(candidate, DIALECT_CHAT), "Authorization: Bearer sk-secret");
    assert_string_equal(candidate->terms.ca_file, "/ca.pem");
    assert_string_equal(candidate->terms.max_tokens_field, "any");
    assert_int_equal(candidate->terms.prices.input_pusd, 3000000);
    assert_int_equal(candidate->terms.prices.cached_input_pusd, 5000000);
    assert_int_equal(candidate->terms.prices.output_pusd, 1000000);
    assert_int_equal(candidate->terms.margin_ppm, 200000);
    assert_int_equal(candidate->terms.connect_timeout_ms, 5000);
    assert_int_equal(candidate->terms.idle_timeout_ms, 7);
    candidate_unref(candidate);
}

static void test_garbage_gives_its_candidates_back(void **unused)
{
    struct vm *vm = make_vm("margins.lua", "local n = 0 return { default = '1%', rule = function() "
                                           "n = n + 1 return n .. '%' end }");
    lua_State *state =
        make_handle(vm, "for i = 1, 20 do require('policy').prepare({ model = 'one' }) end "
                        "return require('policy').prepare({ model = 'one' }).candidates[1]");
    struct candidate *candidate = candidate_ref(compiled_plan_candidate(state, -1));
    int64_t margin_ppm = candidate->terms.margin_ppm;
    (void)unused;
    assert_true(margin_ppm >= 210000);
    assert_int_equal(candidate->references, 2);
    assert_null(candidate_key(candidate, DIALECT_CHAT));
    assert_true(candidate->terms.demo);
    lua_pop(state, 1);
    vm_collect_anew(vm); /* the 21st margin is not kept */
    while (!vm_collect_some(vm))
        continue;
    assert_int_equal(candidate->references, 1);
    assert_int_equal(candidate->terms.margin_ppm, margin_ppm);
    candidate_unref(candidate);
    vm_unref(vm);
}

static void test_a_hold_covers_the_worst_case(void **unused)
{
    struct vm *vm = make_vm("limits.lua", "return { { scope = 'all', output_tokens_max = 50 } }");
    lua_State *state = make_handle(vm, "return require('policy').prepare({ model = 'many' }).need");
    const struct cost_ceiling *need = compiled_plan_ceiling(state, -1);
    (void)unused;
    assert_int_equal(need->prices.input_pusd, 3000000);
    assert_int_equal(need->prices.cached_input_pusd, 5000000);
    assert_int_equal(need->prices.output_pusd, 2000000);
    assert_int_equal(need->margin_ppm, 200000);
    assert_int_equal(need->context, 1000);
    assert_null(need->asked);
    assert_int_equal(need->image_tokens_max, 0); /* the context */
    assert_int_equal(need->output_tokens_max, 100);
    assert_int_equal(need->output_tokens_allowed, 50);
    assert_false(need->output_hidden);
    assert_int_equal(need->prices.audio_input_pusd, 3000000); /* as its fallback */
    assert_int_equal(need->prices.web_search_pusd, 0);
    assert_int_equal(need->beside.request, 0);
    assert_string_equal(need->sold_features, "");
    vm_unref(vm);
}

/* What has a price of its own, and what costs what its fallback does. */
static void test_prices_by_unit(void **unused)
{
    static const char models[] =
        "return { one = { context = 1000, max_output = 100, input = '1', output = '2', "
        "  cache_write = '1.25', cache_write_long = '3', audio_input = '40', reasoning = '5', "
        "  request = '0.01', web_search = '0.02', web_search_max = 7, "
        "  candidates = { { provider = 'demo' } } } }";
    struct vm *vm = make_vm("models.lua", models);
    lua_State *state = make_handle(vm, "return require('policy').prepare({ model = 'one' }).need");
    const struct cost_ceiling *need = compiled_plan_ceiling(state, -1);
    (void)unused;
    assert_int_equal(need->prices.input_pusd, 1000000);
    assert_int_equal(need->prices.image_input_pusd, 1000000);
    assert_int_equal(need->prices.audio_input_pusd, 40000000);
    assert_int_equal(need->prices.output_pusd, 2000000);
    assert_int_equal(need->prices.request_pusd, 10000000000);
    assert_int_equal(need->beside.web_search, 7);
    assert_int_equal(need->beside.request, 1);
    state = make_handle(vm, "return require('policy').prepare({ model = 'one' }).candidates[1]");
    const struct candidate_terms *terms = &compiled_plan_candidate(state, -1)->terms;
    assert_int_equal(terms->prices.input_pusd, 1000000);
    assert_int_equal(terms->sold.image_input_pusd, 1000000);
    assert_int_equal(terms->sold.audio_output_pusd, 2000000);
    assert_int_equal(terms->priced, 1U << UNIT_INPUT | 1U << UNIT_CACHED_INPUT | 1U << UNIT_OUTPUT |
                                        1U << UNIT_CACHE_WRITE | 1U << UNIT_CACHE_WRITE_LONG |
                                        1U << UNIT_AUDIO_INPUT | 1U << UNIT_REASONING |
                                        1U << UNIT_WEB_SEARCH | 1U << UNIT_REQUEST);
    vm_unref(vm);
}

/* Names, and beginnings of names, as they stand in the model's entry. */
static void test_which_features_are_sold(void **unused)
{
    struct vm *vm =
        make_vm("models.lua",
                "return { m = { context = 1000, max_output = 100, input = '1', output = '2', "
                "candidates = { { provider = 'demo' } }, allow = { 'tools.web_search', "
                "'service_tier.*', 'tools.web*', 'moderation', 'prompt_cache_options.ttl.12h', "
                "'modalities.audio' } } }");
    lua_State *state = make_handle(vm, "return require('policy').prepare({ model = 'm' }).need");
    const struct cost_ceiling *need = compiled_plan_ceiling(state, -1);
    (void)unused;
    assert_string_equal(need->sold_features,
                        "tools.web_search service_tier.* tools.web* moderation "
                        "prompt_cache_options.ttl.12h modalities.audio");
    vm_unref(vm);
}

/* Whose servers are asked, of which candidates: by keys that are the same in another VM. */
static void test_whose_context_is_asked(void **unused)
{
    static const char asked[] =
        "return { demo = { dialect = 'demo' }, shut = { dialect = 'openai', "
        "  base_url = 'http://s/v1' }, openai = { dialect = 'openai', base_url = 'http://h/v1/', "
        "  api_key = false } }";
    struct vm *vm = make_vm("providers.lua", asked);
    lua_State *state = make_handle(vm, "return require('policy').prepare({ model = 'many' }).need");
    const struct cost_ceiling *need = compiled_plan_ceiling(state, -1);
    (void)unused;
    assert_non_null(need->asked);
    assert_int_equal(need->asked->count, 3);
    assert_true(need->asked->others);
    assert_true(need->asked->list[0] == survey_key("http://h/v1", "a"));
    assert_true(need->asked->list[2] == survey_key("http://h/v1", "d"));
    struct survey_list *list = asked_servers(vm);
    assert_int_equal(survey_list_count(list), 1);
    assert_string_equal(survey_list_server(list, 0)->terms.provider, "openai");
    vm_unref(vm);
    assert_string_equal(survey_list_server(list, 0)->terms.base_url, "http://h/v1");
    survey_list_unref(list);
}

#define LIMITS                                                                                     \
    "return { { scope = 'key', requests_per_minute = %d, concurrency = 2 }, "                      \
    "{ scope = 'user', usd_per_day = '3' }, { scope = 'all', tokens_per_day = 4 } }"

static void test_limits_are_known_again_after_a_reload(void **unused)
{
    static const char code[] = "return require('policy').prepare({ model = 'one' }).limits";
    char text[512];
    snprintf(text, sizeof text, LIMITS, 10);
    struct vm *first = make_vm("limits.lua", text);
    snprintf(text, sizeof text, LIMITS, 20);
    struct vm *second = make_vm("limits.lua", text);
    const struct limit_rules *before = compiled_plan_limits(make_handle(first, code), -1);
    const struct limit_rules *after = compiled_plan_limits(make_handle(second, code), -1);
    (void)unused;
    assert_int_equal(before->count, 4);
    assert_int_equal(after->count, 4);
    assert_int_equal(before->list[0].kind, LIMIT_CONCURRENCY);
    assert_int_equal(before->list[0].scope, LIMIT_PER_KEY);
    assert_int_equal(before->list[0].window_ms, 0);
    assert_int_equal(before->list[1].limit, 10);
    assert_int_equal(after->list[1].limit, 20);
    assert_int_equal(before->list[2].scope, LIMIT_FOR_ALL);
    assert_int_equal(before->list[3].limit, 3000000000);
    for (size_t i = 0; i < 4; i++) {
        assert_memory_equal(&before->list[i].place, &after->list[i].place,
                            sizeof before->list[i].place);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(before->list[i].place.low, before->list[j].place.low);
            assert_int_not_equal(before->list[i].place.high, before->list[j].place.high);
        }
    }
    vm_unref(first);
    vm_unref(second);
}

static int take_candidate(lua_State *state)
{
    (void)compiled_plan_candidate(state, 1);
    return 0;
}

static void test_a_handle_is_no_other_handle(void **unused)
{
    static const char *const others[] = {
        "return require('policy').prepare({ model = 'one' }).limits",
        "return require('policy').prepare({ model = 'one' }).need",
        "return 'text'",
        "return nil",
        "return cjson.null",
    };
    struct vm *vm = make_vm("limits.lua", "return {}");
    (void)unused;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        lua_State *state = vm_state(vm);
        lua_pushcfunction(state, take_candidate);
        make_handle(vm, others[i]);
        assert_int_not_equal(lua_pcall(state, 1, 0, 0), 0);
        assert_non_null(strstr(lua_tostring(state, -1), "candidate expected, got "));
        lua_pop(state, 1);
    }
    vm_unref(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_plan_of_tables_is_kept),
        cmocka_unit_test(test_rules_are_asked_each_time),
        cmocka_unit_test(test_an_order_is_asked_each_time),
        cmocka_unit_test(test_who_is_tried),
        cmocka_unit_test(test_a_candidate_outlives_its_policy),
        cmocka_unit_test(test_garbage_gives_its_candidates_back),
        cmocka_unit_test(test_a_hold_covers_the_worst_case),
        cmocka_unit_test(test_prices_by_unit),
        cmocka_unit_test(test_which_features_are_sold),
        cmocka_unit_test(test_whose_context_is_asked),
        cmocka_unit_test(test_limits_are_known_again_after_a_reload),
        cmocka_unit_test(test_a_handle_is_no_other_handle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
