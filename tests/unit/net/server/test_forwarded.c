/* Who the client is behind proxies: addresses, networks, and the headers that proxies write. */
#include "base/support.h"

#include <string.h>

#include "net/server/forwarded.h"

static const char trusted_text[] = "10.0.0.0/8, 192.0.2.1 loopback,2001:db8:ffff::/48";

static struct ip_networks networks(const char *text)
{
    struct ip_networks out;
    struct fault fault;
    if (!ip_networks_parse(text, &out, &fault))
        fail_msg("%s: %s", text, fault.message);
    return out;
}

/* ---- addresses and networks ---- */

static void knows_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *known; /* NULL: none */
        const char *hop;   /* the same as a hop of a header */
    } cases[] = {
        {"192.0.2.7", "192.0.2.7", "192.0.2.7"},
        {"::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7"},
        {"2001:DB8::1", "2001:db8::1", "2001:db8::1"},
        {"fe80::1%eth0", "fe80::1", "fe80::1"},
        {"192.0.2.7:443", NULL, "192.0.2.7"},
        {"[2001:db8::1]", NULL, "2001:db8::1"},
        {"[2001:db8::1]:443", NULL, "2001:db8::1"},
        {"192.0.2.7:", NULL, NULL},
        {"192.0.2.7:x", NULL, NULL},
        {"192.0.2.7:123456", NULL, NULL},
        {"[2001:db8::1]443", NULL, NULL},
        {"[2001:db8::1", NULL, NULL},
        {"[]", NULL, NULL},
        {"192.0.2", NULL, NULL},
        {"192.0.2.07", NULL, NULL},
        {"192.0.2.256", NULL, NULL},
        {"unknown", NULL, NULL},
        {"_hidden", NULL, NULL},
        {"", NULL, NULL},
        {"2001:db8:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:1", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ip_address address;
        char text[IP_TEXT_BYTES];
        bool known = ip_address_parse(slice_of(cases[i].text), &address);
        if (known != (cases[i].known != NULL))
            fail_msg("%s: %s", cases[i].text, known ? "known" : "not known");
        if (known) {
            ip_address_format(&address, text);
            assert_string_equal(text, cases[i].known);
        }
        bool hop = ip_address_parse_hop(slice_of(cases[i].text), &address);
        if (hop != (cases[i].hop != NULL))
            fail_msg("hop %s: %s", cases[i].text, hop ? "known" : "not known");
        if (hop) {
            ip_address_format(&address, text);
            assert_string_equal(text, cases[i].hop);
        }
    }
}

static void knows_networks(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool trusted;
    } cases[] = {
        {"10.0.0.0", true},
        {"10.255.255.255", true},
        {"11.0.0.0", false},
        {"9.255.255.255", false},
        {"192.0.2.1", true},
        {"192.0.2.2", false},
        {"127.0.0.1", true},
        {"127.9.8.7", true},
        {"::1", true},
        {"::2", false},
        {"2001:db8:ffff::1", true},
        {"2001:db8:fffe::1", false},
        {"::ffff:10.1.2.3", true},
        {"::10.1.2.3", false},
        {"::ffff:11.1.2.3", false},
    };
    struct ip_networks trusted = networks(trusted_text);
    assert_int_equal(trusted.count, 5);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ip_address address;
        assert_true(ip_address_parse(slice_of(cases[i].address), &address));
        if (ip_networks_have(&trusted, &address) != cases[i].trusted)
            fail_msg("%s", cases[i].address);
    }
    struct ip_networks everybody = networks("0.0.0.0/0");
    struct ip_address address;
    assert_true(ip_address_parse(slice_of("203.0.113.9"), &address));
    assert_true(ip_networks_have(&everybody, &address));
    assert_true(ip_address_parse(slice_of("2001:db8::1"), &address));
    assert_false(ip_networks_have(&everybody, &address));
    assert_int_equal(networks("").count, 0);
}

static void refuses_what_is_no_network(void **state)
{
    (void)state;
    static const char *const bad[] = {"10.0.0.0/33",    "10.0.0.1/8",  "10.0.0.0/",    "10/8",
                                      "2001:db8::/129", "example.com", "10.0.0.0/8/8", "/8"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ip_networks out;
        struct fault fault;
        assert_false(ip_networks_parse(bad[i], &out, &fault));
        assert_non_null(strstr(fault.message, bad[i]));
    }
}

/* ---- the headers ---- */

struct read_case {
    const char *headers[4]; /* name, value, name, value */
    const char *client;
    bool secure;
};

static void assert_read(const struct read_case *one, enum forwarded_header which)
{
    struct http_header table[2];
    struct http_head head = {.headers = table, .header_count = 0};
    for (size_t i = 0; i < 4 && one->headers[i] != NULL; i += 2)
        table[head.header_count++] =
            (struct http_header){slice_of(one->headers[i]), slice_of(one->headers[i + 1])};
    struct ip_networks trusted = networks(trusted_text);
    struct forwarded out = {.secure = false};
    char text[IP_TEXT_BYTES];
    assert_true(ip_address_parse(slice_of("10.0.0.1"), &out.client));
    forwarded_read(&head, &trusted, which, &out);
    ip_address_format(&out.client, text);
    if (strcmp(text, one->client) != 0 || out.secure != one->secure)
        fail_msg("%s: %s: %s%s", one->headers[0], one->headers[1], text,
                 out.secure ? ", secure" : "");
}

static void finds_the_last_untrusted_hop(void **state)
{
    (void)state;
    static const struct read_case cases[] = {
        {{NULL}, "10.0.0.1", false},
        {{"X-Forwarded-For", "203.0.113.9"}, "203.0.113.9", false},
        {{"X-Forwarded-For", "198.51.100.1, 203.0.113.9"}, "203.0.113.9", false},
        {{"X-Forwarded-For", "198.51.100.1, 203.0.113.9, 10.0.0.2,127.0.0.1"},
         "203.0.113.9",
         false},
        {{"X-Forwarded-For", "198.51.100.1", "X-Forwarded-For", "203.0.113.9"},
         "203.0.113.9",
         false},
        {{"X-Forwarded-For", "nonsense, 203.0.113.9:1234"}, "203.0.113.9", false},
        {{"X-Forwarded-For", "\"; DROP, [2001:db8::9]:443, 10.0.0.2"}, "2001:db8::9", false},
        {{"X-Forwarded-For", "10.0.0.3, 10.0.0.2"}, "10.0.0.3", false},
        {{"X-Forwarded-For", "203.0.113.9, nonsense"}, "10.0.0.1", false},
        {{"X-Forwarded-For", "203.0.113.9, unknown, 10.0.0.2"}, "10.0.0.2", false},
        {{"X-Forwarded-For", "203.0.113.9,"}, "10.0.0.1", false},
        {{"X-Forwarded-For", ""}, "10.0.0.1", false},
        {{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "https"}, "203.0.113.9", true},
        {{"X-Forwarded-For", "198.51.100.1, 203.0.113.9", "X-Forwarded-Proto", "https"},
         "203.0.113.9",
         true},
        {{"X-Forwarded-For", "203.0.113.9, 10.0.0.2", "X-Forwarded-Proto", "https, http"},
         "203.0.113.9",
         true},
        {{"X-Forwarded-For", "203.0.113.9, 10.0.0.2", "X-Forwarded-Proto", "http, https"},
         "203.0.113.9",
         false},
        {{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "gopher"}, "203.0.113.9", false},
        {{"X-Forwarded-Proto", "HTTPS"}, "10.0.0.1", true},
        {{"Forwarded", "for=192.0.2.60;proto=http;by=203.0.113.43"}, "192.0.2.60", false},
        {{"Forwarded", "For=\"[2001:db8:cafe::17]:4711\";Proto=https"}, "2001:db8:cafe::17", true},
        {{"Forwarded", "for=198.51.100.1, for=203.0.113.9;proto=https, for=10.0.0.2;proto=http"},
         "203.0.113.9",
         true},
        {{"Forwarded", "for=198.51.100.1", "Forwarded", "for=203.0.113.9"}, "203.0.113.9", false},
        {{"Forwarded", "for=203.0.113.9, for=unknown"}, "10.0.0.1", false},
        {{"Forwarded", "for=203.0.113.9, for=\"_mysecret\", for=10.0.0.2"}, "10.0.0.2", false},
        {{"Forwarded", "proto=https;by=10.0.0.1"}, "10.0.0.1", true},
        {{"Forwarded", "for=2001:db8::9"}, "2001:db8::9", false},
        {{"Forwarded", " for=203.0.113.9 ; proto=https ,"}, "10.0.0.1", false},
        {{"Forwarded", "for=203.0.113.9", "X-Forwarded-Proto", "https"}, "203.0.113.9", true},
        /* a quote that a client opened takes nothing of what the proxy adds for an address */
        {{"Forwarded", "for=\"198.51.100.1, for=203.0.113.9"}, "10.0.0.1", false},
        {{"Forwarded", "for=198.51.100.1, for=\", for=\"[2001:db8::9]:1\""}, "10.0.0.1", false},
        {{"Forwarded", "for=\"\\\"198.51.100.1\", for=203.0.113.9"}, "203.0.113.9", false},
        {{"Forwarded", "=;for=203.0.113.9"}, "10.0.0.1", false},
        {{"Forwarded", "for"}, "10.0.0.1", false},
        {{"Forwarded", "for=\"203.0.113.9\\"}, "10.0.0.1", false},
        /* both */
        {{"Forwarded", "for=198.51.100.1;proto=https", "X-Forwarded-For", "203.0.113.9"},
         "203.0.113.9",
         false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_read(&cases[i], FORWARDED_ANY);
}

static void reads_only_the_header_that_is_set(void **state)
{
    (void)state;
    static const struct read_case x = {
        {"Forwarded", "for=198.51.100.1;proto=https"}, "10.0.0.1", false};
    static const struct read_case rfc = {
        {"X-Forwarded-For", "198.51.100.1", "X-Forwarded-Proto", "https"}, "10.0.0.1", false};
    static const struct read_case both = {
        {"X-Forwarded-For", "198.51.100.1", "Forwarded", "for=203.0.113.9;proto=https"},
        "203.0.113.9",
        true};
    assert_read(&x, FORWARDED_X);
    assert_read(&rfc, FORWARDED_RFC);
    assert_read(&both, FORWARDED_RFC);
}

/* Only the last hops are kept: what lies before them is not reached. */
static void bounds_the_hops(void **state)
{
    (void)state;
    char value[4096] = "198.51.100.1";
    for (int i = 0; i < LIMIT_FORWARDED_HOPS; i++)
        strcat(value, ",10.0.0.9");
    const struct read_case one = {{"X-Forwarded-For", value}, "10.0.0.9", false};
    assert_read(&one, FORWARDED_ANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_addresses),
        cmocka_unit_test(knows_networks),
        cmocka_unit_test(refuses_what_is_no_network),
        cmocka_unit_test(finds_the_last_untrusted_hop),
        cmocka_unit_test(reads_only_the_header_that_is_set),
        cmocka_unit_test(bounds_the_hops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
