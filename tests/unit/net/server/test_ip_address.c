/* Addresses as bytes and as people write them, and the bounds of networks. What headers of proxies
 * make of them: test_forwarded.c. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "net/server/ip_address.h"

static struct ip_address address(const char *text)
{
    struct ip_address out;
    if (!ip_address_parse(slice_of(text), &out))
        fail_msg("no address: %s", text);
    return out;
}

static bool network_has(const char *network, const char *text)
{
    struct ip_networks networks;
    struct fault fault;
    struct ip_address one = address(text);
    if (!ip_networks_parse(network, &networks, &fault))
        fail_msg("%s: %s", network, fault.message);
    return ip_networks_have(&networks, &one);
}

/* ---- addresses ---- */

static void ipv4_is_the_same_however_it_came(void **state)
{
    (void)state;
    const unsigned char v4[] = {192, 0, 2, 7};
    const unsigned char mapped[IP_ADDRESS_BYTES] = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 7};
    struct ip_address as_text = address("192.0.2.7");
    struct ip_address as_mapped = address("::ffff:192.0.2.7");
    struct ip_address as_hex = address("::FFFF:c000:207");
    struct ip_address from_v4;
    struct ip_address from_v6;
    ip_address_from_v4(v4, &from_v4);
    ip_address_from_v6(mapped, &from_v6);
    assert_memory_equal(&as_text, mapped, sizeof mapped);
    assert_memory_equal(&as_mapped, mapped, sizeof mapped);
    assert_memory_equal(&as_hex, mapped, sizeof mapped);
    assert_memory_equal(&from_v4, mapped, sizeof mapped);
    assert_memory_equal(&from_v6, mapped, sizeof mapped);
    assert_true(ip_address_is_v4(&from_v6));
}

static void only_a_mapped_address_is_ipv4(void **state)
{
    (void)state;
    static const char *const others[] = {
        "::", "::1", "::192.0.2.7", "::fffe:192.0.2.7", "64:ff9b::192.0.2.7", "1::ffff:192.0.2.7"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct ip_address one = address(others[i]);
        if (ip_address_is_v4(&one))
            fail_msg("IPv4: %s", others[i]);
    }
}

/* What a program writes back reads as the same address, and takes the room that it says. */
static void the_text_of_an_address_is_that_address(void **state)
{
    (void)state;
    struct dice dice = dice_make();
    for (int round = 0; round < 5000; round++) {
        struct ip_address one;
        char text[IP_TEXT_BYTES];
        for (size_t i = 0; i < sizeof one.bytes; i++)
            one.bytes[i] = dice_below(&dice, 3) == 0 ? 0 : (unsigned char)dice_below(&dice, 256);
        if (dice_below(&dice, 2) == 0)
            ip_address_from_v4(one.bytes, &one);
        ip_address_format(&one, text);
        struct ip_address again = address(text);
        assert_memory_equal(&again, &one, sizeof one);
    }
    char text[IP_TEXT_BYTES];
    struct ip_address longest = address("1111:2222:3333:4444:5555:6666:7777:8888");
    ip_address_format(&longest, text);
    assert_string_equal(text, "1111:2222:3333:4444:5555:6666:7777:8888");
}

static void refuses_what_is_no_address(void **state)
{
    (void)state;
    static const struct slice bad[] = {
        {"", 0},
        {"%eth0", 5},
        {"192.0.2.7\0", 10},
        {"192.0.2.7 ", 10},
        {" 192.0.2.7", 10},
        {"192.0.2.7.", 10},
        {"1:2:3", 5},
        {":::", 3},
        {"::g", 3},
        {"0x7f.0.0.1", 10},
        {"2130706433", 10},
        {"127.1", 5},
    };
    struct ip_address out;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (ip_address_parse(bad[i], &out))
            fail_msg("taken: %.*s", (int)bad[i].bytes, bad[i].data);
    }
    struct slice beginning = {"192.0.2.77", 9}; /* what stands behind a slice is not read */
    assert_true(ip_address_parse(beginning, &out));
    assert_int_equal(out.bytes[15], 7);
}

static void a_hop_may_have_a_port_of_one_to_five_digits(void **state)
{
    (void)state;
    static const char *const good[] = {"192.0.2.7:1", "192.0.2.7:65535", "[::1]:1",
                                       "[::1]:65535", "[192.0.2.7]:80",  "[fe80::1%eth0]:80"};
    static const char *const bad[] = {
        "192.0.2.7:", "192.0.2.7:-1", "192.0.2.7:123456", "192.0.2.7:80:80",
        "[::1]:",     "[::1]80",      "[::1]:8x",         "[::1",
        "::1]",       "[]:80",        "[[::1]]",          ":80",
        "["};
    struct ip_address out;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!ip_address_parse_hop(slice_of(good[i]), &out))
            fail_msg("refused: %s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (ip_address_parse_hop(slice_of(bad[i]), &out))
            fail_msg("taken: %s", bad[i]);
    }
}

static void loopback_is_all_of_127_and_one_of_ipv6(void **state)
{
    (void)state;
    static const char *const local[] = {"127.0.0.1", "127.0.0.0", "127.255.255.255",
                                        "::ffff:127.1.2.3", "::1"};
    static const char *const others[] = {"126.255.255.255", "128.0.0.0", "::", "::2", "1::1",
                                         "::127.0.0.1",     "7f00::1"};
    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        struct ip_address one = address(local[i]);
        if (!ip_address_is_loopback(&one))
            fail_msg("not loopback: %s", local[i]);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct ip_address one = address(others[i]);
        if (ip_address_is_loopback(&one))
            fail_msg("loopback: %s", others[i]);
    }
}

/* ---- networks ---- */

/* For each length of a prefix: a change of its last bit leads out of the network, one of the bit
 * behind it does not. */
static void a_prefix_counts_each_bit(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits <= 128; bits++) {
        struct ip_networks networks = {.count = 1};
        struct ip_network *network = &networks.list[0];
        *network = (struct ip_network){.prefix_bits = bits};
        for (unsigned bit = 0; bit < bits; bit += 3)
            network->address.bytes[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
        struct ip_address inside = network->address;
        assert_true(ip_networks_have(&networks, &inside));
        if (bits < 128) {
            inside.bytes[bits / 8] ^= (unsigned char)(0x80 >> bits % 8);
            assert_true(ip_networks_have(&networks, &inside));
        }
        if (bits == 0)
            continue;
        struct ip_address outside = network->address;
        outside.bytes[(bits - 1) / 8] ^= (unsigned char)(0x80 >> (bits - 1) % 8);
        assert_false(ip_networks_have(&networks, &outside));
    }
}

static void how_a_network_is_written_says_where_its_prefix_begins(void **state)
{
    (void)state;
    assert_true(network_has("10.0.0.0/8", "::ffff:10.9.9.9"));
    assert_true(network_has("::ffff:10.0.0.0/104", "10.9.9.9"));
    assert_true(network_has("::/0", "10.9.9.9"));
    assert_false(network_has("0.0.0.0/0", "::1"));
    assert_true(network_has("192.0.2.7", "192.0.2.7"));
    assert_false(network_has("192.0.2.7", "192.0.2.6"));
    assert_true(network_has("192.0.2.6/31", "192.0.2.7"));
    assert_true(network_has("2001:db8::1", "2001:db8::1"));
    assert_false(network_has("2001:db8::1", "2001:db8::"));
}

static void a_list_may_be_written_with_commas_and_spaces(void **state)
{
    (void)state;
    struct ip_networks networks;
    struct fault fault;
    assert_true(ip_networks_parse(" ,10.0.0.0/8,,LoopBack\t::2 , ", &networks, &fault));
    assert_int_equal(networks.count, 4); /* `loopback` is two */
    struct ip_address one = address("127.0.0.1");
    struct ip_address two = address("::1");
    assert_true(ip_networks_have(&networks, &one));
    assert_true(ip_networks_have(&networks, &two));
    assert_true(ip_networks_parse(" , ", &networks, &fault));
    assert_int_equal(networks.count, 0);
    assert_false(ip_networks_have(&networks, &one));
}

static bool parse_many(size_t count, const char *last, struct fault *fault)
{
    struct ip_networks networks;
    char text[LIMIT_TRUSTED_PROXIES * 16 + 64] = "";
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += (size_t)snprintf(text + bytes, sizeof text - bytes, "10.0.0.%zu ", i);
    snprintf(text + bytes, sizeof text - bytes, "%s", last);
    bool good = ip_networks_parse(text, &networks, fault);
    assert_true(networks.count <= LIMIT_TRUSTED_PROXIES);
    return good;
}

static void a_list_is_bounded(void **state)
{
    (void)state;
    struct fault fault;
    assert_true(parse_many(LIMIT_TRUSTED_PROXIES, "", &fault));
    assert_true(parse_many(LIMIT_TRUSTED_PROXIES - 2, "loopback", &fault));
    assert_false(parse_many(LIMIT_TRUSTED_PROXIES, "10.1.0.0", &fault));
    assert_string_equal(fault.code, "invalid_value");
    assert_non_null(strstr(fault.message, "64"));
    assert_false(parse_many(LIMIT_TRUSTED_PROXIES - 1, "loopback", &fault));
}

static void the_fault_names_the_entry(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *entry;
    } cases[] = {{"10.0.0.0/8, 10.0.0.1/8", "10.0.0.1/8 "},
                 {"loopback bad ::1", "bad "},
                 {"::1/64", "::1/64 "},
                 {"10.0.0.0/0", "10.0.0.0/0 "},
                 {"10.0.0.0/4294967304", "10.0.0.0/4294967304 "},
                 {"10.0.0.0/+8", "10.0.0.0/+8 "},
                 {"::/129", "::/129 "},
                 {"[::1]", "[::1] "},
                 {"127.0.0.1:80", "127.0.0.1:80 "}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ip_networks networks;
        struct fault fault;
        if (ip_networks_parse(cases[i].text, &networks, &fault))
            fail_msg("taken: %s", cases[i].text);
        assert_string_equal(fault.code, "invalid_value");
        assert_int_equal(strncmp(fault.message, cases[i].entry, strlen(cases[i].entry)), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_is_the_same_however_it_came),
        cmocka_unit_test(only_a_mapped_address_is_ipv4),
        cmocka_unit_test(the_text_of_an_address_is_that_address),
        cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(a_hop_may_have_a_port_of_one_to_five_digits),
        cmocka_unit_test(loopback_is_all_of_127_and_one_of_ipv6),
        cmocka_unit_test(a_prefix_counts_each_bit),
        cmocka_unit_test(how_a_network_is_written_says_where_its_prefix_begins),
        cmocka_unit_test(a_list_may_be_written_with_commas_and_spaces),
        cmocka_unit_test(a_list_is_bounded),
        cmocka_unit_test(the_fault_names_the_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
