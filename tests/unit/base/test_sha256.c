#include "base/sha256.h"

#include <string.h>

#include "base/support.h"

/* The examples of FIPS 180-4, and one of each side of a block of 64 bytes. */
static void known_answers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"0123456789012345678901234567890123456789012345678901234567890123",
         "9674d9e078535b7cec43284387a6ee39956188e735a85452b0050b55341cda56"},
        {"01234567890123456789012345678901234567890123456789012345678901234",
         "52774b57c10e45040a61c14d35c1c8ebefe880082313aa0a21ebb077734cd067"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char hex[SHA256_HEX_BYTES];
        memset(hex, 'x', sizeof hex);
        sha256_hex(slice_of(cases[i].text), hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

static void every_byte_counts(void **state)
{
    (void)state;
    char with_nul[SHA256_HEX_BYTES], without[SHA256_HEX_BYTES], nothing[SHA256_HEX_BYTES];
    sha256_hex((struct slice){"a\0b", 3}, with_nul);
    sha256_hex((struct slice){"a\0b", 1}, without);
    assert_string_not_equal(with_nul, without);
    sha256_hex((struct slice){NULL, 0}, nothing);
    sha256_hex(slice_of(""), without);
    assert_string_equal(nothing, without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(every_byte_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
