/* What another provider has signed is left out of a conversation, and the rest stays as it came. */
#include "base/support.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "dialect/foreign_marks.h"

struct example {
    enum dialect dialect;
    const char *before;
    const char *after; /* NULL: nothing changes */
};

#define BEGINNING "This is a summary of the conversation so far, which it replaces:\\n\\n"
#define THOUGHT "{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"gw1.gemini.x\"}"
#define OWN "{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"Eq1.\"}"
#define TEXT "{ \"type\":\"text\", \"text\":\"gw1. \\\"gw1.\" }"
#define USED(id) "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"f\",\"input\":{}}"
#define SAID(list) "{\"role\":\"assistant\",\"content\":[" list "]}"
#define ASKED "{\"role\":\"user\",\"content\":\"q\"}"
#define TALK(list) "{\"tomorrow\":1.0,\"messages\":[" list "],\"max_tokens\":9}"
#define THINKS(list, mode) "{\"thinking\":{\"type\":\"" mode "\"},\"messages\":[" list "]}"
#define REASONING "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"gw1.none.\"}"
#define ITEM "{\"type\":\"function_call\",\"call_id\":\"c\"}"

static const struct example examples[] = {
    /* Anthropic */
    {DIALECT_ANTHROPIC, TALK(ASKED "," SAID(OWN "," TEXT)), NULL},
    {DIALECT_ANTHROPIC, TALK(ASKED "," SAID(THOUGHT "," TEXT)), TALK(ASKED "," SAID(TEXT))},
    {DIALECT_ANTHROPIC, TALK(SAID(TEXT "," THOUGHT)), TALK(SAID(TEXT))},
    {DIALECT_ANTHROPIC, TALK(SAID(TEXT " , " THOUGHT ", " OWN)), TALK(SAID(TEXT ", " OWN))},
    {DIALECT_ANTHROPIC, TALK(SAID(THOUGHT "," THOUGHT "," TEXT "," THOUGHT "," THOUGHT)),
     TALK(SAID(TEXT))},
    {DIALECT_ANTHROPIC, TALK(ASKED "," SAID(THOUGHT) "," ASKED), TALK(ASKED "," ASKED)},
    {DIALECT_ANTHROPIC, TALK(SAID(THOUGHT) "," ASKED), TALK(ASKED)},
    {DIALECT_ANTHROPIC, TALK(SAID(THOUGHT)), TALK("")},
    {DIALECT_ANTHROPIC, TALK(SAID("{\"type\":\"redacted_thinking\",\"data\":\"gw1.a.b\"}," TEXT)),
     TALK(SAID(TEXT))},
    {DIALECT_ANTHROPIC, TALK(SAID(THOUGHT "," USED("c~gw1.gemini.x"))), TALK(SAID(USED("c")))},
    /* A budget of thoughts wants the thoughts of a turn that goes on; other modes do not. */
    {DIALECT_ANTHROPIC, THINKS(SAID(THOUGHT "," TEXT), "enabled"), THINKS(SAID(TEXT), "disabled")},
    {DIALECT_ANTHROPIC, THINKS(SAID(THOUGHT "," TEXT), "adaptive"), THINKS(SAID(TEXT), "adaptive")},
    {DIALECT_ANTHROPIC, THINKS(SAID(THOUGHT "," TEXT) "," SAID(OWN "," TEXT), "enabled"),
     THINKS(SAID(TEXT) "," SAID(OWN "," TEXT), "enabled")},
    /* Responses */
    {DIALECT_RESPONSES, "{\"input\":\"gw1. \\\"gw1.\"}", NULL},
    {DIALECT_RESPONSES, "{\"input\":[" REASONING ", " ITEM "," REASONING "]}",
     "{\"input\":[" ITEM "]}"},
    {DIALECT_RESPONSES,
     "{\"input\":[" ITEM ",{\"type\":\"compaction\",\"id\":\"cmp_1\",\"encrypted_content\":"
     "\"gw1.summary.a \\\"b\\\"\"}," ITEM "]}",
     "{\"input\":[" ITEM ",{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":"
     "\"input_text\",\"text\":\"" BEGINNING "a \\\"b\\\"\"}]}," ITEM "]}"},
    {DIALECT_RESPONSES,
     "{\"input\":[{\"encrypted_content\":\"gw1.summary.a\",\"type\":\"compaction\",\"x\":1}]}",
     "{\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
     "\"text\":\"" BEGINNING "a\"}]}]}"},
    /* Gemini: Google has a word for a signature that is unknown. */
    {DIALECT_GEMINI,
     "{\"contents\":[{\"parts\":[{\"functionCall\":{},\"thoughtSignature\":\"Z3cxLmE=\"},"
     "{\"text\":\"\",\"thoughtSignature\":\"AQ==\"}]}]}",
     "{\"contents\":[{\"parts\":[{\"functionCall\":{},\"thoughtSignature\":"
     "\"skip_thought_signature_validator\"},{\"text\":\"\",\"thoughtSignature\":\"AQ==\"}]}]}"},
    /* Chat */
    {DIALECT_CHAT,
     "{\"messages\":[{\"role\":\"assistant\",\"reasoning_details\":[{\"data\":\"gw1.a.b\"},"
     "{\"data\":\"c\"}],\"tool_calls\":[{\"id\":\"c~gw1.gemini.x\"}]},"
     "{\"role\":\"tool\",\"tool_call_id\":\"c~gw1.gemini.x\"}]}",
     "{\"messages\":[{\"role\":\"assistant\",\"reasoning_details\":["
     "{\"data\":\"c\"}],\"tool_calls\":[{\"id\":\"c\"}]},"
     "{\"role\":\"tool\",\"tool_call_id\":\"c\"}]}"},
    {DIALECT_CHAT, "{\"messages\":\"\\\"gw1.\"}", NULL},
};

static void clean(const struct example *example, size_t cut)
{
    const char *text = example->before;
    const char *wanted = example->after != NULL ? example->after : text;
    struct request_copy copy = {.parts = {{text, cut}, {text + cut, strlen(text) - cut}},
                                .part_count = 2};
    assert_true(foreign_marks_remove(example->dialect, &copy));
    assert_int_equal(copy.part_count, 1);
    if (!slice_equals(copy.parts[0], wanted))
        fail_msg("%.*s instead of %s", (int)copy.parts[0].bytes, copy.parts[0].data, wanted);
    request_copy_fini(&copy);
}

static void what_is_foreign_is_left_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        clean(&examples[i], strlen(examples[i].before) / 3);
        clean(&examples[i], 0);
    }
}

static void marks_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        if (examples[i].after != NULL)
            assert_true(foreign_marks_stand_in(examples[i].dialect, slice_of(examples[i].before)));
    }
    static const char *const without[] = {
        "",        "1",       "gw1.",     "1.",
        "\"gw1",   "\"gw1\"", "w1.\"gw1", "{\"a\":\"x gw1.a\",\"b\":1.5}",
        "\"Gw1.\""};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        assert_false(foreign_marks_stand_in(DIALECT_CHAT, slice_of(without[i])));
    assert_true(foreign_marks_stand_in(DIALECT_CHAT, slice_of("11\"gw1.")));
    for (int dialect = CONVERSATIONS; dialect < DIALECTS; dialect++)
        assert_false(foreign_marks_stand_in((enum dialect)dialect, slice_of("\"gw1.gemini.x\"")));
    assert_false(foreign_marks_stand_in(DIALECT_GEMINI, slice_of("\"gw1.\" Z3cxL")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_foreign_is_left_out),
        cmocka_unit_test(marks_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
