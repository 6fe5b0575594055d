/* Passes for large bodies: what was made is read, until it ends, and nothing else. */
#include "base/support.h"

#include <string.h>

#include "exchange/body_pass.h"

static const struct secret secret = {.bytes = {1, 2, 3}};
static const struct digest key = {.bytes = {7, 8, 9}};

static bool reads(const struct secret *with, const char *pass, int64_t now_ms)
{
    struct digest found;
    return body_pass_read(with, slice_of(pass), now_ms, &found) &&
           memcmp(&found, &key, sizeof key) == 0;
}

static void a_pass_names_its_key_until_it_ends(void **state)
{
    (void)state;
    char pass[BODY_PASS_CHARS + 1];
    body_pass_make(&secret, &key, 5000, pass);
    assert_int_equal(strlen(pass), BODY_PASS_CHARS);
    assert_true(reads(&secret, pass, 0));
    assert_true(reads(&secret, pass, 4999));
    assert_false(reads(&secret, pass, 5000));
}

static void what_was_changed_is_no_pass(void **state)
{
    (void)state;
    char pass[BODY_PASS_CHARS + 1];
    body_pass_make(&secret, &key, 5000, pass);
    for (size_t i = 0; i < BODY_PASS_CHARS; i++) {
        char was = pass[i];
        pass[i] = was == 'A' ? 'B' : 'A';
        assert_false(reads(&secret, pass, 0));
        pass[i] = was;
    }
    pass[BODY_PASS_CHARS - 1] = '\0';
    assert_false(reads(&secret, pass, 0));
    assert_false(reads(&secret, "", 0));
}

static void another_gateway_has_other_passes(void **state)
{
    (void)state;
    const struct secret other = {.bytes = {1, 2, 4}};
    char pass[BODY_PASS_CHARS + 1];
    body_pass_make(&other, &key, 5000, pass);
    assert_true(reads(&other, pass, 0));
    assert_false(reads(&secret, pass, 0));
}

int main(void)
{
    struct fault fault;
    if (!secret_init(&fault))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pass_names_its_key_until_it_ends),
        cmocka_unit_test(what_was_changed_is_no_pass),
        cmocka_unit_test(another_gateway_has_other_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
