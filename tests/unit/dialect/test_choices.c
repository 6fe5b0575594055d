/* Choices: what each has said, how much that is, and which of them it was. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "dialect/choices.h"
#include "dialect/parsed.h"

enum { FACTS_MAX = 4 };

/* What was told, in its order: each text with a bar behind it, each choice as its index. */
struct told {
    char order[512];
    struct choice_facts facts[FACTS_MAX];
    size_t count;
};

static void on_text(struct slice text, void *arg)
{
    struct told *told = arg;
    size_t at = strlen(told->order);
    snprintf(told->order + at, sizeof told->order - at, "%.*s|", (int)text.bytes, text.data);
}

static void on_choice(const struct choice_facts *facts, void *arg)
{
    struct told *told = arg;
    size_t at = strlen(told->order);
    assert_true(told->count < FACTS_MAX);
    told->facts[told->count++] = *facts;
    snprintf(told->order + at, sizeof told->order - at, "#%d ", (int)facts->index);
}

static struct told read_next(struct choices_run *run, const char *choices)
{
    struct told told = {.count = 0};
    const struct choices_events events = {on_text, on_choice, &told};
    struct json_value value = parsed(choices);
    choices_read(run, &value, &events);
    return told;
}

static struct told read(const char *choices)
{
    struct choices_run run = {.index = 0};
    return read_next(&run, choices);
}

static void texts_come_as_they_stand_before_their_choice(void **state)
{
    (void)state;
    struct told told = read("[{\"index\":1,\"delta\":{\"role\":\"assistant\",\"refusal\":\"\","
                            "\"content\":\"a\\n\",\"reasoning\":\"b\"}},"
                            "{\"index\":0,\"delta\":{\"tool_calls\":[{\"id\":\"x\"}]}}]");
    assert_string_equal(told.order, "a\\n|b|#1 [{\"id\":\"x\"}]|#0 ");
}

static void what_is_no_array_has_no_choices(void **state)
{
    (void)state;
    static const char *const none[] = {"null", "{}", "\"x\"", "[]", "{\"0\":{\"delta\":{}}}"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(read(none[i]).count, 0);
    assert_int_equal(read("[null,1,[]]").count, 3); /* choices that say nothing */
}

static void an_index_that_is_not_known_is_0(void **state)
{
    (void)state;
    static const struct {
        const char *choices;
        int64_t index;
    } cases[] = {
        {"[{\"index\":127}]", 127}, {"[{\"index\":128}]", 0},   {"[{\"index\":-1}]", 0},
        {"[{\"index\":1.5}]", 0},   {"[{\"index\":\"1\"}]", 0}, {"[{}]", 0},
        {"[{\"index\":2.0}]", 2},   {"[{\"index\":1e300}]", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(read(cases[i].choices).facts[0].index, cases[i].index);
}

static void a_usage_said_twice_is_none(void **state)
{
    (void)state;
    assert_int_equal(read("[{\"usage\":{\"a\":1}}]").facts[0].usage.type, JSON_OBJECT);
    assert_int_equal(read("[{\"usage\":{},\"usage\":{\"a\":1}}]").facts[0].usage.type, JSON_NULL);
    assert_int_equal(read("[{}]").facts[0].usage.type, JSON_NULL);
}

static const struct {
    const char *choices;
    int64_t bytes;
} measured[] = {
    {"[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]", 0},
    {"[{\"delta\":{\"content\":\"hello\"}}]", 5},
    {"[{\"delta\":{\"content\":\"\\u00e9\\ud83d\\ude00\\n\"}}]", 2 + 4 + 1},
    {"[{\"message\":{\"role\":\"assistant\",\"content\":\"hello\"}}]", 5},
    {"[{\"delta\":{},\"finish_reason\":\"length\"}]", 0},
    {"[{\"delta\":null}]", 0},
    {"[{\"delta\":\"hello\"}]", 0},
    {"[{\"delta\":{\"content\":null,\"refusal\":\"no\"}}]", 2},
    {"[{\"delta\":{\"content\":[{\"type\":\"x\",\"text\":\"abc\"}]}}]", 3},
    {"[{\"text\":\"abc\"}]", 3},
    /* one of them counts: the delta, the message, the text */
    {"[{\"message\":{\"content\":\"hello\"},\"delta\":{\"content\":\"ab\"},\"text\":\"x\"}]", 2},
    {"[{\"text\":\"x\",\"message\":{\"content\":\"hello\"}}]", 5},
    /* labels, and what no model has said */
    {"[{\"delta\":{\"id\":\"msg_1\",\"type\":\"message\",\"name\":\"bot\","
     "\"annotations\":[{\"url\":\"x\"}],\"audio\":{\"id\":\"audio_1\"}}}]",
     0},
    /* what is reasoned counts once */
    {"[{\"delta\":{\"reasoning_content\":\"hm\",\"content\":\"ok\"}}]", 4},
    {"[{\"delta\":{\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"hmm\"}],"
     "\"content\":\"ok\",\"reasoning_content\":\"hmm\",\"reasoning\":\"hmm\"}}]",
     2 + 3},
    {"[{\"message\":{\"reasoning_details\":[{\"type\":\"x\",\"text\":\"hmm\"}],"
     "\"content\":\"\",\"reasoning_content\":null}}]",
     3},
    {"[{\"delta\":{\"thinking_blocks\":[{\"type\":\"thinking\",\"thinking\":\"hmm\"}],"
     "\"reasoning_content\":\"hmm\",\"provider_specific_fields\":{\"thinking_blocks\":"
     "[\"hmm\"]}}}]",
     3},
    /* calls of tools: names and arguments */
    {"[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1234\",\"type\":\"custom\","
     "\"custom\":{\"name\":\"f\",\"input\":\"abc\"}}]}}]",
     1 + 3},
    {"[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1234\",\"type\":\"function\","
     "\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]}}]",
     1 + 7},
    {"[{\"delta\":{\"tool_calls\":[1,null,{}]}}]", 0},
    {"[{\"delta\":{\"tool_calls\":{}}}]", 0},
};

static void measures_what_a_model_has_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof measured / sizeof *measured; i++) {
        struct told told = read(measured[i].choices);
        assert_int_equal(told.count, 1);
        if (told.facts[0].sizes.text_bytes != measured[i].bytes)
            fail_msg("%lld bytes: %s", (long long)told.facts[0].sizes.text_bytes,
                     measured[i].choices);
    }
}

/* The words of another choice do not end a picture that comes in pieces. */
static void data_in_pieces_is_followed_in_its_choice(void **state)
{
    (void)state;
    struct choices_run run = {.index = 0};
    char data[401];
    char chunk[600];
    memset(data, 'Q', sizeof data - 1);
    data[sizeof data - 1] = '\0';
    snprintf(chunk, sizeof chunk,
             "[{\"index\":1,\"delta\":{\"content\":\"data:image/png;base64,%s\"}}]", data);
    assert_int_equal(read_next(&run, chunk).facts[0].sizes.image_count, 1);
    struct told told = read_next(&run, "[{\"index\":0,\"delta\":{\"content\":\"Some prose.\"}}]");
    assert_int_equal(told.facts[0].sizes.text_bytes, 11);
    snprintf(chunk, sizeof chunk, "[{\"index\":1,\"delta\":{\"content\":\"%.100s\"}}]", data);
    told = read_next(&run, chunk);
    assert_int_equal(told.facts[0].sizes.text_bytes, 0);
    assert_int_equal(told.facts[0].sizes.image_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_come_as_they_stand_before_their_choice),
        cmocka_unit_test(what_is_no_array_has_no_choices),
        cmocka_unit_test(an_index_that_is_not_known_is_0),
        cmocka_unit_test(a_usage_said_twice_is_none),
        cmocka_unit_test(measures_what_a_model_has_said),
        cmocka_unit_test(data_in_pieces_is_followed_in_its_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
