/* What policies mean at request time: plans, prices, margins, access, order, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "policy_fixture.h"
#include "script/policy_check.h"

static void test_shipped_plans(void **unused)
{
    unsetenv("OPENAI_API_KEY");
    unsetenv("OPENAI_BASE_URL");
    struct vm *vm = fixture_vm_with(NULL, NULL);
    (void)unused;
    fixture_gives(vm, "local p = plan { model = 'gpt-4o-mini' } p.limits = nil return show(p)",
                  "{candidates={1={available=false base_url=https://api.openai.com/v1 "
                  "breaker={base_ejection_ms=1000 consecutive_failures=5 failure_percent=50 "
                  "max_ejection_ms=60000 minimum_calls=20} "
                  "buy={cached_input=75000 input=150000 output=600000} choice= "
                  "compacts=true connect_timeout_ms=5000 counts_tokens=true demo=false "
                  "dialect=openai-chat, openai-responses, completions, "
                  "decisions errors_shown=false "
                  "first_byte_timeout_ms=120000 headers= idle_timeout_ms=60000 "
                  "keeps_responses=true "
                  "margin_ppm=200000 max_tokens_field=max_completion_tokens model=gpt-4o-mini "
                  "on_cancel=charge "
                  "pass_headers=3 place=1 provider=openai "
                  "rate_limits={requests={limit=x-ratelimit-limit-requests "
                  "remaining=x-ratelimit-remaining-requests reset=x-ratelimit-reset-requests} "
                  "reset_form=0 tokens={limit=x-ratelimit-limit-tokens "
                  "remaining=x-ratelimit-remaining-tokens reset=x-ratelimit-reset-tokens}} "
                  "sold={cached_input=75000 input=150000 output=600000} sold_features= "
                  "spend_per_day_nusd=0 spoken=129459 spoken_first=0 "
                  "stream_timeout_ms=21600000 "
                  "total_timeout_ms=600000 "
                  "unavailable_reason=provider \"openai\" has no key: environment variable "
                  "OPENAI_API_KEY is not set weight=1}} context=128000 image_tokens_max=48169 "
                  "max_output=16384 model=gpt-4o-mini output_hidden=false "
                  "retry={attempts_max=3 on={429=true 5xx=true "
                  "auth=true connect=true reset=true timeout=true} queue_calls=200 "
                  "queue_wait_ms=10000 repeats=true unknown=true}}");
    fixture_gives(vm,
                  "local lines = {} for _, id in ipairs { 'gpt-4o', 'gpt-4o-mini', 'gpt-4-turbo', "
                  "'gpt-4', 'gpt-3.5-turbo', 'demo' } do local p = plan { model = id } "
                  "local c = p.candidates[1] lines[#lines + 1] = table.concat({ id, c.buy.input, "
                  "c.buy.cached_input, c.buy.output, p.context, p.max_output }, ' ') end "
                  "return table.concat(lines, '\\n')",
                  "gpt-4o 2500000 1250000 10000000 128000 16384\n"
                  "gpt-4o-mini 150000 75000 600000 128000 16384\n"
                  "gpt-4-turbo 10000000 10000000 30000000 128000 4096\n"
                  "gpt-4 30000000 30000000 60000000 8192 8192\n"
                  "gpt-3.5-turbo 500000 500000 1500000 16385 4096\n"
                  "demo 100000 100000 400000 8192 2048");
    fixture_gives(vm, "return show(policy.mounts)",
                  "{cohere={1=/v2 2=/api/v2} dashboard=/api gemini={1=/v1beta 2=/api/v1beta} "
                  "openai={1=/v1 2=/api/v1}}");
    fixture_gives(vm, "return select(2, plan { model = 'gpt-5' })",
                  "model_not_found: The model \"gpt-5\" does not exist.");
    fixture_gives(vm, "return plan { model = 'demo' }.candidates[1].dialect", "demo");
    vm_unref(vm);
}

static void test_providers_from_the_environment(void **unused)
{
    (void)unused;
    setenv("OPENAI_API_KEY", "sk-test", 1);
    setenv("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1//", 1);
    struct vm *vm = fixture_vm_with(NULL, NULL);
    fixture_gives(vm,
                  "local c = plan { model = 'gpt-4o' }.candidates[1] "
                  "return show { c.available, c.api_key, c.base_url, c.unavailable_reason }",
                  "{1=true 2=sk-test 3=http://127.0.0.1:8080/v1}");
    vm_unref(vm);
    setenv("OPENAI_API_KEY", "", 1); /* empty is unset */
    setenv("OPENAI_BASE_URL", "", 1);
    vm = fixture_vm_with(NULL, NULL);
    fixture_gives(vm,
                  "local c = plan { model = 'gpt-4o' }.candidates[1] "
                  "return show { c.available, tostring(c.api_key), c.base_url }",
                  "{1=false 2=nil 3=https://api.openai.com/v1}");
    vm_unref(vm);
    unsetenv("OPENAI_API_KEY");
    unsetenv("OPENAI_BASE_URL");
    vm = fixture_vm_with("providers.lua",
                         "local key = env('NO_SUCH_VARIABLE')\n"
                         "return { openai = { dialect = 'openai', base_url = 'http://h', api_key = "
                         "key }, demo = { dialect = 'openai', base_url = 'HTTP://[::1]:11434/v1', "
                         "api_key = false, idle_timeout_ms = 7 } }");
    fixture_gives(vm, "return plan { model = 'gpt-4o' }.candidates[1].unavailable_reason",
                  "provider \"openai\" has no key: its api_key is nil (write false for a server "
                  "without keys)");
    fixture_gives(vm,
                  "local c = plan { model = 'demo' }.candidates[1] "
                  "return show { c.available, tostring(c.api_key), c.base_url, c.idle_timeout_ms }",
                  "{1=true 2=nil 3=HTTP://[::1]:11434/v1 4=7}");
    vm_unref(vm);
}

/* What the shipped file makes of its addresses. */
static void check_spoken(const char *expected)
{
    struct vm *vm = fixture_vm_with("models.lua", "local function of(name) return { context = 100, "
                                                  "max_output = 10, input = 1, output = 1, "
                                                  "candidates = { { provider = name } } } end "
                                                  "return { o = of 'openai', a = of 'anthropic', "
                                                  "g = of 'gemini' }");
    fixture_gives(vm,
                  "local found = {} for _, id in ipairs { 'o', 'a', 'g' } do "
                  "local c = plan { model = id }.candidates[1] "
                  "found[#found + 1] = c.dialect .. ' ' .. c.base_url end "
                  "return table.concat(found, '\\n')",
                  expected);
    vm_unref(vm);
}

static void test_native_dialects_of_shipped_providers(void **unused)
{
    (void)unused;
    check_spoken("openai-chat, openai-responses, completions, decisions "
                 "https://api.openai.com/v1\n"
                 "anthropic https://api.anthropic.com\n"
                 "gemini https://generativelanguage.googleapis.com");
    setenv("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1", 1);
    setenv("ANTHROPIC_BASE_URL", "https://api.anthropic.com/v1", 1);
    setenv("GEMINI_BASE_URL", "https://generativelanguage.googleapis.com/v1beta/openai/", 1);
    check_spoken("openai http://127.0.0.1:11434/v1\n"
                 "anthropic https://api.anthropic.com/v1\n"
                 "openai https://generativelanguage.googleapis.com/v1beta/openai");
    unsetenv("OPENAI_BASE_URL");
    unsetenv("ANTHROPIC_BASE_URL");
    unsetenv("GEMINI_BASE_URL");
}

static void test_prices_of_candidates(void **unused)
{
    struct vm *vm = fixture_vm_with(
        "models.lua",
        "local function model(t) t.context = 100 t.max_output = 10 return t end\n"
        "return { demo = model { price_by = 'candidate', input = 0.1, output = 1e-6, "
        "candidates = {\n"
        "  { provider = 'demo' },\n"
        "  { provider = 'openai', model = 'up', input = '5', output = 6, cached_input = '0' },\n"
        "  { provider = 'openai', input = '1000000', output = '0.000001',\n"
        "    max_tokens_field = 'max_completion_tokens' } } },\n"
        "  free = model { input = 0, output = '0', candidates = { { provider = 'demo' } } },\n"
        "  half = model { candidates = { { provider = 'openai' },\n"
        "    { provider = 'demo', input = 1, output = 2 } } },\n"
        "  none = model { candidates = { { provider = 'demo' } } } }");
    (void)unused;
    fixture_gives(vm,
                  "local lines = {} for _, c in ipairs(plan { model = 'demo' }.candidates) do "
                  "lines[#lines + 1] = table.concat({ c.provider, c.model, c.buy.input, "
                  "c.buy.cached_input, c.buy.output, c.max_tokens_field }, ' ') end "
                  "return table.concat(lines, '\\n')",
                  "demo demo 100000 100000 1 max_tokens\n"
                  "openai up 5000000 0 6000000 max_completion_tokens\n"
                  "openai demo 1000000000000 1000000000000 1 max_completion_tokens");
    fixture_gives(vm, "return plan { model = 'free' }.candidates[1].buy.input", "0");
    /* What has no price is never called, and never free. */
    fixture_gives(vm, "local c = plan { model = 'half' }.candidates return #c .. c[1].provider",
                  "1demo");
    fixture_gives(vm, "return select(2, plan { model = 'none' })",
                  "model_not_priced: The model \"none\" has no price yet, so it cannot be used.");
    fixture_gives(vm,
                  "local ids = {} for _, m in ipairs(policy.models {}) do ids[#ids + 1] = m.id end "
                  "return table.concat(ids, ' ')",
                  "demo free half");
    vm_unref(vm);
}

static void test_margins_by_table(void **unused)
{
    struct vm *vm = fixture_vm_with(
        "margins.lua", "return { default = '20%', models = { ['gpt-4'] = '25%' },\n"
                       "groups = { partners = '10%', vip = { default = '5 %',\n"
                       "models = { ['gpt-4'] = '7.5%' } }, odd = { models = { demo = '0%' } } } }");
    (void)unused;
    fixture_gives(vm, "return margin { model = 'demo' }", "200000");
    fixture_gives(vm, "return margin { model = 'gpt-4' }", "250000");
    fixture_gives(vm, "return margin { model = 'gpt-4', group = 'unknown' }", "250000");
    fixture_gives(vm, "return margin { model = 'gpt-4', group = 'partners' }", "100000");
    fixture_gives(vm, "return margin { model = 'gpt-4', group = 'vip' }", "75000");
    fixture_gives(vm, "return margin { model = 'demo', group = 'vip' }", "50000");
    fixture_gives(vm, "return margin { model = 'demo', group = 'odd' }", "0");
    fixture_gives(vm, "return margin { model = 'gpt-4', group = 'odd' }", "250000");
    vm_unref(vm);
}

/* What has a price of its own: bought and sold, by whichever candidate names it. */
static void test_prices_by_unit(void **unused)
{
    struct vm *vm = fixture_vm_with(
        "models.lua",
        "local function model(t) t.context = 100 t.max_output = 10 return t end\n"
        "local function sold(t) t.candidates = { { provider = 'demo' }, { provider = 'openai', "
        "input = 2, output = 3, reasoning = 4, allow_loss = true } } return model(t) end\n"
        "return { many = sold { input = 1, output = 2, cache_write = '1.25', audio_input = 40, "
        "web_search = '0.01', web_search_max = 5, "
        "request = 0 }, free = model { input = 0, output = 0, "
        "candidates = { { provider = 'demo' } } }, demo = model { input = 1, output = 2, "
        "candidates = { { provider = 'demo' } } } }");
    (void)unused;
    fixture_gives(vm,
                  "local c = plan { model = 'many' }.candidates return show(c[1].buy) .. "
                  "show(c[2].buy) .. tostring(show(c[1].sold) == show(c[2].sold))",
                  "{audio_input=40000000 cache_write=1250000 cached_input=1000000 input=1000000 "
                  "output=2000000 reasoning=2000000 request=0 web_search=10000000000}"
                  "{audio_input=2000000 cache_write=2000000 cached_input=2000000 input=2000000 "
                  "output=3000000 reasoning=4000000 request=0 web_search=10000000000}true");
    fixture_gives(vm, "local m = policy.model('many', {}) return m.pricing.extra .. m.prices.extra",
                  ",\"input_cache_write\":\"0.0000015\",\"audio\":\"0.000048\","
                  "\"internal_reasoning\":\"0.0000024\",\"web_search\":\"0.012\",\"request\":\"0\""
                  ",\"cache_write\":\"1.5\",\"audio_input\":\"48\",\"reasoning\":\"2.4\","
                  "\"web_search\":\"0.012\",\"request\":\"0\"");
    fixture_gives(vm,
                  "for _, each in ipairs(policy.status()) do if each.model == 'many' then "
                  "return show(each.buy) .. show(each.sell) end end",
                  "{audio_input=40 cache_write=1.25 cached_input=1 input=1 output=2 reasoning=2 "
                  "request=0 web_search=0.01}{audio_input=48 cache_write=1.5 cached_input=1.2 "
                  "input=1.2 output=2.4 reasoning=2.4 request=0 web_search=0.012}");
    vm_unref(vm);
}

static void test_margins_by_function(void **unused)
{
    struct vm *vm = fixture_vm_with(
        "margins.lua",
        "return { default = '20%', rule = function(request)\n"
        "  if request.group == 'text' then return 'a lot' end\n"
        "  if request.group == 'number' then return 0.2 end\n"
        "  if request.group == 'fails' then local x = nil + 1 end\n"
        "  if request.group == 'long' then\n"
        "    return ('%.4f%%'):format(request.input_tokens / 1000) end\n"
        "  if request.stream and request.model == 'demo' then return '1%' end\n"
        "  if request.user_id == 'u7' or request.key_id == 'k7' then return '7%' end\n"
        "  if (request.output_tokens or 0) > 100 then return '8%' end\n"
        "end }");
    (void)unused;
    fixture_gives(vm, "return margin { model = 'demo' }", "200000");
    fixture_gives(vm, "return margin { model = 'demo', stream = true }", "10000");
    fixture_gives(vm, "return margin { model = 'demo', user_id = 'u7' }", "70000");
    fixture_gives(vm, "return margin { model = 'demo', key_id = 'k7' }", "70000");
    fixture_gives(vm, "return margin { model = 'demo', output_tokens = 101 }", "80000");
    fixture_gives(
        vm, "return margin { model = 'demo', group = 'text' }",
        "policy_error: margins.lua: rule: the result A margin is a percentage such as 20% "
        "or 12.5%, with at most 4 decimals and at most 10000%.");
    fixture_gives(vm, "return margin { model = 'demo', group = 'number' }",
                  "policy_error: margins.lua: rule: the result must be a text such as \"20%\", not "
                  "0.2");
    fixture_gives(vm, "return margin { model = 'demo', group = 'fails' }",
                  "policy_error: margins.lua:4: attempt to perform arithmetic on a nil value");
    /* More margins than are kept. */
    fixture_gives(vm,
                  "for i = 1, 100 do local request = { model = 'gpt-4o', group = 'long', "
                  "input_tokens = i } local c = plan(request).candidates[1] "
                  "assert(c.margin_ppm == i * 10 and c.buy.input == 2500000) "
                  "assert(margin { model = 'gpt-4o' } == 200000) end return 'same'",
                  "same");
    vm_unref(vm);
}

static void test_access(void **unused)
{
    struct vm *vm = fixture_vm_with(
        "routes.lua",
        "return { access = { default = { 'demo', 'gpt-4o', 'gpt-4' },\n"
        "  groups = { trial = { 'demo' }, all = { 'demo', 'gpt-4', 'gpt-4o', 'gpt-4-turbo' } },\n"
        "  rule = function(request)\n"
        "    if request.user_id == 'blocked' then return false end\n"
        "    if request.user_id == 'boss' then return true end\n"
        "    if request.user_id == 'odd' then return 'yes' end\n"
        "  end } }");
    (void)unused;
    fixture_gives(vm, "return margin { model = 'gpt-4' }", "200000");
    fixture_gives(vm, "return margin { model = 'gpt-4-turbo' }",
                  "model_not_allowed: This API key may not use the model \"gpt-4-turbo\".");
    fixture_gives(vm, "return margin { model = 'gpt-4-turbo', group = 'all' }", "200000");
    fixture_gives(vm, "return margin { model = 'gpt-4', group = 'trial' }",
                  "model_not_allowed: This API key may not use the model \"gpt-4\".");
    fixture_gives(vm, "return margin { model = 'gpt-4', group = 'other' }", "200000");
    fixture_gives(vm, "return margin { model = 'demo', user_id = 'blocked' }",
                  "model_not_allowed: This API key may not use the model \"demo\".");
    fixture_gives(vm, "return margin { model = 'gpt-4-turbo', user_id = 'boss' }", "200000");
    fixture_gives(vm, "return margin { model = 'demo', user_id = 'odd' }",
                  "policy_error: routes.lua: access.rule: the result must be true, false or nil, "
                  "not a string");
    /* The key's own list narrows what the group may use, whatever a rule says. */
    fixture_gives(vm, "return margin { model = 'gpt-4', key_models = { demo = true } }",
                  "model_not_allowed: This API key may not use the model \"gpt-4\".");
    fixture_gives(
        vm, "return margin { model = 'gpt-4', user_id = 'boss', key_models = { demo = true } }",
        "model_not_allowed: This API key may not use the model \"gpt-4\".");
    fixture_gives(vm, "return margin { model = 'demo', key_models = { demo = true } }", "200000");
    fixture_gives(vm,
                  "local ids = {} for _, m in ipairs(policy.models { group = 'all', key_models = { "
                  "demo = true, ['gpt-4'] = true, ['gpt-4o-mini'] = true } }) do "
                  "ids[#ids + 1] = m.id end return table.concat(ids, ' ')",
                  "demo gpt-4");
    fixture_gives(vm, "return (select(2, policy.model('gpt-4', { group = 'trial' })))",
                  "model_not_allowed");
    fixture_gives(vm, "return (select(2, policy.model('x', {})))", "model_not_found");
    vm_unref(vm);
}

static void test_order(void **unused)
{
    const struct fixture_file files[] = {
        {"models.lua", "return { demo = { context = 100, max_output = 10, input = 3, output = 3,\n"
                       "candidates = { { provider = 'openai', model = 'a' },\n"
                       "{ provider = 'openai', model = 'b', input = 1, output = 1 },\n"
                       "{ provider = 'demo', model = 'c' } } } }"},
        {"routes.lua", "return { order = function(request, candidates)\n"
                       "  local g = request.group\n"
                       "  if g == 'cheap' then\n"
                       "    table.sort(candidates, function(a, b) return a.input < b.input end)\n"
                       "    return candidates\n"
                       "  elseif g == 'up' then\n"
                       "    local list = {}\n"
                       "    for _, c in ipairs(candidates) do\n"
                       "      if c.available then list[#list + 1] = c end\n"
                       "    end\n"
                       "    return list\n"
                       "  elseif g == 'none' then return {}\n"
                       "  elseif g == 'twice' then return { candidates[1], candidates[1] }\n"
                       "  elseif g == 'new' then return { { provider = 'demo' } }\n"
                       "  elseif g == 'change' then candidates[1].model = 'x'\n"
                       "  elseif g == 'number' then return 5\n"
                       "  elseif g == 'wreck' then candidates[1] = nil candidates[2] = nil\n"
                       "  end\n"
                       "end }"},
        {"examples.lua", "return {}"},
        {NULL, NULL},
    };
    struct fault fault;
    struct vm *vm = fixture_vm(files, &fault);
    static const char names[] =
        "local function names(group) local p, why = plan { model = 'demo', group = group } "
        "if not p then return why end local list = {} for i, c in ipairs(p.candidates) do "
        "list[i] = c.model assert(c.margin_ppm == 200000) end return table.concat(list) end ";
    static const struct {
        const char *group;
        const char *expected;
    } cases[] = {
        {"'cheap'", "bac"},
        {"'up'", "c"},
        {"nil", "abc"},
        {"'wreck'", "abc"},
        {"'none'", "policy_error: routes.lua: order: the result must be a list of at least one "
                   "candidate"},
        {"'number'", "policy_error: routes.lua: order: the result must be a list of at least one "
                     "candidate"},
        {"'twice'", "policy_error: routes.lua: order: result[2] is not one of the candidates that "
                    "it was given, or stands there twice"},
        {"'new'", "policy_error: routes.lua: order: result[1] is not one of the candidates that "
                  "it was given, or stands there twice"},
        {"'change'", "policy_error: routes.lua:15: a rule cannot change what it is given"},
    };
    (void)unused;
    assert_non_null(vm);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char code[1024];
        snprintf(code, sizeof code, "%sreturn names(%s)", names, cases[i].group);
        fixture_gives(vm, code, cases[i].expected);
    }
    vm_unref(vm);
}

static void test_limits(void **unused)
{
    struct vm *vm = fixture_vm_with(
        "limits.lua",
        "return {\n"
        "  { scope = 'key', requests_per_minute = 60, concurrency = 5 },\n"
        "  { scope = 'user', usd_per_day = '12.5', usd_per_month = 100 },\n"
        "  { scope = 'all', requests_per_day = 1e6, tokens_per_day = 0 },\n"
        "  { scope = 'group', group = 'trial', tokens_per_minute = 1000,\n"
        "    output_tokens_max = 50 },\n"
        "  { scope = 'key', group = 'trial', requests_per_minute = 3 },\n"
        "  { scope = 'key', models = { 'gpt-4o', 'gpt-4' }, requests_per_minute = 9,\n"
        "    output_tokens_max = 500 },\n"
        "}");
    static const char show_limits[] =
        "local function limits(request) local p = plan(request) local list = { p.max_tokens } "
        "for _, l in ipairs(p.limits) do list[#list + 1] = table.concat({ l.scope, l.key, l.kind, "
        "l.limit, l.period == 'window' and l.window_ms or l.period }, "
        "' ') end return table.concat(list, '\\n') end ";
    static const struct {
        const char *request;
        const char *expected;
    } cases[] = {
        {"{ model = 'demo' }", "key key/concurrency:k1 concurrency 5 0\n"
                               "key key/requests_per_minute:k1 requests 60 60000\n"
                               "all all/requests_per_day: requests 1000000 day\n"
                               "all all/tokens_per_day: tokens 0 day\n"
                               "user user/usd_per_day:u1 usd 12500000000 day\n"
                               "user user/usd_per_month:u1 usd 100000000000 month"},
        {"{ model = 'demo', group = 'trial', key_id = 'k2' }",
         "50\n"
         "key key/concurrency:k2 concurrency 5 0\n"
         "key key/requests_per_minute:k2 requests 3 60000\n"
         "group group/tokens_per_minute:trial tokens 1000 60000\n"
         "all all/requests_per_day: requests 1000000 day\n"
         "all all/tokens_per_day: tokens 0 day\n"
         "user user/usd_per_day:u1 usd 12500000000 day\n"
         "user user/usd_per_month:u1 usd 100000000000 month"},
        {"{ model = 'gpt-4', group = 'other' }",
         "500\n"
         "key key/concurrency:k1 concurrency 5 0\n"
         "key key/requests_per_minute:k1 requests 60 60000\n"
         "key key/requests_per_minute/gpt-4+gpt-4o:k1 requests 9 60000\n"
         "all all/requests_per_day: requests 1000000 day\n"
         "all all/tokens_per_day: tokens 0 day\n"
         "user user/usd_per_day:u1 usd 12500000000 day\n"
         "user user/usd_per_month:u1 usd 100000000000 month"},
    };
    (void)unused;
    for (int round = 0; round < 2; round++) /* the second is answered from the memo */
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            char code[1024];
            snprintf(code, sizeof code, "%sreturn limits(%s)", show_limits, cases[i].request);
            fixture_gives(vm, code, cases[i].expected);
        }
    vm_unref(vm);
}

static void test_cards(void **unused)
{
    struct vm *vm =
        fixture_vm_with("margins.lua", "return { default = '20%', groups = { partners = '10%' } }");
    (void)unused;
    fixture_gives(
        vm, "return show(policy.model('gpt-4o-mini', {}))",
        "{available=false capabilities={1=vision 2=files 3=tools 4=json_mode 5=json_schema "
        "6=logprobs} context=128000 created=1721172741 id=gpt-4o-mini "
        "input_modalities={1=text 2=image 3=file} max_output=16384 name=GPT-4o mini "
        "output_modalities={1=text} owned_by=openai "
        "prices={cached_input=0.09 extra= input=0.18 output=0.72} pricing={cached=0.00000009 "
        "completion=0.00000072 extra= prompt=0.00000018}}");
    fixture_gives(vm, "return policy.model('gpt-4o', { group = 'partners' }).pricing.prompt",
                  "0.00000275");
    fixture_gives(vm, "return #policy.models {} .. policy.models({})[1].id", "6demo");
    fixture_gives(vm, "return policy.models({ group = 'partners' })[1].pricing.prompt",
                  "0.00000011");
    vm_unref(vm);
}

static void test_status(void **unused)
{
    struct vm *vm = fixture_vm_with(
        "margins.lua", "return { default = '20%', rule = function(request)\n"
                       "if request.model == 'gpt-4' then error('no') end return '12.5%' end }");
    (void)unused;
    fixture_gives(
        vm, "return show(policy.status()[1])",
        "{available=true buy={cached_input=0.1 input=0.1 output=0.4} context=8192 "
        "margin=12.5% model=demo name=Demo place=1 provider=demo sell={cached_input=0.1125 "
        "input=0.1125 output=0.45} upstream_model=demo}");
    fixture_gives(vm, "return show(policy.status(3, 1))",
                  "{1={available=false buy={cached_input=30 input=30 output=60} context=8192 "
                  "margin_error=margins.lua:2: no model=gpt-4 name=GPT-4 place=1 provider=openai "
                  "sell={} unavailable_reason=provider \"openai\" has no key: environment variable "
                  "OPENAI_API_KEY is not set upstream_model=gpt-4}}");
    fixture_gives(vm, "return #policy.status() .. policy.model_count() .. #policy.status(5)",
                  "662");
    vm_unref(vm);
}

static void test_check_reports_prices(void **unused)
{
    char folder[64];
    struct buffer report;
    struct fault fault;
    static const char expected[] =
        "Prices in USD per million tokens, for a customer without a group:\n"
        "\n"
        "model          provider  buy: input  cached  output  margin  sell: input  cached  output\n"
        "demo           demo             0.1     0.1     0.4     20%         0.12    0.12    0.48\n"
        "gpt-3.5-turbo  openai           0.5     0.5     1.5     20%          0.6     0.6     1.8\n"
        "gpt-4          openai            30      30      60     20%           36      36      72\n"
        "gpt-4-turbo    openai            10      10      30     20%           12      12      36\n"
        "gpt-4o         openai           2.5    1.25      10     20%            3     1.5      12\n"
        "gpt-4o-mini    openai          0.15   0.075     0.6     20%         0.18    0.09    0.72\n"
        "\n"
        "note: provider \"openai\" has no key: environment variable OPENAI_API_KEY is not set "
        "(gpt-3.5-turbo, gpt-4, gpt-4-turbo, gpt-4o, gpt-4o-mini)\n";
    const struct fixture_file files[] = {
        {"models.lua", "return { later = { context = 9, max_output = 9,\n"
                       "candidates = { { provider = 'demo' } } } }"},
        {"examples.lua", "return {}"},
        {NULL, NULL},
    };
    const struct slice no_names = {NULL, 0};
    const struct fixture_file broken[] = {{"limits.lua", "return {"}, {NULL, NULL}};
    (void)unused;
    buffer_init(&report, 1 << 20);
    assert_true(policy_check("policies", no_names, &report, &fault));
    assert_int_equal(report.bytes, strlen(expected));
    assert_memory_equal(report.data, expected, report.bytes);
    buffer_reset(&report);
    fixture_folder(files, folder);
    assert_true(policy_check(folder, slice_of("user 12 vip\nquota 1 none\nkey 2 later\n"), &report,
                             &fault));
    assert_true(buffer_append_char(&report, '\0'));
    assert_non_null(strstr(report.data, "note: no price, so not sold (later)\n"));
    assert_non_null(strstr(report.data,
                           "warning: 12 users are in the group \"vip\", which no policy "
                           "names\n"));
    assert_non_null(strstr(report.data,
                           "warning: 1 quota is of the model \"none\", which models.lua "
                           "does not have; it limits nothing\n"));
    assert_null(strstr(report.data, "\"later\", which"));
    fixture_remove(folder);
    buffer_fini(&report);
    buffer_init(&report, 100);
    assert_false(policy_check("policies", no_names, &report, &fault));
    assert_string_equal(fault.message, "the report is too long");
    buffer_fini(&report);
    buffer_init(&report, 100);
    fixture_folder(broken, folder);
    assert_false(policy_check(folder, no_names, &report, &fault));
    assert_string_equal(fault.message, "limits.lua:1: unexpected symbol near '<eof>'");
    fixture_remove(folder);
    assert_false(policy_check("/no/such", no_names, &report, &fault));
    buffer_fini(&report);
}

int main(void)
{
    unsetenv("OPENAI_API_KEY");
    unsetenv("OPENAI_BASE_URL");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shipped_plans),
        cmocka_unit_test(test_providers_from_the_environment),
        cmocka_unit_test(test_native_dialects_of_shipped_providers),
        cmocka_unit_test(test_prices_of_candidates),
        cmocka_unit_test(test_margins_by_table),
        cmocka_unit_test(test_prices_by_unit),
        cmocka_unit_test(test_margins_by_function),
        cmocka_unit_test(test_access),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_cards),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_check_reports_prices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
