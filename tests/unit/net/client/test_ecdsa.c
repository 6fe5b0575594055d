/* Signatures by ECDSA: one that Python's cryptography has made, and what differs from it. */
#include "base/support.h"

#include <stdlib.h>

#include "base/base64.h"
#include "net/client/ecdsa.h"

static const char key[] = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErdD0KnHK3v7WsDyrbBnxe8Ew"
                          "F56gViHTykpoZ20K+pas2f1vT9ILYhrjLW0JJzXQNP3y2hZs/iFwZ0oaO2CtWg==";
static const char signature[] = "MEUCICz/662p0/YNIf1ZmK7tWnFZUt1XEo5B2wdW3QNyDJMTAi"
                                "EA7WsA1RxpH1ywZOYyNbCeOblA2fS0iMJav/qhlK6ANSA=";
static const char text[] =
    "1764633600[{\"email\":\"someone@example.com\",\"event\":\"bounce\"}]\r\n";

static void what_was_signed_fits(void **state)
{
    (void)state;
    assert_true(ecdsa_is_key(slice_of(key)));
    assert_true(ecdsa_fits(slice_of(key), slice_of(text), slice_of(signature)));
}

/* A copy with one byte changed, in memory of its own. */
static char *changed(const char *of, size_t at)
{
    char *copy = strdup(of);
    assert_non_null(copy);
    copy[at] = copy[at] == 'B' ? 'C' : 'B';
    return copy;
}

static void what_is_changed_does_not_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        char *other = changed(text, i);
        assert_false(ecdsa_fits(slice_of(key), slice_of(other), slice_of(signature)));
        free(other);
    }
    for (size_t i = 0; i < sizeof signature - 2; i++) {
        char *other = changed(signature, i);
        assert_false(ecdsa_fits(slice_of(key), slice_of(text), slice_of(other)));
        free(other);
    }
    for (size_t i = 0; i < sizeof key - 3; i++) {
        char *other = changed(key, i);
        assert_false(ecdsa_fits(slice_of(other), slice_of(text), slice_of(signature)));
        free(other);
    }
}

/* Also with more behind it. */
static void what_is_cut_is_none(void **state)
{
    struct buffer der;
    (void)state;
    for (size_t bytes = 0; bytes < sizeof key - 3; bytes++) {
        const struct slice cut = {key, bytes};
        assert_false(ecdsa_is_key(cut));
        assert_false(ecdsa_fits(cut, slice_of(text), slice_of(signature)));
    }
    for (size_t bytes = 0; bytes < sizeof signature - 2; bytes++) {
        const struct slice cut = {signature, bytes};
        assert_false(ecdsa_fits(slice_of(key), slice_of(text), cut));
    }
    buffer_init(&der, 256);
    assert_true(base64_decode(slice_of(key), &der));
    buffer_append_char(&der, 'x');
    struct buffer longer;
    buffer_init(&longer, 256);
    base64_append(buffer_slice(&der), &longer);
    assert_false(ecdsa_is_key(buffer_slice(&longer)));
    buffer_fini(&longer);
    buffer_fini(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_fits),
        cmocka_unit_test(what_is_changed_does_not_fit),
        cmocka_unit_test(what_is_cut_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
