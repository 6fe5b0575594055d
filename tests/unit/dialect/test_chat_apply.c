/* The provider's copy of a chat completion request: what must change is changed, and every other
 * byte stays what it was. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/chat.h"

#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"

/* The copy as a NUL-terminated string of the caller's to free; NULL when nothing differs. */
static char *copied(const char *text, const struct request_changes *changes)
{
    struct model_request request;
    struct request_fault fault = {0};
    struct request_copy copy;
    struct buffer out;
    struct json_value root;
    if (!chat_read(slice_of(text), 0, &request, &fault))
        fail_msg("%s: %s", fault.message, text);
    buffer_init(&out, 1 << 20);
    assert_true(chat_apply(&request, changes, &copy));
    for (size_t i = 0; i < copy.part_count; i++)
        assert_true(buffer_append_slice(&out, copy.parts[i]));
    bool same = copy.part_count == 1 && copy.parts[0].data == text;
    request_copy_fini(&copy);
    if (same) {
        assert_int_equal(out.bytes, strlen(text));
        buffer_fini(&out);
        return NULL;
    }
    if (!json_parse(buffer_slice(&out), LIMIT_JSON_DEPTH, &root, NULL))
        fail_msg("not valid: %.*s", (int)out.bytes, out.data);
    buffer_append_char(&out, '\0');
    return out.data;
}

static void assert_copy(const char *text, const struct request_changes *changes,
                        const char *expected)
{
    char *copy = copied(text, changes);
    if ((copy == NULL) != (expected == NULL) || (copy != NULL && strcmp(copy, expected) != 0))
        fail_msg("\n     of %s\n    got %s\nwant to %s", text, copy ? copy : "nothing",
                 expected ? expected : "nothing");
    free(copy);
}

/* ---- nothing differs ---- */

static void sends_on_what_need_not_change(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"model\":\"m\"," MESSAGES "}",
        " {\t\"model\" :\r\n\"m\" , " MESSAGES " } ",
        "{\"mod\\u0065l\":\"\\u006d\"," MESSAGES ",\"max_tokens\":5}",
        "{\"model\":\"m\"," MESSAGES ",\"stream\":false,\"max_completion_tokens\":1}",
        "{\"model\":\"m\"," MESSAGES ",\"stream\":null,\"stream_options\":null,\"max_tokens\":9}",
        "{\"model\":\"m\"," MESSAGES ",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
        "\"max_tokens\":1e1}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        bool newer = strstr(bodies[i], "max_completion_tokens") != NULL;
        const char *field = newer ? "max_completion_tokens" : "max_tokens";
        const struct request_changes same = {.model = "m", .max_tokens_field = field};
        const struct request_changes enough = {
            .model = "m", .max_tokens_field = field, .output_tokens_max = 10};
        assert_copy(bodies[i], &same, NULL);
        if (strstr(bodies[i], "tokens") != NULL)
            assert_copy(bodies[i], &enough, NULL);
    }
}

/* ---- each change alone ---- */

static void renames_the_model(void **state)
{
    (void)state;
    const struct request_changes changes = {.model = "org/m-2", .max_tokens_field = "max_tokens"};
    assert_copy("{\"model\":\"m\"," MESSAGES "}", &changes, "{\"model\":\"org/m-2\"," MESSAGES "}");
    assert_copy("{" MESSAGES " , \"mod\\u0065l\" : \"\\u006d\" ,\"x\":{\"model\":\"m\"}}", &changes,
                "{" MESSAGES " , \"mod\\u0065l\" : \"org/m-2\" ,\"x\":{\"model\":\"m\"}}");
    const struct request_changes quoted = {.model = "a\"\\\n", .max_tokens_field = "max_tokens"};
    assert_copy("{\"model\":\"m\"," MESSAGES "}", &quoted,
                "{\"model\":\"a\\\"\\\\\\n\"," MESSAGES "}");
    /* The longest name, with all of it escaped. */
    char name[LIMIT_MODEL_NAME_BYTES];
    memset(name, 1, sizeof name);
    name[sizeof name - 1] = '\0';
    const struct request_changes longest = {.model = name, .max_tokens_field = "max_tokens"};
    char *copy = copied("{\"model\":\"m\"," MESSAGES "}", &longest);
    assert_int_equal(strlen(copy), strlen("{\"model\":\"\"," MESSAGES "}") + 6 * strlen(name));
    free(copy);
}

/* The members of a streamed request behind its messages, before and after. */
static const struct {
    const char *before, *after;
} options[] = {
    {",\"stream_options\":null", ",\"stream_options\":{\"include_usage\":true}"},
    {",\"stream_options\" : null ", ",\"stream_options\" : {\"include_usage\":true} "},
    {",\"stream_options\":{}", ",\"stream_options\":{\"include_usage\":true}"},
    {",\"stream_options\":{ \n}", ",\"stream_options\":{\"include_usage\":true \n}"},
    {",\"stream\\u005foptions\":{}", ",\"stream\\u005foptions\":{\"include_usage\":true}"},
    {",\"stream_options\":{\"x\":1}", ",\"stream_options\":{\"include_usage\":true,\"x\":1}"},
    {",\"stream_options\":{ \"x\":[] }", ",\"stream_options\":{\"include_usage\":true, \"x\":[] }"},
    {",\"stream_options\":{\"include_usage\":false}",
     ",\"stream_options\":{\"include_usage\":true}"},
    {",\"stream_options\":{\"include_usage\":null}",
     ",\"stream_options\":{\"include_usage\":true}"},
    {",\"stream_options\":{\"x\":{\"include_usage\":false},\"include\\u005Fusage\" : false , "
     "\"y\":{}}",
     ",\"stream_options\":{\"x\":{\"include_usage\":false},\"include\\u005Fusage\" : true , "
     "\"y\":{}}"},
};

static void asks_for_usage(void **state)
{
    (void)state;
    const struct request_changes same = {.model = "m", .max_tokens_field = "max_tokens"};
#define STREAMED "\"model\":\"m\",\"stream\":true," MESSAGES
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        char before[512];
        char after[512];
        snprintf(before, sizeof before, "{" STREAMED "%s}", options[i].before);
        snprintf(after, sizeof after, "{" STREAMED "%s}", options[i].after);
        assert_copy(before, &same, after);
    }
    assert_copy("{" STREAMED "}", &same,
                "{\"stream_options\":{\"include_usage\":true}," STREAMED "}");
    assert_copy(" { \"x\":\"{\"," STREAMED "}\n", &same,
                " {\"stream_options\":{\"include_usage\":true}, \"x\":\"{\"," STREAMED "}\n");
}

static void does_not_ask_who_says_it_unasked(void **state)
{
    (void)state;
    const struct request_changes same = {
        .model = "m", .max_tokens_field = "max_tokens", .usage_unasked = true};
    assert_copy("{" STREAMED "}", &same, NULL);
    assert_copy("{" STREAMED ",\"stream_options\":null}", &same, NULL);
    assert_copy("{" STREAMED ",\"stream_options\":{\"include_usage\":true}}", &same,
                "{" STREAMED ",\"stream_options\":null}");
    assert_copy("{\"stream_options\":{},\"usage\":{\"include\":true}," STREAMED "}", &same,
                "{\"stream_options\":null," STREAMED "}");
}

/* Behind the messages, before and after; `field` is the provider's name for it. */
static const struct {
    const char *field;
    int64_t most;
    const char *before, *after; /* after NULL: the member is put in front */
} caps[] = {
    {"max_tokens", 100, "", NULL},
    {"max_completion_tokens", 100, "", NULL},
    {"max_tokens", 100, ",\"max_tokens\":null", ",\"max_tokens\":100"},
    {"max_completion_tokens", 100, ",\"max_completion_tokens\": null ",
     ",\"max_completion_tokens\": 100 "},
    {"max_tokens", 100, ",\"max_completion_tokens\":null", NULL},
    {"max_tokens", 100, ",\"max_tokens\":101", ",\"max_tokens\":100"},
    {"max_tokens", 100, ",\"max_tokens\":1e9", ",\"max_tokens\":100"},
    {"max_tokens", 100, ",\"max_tokens\" : 2147483647 ", ",\"max_tokens\" : 100 "},
    {"max_tokens", INT64_C(9223372036854775807), "", NULL},
    /* the client's own limit goes to the provider's name for it */
    {"max_tokens", 100, ",\"max_completion_tokens\":101", ",\"max_tokens\":100"},
    {"max_tokens", 0, ",\"max_completion_tokens\" : 2e1 ", ",\"max_tokens\" : 2e1 "},
    {"max_tokens", 0, ",\"max_completion_token\\u0073\":5", ",\"max_tokens\":5"},
    {"max_tokens", 0, ",\"max_tokens\":5", ",\"max_tokens\":5"},
    {"max_completion_tokens", 100, ",\"max_tokens\":101", ",\"max_completion_tokens\":100"},
    {"max_completion_tokens", 100, ",\"max_tokens\":99", ",\"max_completion_tokens\":99"},
    {"max_tokens", 100, ",\"max_tokens\":null,\"max_completion_tokens\":500",
     ",\"max_tokens\":100,\"max_completion_tokens\":null"},
    {"max_tokens", 0, ",\"max_completion_tokens\":500,\"max_tokens\":null",
     ",\"max_completion_tokens\":null,\"max_tokens\":500"},
    /* to both */
    {"both", 0, ",\"max_tokens\":5,\"max_completion_tokens\":null",
     ",\"max_tokens\":5,\"max_completion_tokens\":5"},
    {"both", 4, ",\"max_tokens\":null,\"max_completion_tokens\":5",
     ",\"max_tokens\":4,\"max_completion_tokens\":4"},
    {"both", 0, ",\"max_tokens\":5,\"max_completion_tokens\":6",
     ",\"max_tokens\":5,\"max_completion_tokens\":6"},
    {"max_tokens", 100, ",\"max_tokens\":500,\"max_completion_tokens\":600",
     ",\"max_tokens\":100,\"max_completion_tokens\":100"},
    {"max_tokens", 100, ",\"max_completion_tokens\":600,\"max_tokens\":5",
     ",\"max_completion_tokens\":100,\"max_tokens\":5"},
    {"max_tokens", 100, ",\"max_tokens\":500,\"x\":{\"max_tokens\":500},\"max\\u005ftoken\":500",
     ",\"max_tokens\":100,\"x\":{\"max_tokens\":500},\"max\\u005ftoken\":500"},
    {"max_tokens", 100, ",\"max_token\\u0073\":500", ",\"max_token\\u0073\":100"},
};

static void caps_the_answer(void **state)
{
    (void)state;
#define PLAIN "\"model\":\"m\"," MESSAGES
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        const struct request_changes changes = {
            .model = "m", .max_tokens_field = caps[i].field, .output_tokens_max = caps[i].most};
        char before[512];
        char after[512];
        snprintf(before, sizeof before, "{" PLAIN "%s}", caps[i].before);
        if (caps[i].after != NULL)
            snprintf(after, sizeof after, "{" PLAIN "%s}", caps[i].after);
        else
            snprintf(after, sizeof after, "{\"%s\":%lld," PLAIN "%s}", caps[i].field,
                     (long long)caps[i].most, caps[i].before);
        assert_copy(before, &changes, strcmp(before, after) == 0 ? NULL : after);
    }
}

/* A limit in a member of its own stands in front. */
static void says_the_limit_in_both(void **state)
{
    (void)state;
    const struct request_changes changes = {.model = "m", .max_tokens_field = "both"};
    assert_copy("{" PLAIN ",\"max_tokens\":5}", &changes,
                "{\"max_completion_tokens\":5," PLAIN ",\"max_tokens\":5}");
    assert_copy("{" PLAIN ",\"max_completion_tokens\":5}", &changes,
                "{\"max_tokens\":5," PLAIN ",\"max_completion_tokens\":5}");
    assert_copy("{" PLAIN "}", &changes, NULL);
    const struct request_changes any = {.model = "m", .max_tokens_field = "any"};
    assert_copy("{" PLAIN ",\"max_tokens\":5}", &any, NULL);
    assert_copy("{" PLAIN ",\"max_completion_tokens\":5}", &any,
                "{\"max_tokens\":5," PLAIN ",\"max_completion_tokens\":5}");
    const struct request_changes capped = {
        .model = "m", .max_tokens_field = "both", .output_tokens_max = 7};
    assert_copy("{" PLAIN "}", &capped, "{\"max_tokens\":7,\"max_completion_tokens\":7," PLAIN "}");
}

static void changes_all_at_once(void **state)
{
    (void)state;
    const struct request_changes changes = {
        .model = "other", .max_tokens_field = "max_completion_tokens", .output_tokens_max = 7};
    assert_copy("{" STREAMED "}", &changes,
                "{\"stream_options\":{\"include_usage\":true},\"max_completion_tokens\":7,"
                "\"model\":\"other\",\"stream\":true," MESSAGES "}");
    assert_copy("{\"max_tokens\":9,\"stream_options\":{},\"max_completion_tokens\":8," STREAMED "}",
                &changes,
                "{\"max_tokens\":7,\"stream_options\":{\"include_usage\":true},"
                "\"max_completion_tokens\":7,\"model\":\"other\",\"stream\":true," MESSAGES "}");
}

/* ---- at random ---- */

/* A member with what becomes of its value; the dice choose one of each name, or none. */
struct choice {
    const char *key; /* NULL: the member is not there */
    const char *value;
    const char *copied;
    int64_t number;         /* of a limit; 0: none */
    const char *copied_key; /* NULL: as it is */
};

#define COUNT(list) (sizeof list / sizeof *list)
#define LIMITS(name)                                                                               \
    {                                                                                              \
        {0}, {0}, {name, "null", "null", 0, NULL}, {name, "5", "5", 5, NULL},                      \
            {name, "2e1", "2e1", 20, NULL}, {name, "21", "20", 21, NULL},                          \
            {name, "100000", "20", 100000, NULL},                                                  \
    }

static const struct choice models[] = {
    {"model", "\"m\"", "\"other\"", 0, NULL},
    {"\\u006dodel", "\"\\u006D\"", "\"other\"", 0, NULL},
};
static const struct choice streams[] = {
    {0},
    {"stream", "false", "false", 0, NULL},
    {"stream", "null", "null", 0, NULL},
};
static const struct choice usages[] = {
    {0},
    {"stream_options", "null", "{\"include_usage\":true}", 0, NULL},
    {"stream_options", "{}", "{\"include_usage\":true}", 0, NULL},
    {"stream_options", "{ }", "{\"include_usage\":true }", 0, NULL},
    {"stream_options", "{\"include_usage\":true}", "{\"include_usage\":true}", 0, NULL},
    {"stream_options", "{\"include_usage\": false}", "{\"include_usage\": true}", 0, NULL},
    {"stream\\u005foptions", "{\"a\":\"}\"}", "{\"include_usage\":true,\"a\":\"}\"}", 0, NULL},
};
static const struct choice max_tokens[] = LIMITS("max_tokens");
static const struct choice max_completion_tokens[] = LIMITS("max_completion_tokens");
static const struct choice others[] = {
    {0},
    {"seed", "9007199254740993", "9007199254740993", 0, NULL},
    {"temperature", "0.30000000000000004", "0.30000000000000004", 0, NULL},
    {"tools", "[ ]", "[ ]", 0, NULL},
    {"x", "{\"model\":\"m\",\"max_tokens\":99,\"stream_options\":null}",
     "{\"model\":\"m\",\"max_tokens\":99,\"stream_options\":null}", 0, NULL},
    {"\\ud83d\\ude00/\\/", "\"\\u0000}{\\\"\"", "\"\\u0000}{\\\"\"", 0, NULL},
};

static const struct choice *choose(struct dice *dice, const struct choice *list, size_t count)
{
    return &list[dice_below(dice, count)];
}

static void write_space(struct dice *dice, struct buffer *text, struct buffer *copy)
{
    for (size_t n = dice_below(dice, 6); n > 3; n--) {
        char c = " \t\r\n"[dice_below(dice, 4)];
        buffer_append_char(text, c);
        buffer_append_char(copy, c);
    }
}

static void write_both(const char *piece, struct buffer *text, struct buffer *copy)
{
    buffer_append_text(text, piece);
    buffer_append_text(copy, piece);
}

/* The members in an order of the dice's; `copy` gets what we expect of it, behind its brace. */
static void write_members(struct dice *dice, const struct choice **members, size_t count,
                          struct buffer *text, struct buffer *copy)
{
    bool first = true;
    for (size_t left = count; left > 0; left--) {
        size_t at = dice_below(dice, left);
        const struct choice *member = members[at];
        members[at] = members[left - 1];
        if (member->key == NULL)
            continue;
        if (!first)
            write_both(",", text, copy);
        first = false;
        write_space(dice, text, copy);
        write_both("\"", text, copy);
        buffer_append_text(text, member->key);
        buffer_append_text(copy, member->copied_key != NULL ? member->copied_key : member->key);
        write_both("\"", text, copy);
        write_space(dice, text, copy);
        write_both(":", text, copy);
        write_space(dice, text, copy);
        buffer_append_text(text, member->value);
        buffer_append_text(copy, member->copied);
        write_space(dice, text, copy);
    }
    write_both("}", text, copy);
    write_space(dice, text, copy);
    buffer_append_char(text, '\0');
    buffer_append_char(copy, '\0');
}

static void random_requests_change_where_they_must(void **state)
{
    (void)state;
    static const struct choice messages = {
        "messages", "[{\"role\":\"user\",\"content\":\"\\u00e9\"}]",
        "[{\"role\":\"user\",\"content\":\"\\u00e9\"}]", 0, NULL};
    static const struct choice streamed = {"stream", "true", "true", 0, NULL};
    const struct request_changes changes = {
        .model = "other", .max_tokens_field = "max_tokens", .output_tokens_max = 20};
    struct dice dice = dice_make();
    for (int round = 0; round < 10000; round++) {
        bool stream = dice_below(&dice, 2) == 0;
        const struct choice *usage = stream ? choose(&dice, usages, COUNT(usages)) : &usages[0];
        const struct choice *limit = choose(&dice, max_tokens, COUNT(max_tokens));
        const struct choice *newer =
            choose(&dice, max_completion_tokens, COUNT(max_completion_tokens));
        struct choice limit_null = *limit;
        struct choice newer_moved = *newer;
        bool limited = limit->number > 0 || newer->number > 0;
        if (limit->key != NULL && !limited) /* null becomes the cap where no other member says it */
            limit_null.copied = "20";
        bool moved = limit->number == 0 && newer->number > 0;
        const char *number = newer->number < 20 ? "5" : "20";
        if (moved && limit->key != NULL) { /* the only limit goes to the provider's member, */
            limit_null.copied = number;
            newer_moved.copied = "null";
        } else if (moved) { /* or is renamed */
            newer_moved.copied_key = "max_tokens";
        }
        const struct choice *members[] = {
            choose(&dice, models, COUNT(models)),
            &messages,
            stream ? &streamed : choose(&dice, streams, COUNT(streams)),
            usage,
            &limit_null,
            &newer_moved,
            choose(&dice, others, COUNT(others)),
        };
        struct buffer text;
        struct buffer copy;
        buffer_init(&text, 4096);
        buffer_init(&copy, 4096);
        write_space(&dice, &text, &copy);
        write_both("{", &text, &copy);
        if (stream && usage->key == NULL)
            buffer_append_text(&copy, "\"stream_options\":{\"include_usage\":true},");
        if (!limited && limit->key == NULL)
            buffer_append_text(&copy, "\"max_tokens\":20,");
        write_members(&dice, members, COUNT(members), &text, &copy);
        assert_copy(text.data, &changes, copy.data);
        buffer_fini(&text);
        buffer_fini(&copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_on_what_need_not_change),
        cmocka_unit_test(renames_the_model),
        cmocka_unit_test(asks_for_usage),
        cmocka_unit_test(does_not_ask_who_says_it_unasked),
        cmocka_unit_test(caps_the_answer),
        cmocka_unit_test(says_the_limit_in_both),
        cmocka_unit_test(changes_all_at_once),
        cmocka_unit_test(random_requests_change_where_they_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
