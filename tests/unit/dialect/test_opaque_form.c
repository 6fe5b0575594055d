/* Which answers pass as they are, by their type and their first byte. */
#include "base/support.h"

#include <string.h>

#include "dialect/opaque_form.h"

static const struct {
    enum opaque_form asked;
    const char *type;
    char first;
    bool passes;
} cases[] = {
    {OPAQUE_MEDIA, "audio/mpeg", 'I', true},
    {OPAQUE_MEDIA, "AUDIO/pcm", '{', true}, /* raw sound may begin with any byte */
    {OPAQUE_MEDIA, "video/mp4", 0, true},
    {OPAQUE_MEDIA, "audio/ogg; codecs=opus", '<', true},
    {OPAQUE_TEXT, "text/plain ; charset=utf-8", '[', true},
    {OPAQUE_MEDIA, "application/octet-stream", '<', true},
    {OPAQUE_MEDIA, "application/ogg", 'O', true},
    {OPAQUE_MEDIA, "", 'R', true},
    {OPAQUE_MEDIA, "binary/strange", 'R', true},
    {OPAQUE_MEDIA, "", '{', false},
    {OPAQUE_MEDIA, "", '<', false},
    {OPAQUE_MEDIA, "application/json", 'R', false},
    {OPAQUE_MEDIA, "application/problem+JSON", 'R', false},
    {OPAQUE_MEDIA, "text/plain", 'R', false},
    {OPAQUE_MEDIA, "text/html", 'R', false},
    {OPAQUE_MEDIA, "text/event-stream", 'd', false},
    {OPAQUE_TEXT, "text/plain", '{', true}, /* somebody may have said so */
    {OPAQUE_TEXT, "text/vtt", 'W', true},
    {OPAQUE_TEXT, "application/x-subrip", '1', true},
    {OPAQUE_TEXT, "", '1', true},
    {OPAQUE_TEXT, "", '[', false},
    {OPAQUE_TEXT, "text/html", '<', false},
    {OPAQUE_TEXT, "text/event-stream", 'd', false},
    {OPAQUE_TEXT, "application/json", '{', false},
    {OPAQUE_NONE, "audio/mpeg", 'I', false},
    {OPAQUE_NONE, "text/plain", 'I', false},
};

static void judges_by_type_then_by_the_first_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (opaque_form_is(cases[i].asked, slice_of(cases[i].type), cases[i].first) !=
            cases[i].passes)
            fail_msg("%d, '%s', '%c'", (int)cases[i].asked, cases[i].type, cases[i].first);
    }
}

static void a_type_that_cannot_stand_in_a_head_is_left_out(void **state)
{
    (void)state;
    char type[OPAQUE_TYPE_BYTES];
    char longest[OPAQUE_TYPE_BYTES + 1] = {0};
    opaque_form_copy_type(slice_of("audio/ogg; codecs=opus"), type);
    assert_string_equal(type, "audio/ogg; codecs=opus");
    opaque_form_copy_type(slice_of("audio/\xc3\xa9"), type);
    assert_string_equal(type, "");
    memset(longest, 'x', sizeof longest - 1);
    opaque_form_copy_type(slice_of(longest), type);
    assert_string_equal(type, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_by_type_then_by_the_first_byte),
        cmocka_unit_test(a_type_that_cannot_stand_in_a_head_is_left_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
