/* Which addresses a customer's webhook may have: those that are given to the whole Internet. */
#include "base/support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "net/client/public_address.h"

static bool is_public(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return public_address_is((const struct sockaddr *)(const void *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return public_address_is((const struct sockaddr *)(const void *)&v6);
}

static void these_are_public(void **state)
{
    static const char *const list[] = {
        "1.1.1.1",         "8.8.8.8",          "9.255.255.255",   "11.0.0.0",
        "100.63.255.255",  "100.128.0.0",      "126.255.255.255", "128.0.0.1",
        "169.253.0.1",     "172.15.255.255",   "172.32.0.0",      "192.0.1.1",
        "192.167.0.1",     "192.169.0.1",      "198.17.255.255",  "198.20.0.0",
        "223.255.255.255", "2606:4700::11",    "2a00:1450::1",    "2001:4860:4860::8888",
        "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8", "2002:808:808::1"};
    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (!is_public(list[i]))
            fail_msg("%s", list[i]);
    }
}

static void these_are_not(void **state)
{
    static const char *const list[] = {"0.0.0.0",
                                       "0.1.2.3",
                                       "10.0.0.1",
                                       "10.255.255.255",
                                       "100.64.0.1",
                                       "100.127.255.255",
                                       "127.0.0.1",
                                       "127.255.255.254",
                                       "169.254.169.254",
                                       "172.16.0.1",
                                       "172.31.255.255",
                                       "192.0.0.8",
                                       "192.0.2.1",
                                       "192.88.99.1",
                                       "192.168.0.1",
                                       "198.18.0.1",
                                       "198.19.255.255",
                                       "198.51.100.1",
                                       "203.0.113.1",
                                       "224.0.0.1",
                                       "239.1.1.1",
                                       "240.0.0.1",
                                       "255.255.255.255",
                                       "::",
                                       "::1",
                                       "::ffff:127.0.0.1",
                                       "::ffff:10.0.0.1",
                                       "::127.0.0.1",
                                       "64:ff9b::10.0.0.1",
                                       "64:ff9b:1::1",
                                       "100::1",
                                       "2001::1",
                                       "2001:2::1",
                                       "2001:10::1",
                                       "2001:db8::1",
                                       "2002:7f00:1::",
                                       "2002:a00:1::1",
                                       "3fff::1",
                                       "fc00::1",
                                       "fd00:ec2::254",
                                       "fe80::1",
                                       "fec0::1",
                                       "ff02::1",
                                       "4000::1",
                                       "5f00::1"};
    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (is_public(list[i]))
            fail_msg("%s", list[i]);
    }
}

static void nor_is_any_other_kind(void **state)
{
    const struct sockaddr local = {.sa_family = AF_UNIX};
    (void)state;
    assert_false(public_address_is(&local));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(these_are_public),
                                       cmocka_unit_test(these_are_not),
                                       cmocka_unit_test(nor_is_any_other_kind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
