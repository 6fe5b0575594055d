#include "base/hash.h"

#include "base/support.h"

/* The values are those of the authors' own test vectors. */
static void known_values(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t hash;
    } cases[] = {
        {"", UINT64_C(0xcbf29ce484222325)},
        {"a", UINT64_C(0xaf63dc4c8601ec8c)},
        {"foobar", UINT64_C(0x85944171f73967e8)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(hash_on(HASH_START, slice_of(cases[i].text)) == cases[i].hash);
}

static void goes_on(void **state)
{
    (void)state;
    uint64_t whole = hash_on(HASH_START, slice_of("foobar"));
    assert_true(hash_on(hash_on(HASH_START, slice_of("foo")), slice_of("bar")) == whole);
}

static void reads_bytes_as_unsigned(void **state)
{
    (void)state;
    uint64_t expected = (HASH_START ^ 0xff) * UINT64_C(0x100000001b3);
    assert_true(hash_on(HASH_START, slice_of("\xff")) == expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(goes_on),
        cmocka_unit_test(reads_bytes_as_unsigned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
