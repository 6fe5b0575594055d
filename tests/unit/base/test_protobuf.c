/* Protocol Buffers: the examples of its documentation, and what is cut off anywhere. */
#include "base/support.h"

#include <string.h>

#include "base/protobuf.h"

#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})

static void fields_are_read(void **state)
{
    struct slice rest = SLICE("\x08\x96\x01"
                              "\x12\x07testing"
                              "\x1d\x01\x00\x00\x80"
                              "\x21\x02\x00\x00\x00\x00\x00\x00\x40"
                              "\x85\x01\x07\x00\x00\x00");
    struct protobuf_field field;
    (void)state;
    assert_true(protobuf_next(&rest, &field));
    assert_true(field.number == 1 && field.type == PROTOBUF_VARINT && field.value == 150);
    assert_true(protobuf_next(&rest, &field));
    assert_true(field.number == 2 && slice_equals(field.inner, "testing"));
    assert_true(protobuf_next(&rest, &field));
    assert_true(field.number == 3 && field.value == UINT64_C(0x80000001));
    assert_true(protobuf_next(&rest, &field));
    assert_true(field.number == 4 && field.value == UINT64_C(0x4000000000000002));
    assert_true(protobuf_next(&rest, &field));
    assert_true(field.number == 16 && field.type == PROTOBUF_FIXED32 && field.value == 7);
    assert_false(protobuf_next(&rest, &field));
}

static void what_is_cut_off_is_no_field(void **state)
{
    static const char whole[] = "\x12\x03"
                                "abc";
    struct protobuf_field field;
    (void)state;
    for (size_t bytes = 0; bytes < sizeof whole - 1; bytes++) {
        struct slice rest = {whole, bytes};
        assert_false(protobuf_next(&rest, &field));
    }
    struct slice others[] = {SLICE("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
                             SLICE("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"),
                             SLICE("\x1d\x01\x00\x00"), SLICE("\x0b"), SLICE("\x00\x01")};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(protobuf_next(&others[i], &field));
}

static void numbers_come_back(void **state)
{
    static const uint64_t numbers[] = {0,     1,          127,       128,        16383,
                                       16384, UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_C(1) << 63};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char room[32];
        char *at = room;
        struct protobuf_field field;
        *at++ = PROTOBUF_TAG(1, PROTOBUF_VARINT);
        at = protobuf_put_varint(at, numbers[i]);
        struct slice rest = {room, (size_t)(at - room)};
        assert_int_equal(rest.bytes, 1 + protobuf_varint_bytes(numbers[i]));
        assert_true(protobuf_next(&rest, &field));
        assert_true(field.value == numbers[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(what_is_cut_off_is_no_field),
        cmocka_unit_test(numbers_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
