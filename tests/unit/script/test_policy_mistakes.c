/* Each kind of mistake in a policy file: refused, with file, line and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy_fixture.h"
#include "script/policy_files.h"

#define NAME_63 "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ_1234567_9"
#define ASSERT_REFUSED(list) fixture_refused_all(list, sizeof(list) / sizeof *(list))

static void test_lua_mistakes(void **unused)
{
    static const struct fixture_mistake mistakes[] = {
        {"models.lua", "return {\n  demo = {\n", "models.lua:3: unexpected symbol near '<eof>'"},
        {"models.lua", "\nx = 1",
         "models.lua:2: policies have no globals: write 'local' before "
         "the name"},
        {"models.lua", "return envv('X')",
         "models.lua:1: policies have no word 'envv'; did you "
         "mean 'env'?"},
        {"models.lua", "local a\nreturn a.b",
         "models.lua:2: attempt to index local 'a' (a nil "
         "value)"},
        {"models.lua", "error('mine')", "models.lua:1: mine"},
        {"models.lua", "error({})", "models.lua: raised an error that is no text"},
        {"models.lua", "", "models.lua: must return a table, not nothing"},
        {"limits.lua", "return 5", "limits.lua: must return a table, not 5"},
        {"routes.lua", "return 'x'", "routes.lua: must return a table, not a string"},
        {"models.lua", "return {\n  demo = {},\n  [\"demo\"] = {},\n}",
         "models.lua:3: \"demo\" is given twice, first on line 2"},
        {"models.lua", "return { env(nil) }",
         "models.lua:1: bad argument #1 to 'env' (string "
         "expected, got nil)"},
        {"models.lua", "return { env('A=B') }",
         "models.lua:1: env(): this is no name of an environment variable"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

/* Of what C keeps in arrays. */
static void test_names(void **unused)
{
    static const struct fixture_mistake mistakes[] = {
        {"providers.lua", "return {\n p" NAME_63 " = { dialect = 'demo' } }",
         "providers.lua:2: providers.p" NAME_63 ": a provider's name has at most 63 bytes"},
        {"providers.lua", "return { ['a\\nb'] = { dialect = 'demo' } }",
         "providers.lua: providers[\"a\nb\"]: a provider's name has no control characters"},
        {"models.lua", "return { m" NAME_63 "_" NAME_63 " = { } }",
         "models.lua:1: models.m" NAME_63 "_" NAME_63 ": a model's name is 1 to 127 letters, "
         "digits or signs without spaces"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

#define DIALECTS_KNOWN                                                                             \
    "anthropic, completions, decisions, demo, embeddings, gemini, gemini-embeddings, "             \
    "image_edits, image_variations, images, moderations, openai, openai-chat, "                    \
    "openai-responses, rerank, speech, transcriptions, translations"

static void test_provider_mistakes(void **unused)
{
#define PROVIDER(members) "return { demo = { dialect = 'demo' },\n  openai = { " members " } }"
#define OPENAI(members) PROVIDER("dialect = 'openai', api_key = 'k',\n " members)
    static const struct fixture_mistake mistakes[] = {
        {"providers.lua", "return { 'openai' }",
         "providers.lua:1: providers[1]: must have a name: the key is the provider's name"},
        {"providers.lua", "return {\n openai = 'x' }",
         "providers.lua:2: providers.openai: must be a table, not a string"},
        {"providers.lua", PROVIDER(""),
         "providers.lua:2: providers.openai.dialect: is missing; it must be one "
         "of " DIALECTS_KNOWN},
        {"providers.lua", PROVIDER("dialect = 'opnai'"),
         "providers.lua:2: providers.openai.dialect: there is no \"opnai\"; did you mean "
         "\"openai\"?"},
        {"providers.lua", PROVIDER("dialect = 'grpc'"),
         "providers.lua:2: providers.openai.dialect: there is no \"grpc\"; known "
         "are " DIALECTS_KNOWN},
        {"providers.lua", OPENAI(""),
         "providers.lua:2: providers.openai.base_url: is missing; it must be a text"},
        {"providers.lua", OPENAI("base_url = 'ftp://host/v1'"),
         "providers.lua:3: providers.openai.base_url: must begin with http:// or https://"},
        {"providers.lua", OPENAI("base_url = 'https://me:secret@host/v1'"),
         "providers.lua:3: providers.openai.base_url: must not hold a user or password; give the "
         "key as api_key"},
        {"providers.lua", OPENAI("base_url = 'https://host/v1?a=b'"),
         "providers.lua:3: providers.openai.base_url: must not have a query or a fragment"},
        {"providers.lua", OPENAI("base_url = 'https://host/v1#a'"),
         "providers.lua:3: providers.openai.base_url: must not have a query or a fragment"},
        {"providers.lua", OPENAI("base_url = 'https://host\\r\\nX: y'"),
         "providers.lua:3: providers.openai.base_url: holds a line break or another control "
         "character"},
        {"providers.lua", OPENAI("base_url = 'https://ho st/'"),
         "providers.lua:3: providers.openai.base_url: holds a character that cannot stand in an "
         "address"},
        {"providers.lua", OPENAI("base_url = 'http:///v1'"),
         "providers.lua:3: providers.openai.base_url: has no host"},
        {"providers.lua", OPENAI("base_url = 'http://:80/v1'"),
         "providers.lua:3: providers.openai.base_url: has no host"},
        {"providers.lua", OPENAI("base_urls = 1"),
         "providers.lua:3: providers.openai.base_urls: there is no such member; did you mean "
         "\"base_url\"?"},
        {"providers.lua", OPENAI("base_url = 'http://h', idle_timeout_ms = 0"),
         "providers.lua:3: providers.openai.idle_timeout_ms: must be from 1 to 86400000, not 0"},
        {"providers.lua", OPENAI("base_url = 'http://h', idle_timeout_ms = 1.5"),
         "providers.lua:3: providers.openai.idle_timeout_ms: must be a whole number, not 1.5"},
        {"providers.lua", OPENAI("base_url = 'http://h', idle_timeout_ms = '5'"),
         "providers.lua:3: providers.openai.idle_timeout_ms: must be a whole number, not a string"},
        {"providers.lua", OPENAI("base_url = 'http://h', idle_timeout_ms = 0 / 0"),
         "providers.lua:3: providers.openai.idle_timeout_ms: must be a whole number, not nan"},
        {"providers.lua", OPENAI("base_url = 'http://h', idle_timeout_ms = 1 / 0"),
         "providers.lua:3: providers.openai.idle_timeout_ms: must be from 1 to 86400000, not inf"},
        {"providers.lua", PROVIDER("dialect = 'demo', api_key = 'k'"),
         "providers.lua:2: providers.openai.api_key: the built-in demo provider has none"},
        /* Secrets are not repeated. */
        {"providers.lua", PROVIDER("dialect = 'openai', base_url = 'http://h', api_key = 's\\n'"),
         "providers.lua:2: providers.openai.api_key: holds a line break or another control "
         "character"},
        {"providers.lua", PROVIDER("dialect = 'openai', base_url = 'http://h', api_key = ' s'"),
         "providers.lua:2: providers.openai.api_key: begins or ends with a space"},
        {"providers.lua", PROVIDER("dialect = 'openai', base_url = 'http://h', api_key = ''"),
         "providers.lua:2: providers.openai.api_key: is empty"},
        {"providers.lua", PROVIDER("dialect = 'openai', base_url = 'http://h', api_key = true"),
         "providers.lua:2: providers.openai.api_key: must be a text, not true"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

/* long: a list */
static void test_model_mistakes(void **unused)
{
#define MODEL(members) "return {\n  ['m-1'] = { context = 10, max_output = 5, " members " } }"
#define PRICED(members)                                                                            \
    MODEL("candidates = { { provider = 'demo' } },\n    input = '1', output = '2', " members)
    static const struct fixture_mistake mistakes[] = {
        {"models.lua", "return { m = { } }",
         "models.lua:1: models.m.context: is missing: only servers that are asked (ask_context in "
         "providers.lua) say it themselves"},
        {"models.lua", "return { m = { candidates = { { provider = 'demo' } } } }",
         "models.lua:1: models.m.context: is missing: only servers that are asked (ask_context in "
         "providers.lua) say it themselves, and \"demo\" is none"},
        {"models.lua", "return { m = { context = 'large' } }",
         "models.lua:1: models.m.context: must be a whole number, not a string"},
        {"models.lua", "return { m = { context = 10 } }",
         "models.lua:1: models.m.max_output: is missing; it must be a whole number"},
        {"models.lua", "return { m = { context = 10, max_output = 11 } }",
         "models.lua:1: models.m.max_output: must be from 1 to 10, not 11"},
        {"models.lua", "return { ['a b'] = { } }",
         "models.lua:1: models[\"a b\"]: a model's name is 1 to 127 letters, digits or signs "
         "without spaces"},
        {"models.lua", PRICED("price_by = 'whatever'"),
         "models.lua:3: models[\"m-1\"].price_by: there is no \"whatever\"; known are candidate, "
         "cost, first"},
        {"models.lua", MODEL(""),
         "models.lua:2: models[\"m-1\"].candidates: is missing: a list "
         "such as { { provider = \"openai\" } }"},
        {"models.lua", MODEL("candidates = {}"),
         "models.lua:2: models[\"m-1\"].candidates: must be 1 to 8 candidates, not 0"},
        {"models.lua", MODEL("candidates = { provider = 'demo' }"),
         "models.lua:2: models[\"m-1\"].candidates.provider: is not expected: this is a list of "
         "candidates, one after the other"},
        {"models.lua", MODEL("candidates = {\n { provider = 'demo' },\n { provider = 'oepnai' } }"),
         "models.lua:4: models[\"m-1\"].candidates[2].provider: there is no \"oepnai\"; did you "
         "mean \"openai\"?"},
        {"models.lua", MODEL("candidates = { { provider = 'demo', prise = 1 } }"),
         "models.lua:2: models[\"m-1\"].candidates[1].prise: there is no such member; known are "
         "allow_loss, answers_as, audio_input, audio_output, cache_write, cache_write_long, "
         "cached_audio_input, cached_image_input, cached_input, character, file_search, image, "
         "image_input, image_output, input, maps_search, max_tokens_field, model, output, page, "
         "provider, reasoning, request, second, session, web_search, weight, "
         "when"},
        {"models.lua", PRICED("web_search = '0.0000000000001'"),
         "models.lua:3: models[\"m-1\"].web_search: The price of one is a plain decimal in USD "
         "such as 0.01, with at most 12 decimals and at most 1."},
        {"models.lua", PRICED("web_search = '0.01'"),
         "models.lua:2: models[\"m-1\"].web_search_max: is missing: a price of web_search needs "
         "the most that one call may use"},
        {"models.lua", PRICED("request = true"),
         "models.lua:3: models[\"m-1\"].request: must be a price in USD for one such as \"0.01\", "
         "not true"},
        {"models.lua", MODEL("candidates = { { provider = 'demo' } },\n audio_input = 1"),
         "models.lua:2: models[\"m-1\"].input: is missing: a price has both input and output"},
        {"models.lua", MODEL("candidates = { { provider = 'demo', input = 1 } }"),
         "models.lua:2: models[\"m-1\"].candidates[1].output: is missing: a price has both input "
         "and output"},
        {"models.lua", MODEL("candidates = { { provider = 'demo' } },\n cached_input = 1"),
         "models.lua:2: models[\"m-1\"].input: is missing: a price has both input and output"},
        {"models.lua", PRICED("imput = '1'"),
         "models.lua:3: models[\"m-1\"].imput: there is no such member; did you mean \"input\"?"},
        {"models.lua", PRICED("cached_input = '-1'"),
         "models.lua:3: models[\"m-1\"].cached_input: A price is a plain decimal in USD per "
         "million tokens such as 0.15, with at most 6 decimals and at most 1000000."},
        {"models.lua", PRICED("cached_input = 0.0000001"),
         "models.lua:3: models[\"m-1\"].cached_input: A price is a plain decimal in USD per "
         "million tokens such as 0.15, with at most 6 decimals and at most 1000000."},
        {"models.lua", PRICED("cached_input = 1 / 3"),
         "models.lua:3: models[\"m-1\"].cached_input: A price is a plain decimal in USD per "
         "million tokens such as 0.15, with at most 6 decimals and at most 1000000."},
        {"models.lua", PRICED("cached_input = 0 / 0"),
         "models.lua:3: models[\"m-1\"].cached_input: A price is a plain decimal in USD per "
         "million tokens such as 0.15, with at most 6 decimals and at most 1000000."},
        {"models.lua", PRICED("cached_input = true"),
         "models.lua:3: models[\"m-1\"].cached_input: must be a price in USD per million tokens "
         "such as \"0.15\", not true"},
        {"models.lua", PRICED("capabilities = { 'visoin' }"),
         "models.lua:3: models[\"m-1\"].capabilities[1]: there is no \"visoin\"; did you mean "
         "\"vision\"?"},
        {"models.lua", PRICED("capabilities = { 'tools', 'tools' }"),
         "models.lua:3: models[\"m-1\"].capabilities[2]: is given twice"},
        {"models.lua", PRICED("capabilities = { 'vision' }"),
         "models.lua:2: models[\"m-1\"].image_tokens_max: is missing: a model with \"vision\" "
         "needs the most tokens that one image can cost"},
        {"models.lua", PRICED("allow = 'tools.web_search'"),
         "models.lua:3: models[\"m-1\"].allow: must be a table, not a string"},
        {"models.lua", PRICED("allow = { 'tools.mcp',\n 5 }"),
         "models.lua:4: models[\"m-1\"].allow[2]: must be a text, not 5"},
        {"models.lua", PRICED("allow = { tools = true }"),
         "models.lua:3: models[\"m-1\"].allow.tools: is not expected: this is a list of features, "
         "one after the other"},
        {"models.lua", PRICED("allow = { 'web_serach' }"),
         "models.lua:3: models[\"m-1\"].allow[1]: there is no feature \"web_serach\"; did you mean "
         "\"web_search\"?"},
        {"models.lua", PRICED("allow = { 'tools' }"),
         "models.lua:3: models[\"m-1\"].allow[1]: there is no feature \"tools\"; did you mean "
         "\"tools.*\"?"},
        {"models.lua", PRICED("allow = { 'tools.' }"),
         "models.lua:3: models[\"m-1\"].allow[1]: there is no feature \"tools.\"; did you mean "
         "\"tools.*\"?"},
        {"models.lua", PRICED("allow = { 'zzz.fast' }"),
         "models.lua:3: models[\"m-1\"].allow[1]: there is no feature \"zzz.fast\"; "
         "docs/POLICIES.md lists them"},
        {"models.lua", PRICED("allow = { '*' }"),
         "models.lua:3: models[\"m-1\"].allow[1]: there is no feature \"*\"; "
         "docs/POLICIES.md lists them"},
        {"models.lua", PRICED("allow = { 'tools.web search' }"),
         "models.lua:3: models[\"m-1\"].allow[1]: a feature's name is printable ASCII without "
         "spaces"},
        {"models.lua", PRICED("allow = { 'tools.*', 'tools.*' }"),
         "models.lua:3: models[\"m-1\"].allow[2]: is given twice"},
        {"models.lua", PRICED("allow = { 'tools." NAME_63 "' }"),
         "models.lua:3: models[\"m-1\"].allow[1]: is longer than 64 bytes"},
        {"models.lua",
         "local all = {}\nfor i = 1, 65 do all[i] = 'tools.t' .. i end\n"
         "return {\n  ['m-1'] = { context = 10, max_output = 5, input = '1', output = '2',\n"
         "  candidates = { { provider = 'demo' } },\n  allow = all } }",
         "models.lua:6: models[\"m-1\"].allow: must be at most 64 features, not 65"},
        {"models.lua", PRICED("max_tokens_field = 'max'"),
         "models.lua:3: models[\"m-1\"].max_tokens_field: there is no \"max\"; known are "
         "any, both, max_completion_tokens, max_tokens"},
        {"models.lua", PRICED("name = 5"),
         "models.lua:3: models[\"m-1\"].name: must be a text, not 5"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

static void test_address_mistakes(void **unused)
{
    static const struct fixture_mistake mistakes[] = {
        {"providers.lua", PROVIDER("provider = 'grok'"),
         "providers.lua:2: providers.openai.provider: there is no \"grok\"; did you mean "
         "\"groq\"?"},
        {"providers.lua", OPENAI("base_url = 'http://h', region = 'eu'"),
         "providers.lua:3: providers.openai.region: must be letters, digits and -, in an entry "
         "that has provider"},
        {"providers.lua", OPENAI("base_url = 'http://h', paths = { any = 'v1' }"),
         "providers.lua:3: providers.openai.paths.any: must begin with \"/\" and not end with it; "
         "\"{model}\" may stand in it once, but no query"},
        {"providers.lua", OPENAI("base_url = 'http://h', paths = { antropic = '/v1' }"),
         "providers.lua:3: providers.openai.paths.antropic: is no dialect; did you mean "
         "\"anthropic\"?"},
        {"providers.lua", OPENAI("base_url = 'http://h', query = 'a b'"),
         "providers.lua:3: providers.openai.query: must be \"name=value\", with & between several"},
        {"providers.lua", OPENAI("base_url = 'http://h', key_header = 'Host'"),
         "providers.lua:3: providers.openai.key_header: must be the name of a header, such as "
         "\"api-key\""},
        {"providers.lua",
         OPENAI("base_url = 'http://h', ask_context = true, paths = { any = '/{model}' }"),
         "providers.lua:3: providers.openai.ask_context: is true, but the address has a model in "
         "it"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

static void test_margin_mistakes(void **unused)
{
    static const struct fixture_mistake mistakes[] = {
        {"margins.lua", "return {}",
         "margins.lua: margins.default: is missing; it must be a "
         "margin such as \"20%\""},
        {"margins.lua", "return {\n default = 0.2 }",
         "margins.lua:2: margins.default: must be a text such as \"20%\", not 0.2"},
        {"margins.lua", "return { default = '20' }",
         "margins.lua:1: margins.default: A margin is a percentage such as 20% or 12.5%, with at "
         "most 4 decimals and at most 10000%."},
        {"margins.lua", "return { default = '-5%' }",
         "margins.lua:1: margins.default: A margin is a percentage such as 20% or 12.5%, with at "
         "most 4 decimals and at most 10000%."},
        {"margins.lua", "return { default = '20%',\n models = { ['gpt-4p'] = '1%' } }",
         "margins.lua:2: margins.models[\"gpt-4p\"]: models.lua has no model \"gpt-4p\"; did you "
         "mean \"gpt-4\"?"},
        {"margins.lua", "return { default = '20%', groups = {\n partner = 5 } }",
         "margins.lua:2: margins.groups.partner: must be a table, not 5"},
        {"margins.lua", "return { default = '20%', groups = { a = { model = {} } } }",
         "margins.lua:1: margins.groups.a.model: there is no such member; did you mean "
         "\"models\"?"},
        {"margins.lua", "return { default = '20%', rule = '30%' }",
         "margins.lua:1: margins.rule: must be a function, not a string"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

static void test_route_mistakes(void **unused)
{
    static const struct fixture_mistake mistakes[] = {
        {"routes.lua", "return { mount = {} }",
         "routes.lua:1: routes.mount: there is no such member; did you mean \"mounts\"?"},
        {"routes.lua", "return { mounts = { openai = {}, dashboard = '/api' } }",
         "routes.lua:1: routes.mounts.openai: is empty: at least one path such as \"/v1\" is "
         "needed"},
        {"routes.lua", "return { mounts = { openai = { 'v1' }, dashboard = '/api' } }",
         "routes.lua:1: routes.mounts.openai[1]: must be a path such as \"/v1\": letters, digits, "
         "\"-\", \"_\", \".\" and single slashes, no slash at its end"},
        {"routes.lua", "return { mounts = { openai = { '/v1/' }, dashboard = '/api' } }",
         "routes.lua:1: routes.mounts.openai[1]: must be a path such as \"/v1\": letters, digits, "
         "\"-\", \"_\", \".\" and single slashes, no slash at its end"},
        {"routes.lua", "return { mounts = { openai = { '/a/../v1' }, dashboard = '/api' } }",
         "routes.lua:1: routes.mounts.openai[1]: must be a path such as \"/v1\": letters, digits, "
         "\"-\", \"_\", \".\" and single slashes, no slash at its end"},
        {"routes.lua", "return { mounts = { openai = { '/v1' },\n dashboard = '/v1' } }",
         "routes.lua:2: routes.mounts.dashboard: the path \"/v1\" is given twice"},
        {"routes.lua", "return { mounts = { openai = { '/v1' } } }",
         "routes.lua:1: routes.mounts.dashboard: is missing; it must be a text"},
        {"routes.lua", "return { access = { groups = { trial = { 'demo', 'gpt-5' } } } }",
         "routes.lua:1: routes.access.groups.trial[2]: there is no \"gpt-5\"; did you mean "
         "\"gpt-4\"?"},
        {"routes.lua", "return { access = { rule = true } }",
         "routes.lua:1: routes.access.rule: must be a function, not true"},
        {"routes.lua", "return { order = {} }",
         "routes.lua:1: routes.order: must be a function, not a table"},
        {"routes.lua", "return { sort = 'speed' }",
         "routes.lua:1: routes.sort: there is no \"speed\"; known are latency, listed, price, "
         "throughput, weight"},
        {"routes.lua", "return { retry = { attempts_max = 9 } }",
         "routes.lua:1: routes.retry.attempts_max: must be from 1 to 8, not 9"},
        {"routes.lua", "return { retry = { unknown = 'no' } }",
         "routes.lua:1: routes.retry.unknown: must be true or false, not a string"},
        {"routes.lua", "return { retry = { on = { '500' } } }",
         "routes.lua:1: routes.retry.on[1]: there is no \"500\"; did you mean \"5xx\"?"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

static void test_limit_mistakes(void **unused)
{
    static const struct fixture_mistake mistakes[] = {
        {"limits.lua", "return { scope = 'key' }",
         "limits.lua:1: limits.scope: is not expected: this is a list of rules, one after the "
         "other"},
        {"limits.lua", "return {\n { requests_per_minute = 5 } }",
         "limits.lua:2: limits[1].scope: is missing; it must be one of all, group, key, user"},
        {"limits.lua", "return { { scope = 'keys', requests_per_minute = 5 } }",
         "limits.lua:1: limits[1].scope: there is no \"keys\"; did you mean \"key\"?"},
        {"limits.lua", "return { { scope = 'key' },\n { scope = 'key', requests_per_hour = 5 } }",
         "limits.lua:1: limits[1]: limits nothing: give at least one of concurrency, "
         "requests_per_minute, tokens_per_minute, usd_per_day, output_tokens_max"},
        {"limits.lua", "return { { scope = 'key', requests_per_minut = 5 } }",
         "limits.lua:1: limits[1].requests_per_minut: there is no such member; did you mean "
         "\"requests_per_minute\"?"},
        {"limits.lua", "return { { scope = 'key', usd_per_week = '5' } }",
         "limits.lua:1: limits[1].usd_per_week: there is no such period: give usd_per_minute, "
         "usd_per_day or usd_per_month; days and months are those of UTC"},
        {"limits.lua", "return { { scope = 'key', concurrency_per_day = 5 } }",
         "limits.lua:1: limits[1].concurrency_per_day: what runs at the same time has no period: "
         "give concurrency"},
        {"limits.lua", "return { { scope = 'key', requests_per_minute = -1 } }",
         "limits.lua:1: limits[1].requests_per_minute: must be from 0 to 1000000000000000, not "
         "-1"},
        {"limits.lua", "return { { scope = 'key', usd_per_day = '5 USD' } }",
         "limits.lua:1: limits[1].usd_per_day: An amount is a plain decimal in USD such as 12.50, "
         "with at most 9 decimals and at most 1000000000."},
        {"limits.lua", "return { { scope = 'key', usd_per_day = '10000000' } }",
         "limits.lua:1: limits[1].usd_per_day: is too large"},
        {"limits.lua", "return { { scope = 'key', concurrency = 1, models = { 'gpt' } } }",
         "limits.lua:1: limits[1].models[1]: there is no \"gpt\"; did you mean \"gpt-4\"?"},
        {"limits.lua", "return { { scope = 'key', concurrency = 1, models = { 'claude' } } }",
         "limits.lua:1: limits[1].models[1]: there is no \"claude\"; known are demo, "
         "gpt-3.5-turbo, gpt-4, gpt-4-turbo, gpt-4o, gpt-4o-mini"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

static void test_example_mistakes(void **unused)
{
    static const struct fixture_mistake mistakes[] = {
        {"examples.lua",
         "return {\n { model = 'gpt-4o-mini', input = 1000, output = 500, price = '0.00054' },\n"
         " { model = 'gpt-4o-mini', input = 1000, output = 500, price = '0.00055' },\n}",
         "examples.lua:3: examples[2]: gpt-4o-mini, 1000 input + 500 output tokens: expected "
         "$0.00055, computed $0.00054 (buy 0.15/0.075/0.6 from openai, margin 20%)"},
        {"examples.lua", "return { { model = 'gpt-4o', cached_input = 10, price = '1' } }",
         "examples.lua:1: examples[1]: gpt-4o, 0 input + 10 cached input + 0 output tokens: "
         "expected $1, computed $0.000015 (buy 2.5/1.25/10 from openai, margin 20%)"},
        {"examples.lua", "return { { model = 'gpt-9', price = '1' } }",
         "examples.lua:1: examples[1]: gpt-9, 0 input + 0 output tokens: model_not_found: The "
         "model \"gpt-9\" does not exist."},
        {"examples.lua", "return { { model = 'demo', group = 'x', fails = 'model_not_allowed' } }",
         "examples.lua:1: examples[1]: demo, 0 input + 0 output tokens of group \"x\": expected "
         "model_not_allowed, but the call is allowed"},
        {"examples.lua", "return { { model = 'demo' } }",
         "examples.lua:1: examples[1]: must have either a price or fails, the code of an error"},
        {"examples.lua", "return { { model = 'demo', input = 1.5, price = '1' } }",
         "examples.lua:1: examples[1].input: must be a whole number, not 1.5"},
        {"examples.lua", "return { { model = 'gpt-4', input = 1e12, output = 1e12, price = 1 } }",
         "examples.lua:1: examples[1]: gpt-4, 1000000000000 input + 1000000000000 output tokens: "
         "the charge is too large"},
        {"examples.lua", "return { { model = 'demo', web_search = 2, price = '1' } }",
         "examples.lua:1: examples[1]: demo, 0 input + 0 output tokens + 2 web search: the model "
         "has no price for \"web_search\""},
        {"margins.lua", "return { default = '20%',\n rule = function(r) return r.x end }",
         "examples.lua:5: examples[1]: gpt-4o, 1000 input + 500 output tokens: policy_error: "
         "margins.lua:2: a request has no member 'x'"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

/* ---- reading the folder ---- */

static void assert_unreadable(const char *folder, const char *format)
{
    char expected[512];
    struct fault fault = {0};
    assert_null(policy_files_read(folder, &fault));
    assert_string_equal(fault.code, "policy_invalid");
    snprintf(expected, sizeof expected, format, folder);
    if (strncmp(fault.message, expected, strlen(expected)) != 0)
        fail_msg("%s", fault.message);
}

static void test_unreadable_folders(void **unused)
{
    char folder[64];
    char path[128];
    (void)unused;
    assert_unreadable("/tmp/there-is-no-such-folder", "%s/providers.lua: is missing; a policy "
                                                      "folder has providers.lua, models.lua, ");
    fixture_folder(NULL, folder);
    snprintf(path, sizeof path, "%s/limits.lua", folder);
    assert_int_equal(unlink(path), 0);
    assert_unreadable(folder, "%s/limits.lua: is missing");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_unreadable(folder, "%s/limits.lua: is not a regular file");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* must not wait for a writer */
    assert_unreadable(folder, "%s/limits.lua: is not a regular file");
    assert_int_equal(unlink(path), 0);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), 5 * 1024 * 1024), 0);
    fclose(file);
    assert_unreadable(folder, "%s/limits.lua: is larger than 4194304 bytes");
    fixture_remove(folder);
}

#define CURRENCY(members) "return { currencies = {\n{ " members " } } }"
#define USD_FROM(min, max) "currency = 'usd', credit = '1', min = '" min "', max = '" max "'"

static void test_payment_mistakes(void **unused)
{
    static const struct fixture_mistake mistakes[] = {
        {"payments.lua", "return { currencies = {} }",
         "payments.lua:1: payments.currencies: is empty"},
        {"payments.lua", "return { currency = {} }",
         "payments.lua:1: payments.currency: there is no such member; did you mean "
         "\"currencies\"?"},
        {"payments.lua", CURRENCY("currency = 'USD'"),
         "payments.lua:2: payments.currencies[1].currency: must be the code of a currency, such "
         "as \"usd\""},
        {"payments.lua", CURRENCY("currency = 'usd', min = '5', max = '10', offers = {}"),
         "payments.lua:2: payments.currencies[1].credit: must be the credit in USD for one USD, "
         "above 0"},
        {"payments.lua", CURRENCY(USD_FROM("5.001", "10") ", offers = {}"),
         "payments.lua:2: payments.currencies[1].min: has at most 2 decimals"},
        {"payments.lua", CURRENCY(USD_FROM("11", "10") ", offers = {}"),
         "payments.lua:2: payments.currencies[1].min: is above max"},
        {"payments.lua",
         CURRENCY(
             "currency = 'usd', credit = '9.00719935', min = '5', max = '999999.99', offers = {}"),
         "payments.lua:2: payments.currencies[1].max: gives more credit than a payment can bring"},
        {"payments.lua", CURRENCY(USD_FROM("5", "10") ", offers = { '11' }"),
         "payments.lua:2: payments.currencies[1].offers[1]: must lie between min and max"},
        {"payments.lua", CURRENCY(USD_FROM("5", "10") ", offers = { { amount = 'ten' } }"),
         "payments.lua:2: payments.currencies[1].offers[1].amount: is no amount such as "
         "\"10\" or \"12.50\""},
        {"payments.lua",
         CURRENCY("currency = 'krw', credit = '1', min = '1.5', max = '10', offers = {}"),
         "payments.lua:2: payments.currencies[1].min: has no decimals"},
        {"payments.lua",
         CURRENCY("currency = 'isk', credit = '1', min = '1.5', max = '10', offers = {}"),
         "payments.lua:2: payments.currencies[1].min: must be a multiple of 1.00"},
    };
    (void)unused;
    ASSERT_REFUSED(mistakes);
}

static void test_files_stand_as_they_were_read(void **unused)
{
    char folder[64];
    struct fault fault;
    const struct fixture_file files[] = {{"limits.lua", "return {} -- one"}, {NULL, NULL}};
    (void)unused;
    fixture_folder(files, folder);
    struct policy_files *read = policy_files_read(folder, &fault);
    assert_non_null(read);
    fixture_remove(folder);
    struct policy_files *again = policy_files_ref(read);
    policy_files_unref(read);
    assert_string_equal(policy_files_get(again, 0)->name, "providers.lua");
    assert_string_equal(policy_files_get(again, 4)->name, "limits.lua");
    assert_true(slice_equals(policy_files_get(again, 4)->text, "return {} -- one"));
    policy_files_unref(again);
}

int main(void)
{
    unsetenv("OPENAI_API_KEY");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lua_mistakes),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_provider_mistakes),
        cmocka_unit_test(test_model_mistakes),
        cmocka_unit_test(test_address_mistakes),
        cmocka_unit_test(test_margin_mistakes),
        cmocka_unit_test(test_route_mistakes),
        cmocka_unit_test(test_limit_mistakes),
        cmocka_unit_test(test_example_mistakes),
        cmocka_unit_test(test_payment_mistakes),
        cmocka_unit_test(test_unreadable_folders),
        cmocka_unit_test(test_files_stand_as_they_were_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
