/* W3C's Trace Context, case by case (www.w3.org/TR/trace-context-1, 3.2 and 3.3; level 2 for the
 * flag of random ids). */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "exchange/trace_context.h"
#include "net/http1/head.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define TRACE_HIGH UINT64_C(0x0af7651916cd43dd)
#define TRACE_LOW UINT64_C(0x8448eb211c80319c)
#define SPAN "b7ad6b7169203331"
#define SPAN_NUMBER UINT64_C(0xb7ad6b7169203331)
#define ZEROS "00000000000000000000000000000000"

static bool parses(const char *text, struct trace_context *out)
{
    return trace_context_parse(slice_of(text), out);
}

static void what_is_valid(void **state)
{
    static const struct {
        const char *text;
        unsigned flags;
    } cases[] = {{"00-" TRACE "-" SPAN "-01", TRACE_SAMPLED},
                 {"00-" TRACE "-" SPAN "-00", 0},
                 {"00-" TRACE "-" SPAN "-03", TRACE_SAMPLED | TRACE_RANDOM},
                 {"00-" TRACE "-" SPAN "-ff", TRACE_SAMPLED | TRACE_RANDOM},
                 {"00-" TRACE "-" SPAN "-fc", 0}, /* others are not known */
                 {"01-" TRACE "-" SPAN "-01", TRACE_SAMPLED},
                 {"cc-" TRACE "-" SPAN "-01-what the future will be like", TRACE_SAMPLED},
                 {"fe-" TRACE "-" SPAN "-01-", TRACE_SAMPLED}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trace_context found;
        if (!parses(cases[i].text, &found))
            fail_msg("%s is valid", cases[i].text);
        assert_true(found.trace_id.high == TRACE_HIGH && found.trace_id.low == TRACE_LOW);
        assert_true(found.span_id == SPAN_NUMBER);
        assert_int_equal(found.flags, cases[i].flags);
    }
}

static void what_is_not(void **state)
{
    static const char *const cases[] = {"",
                                        "00",
                                        "00-" TRACE "-" SPAN "-0",
                                        "00-" TRACE "-" SPAN "-01-",
                                        "00-" TRACE "-" SPAN "-01-more",
                                        "00-" TRACE "-" SPAN "-01 ",
                                        "01-" TRACE "-" SPAN "-01.more",
                                        "ff-" TRACE "-" SPAN "-01",
                                        "0-" TRACE "-" SPAN "-01x",
                                        "0x-" TRACE "-" SPAN "-01",
                                        "00-" ZEROS "-" SPAN "-01",
                                        "00-" TRACE "-0000000000000000-01",
                                        "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01",
                                        "00-" TRACE "-B7AD6B7169203331-01",
                                        "00-" TRACE "-" SPAN "-0G",
                                        "00-" TRACE "-" SPAN "-0A",
                                        "00-0af7651916cd43dd8448eb211c80319g-" SPAN "-01",
                                        "00_" TRACE "-" SPAN "-01",
                                        "00-" TRACE "_" SPAN "-01",
                                        "00-" TRACE "-" SPAN "_01",
                                        " 00-" TRACE "-" SPAN "-01"};
    struct trace_context found;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (parses(cases[i], &found))
            fail_msg("%s is none", cases[i]);
    }
}

static void it_is_written_as_version_00(void **state)
{
    struct trace_context context;
    char text[TRACEPARENT_BYTES];
    (void)state;
    assert_true(parses("cc-" TRACE "-" SPAN "-03-more", &context));
    trace_context_format(&context, text);
    assert_string_equal(text, "00-" TRACE "-" SPAN "-03");
}

static void states(void **state)
{
    static const char *const good[] = {"a=1",      "a=1,b=2",          "a=1 , b=2",
                                       "a=1,,b=2", "1a@b-c*d/e_f=x y", "fw529a3039@dt=FfIJ~:;",
                                       "a= x"};
    static const char *const bad[] = {"",           ",",    "a",     "a=",       "A=1",
                                      "a=1,a=2",    "_a=1", "a b=1", "a=b=c",    "=1",
                                      "a=\xc3\xa9", "@a=1", "a=1\n", "a=1\r,b=2"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!trace_state_is(slice_of(good[i])))
            fail_msg("%s is good", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (trace_state_is(slice_of(bad[i])))
            fail_msg("%s is bad", bad[i]);
    }
}

static void a_state_has_32_members_at_most(void **state)
{
    char text[400] = "";
    (void)state;
    for (int i = 0; i < 32; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%sk%d=1", i > 0 ? "," : "", i);
    assert_true(trace_state_is(slice_of(text)));
    strcat(text, ",k32=1");
    assert_false(trace_state_is(slice_of(text)));
}

static void in_a_head(void **state)
{
    struct http_header headers[] = {
        {slice_of("Tracestate"), slice_of("a=1")},
        {slice_of("TraceParent"), slice_of("00-" TRACE "-" SPAN "-01")},
        {slice_of("tracestate"), slice_of("b=2")},
        {slice_of("traceparent"), slice_of("00-" TRACE "-" SPAN "-01")}};
    struct http_head head = {.headers = headers, .header_count = 3};
    struct trace_context found;
    char text[TRACESTATE_BYTES];
    (void)state;
    assert_true(trace_context_find(&head, &found));
    trace_state_find(&head, text);
    assert_string_equal(text, "a=1,b=2");
    head.header_count = 4; /* two are none */
    assert_false(trace_context_find(&head, &found));
    head.header_count = 0;
    assert_false(trace_context_find(&head, &found));
    trace_state_find(&head, text);
    assert_string_equal(text, "");
}

static void a_long_state_is_dropped(void **state)
{
    char value[TRACESTATE_BYTES + 8];
    struct http_header header = {slice_of("tracestate"), {value, TRACESTATE_BYTES - 1}};
    struct http_head head = {.headers = &header, .header_count = 1};
    char text[TRACESTATE_BYTES];
    (void)state;
    memset(value, 'v', sizeof value);
    memcpy(value, "a=", 2);
    memcpy(value + 200, ",b=", 3);
    memcpy(value + 400, ",c=", 3);
    trace_state_find(&head, text);
    assert_int_equal(strlen(text), 0); /* room for a comma is wanted, too */
    header.value.bytes--;
    trace_state_find(&head, text);
    assert_int_equal(strlen(text), TRACESTATE_BYTES - 2);
    header.value.bytes += 2;
    trace_state_find(&head, text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_valid),
        cmocka_unit_test(what_is_not),
        cmocka_unit_test(it_is_written_as_version_00),
        cmocka_unit_test(states),
        cmocka_unit_test(a_state_has_32_members_at_most),
        cmocka_unit_test(in_a_head),
        cmocka_unit_test(a_long_state_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
