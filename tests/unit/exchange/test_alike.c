/* Events that are taken without being read: whatever is done to an event that was learned, it is
 * taken only if reading it would have said the same. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "exchange/alike.h"
#include "exchange/meter.h"
#include "exchange/sse.h"

#define BEFORE "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\""
#define AFTER "\"},\"finish_reason\":null}]}\n\n"
#define EVENT(content) BEFORE content AFTER

/* What reading an event says; bytes -1: it cannot be one to pass on without a look. */
static int64_t read_bytes(struct slice event, struct completion *chunk)
{
    struct buffer joined;
    struct meter meter = {0};
    buffer_init(&joined, 4096);
    struct slice data = sse_data(event, &joined);
    bool one_line = data.data >= event.data && data.data < event.data + event.bytes;
    bool plain = one_line && completion_read(data, chunk) && chunk->error.type == JSON_NULL &&
                 chunk->usage_count == 0;
    buffer_fini(&joined);
    if (!plain)
        return -1;
    meter_read_choices(&meter, &chunk->choices);
    return meter.finished ? -1 : meter.output_text_bytes;
}

static void learn(struct alike *alike, struct slice event)
{
    struct completion chunk;
    int64_t bytes = read_bytes(event, &chunk);
    assert_true(bytes >= 0);
    alike_learn(alike, event, &chunk, bytes);
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
    struct alike alike;
    alike_init(&alike);
    assert_int_equal(alike_bytes(&alike, slice_of(EVENT("x"))), -1);
    learn(&alike, slice_of(EVENT("first")));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct completion chunk;
        assert_int_equal(read_bytes(slice_of(cases[i].event), &chunk), cases[i].bytes);
        assert_int_equal(alike_bytes(&alike, slice_of(cases[i].event)), cases[i].bytes);
    }
    alike_fini(&alike);
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
        BEFORE AFTER "x",
        BEFORE "\"},\"finish_reason\":\"stop\"}]}\n\n",
        BEFORE "x\"},\"finish_reason\":null}],\"usage\":{}}\n\n",
        "data: {\"id\":\"b\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x" AFTER,
        BEFORE "},\"finish_reason\":null}]}\n\n", /* one quote for both */
        BEFORE,
        "data: [DONE]\n\n",
        ": comment\n\n",
        "\n",
    };
    struct alike alike;
    alike_init(&alike);
    learn(&alike, slice_of(EVENT("first")));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (alike_bytes(&alike, slice_of(cases[i])) != -1)
            fail_msg("%s", cases[i]);
    }
    alike_fini(&alike);
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
        "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}},{\"delta\":{\"content\":\"y\"}}]}\n\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct alike alike;
        struct completion chunk;
        alike_init(&alike);
        read_bytes(slice_of(cases[i]), &chunk);
        alike_learn(&alike, slice_of(cases[i]), &chunk, 1);
        if (alike_bytes(&alike, slice_of(cases[i])) != -1)
            fail_msg("%s", cases[i]);
        alike_fini(&alike);
    }
}

static void learns_no_more_where_nothing_is_alike(void **state)
{
    (void)state;
    struct alike alike;
    char event[128];
    alike_init(&alike);
    for (int i = 0; i < 100; i++) {
        snprintf(event, sizeof event,
                 "data: {\"n\":%d,\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n", i);
        learn(&alike, slice_of(event));
    }
    assert_int_equal(alike_bytes(&alike, slice_of(event)), -1);
    alike_fini(&alike);
}

/* ---- anything ---- */

static const char *const learned[] = {
    EVENT("first"),
    EVENT(""),
    "data: {\"choices\":[{\"delta\":"
    "{\"reasoning\":\"why\",\"content\":\"x\\ny\",\"z\":[\"zz\"]}}]}\r\n\r\n",
    "event: x\ndata:{\"choices\" : [ {\"delta\" : "
    "{\"role\":\"assistant\", \"content\" : \"\xc3\xa9\"} } ]}\n\n",
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

/* Cuts out a few bytes somewhere, most often in the text, and puts something in. */
static size_t change(struct dice *dice, const char *event, char *out)
{
    size_t bytes = strlen(event);
    size_t at = dice_below(dice, bytes + 1);
    if (dice_below(dice, 3) > 0)
        at = (size_t)(strstr(event, "content") - event) + dice_below(dice, 20);
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

static void what_is_taken_says_what_reading_says(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    unsigned taken = 0;
    for (int i = 0; i < 100000; i++) {
        char once[512];
        char event[1024];
        struct completion chunk;
        struct alike alike;
        const char *from = learned[dice_below(&dice, sizeof learned / sizeof *learned)];
        once[change(&dice, from, once)] = '\0';
        size_t bytes =
            dice_below(&dice, 2) ? change(&dice, from, event) : change(&dice, once, event);
        alike_init(&alike);
        learn(&alike, slice_of(from));
        int64_t found = alike_bytes(&alike, (struct slice){event, bytes});
        if (found >= 0 && found != read_bytes((struct slice){event, bytes}, &chunk))
            fail_msg("%lld, learned from %s: %.*s", (long long)found, from, (int)bytes, event);
        taken += found >= 0;
        alike_fini(&alike);
    }
    assert_true(taken > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_differs_in_its_text),
        cmocka_unit_test(leaves_what_differs_elsewhere),
        cmocka_unit_test(learns_only_plain_text),
        cmocka_unit_test(learns_no_more_where_nothing_is_alike),
        cmocka_unit_test(what_is_taken_says_what_reading_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
