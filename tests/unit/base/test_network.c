#include "base/network.h"

#include <string.h>

#include "base/support.h"

static void tells_networks(void **state)
{
    static const struct {
        const char *address;
        const char *network;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"127.0.0.1", "127.0.0.1"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
        {"2001:db8:1:2::9", "2001:db8:1:2::/64"},
        {"2001:0:0:1:5:6:7:8", "2001:0:0:1::/64"},
        {"2001:0:0:2:5:6:7:8", "2001:0:0:2::/64"},
        {"::1", "::/64"},
        {"unix", "unix"},
        {"", ""},
    };
    char out[NETWORK_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(network_of(cases[i].address, out), cases[i].network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tells_networks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
