/* The PROXY protocol's header: both versions, whole and in pieces, and what is none. */
#include "base/support.h"

#include <stdlib.h>
#include <string.h>

#include "net/server/proxy_header.h"

static const char v2_signature[] = "\r\n\r\n\0\r\nQUIT\n";
enum { SIGNATURE_BYTES = 12 };

struct packet {
    char data[512];
    size_t bytes;
};

static void put(struct packet *packet, const void *data, size_t bytes)
{
    memcpy(packet->data + packet->bytes, data, bytes);
    packet->bytes += bytes;
}

/* Version 2 with these addresses and extras behind its 16 fixed bytes. */
static struct packet v2(unsigned command, unsigned family, const void *rest, size_t rest_bytes)
{
    struct packet packet = {.bytes = 0};
    const unsigned char fixed[] = {(unsigned char)command, (unsigned char)family,
                                   (unsigned char)(rest_bytes >> 8), (unsigned char)rest_bytes};
    put(&packet, v2_signature, SIGNATURE_BYTES);
    put(&packet, fixed, sizeof fixed);
    put(&packet, rest, rest_bytes);
    return packet;
}

/* As a connection brings it: never more than was asked for. Returns the last progress. */
static enum proxy_progress feed(const char *data, size_t bytes, struct proxy_header *out,
                                size_t *used)
{
    size_t needed = PROXY_HEADER_BYTES_MIN;
    enum proxy_progress progress = PROXY_MORE;
    *used = 0;
    while (progress == PROXY_MORE && needed <= bytes) {
        char *copy = malloc(needed); /* so that a sanitizer sees any look behind it */
        assert_non_null(copy);
        *used = needed;
        memcpy(copy, data, needed);
        progress = proxy_header_parse(copy, *used, out, &needed);
        free(copy);
        assert_true(progress != PROXY_MORE || needed > *used);
    }
    return progress;
}

static void assert_address(const struct packet *packet, const char *address,
                           enum proxy_secure secure)
{
    struct proxy_header header;
    size_t used;
    char text[IP_TEXT_BYTES] = "";
    assert_int_equal(feed(packet->data, packet->bytes, &header, &used), PROXY_DONE);
    assert_int_equal(used, packet->bytes);
    if (header.has_address)
        ip_address_format(&header.address, text);
    assert_string_equal(text, address);
    assert_int_equal(header.secure, secure);
    struct packet longer = *packet;
    put(&longer, "GET", 3);
    assert_int_equal(feed(longer.data, longer.bytes, &header, &used), PROXY_DONE);
    assert_int_equal(used, packet->bytes);
    for (size_t cut = 0; cut < packet->bytes; cut++)
        assert_int_equal(feed(packet->data, cut, &header, &used), PROXY_MORE);
}

static void reads_version_1(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n", "203.0.113.9"},
        {"PROXY TCP6 2001:db8::9 2001:db8::1 56324 443\r\n", "2001:db8::9"},
        {"PROXY UNKNOWN\r\n", ""},
        {"PROXY UNKNOWN ffff:f...f ffff:f...f 65535 65535\r\n", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct packet packet = {.bytes = 0};
        put(&packet, cases[i][0], strlen(cases[i][0]));
        assert_address(&packet, cases[i][1], PROXY_SECURE_UNSAID);
    }
}

static const char v4_pair[] = "\xcb\x00\x71\x09\xc0\x00\x02\x01\xdc\x04\x01\xbb";
enum { V4_PAIR_BYTES = 12 };

static void reads_version_2(void **state)
{
    (void)state;
    static const char v6_pair[] = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09"
                                  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\xdc\x04\x01\xbb";
    struct packet packet = v2(0x21, 0x11, v4_pair, V4_PAIR_BYTES);
    assert_address(&packet, "203.0.113.9", PROXY_SECURE_UNSAID);
    packet = v2(0x21, 0x21, v6_pair, 36);
    assert_address(&packet, "2001:db8::9", PROXY_SECURE_UNSAID);
    packet = v2(0x20, 0x00, "", 0); /* LOCAL */
    assert_address(&packet, "", PROXY_SECURE_UNSAID);
    packet = v2(0x20, 0x11, v4_pair, V4_PAIR_BYTES); /* LOCAL: its addresses are left alone */
    assert_address(&packet, "", PROXY_SECURE_UNSAID);
    packet = v2(0x21, 0x00, "anything", 8); /* UNSPEC */
    assert_address(&packet, "", PROXY_SECURE_UNSAID);
}

static void reads_what_is_said_of_tls(void **state)
{
    (void)state;
    static const char authority[] = "\x02\x00\x01x"; /* another extra in front */
    static const char yes[] = "\x20\x00\x05\x01\0\0\0\0";
    static const char no[] = "\x20\x00\x05\x00\0\0\0\0";
    struct packet rest = {.bytes = 0};
    put(&rest, v4_pair, V4_PAIR_BYTES);
    put(&rest, authority, 4);
    size_t common = rest.bytes;
    put(&rest, yes, 8);
    struct packet packet = v2(0x21, 0x11, rest.data, rest.bytes);
    assert_address(&packet, "203.0.113.9", PROXY_SECURE_YES);
    rest.bytes = common;
    put(&rest, no, 8);
    packet = v2(0x21, 0x11, rest.data, rest.bytes);
    assert_address(&packet, "203.0.113.9", PROXY_SECURE_NO);
}

static void refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "GET / HTTP/1.1\r\n\r\n",
        "PROXY TCP5 203.0.113.9 192.0.2.1 56324 443\r\n",
        "PROXY TCP4 203.0.113.9 192.0.2.1 56324\r\n",
        "PROXY TCP4 203.0.113.999 192.0.2.1 56324 443\r\n",
        "PROXY TCP4 2001:db8::9 2001:db8::1 56324 443\r\n",
        "PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\n",
        "PROXY TCP4 203.0.113.9 192.0.2.1 56324 443 and more and more and more and more and more "
        "and more and more\r\n",
        "proxy TCP4 203.0.113.9 192.0.2.1 56324 443\r\n",
    };
    struct proxy_header header;
    size_t used;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (feed(lines[i], strlen(lines[i]), &header, &used) != PROXY_BAD)
            fail_msg("%s", lines[i]);
    }
    const struct packet bad[] = {
        v2(0x11, 0x11, v4_pair, V4_PAIR_BYTES),     /* another version */
        v2(0x22, 0x11, v4_pair, V4_PAIR_BYTES),     /* another command */
        v2(0x21, 0x41, v4_pair, V4_PAIR_BYTES),     /* another family */
        v2(0x21, 0x11, v4_pair, V4_PAIR_BYTES - 1), /* too short for its addresses */
        v2(0x21, 0x21, v4_pair, V4_PAIR_BYTES),
        v2(0x21, 0x11, "\xcb\x00\x71\x09\xc0\x00\x02\x01\xdc\x04\x01\xbb\x20\x00\x09\x01", 16),
        v2(0x21, 0x11, "\xcb\x00\x71\x09\xc0\x00\x02\x01\xdc\x04\x01\xbb\x20\x00\x01\x01", 16),
        v2(0x21, 0x11, "\xcb\x00\x71\x09\xc0\x00\x02\x01\xdc\x04\x01\xbb\x20\x00", 14),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (feed(bad[i].data, bad[i].bytes, &header, &used) != PROXY_BAD)
            fail_msg("packet %zu", i);
    }
    struct packet large = v2(0x21, 0x11, v4_pair, V4_PAIR_BYTES);
    large.data[14] = (char)0xff; /* longer than we take */
    assert_int_equal(feed(large.data, large.bytes, &header, &used), PROXY_BAD);
}

/* No bytes make it look where it must not, or ask for more for ever. */
static void mutations_end(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    for (int round = 0; round < 50000; round++) {
        struct packet packet = v2(0x21, 0x11, v4_pair, V4_PAIR_BYTES);
        packet.bytes = sizeof packet.data;
        for (size_t n = dice_below(&dice, 4) + 1; n > 0; n--)
            packet.data[12 + dice_below(&dice, 40)] = (char)dice_below(&dice, 256);
        struct proxy_header header;
        size_t used;
        (void)feed(packet.data, packet.bytes, &header, &used);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_version_1),
        cmocka_unit_test(reads_version_2),
        cmocka_unit_test(reads_what_is_said_of_tls),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(mutations_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
