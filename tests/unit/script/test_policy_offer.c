/* By what a call that was made is charged: the candidates of the model with the customer's margin,
 * and why there are none. */
#include "script/policy_offer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "exchange/candidate.h"
#include "policy_fixture.h"

#define PROVIDERS                                                                                  \
    "return { a = { dialect = 'openai', base_url = 'http://h/v1' }, "                              \
    "  b = { dialect = 'openai', base_url = 'http://h/v1', api_key = env('UNSET_KEY') } }"
#define MODELS                                                                                     \
    "return { one = { context = 1000, max_output = 100, input = '1', output = '2', "               \
    "    allow = { 'tools.web_search' }, "                                                         \
    "    candidates = { { provider = 'b' }, { provider = 'a', input = '3', output = '3', "         \
    "      allow_loss = true } } }, "                                                              \
    "  unpriced = { context = 1000, max_output = 100, candidates = { { provider = 'a' } } } }"
#define MARGINS "return { default = '20%', groups = { vip = '5%' } }"

static struct policy_offers *offers;
static char folder[64];

static void open_with(const char *name, const char *text)
{
    const struct fixture_file files[] = {{"providers.lua", PROVIDERS},
                                         {"models.lua", MODELS},
                                         {"margins.lua", MARGINS},
                                         {"routes.lua", "return {}"},
                                         {"limits.lua", "return {}"},
                                         {"examples.lua", "return {}"},
                                         {name, text},
                                         {NULL, NULL}};
    struct fault fault;
    struct policy_files *read = policy_files_read(fixture_folder(files, folder), &fault);
    fixture_remove(folder);
    assert_non_null(read);
    offers = policy_offer_open(read, &fault);
    policy_files_unref(read);
    if (offers == NULL)
        fail_msg("%s", fault.message);
}

static int tear_down(void **state)
{
    (void)state;
    policy_offer_close(offers);
    offers = NULL;
    return 0;
}

static struct policy_call call_of(const char *model, const char *group)
{
    return (struct policy_call){.model = model,
                                .group = group,
                                .user_id = "user_1",
                                .key_id = "key_1",
                                .input_tokens = 10,
                                .created_ms = INT64_C(1772856306000)}; /* 2026-03-07T04:05:06Z */
}

/* The margins of all candidates, or the fault's code and message. */
static const char *found(struct policy_call call)
{
    static char text[512];
    struct fault fault;
    const struct policy_offer *offer = policy_offer_find(offers, &call, &fault);
    size_t bytes = 0;
    if (offer == NULL) {
        snprintf(text, sizeof text, "%s: %s", fault.code, fault.message);
        return text;
    }
    for (size_t i = 0; i < offer->count; i++) {
        const struct candidate_terms *terms = &offer->candidates[i]->terms;
        bytes += (size_t)snprintf(text + bytes, sizeof text - bytes, "%s %lld%s ", terms->provider,
                                  (long long)terms->margin_ppm, terms->loss_allowed ? "!" : "");
    }
    snprintf(text + bytes, sizeof text - bytes, "sells%s",
             offer->candidates[0]->terms.sold_features);
    return text;
}

/* All candidates, also one whose key is not set; again and again the same. */
static void tables_decide_by_group(void **state)
{
    (void)state;
    open_with("limits.lua", "return {}");
    for (int i = 0; i < 3; i++) {
        assert_string_equal(found(call_of("one", "")), "b 200000 a 200000! sellstools.web_search");
        assert_string_equal(found(call_of("one", "vip")), "b 50000 a 50000! sellstools.web_search");
        assert_string_equal(found(call_of("one", "unknown")),
                            "b 200000 a 200000! sellstools.web_search");
    }
}

static void a_call_that_would_be_refused_says_why(void **state)
{
    (void)state;
    open_with("routes.lua", "return { access = { groups = { shut = { 'unpriced' } } } }");
    assert_string_equal(found(call_of("vanished", "")),
                        "model_not_found: The model \"vanished\" does not exist.");
    assert_string_equal(
        found(call_of("unpriced", "")),
        "model_not_priced: The model \"unpriced\" has no price yet, so it cannot be used.");
    assert_string_equal(found(call_of("one", "shut")),
                        "model_not_allowed: This API key may not use the model \"one\".");
    assert_string_equal(found(call_of("one", "")), "b 200000 a 200000! sellstools.web_search");
}

#define RULE                                                                                       \
    "return { default = '20%', rule = function(request) local at = now() "                         \
    "  if request.user_id == 'user_2' then error('no such user') end "                             \
    "  if request.user_id == 'user_3' then while true do end end "                                 \
    "  if request.user_id == 'user_4' then return 'much' end "                                     \
    "  assert(at.year == 2026 and at.month == 3 and at.day == 7 and at.hour == 4) "                \
    "  return request.input_tokens .. '%' end }"

/* Functions are asked for each call; one that fails harms no other call. */
static void functions_decide_call_by_call(void **state)
{
    (void)state;
    open_with("margins.lua", RULE);
    struct policy_call call = call_of("one", "");
    for (int64_t tokens = 1; tokens < 20; tokens++) {
        char wanted[64];
        call.input_tokens = tokens;
        snprintf(wanted, sizeof wanted, "b %lld a %lld! sellstools.web_search",
                 (long long)tokens * 10000, (long long)tokens * 10000);
        assert_string_equal(found(call), wanted);
    }
    call.user_id = "user_2";
    assert_string_equal(found(call), "policy_error: margins.lua:1: no such user");
    call.user_id = "user_3";
    assert_non_null(strstr(found(call), "policy_error: margins.lua:1: runs without end"));
    call.user_id = "user_4";
    assert_non_null(strstr(found(call), "policy_error: margins.lua: rule: the result "));
    call.user_id = "user_1";
    assert_string_equal(found(call), "b 190000 a 190000! sellstools.web_search");
}

static void policies_that_do_not_load_say_why(void **state)
{
    const struct fixture_file files[] = {{"margins.lua", "return { default = '-5%' }"},
                                         {NULL, NULL}};
    struct fault fault;
    (void)state;
    struct policy_files *read = policy_files_read(fixture_folder(files, folder), &fault);
    fixture_remove(folder);
    assert_null(policy_offer_open(read, &fault));
    policy_files_unref(read);
    assert_string_equal(fault.code, "policy_invalid");
    assert_non_null(strstr(fault.message, "margins.lua:1: margins.default: "));
}

#define WITH_OFFERS(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_OFFERS(tables_decide_by_group),
        WITH_OFFERS(a_call_that_would_be_refused_says_why),
        WITH_OFFERS(functions_decide_call_by_call),
        WITH_OFFERS(policies_that_do_not_load_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
