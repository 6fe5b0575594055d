/* The first bytes of an answer say what it is, whatever its label says. */
#include "base/support.h"

#include <stdio.h>

#include "dialect/first_bytes.h"

#define MARK "\xef\xbb\xbf"

static const struct {
    const char *data;
    bool labelled;
    enum first_bytes kind;
    const char *rest;
} cases[] = {
    {"data: {}", false, FIRST_BYTES_STREAM, "data: {}"},
    {"event: x", false, FIRST_BYTES_STREAM, "event: x"},
    {"id: 1", false, FIRST_BYTES_STREAM, "id: 1"},
    {"retry: 1", false, FIRST_BYTES_STREAM, "retry: 1"},
    {": a comment", false, FIRST_BYTES_STREAM, ": a comment"},
    {"\r\n\n \tdata: {}", false, FIRST_BYTES_STREAM, "data: {}"},
    {"{\"choices\":[]}", false, FIRST_BYTES_PLAIN, "{\"choices\":[]}"},
    {" [{}]", false, FIRST_BYTES_PLAIN, "[{}]"},
    {"Hello", false, FIRST_BYTES_PLAIN, "Hello"},
    /* a label decides only what the bytes do not */
    {"{}", true, FIRST_BYTES_PLAIN, "{}"},
    {"[]", true, FIRST_BYTES_PLAIN, "[]"},
    {"<html>", true, FIRST_BYTES_PLAIN, "<html>"},
    {"Hello", true, FIRST_BYTES_STREAM, "Hello"},
    /* a byte order mark, whole or in part */
    {MARK "data: {}", false, FIRST_BYTES_STREAM, "data: {}"},
    {"\n" MARK " \n{}", false, FIRST_BYTES_PLAIN, "{}"},
    {MARK, true, FIRST_BYTES_TOO_FEW, ""},
    {"\xef", true, FIRST_BYTES_TOO_FEW, "\xef"},
    {" \n\xef\xbb", true, FIRST_BYTES_TOO_FEW, "\xef\xbb"},
    {"\xef\xbbx", false, FIRST_BYTES_PLAIN, "\xef\xbbx"},
    {MARK MARK, false, FIRST_BYTES_PLAIN, MARK},
    /* nothing yet */
    {"", true, FIRST_BYTES_TOO_FEW, ""},
    {" \t\r\n", true, FIRST_BYTES_TOO_FEW, ""},
};

static void judges_by_what_came(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice data = slice_of(cases[i].data);
        enum first_bytes kind = first_bytes_judge(&data, cases[i].labelled);
        if (kind != cases[i].kind || !slice_equals(data, cases[i].rest))
            fail_msg("%d, '%.*s': '%s'", (int)kind, (int)data.bytes, data.data, cases[i].data);
    }
}

/* What is left of too few bytes is put before the next: the answer is the same. */
static void bytes_that_come_one_by_one_are_the_same(void **state)
{
    (void)state;
    static const char text[] = " \n" MARK "\r\n data: {}";
    char kept[8] = "";
    for (size_t i = 0; i < sizeof text - 1; i++) {
        size_t kept_bytes = strlen(kept);
        kept[kept_bytes] = text[i];
        struct slice data = {kept, kept_bytes + 1};
        if (first_bytes_judge(&data, false) != FIRST_BYTES_TOO_FEW) {
            assert_true(slice_equals(data, "d"));
            assert_int_equal(text[i + 1], 'a');
            return;
        }
        char left[8];
        snprintf(left, sizeof left, "%.*s", (int)data.bytes, data.data);
        memset(kept, 0, sizeof kept);
        memcpy(kept, left, strlen(left));
    }
    fail_msg("not judged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_by_what_came),
        cmocka_unit_test(bytes_that_come_one_by_one_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
