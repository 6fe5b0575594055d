#include "base/voucher_code.h"

#include <string.h>

#include "base/support.h"

static const struct secret secret = {{7}};

/* The digest and the sealed code of line `at`. */
static struct slice line_of(const struct buffer *lines, size_t at)
{
    const char *from = lines->data;
    while (at-- > 0)
        from = strchr(from, '\n') + 1;
    return (struct slice){from, (size_t)(strchr(from, '\n') - from)};
}

static void a_batch_opens_to_its_codes(void **state)
{
    enum { COUNT = 20 };
    char codes[COUNT][VOUCHER_CODE_BYTES], again[VOUCHER_CODE_BYTES], hex[DIGEST_HEX_BYTES];
    struct id batch_id, other;
    struct buffer lines;
    (void)state;
    buffer_init(&lines, VOUCHER_LINES_BYTES_MAX);
    voucher_codes_make(&secret, COUNT, &batch_id, &lines);
    assert_true(buffer_append(&lines, "", 1));
    id_make(&other, "vch");
    for (size_t i = 0; i < COUNT; i++) {
        struct slice line = line_of(&lines, i);
        struct slice sealed = {line.data + DIGEST_HEX_BYTES, line.bytes - DIGEST_HEX_BYTES};
        struct digest digest;
        assert_true(voucher_code_open(&secret, &batch_id, sealed, codes[i]));
        assert_int_equal(strlen(codes[i]), VOUCHER_CODE_BYTES - 1);
        secret_digest(&secret, slice_of(codes[i]), &digest);
        digest_hex(&digest, hex);
        assert_memory_equal(line.data, hex, sizeof hex - 1);
        assert_false(voucher_code_open(&secret, &other, sealed, again));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(codes[i], codes[j]);
    }
    buffer_fini(&lines);
}

/* A code of the alphabet's digits: all zeros has the check character zero. */
#define ZEROS "0000-0000-0000-0000"

static void codes_are_read_as_people_write_them(void **state)
{
    static const char *const same[] = {ZEROS, "0000000000000000", " 0000 0000-0000 0000 ",
                                       "oooo-OOOO-0000-0000"};
    char code[VOUCHER_CODE_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_true(voucher_code_read(slice_of(same[i]), code));
        assert_string_equal(code, ZEROS);
    }
    /* Weight 1 of the first character: 1, written as i, l, I or L. */
    assert_true(voucher_code_read(slice_of("l000-0000-0000-000i"), code));
    assert_string_equal(code, "1000-0000-0000-0001");
}

static void what_is_no_code_is_told(void **state)
{
    static const char *const none[] = {"",
                                       "0000-0000-0000-000",
                                       ZEROS "0",
                                       "0000-0000-0000-000U",
                                       "0000_0000_0000_0000",
                                       "0000-0000-0000-0001"};
    char code[VOUCHER_CODE_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(voucher_code_read(slice_of(none[i]), code));
    assert_false(voucher_code_read((struct slice){"0000-0000-0000-000\0", 19}, code));
}

static void every_wrong_character_is_seen(void **state)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char text[] = ZEROS, code[VOUCHER_CODE_BYTES];
    (void)state;
    for (size_t at = 0; at < sizeof text - 1; at++) {
        if (text[at] == '-')
            continue;
        for (size_t i = 1; alphabet[i]; i++) {
            text[at] = alphabet[i];
            assert_false(voucher_code_read(slice_of(text), code));
        }
        text[at] = '0';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_opens_to_its_codes),
        cmocka_unit_test(codes_are_read_as_people_write_them),
        cmocka_unit_test(what_is_no_code_is_told),
        cmocka_unit_test(every_wrong_character_is_seen),
    };
    struct fault fault;
    if (!secret_init(&fault))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
