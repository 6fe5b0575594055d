/* Events that are taken without being read: whatever is done to an event that was learned, it is
 * taken only if reading it would have said the same. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "dialect/choices.h"
#include "dialect/event_template.h"
#include "dialect/line_ends.h"
#include "dialect/sse.h"
#include "dialect/usage_form.h"

#define BEFORE "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\""
#define AFTER "\"},\"finish_reason\":null}]}\n\n"
#define EVENT(content) BEFORE content AFTER

/* As OpenAI sends it, where usage is asked for; and as a client gets it who has not asked. */
#define PADDED(content, padding)                                                                   \
    BEFORE content "\"},\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"" padding        \
                   "\"}\n\n"
#define PADDED_CUT(content, padding)                                                               \
    BEFORE content "\"},\"finish_reason\":null}],\"obfuscation\":\"" padding "\"}\n\n"

struct sum {
    int64_t text_bytes;
    bool finished;
};

static void add_text(struct slice text, void *arg)
{
    (void)text;
    (void)arg;
}

static void add_choice(const struct choice_facts *facts, void *arg)
{
    struct sum *sum = arg;
    bool ends = facts->finish_reason.type == JSON_STRING && facts->finish_reason.raw.bytes > 2;
    sum->text_bytes += facts->sizes.text_bytes;
    sum->finished = sum->finished || ends;
}

static bool has_counts(const struct json_value *usage)
{
    struct usage_form form;
    return usage->type == JSON_OBJECT && usage_form_read(usage, &form);
}

/* What reading an event says: `bytes` it counts as, and what the client gets of it, who has asked
 * for usage or has not. False: it cannot be one to pass on without a look. */
static bool read_event(struct slice event, bool usage_asked, struct completion *chunk,
                       int64_t *bytes, struct buffer *out)
{
    struct buffer joined;
    struct choices_run run = {0};
    struct sum sum = {0};
    const struct choices_events events = {add_text, add_choice, &sum};
    buffer_init(&joined, 4096);
    struct slice data = sse_data(event, &joined);
    bool one_line = data.data >= event.data && data.data < event.data + event.bytes;
    bool plain = one_line && completion_read(data, chunk) && chunk->error.type == JSON_NULL &&
                 chunk->usage_count <= 1 && !has_counts(&chunk->usage);
    buffer_fini(&joined);
    if (!plain)
        return false;
    choices_read(&run, &chunk->choices, &events);
    *bytes = sum.text_bytes;
    struct json_edit cut = {0};
    if (chunk->usage_count == 1 && !usage_asked)
        cut = json_removal(event, &chunk->root, "usage");
    assert_true(json_apply_edits(event, &cut, 1, out));
    return !sum.finished;
}

static void learn(struct event_template *template, struct slice event, bool usage_asked)
{
    struct completion chunk;
    struct buffer out;
    int64_t bytes = 0;
    buffer_init(&out, 4096);
    assert_true(read_event(event, usage_asked, &chunk, &bytes, &out));
    event_template_learn(template, event, &chunk, bytes, !usage_asked);
    buffer_fini(&out);
}

/* The size of the event that is taken off the data; 0: none is. Otherwise what then goes to the
 * client is appended to `out`. */
static size_t take(struct event_template *template, struct slice data, int64_t *bytes,
                   struct buffer *out)
{
    struct template_match known;
    if (!event_template_take(template, data, &known))
        return 0;
    *bytes = known.bytes;
    buffer_append_slice(out, known.before);
    buffer_append_slice(out, known.after);
    return known.event_bytes;
}

static bool takes(struct event_template *template, struct slice event)
{
    struct template_match known;
    return event_template_take(template, event, &known);
}

static void note_first(struct slice event, void *arg)
{
    size_t *bytes = arg;
    if (*bytes == 0)
        *bytes = event.bytes;
}

/* The size of the event that the data begins with, as the stream is cut into events; 0: its end has
 * not come, or a line of it does not end as the client gets it. */
static size_t first_event_bytes(struct slice data)
{
    struct line_ends ends;
    struct sse sse;
    struct slice kept;
    size_t bytes = 0;
    sse_init(&sse);
    assert_true(sse_feed(&sse, data, note_first, &bytes));
    sse_fini(&sse);
    line_ends_init(&ends);
    assert_true(line_ends_take(&ends, (struct slice){data.data, bytes}, &kept));
    bool same = kept.data == data.data;
    line_ends_fini(&ends);
    return same ? bytes : 0;
}

static void takes_what_differs_in_its_text(void **state)
{
    (void)state;
    static const struct {
        const char *event;
        int64_t bytes;
    } cases[] = {
        {EVENT(""), 0},
        {EVENT(" word"), 5},
        {EVENT("\\n\\\"\\\\\\u20ac\\ud83d\\ude00"), 3 + 3 + 4},
        {EVENT("\xe2\x82\xac"), 3},
        {EVENT("data: [DONE]"), 12},
        {EVENT("\\\"},\\\"finish_reason\\\":\\\"stop\\\""), 25},
    };
    struct event_template template;
    event_template_init(&template);
    assert_false(takes(&template, slice_of(EVENT("x"))));
    learn(&template, slice_of(EVENT("first")), false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct template_match known;
        assert_true(event_template_take(&template, slice_of(cases[i].event), &known));
        assert_int_equal(known.event_bytes, strlen(cases[i].event));
        assert_int_equal(known.bytes, cases[i].bytes);
        assert_int_equal(known.before.bytes, strlen(cases[i].event));
        assert_int_equal(known.after.bytes, 0);
    }
    event_template_fini(&template);
}

static void takes_openai_s_form(void **state)
{
    (void)state;
    static const struct {
        const char *event, *cut;
        int64_t bytes;
    } cases[] = {
        {PADDED(" word", "x"), PADDED_CUT(" word", "x"), 5},
        {PADDED("", "kd93mSLz0"), PADDED_CUT("", "kd93mSLz0"), 0},
        {PADDED("\\u20ac", ""), PADDED_CUT("\\u20ac", ""), 3},
        {PADDED("a", "\\\"usage\\\":\xe2\x82\xac"), PADDED_CUT("a", "\\\"usage\\\":\xe2\x82\xac"),
         1},
    };
    for (int asked = 0; asked < 2; asked++) {
        struct event_template template;
        event_template_init(&template);
        learn(&template, slice_of(PADDED("first", "pad")), asked);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct buffer out;
            int64_t bytes = 0;
            buffer_init(&out, 4096);
            assert_int_equal(take(&template, slice_of(cases[i].event), &bytes, &out),
                             strlen(cases[i].event));
            assert_int_equal(bytes, cases[i].bytes);
            assert_true(slice_equals(buffer_slice(&out), asked ? cases[i].event : cases[i].cut));
            buffer_fini(&out);
        }
        assert_false(takes(&template, slice_of(PADDED("a", "b\\"))));
        assert_false(takes(&template, slice_of(PADDED("a", "\n"))));
        assert_false(takes(&template, slice_of(PADDED("a", "\",\"error\":\"b"))));
        assert_false(takes(&template, slice_of(PADDED_CUT("a", "b"))));
        assert_false(takes(&template, slice_of(EVENT("a"))));
        event_template_fini(&template);
    }
}

/* As several come in one read, the last of them perhaps in part. */
static void takes_one_event_off_the_data(void **state)
{
    (void)state;
    static const char *const behind[] = {EVENT("b"), "x", "\n", BEFORE, "data: [DONE]\n\n"};
    struct event_template template;
    event_template_init(&template);
    learn(&template, slice_of(EVENT("first")), false);
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
        char data[1024];
        struct buffer out;
        int64_t bytes = 0;
        buffer_init(&out, 4096);
        snprintf(data, sizeof data, "%s%s", EVENT("ab"), behind[i]);
        assert_int_equal(take(&template, slice_of(data), &bytes, &out), strlen(EVENT("ab")));
        assert_int_equal(bytes, 2);
        assert_true(slice_equals(buffer_slice(&out), EVENT("ab")));
        buffer_fini(&out);
    }
    event_template_fini(&template);
}

/* Another string may mean something one day, and padding only stands at the top. */
static void only_padding_varies_beside_the_text(void **state)
{
    (void)state;
    static const struct {
        const char *learned, *other;
    } cases[] = {
        {EVENT("x\",\"refusal\":\"a"), EVENT("x\",\"refusal\":\"b")},
        {EVENT("x\",\"obfuscation\":\"a"), EVENT("x\",\"obfuscation\":\"b")},
        {BEFORE "x\"}}],\"id\":\"a\"}\n\n", BEFORE "x\"}}],\"id\":\"b\"}\n\n"},
        {BEFORE "x\"}}],\"obfuscation\":1}\n\n", BEFORE "x\"}}],\"obfuscation\":2}\n\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct event_template template;
        event_template_init(&template);
        learn(&template, slice_of(cases[i].learned), false);
        assert_true(takes(&template, slice_of(cases[i].learned)));
        if (takes(&template, slice_of(cases[i].other)))
            fail_msg("%s", cases[i].other);
        event_template_fini(&template);
    }
}

static void leaves_what_differs_elsewhere(void **state)
{
    (void)state;
    static const char *const cases[] = {
        EVENT("a\nb"),
        EVENT("\\"),
        EVENT("\\x"),
        EVENT("\xff"),
        EVENT("\xe2\x82"),
        EVENT("a\"b"),
        EVENT("\",\"tool_calls\":\""),
        EVENT("\"},\"finish_reason\":\"stop\",\"x\":{\"y\":\""),
        BEFORE "\"},\"finish_reason\":\"stop\"}]}\n\n",
        BEFORE "x\"},\"finish_reason\":null}],\"usage\":{}}\n\n",
        "data: {\"id\":\"b\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x" AFTER,
        BEFORE "},\"finish_reason\":null}]}\n\n", /* one quote for both */
        BEFORE,
        "data: [DONE]\n\n",
        ": comment\n\n",
        "\n",
    };
    struct event_template template;
    event_template_init(&template);
    learn(&template, slice_of(EVENT("first")), false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (takes(&template, slice_of(cases[i])))
            fail_msg("%s", cases[i]);
    }
    event_template_fini(&template);
}

/* What says more than a string, or ends something, is not learned. */
static void learns_only_plain_text(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "data: {\"choices\":[]}\n\n",
        "data: {\"choices\":null}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":null}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[{\"message\":{\"content\":\"x\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"x\",\"content\":\"y\"}}]}\n\n",
        BEFORE "x\"}}],\"usage\":{}}\n\n",
        BEFORE "x\"}}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}},{\"delta\":{\"content\":\"y\"}}]}\n\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct event_template template;
        struct completion chunk;
        event_template_init(&template);
        assert_true(completion_read(sse_data(slice_of(cases[i]), NULL), &chunk));
        event_template_learn(&template, slice_of(cases[i]), &chunk, 1, true);
        if (takes(&template, slice_of(cases[i])))
            fail_msg("%s", cases[i]);
        event_template_fini(&template);
    }
}

static void learns_no_more_where_nothing_is_alike(void **state)
{
    (void)state;
    struct event_template template;
    char event[128];
    event_template_init(&template);
    for (int i = 0; i < 100; i++) {
        snprintf(event, sizeof event,
                 "data: {\"n\":%d,\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n", i);
        learn(&template, slice_of(event), false);
    }
    assert_false(takes(&template, slice_of(event)));
    event_template_fini(&template);
}

/* ---- anything ---- */

static const char *const learned[] = {
    EVENT("first"),
    EVENT(""),
    "data: {\"choices\":[{\"delta\":"
    "{\"reasoning\":\"why\",\"content\":\"x\\ny\",\"z\":[\"zz\"]}}]}\r\n\r\n",
    "event: x\ndata:{\"choices\" : [ {\"delta\" : "
    "{\"role\":\"assistant\", \"content\" : \"\xc3\xa9\"} } ]}\n\n",
    PADDED("word", "3kLd0"),
    PADDED("", ""),
    BEFORE "x\"}}] , \"usage\" : null }\n\n",
    BEFORE "x\"}}],\"obf\\u0075scation\":\"y\",\"\\u0075sage\":null}\n\n",
    "data: {\"usage\":null, \"obfuscation\":\"ab\","
    "\"choices\":[{\"delta\":{\"content\":\"cd\"}}]}\n\n",
    "data: {\"obfuscation\":\"ab\",\"usage\":null,"
    "\"choices\":[{\"delta\":{\"content\":\"cd\"}}]}\r\n\n",
    BEFORE "x\"}}],\"obfuscation\":\"a\",\"obfuscation\":\"b\",\"usage\":null}\n\n",
};

static const char *const inserted[] = {
    "\"",
    "\\",
    "\\\"",
    "\\u",
    "\\ud83d",
    "\\ude00",
    "{",
    "}",
    ",",
    ":",
    "[",
    "]",
    "\n",
    "\r",
    "\n\n",
    "data:",
    "\"error\":1,",
    "\"usage\":{},",
    "\"usage\":null,",
    "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1},",
    "\"obfuscation\":\"\",",
    ",\"obfuscation\":\"z\"",
    "\"finish_reason\":\"stop\",",
    "\"content\":\"a\",",
    "\xe2\x82\xac",
    "\xe2",
    "\xff",
    "x",
    "",
    "null",
    "\"tool_calls\":[],",
};

/* Cuts out a few bytes somewhere, most often in a string that varies, and puts something in. */
static size_t change(struct dice *dice, const char *event, char *out)
{
    size_t bytes = strlen(event);
    size_t at = dice_below(dice, bytes + 1);
    const char *string = strstr(event, "scation");
    if (string == NULL || dice_below(dice, 2))
        string = strstr(event, "content");
    if (string != NULL && dice_below(dice, 4) > 0) /* at its colon, or what follows */
        at = (size_t)(string - event) + 7 + dice_below(dice, 8);
    if (at > bytes)
        at = bytes;
    size_t cut = dice_below(dice, 3) == 0 ? dice_below(dice, bytes - at + 1) : dice_below(dice, 3);
    if (cut > bytes - at)
        cut = bytes - at;
    const char *in = inserted[dice_below(dice, sizeof inserted / sizeof *inserted)];
    memcpy(out, event, at);
    memcpy(out + at, in, strlen(in));
    memcpy(out + at + strlen(in), event + at + cut, bytes - at - cut);
    return bytes - cut + strlen(in);
}

/* False: nothing is taken off the data. */
static bool agree(struct dice *dice, const char *from, struct slice data)
{
    struct event_template template;
    struct completion chunk;
    struct buffer out;
    struct buffer expected;
    int64_t bytes;
    int64_t expected_bytes;
    bool asked = dice_below(dice, 2);
    event_template_init(&template);
    buffer_init(&out, 4096);
    buffer_init(&expected, 4096);
    learn(&template, slice_of(from), asked);
    struct slice event = {data.data, take(&template, data, &bytes, &out)};
    bool taken = event.bytes > 0;
    if (taken &&
        (event.bytes != first_event_bytes(data) ||
         !read_event(event, asked, &chunk, &expected_bytes, &expected) || bytes != expected_bytes ||
         out.bytes != expected.bytes || memcmp(out.data, expected.data, out.bytes) != 0))
        fail_msg("%lld, learned from %s: %.*s", (long long)bytes, from, (int)event.bytes,
                 event.data);
    buffer_fini(&out);
    buffer_fini(&expected);
    event_template_fini(&template);
    return taken;
}

static void what_is_taken_says_what_reading_says(void **state)
{
    (void)state;
    enum { FORMS = sizeof learned / sizeof *learned };
    struct dice dice = dice_make();
    unsigned taken[FORMS] = {0};
    for (int i = 0; i < 100000; i++) {
        char once[512];
        char event[1024];
        size_t form = dice_below(&dice, FORMS);
        const char *from = learned[form];
        once[change(&dice, from, once)] = '\0';
        size_t bytes =
            dice_below(&dice, 2) ? change(&dice, from, event) : change(&dice, once, event);
        if (dice_below(&dice, 4) == 0) { /* another one behind it */
            memcpy(event + bytes, from, strlen(from));
            bytes += strlen(from);
        }
        taken[form] += agree(&dice, from, (struct slice){event, bytes});
    }
    for (size_t form = 0; form < FORMS; form++) {
        if (taken[form] < 50) /* else this would test nothing */
            fail_msg("%u taken of those learned from %s", taken[form], learned[form]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_differs_in_its_text),
        cmocka_unit_test(takes_openai_s_form),
        cmocka_unit_test(takes_one_event_off_the_data),
        cmocka_unit_test(only_padding_varies_beside_the_text),
        cmocka_unit_test(leaves_what_differs_elsewhere),
        cmocka_unit_test(learns_only_plain_text),
        cmocka_unit_test(learns_no_more_where_nothing_is_alike),
        cmocka_unit_test(what_is_taken_says_what_reading_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
