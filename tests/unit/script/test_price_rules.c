/* What rules of prices (`when` in models.lua) mean, and how they are shown. */
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

/* Hours of a zone are read once for each rule; they are still the same hours. */
static void test_a_third_rule_settles_hours_of_a_zone(void **unused)
{
    static const struct fixture_file files[] = {
        {"models.lua", "return { demo = { context = 10, max_output = 5, input = 1, output = 2,\n"
                       "candidates = { { provider = 'demo' } }, when = {\n"
                       "{ hours = '16:30-00:30', zone = 'America/New_York', input = 2 },\n"
                       "{ speed = 'fast', input = 3 }, { speed = 'fast', hours = '16:30-00:30',\n"
                       "zone = 'America/New_York', input = 4 } } } }"},
        {"examples.lua", "return {}"},
        {NULL, NULL}};
    struct fault fault;
    struct vm *vm = fixture_vm(files, &fault);
    (void)unused;
    if (vm == NULL)
        fail_msg("%s", fault.message);
    vm_unref(vm);
}

/* An example is charged as a call of its length is. */
static void test_examples_know_conditions(void **unused)
{
    static const struct fixture_file files[] = {
        {"models.lua",
         "return { demo = { context = 10000, max_output = 10, input = 2, output = 10, candidates = "
         "{ { provider = 'demo' } }, when = { { prompt_above = 1000, input = 4 }, "
         "{ service_tier = 'flex', factor = '0.5' } } } }"},
        {"examples.lua",
         "return { { model = 'demo', input = 1000, price = '0.0024' }, "
         "{ model = 'demo', input = 1001, price = '0.0048048' }, "
         "{ model = 'demo', input = 1, cached_input = 1000, price = '0.0048048' } }"},
        {NULL, NULL}};
    struct fault fault;
    struct vm *vm = fixture_vm(files, &fault);
    (void)unused;
    if (vm == NULL)
        fail_msg("%s", fault.message);
    fixture_gives(vm, "return show(policy.status()[1].when)",
                  "{1=prompt above 1000: input 4 2=service tier flex: x 0.5}");
    fixture_gives(vm, "return policy.model('demo', {}).pricing.extra",
                  ",\"overrides\":[{\"min_prompt_tokens\":1000,\"prompt\":\"0.0000048\","
                  "\"input_cache_read\":\"0.0000048\"}]" /* it follows the input's price */
                  ",\"conditions\":[{\"when\":{\"service_tier\":\"flex\"},\"factor\":\"0.5\"}]");
    vm_unref(vm);
}

/* Hours of the local day, dates, and a word that a function chooses. */
static void test_rules_of_time_and_choice(void **unused)
{
    static const struct fixture_file files[] = {
        {"models.lua",
         "return { demo = { context = 10000, max_output = 10, input = 2, output = 10, "
         "candidates = { { provider = 'demo' } }, "
         "choose = function(request) return request.group == 'vip' and 'cheap' or nil end, when = {"
         "{ hours = '22:00-06:00', zone = 'Asia/Seoul', weekdays = { 6, 7 }, input = 1 },"
         "{ choice = 'cheap', output = 5 },"
         "{ from = '2026-12-01', [\"until\"] = '2027-01-01', factor = '0.5' } } } }"},
        {"examples.lua",
         /* Saturday, 22:00 in Seoul is 13:00 UTC */
         "return { { model = 'demo', input = 1000, at = '2026-11-28T12:59:59Z', price = '0.0024' },"
         "{ model = 'demo', input = 1000, at = '2026-11-28T13:00:00Z', price = '0.0012' },"
         "{ model = 'demo', input = 1000, at = '2026-11-29T20:59:59Z', price = '0.0012' },"
         "{ model = 'demo', input = 1000, at = '2026-11-29T21:00:00Z', price = '0.0024' },"
         "{ model = 'demo', input = 1000, at = '2026-12-01', price = '0.0012' },"
         "{ model = 'demo', output = 1000, price = '0.012' },"
         "{ model = 'demo', output = 1000, group = 'vip', price = '0.006' } }"},
        {NULL, NULL}};
    struct fault fault;
    struct vm *vm = fixture_vm(files, &fault);
    (void)unused;
    if (vm == NULL)
        fail_msg("%s", fault.message);
    fixture_gives(vm, "return show(policy.status()[1].when)",
                  "{1=Sat Sun 22:00-06:00 Asia/Seoul: input 1 2=choice cheap: output 5 "
                  "3=from 2026-12-01, until 2027-01-01: x 0.5}");
    fixture_gives(vm, "return plan { model = 'demo', group = 'vip' }.candidates[1].choice",
                  "cheap");
    fixture_gives(vm, "return plan { model = 'demo' }.candidates[1].choice", "");
    fixture_gives(vm, "return policy.model('demo', {}).prices.extra",
                  ",\"conditions\":[{\"when\":{\"hours\":\"22:00-06:00\",\"weekdays\":[6,7],"
                  "\"zone\":\"Asia/Seoul\"},\"prices\":{\"input\":\"1.2\","
                  "\"cached_input\":\"1.2\"}},"
                  "{\"when\":{\"choice\":\"cheap\"},\"prices\":{\"output\":\"6\"}},"
                  "{\"when\":{\"from\":\"2026-12-01\",\"until\":\"2027-01-01\"},"
                  "\"factor\":\"0.5\"}]");
    vm_unref(vm);
}

static void test_a_wrong_choice_fails_its_request(void **unused)
{
    struct vm *vm = fixture_vm_with(
        "models.lua",
        "return { demo = { context = 10000, max_output = 10, input = 2, output = 10, "
        "candidates = { { provider = 'demo' } }, choose = function() return 'dear' end, "
        "when = { { choice = 'cheap', output = 5 } } } }");
    (void)unused;
    fixture_gives(vm,
                  "local _, code, why = policy.plan { model = 'demo' } return code .. ' ' .. why",
                  "policy_error models.lua: models[\"demo\"].choose: \"dear\" is no choice of a "
                  "rule in when");
    vm_unref(vm);
}

/* OpenRouter's form says UTC hours as numbers. */
static void test_hours_in_openrouters_form(void **unused)
{
    struct vm *vm = fixture_vm_with(
        "models.lua", "return { demo = { context = 10000, max_output = 10, input = 2, output = 10, "
                      "candidates = { { provider = 'demo' } }, when = { "
                      "{ hours = '16:30-00:30', input = 1 }, "
                      "{ weekdays = { 7 }, hours = '01:00-02:00', input = 1, prompt_above = 5 }, "
                      "{ weekdays = { 1 }, hours = '23:00-00:10', output = 1 } } } }");
    (void)unused;
    fixture_gives(vm, "return policy.model('demo', {}).pricing.extra",
                  ",\"overrides\":[{\"utc_start\":1630,\"utc_end\":30,\"prompt\":"
                  "\"0.0000012\",\"input_cache_read\":\"0.0000012\"},"
                  "{\"min_prompt_tokens\":5,\"utc_start\":100,\"utc_end\":200,"
                  "\"utc_days\":[\"sunday\"],\"prompt\":\"0.0000012\","
                  "\"input_cache_read\":\"0.0000012\"}],\"conditions\":["
                  "{\"when\":{\"hours\":\"23:00-00:10\",\"weekdays\":[1],\"zone\":\"UTC\"},"
                  "\"prices\":{\"completion\":\"0.0000012\"}}]");
    vm_unref(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_third_rule_settles_hours_of_a_zone),
        cmocka_unit_test(test_examples_know_conditions),
        cmocka_unit_test(test_rules_of_time_and_choice),
        cmocka_unit_test(test_a_wrong_choice_fails_its_request),
        cmocka_unit_test(test_hours_in_openrouters_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
