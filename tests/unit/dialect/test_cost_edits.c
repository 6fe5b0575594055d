/* The cost in a usage object: what we put into a provider's words leaves the rest of them as it
 * was. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "dialect/cost_edits.h"
#include "dialect/parsed.h"

#define COUNTS "\"prompt_tokens\":10,\"completion_tokens\":5"

/* `text` has the usage object as its member "usage"; the edited text is the caller's to free. */
static char *with_cost(const char *text, int64_t charge_nusd)
{
    struct json_edit edits[COST_EDITS_MAX];
    char number[COST_NUMBER_BYTES];
    struct json_value root = parsed(text);
    struct json_value usage;
    struct buffer out;
    assert_int_equal(json_find(&root, "usage", &usage), 1);
    size_t count = cost_edits(slice_of(text), &usage, charge_nusd, number, edits);
    assert_in_range(count, 1, COST_EDITS_MAX);
    buffer_init(&out, 1 << 20);
    assert_true(json_apply_edits(slice_of(text), edits, count, &out));
    buffer_append_char(&out, '\0');
    parsed(out.data);
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
        struct json_value root = parsed(got);
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
        cmocka_unit_test(puts_the_cost_in),
        cmocka_unit_test(writes_every_amount),
        cmocka_unit_test(hides_a_price_said_twice),
        cmocka_unit_test(random_usages_keep_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
