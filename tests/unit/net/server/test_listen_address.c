/* Where the gateway listens: what is an address, and whether somebody is there already. */
#include "base/support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "net/server/listen_address.h"

static void an_ipv4_address_is_read(void **state)
{
    (void)state;
    struct sockaddr_storage place;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&place;
    socklen_t bytes = 0;
    struct fault fault;
    memset(&place, 0xa5, sizeof place);
    assert_true(listen_address_parse("127.0.0.1", 3000, &place, &bytes, &fault));
    assert_int_equal(bytes, sizeof *v4);
    assert_int_equal(v4->sin_family, AF_INET);
    assert_int_equal(ntohs(v4->sin_port), 3000);
    assert_int_equal(ntohl(v4->sin_addr.s_addr), INADDR_LOOPBACK);
    assert_true(listen_address_parse("0.0.0.0", 65535, &place, &bytes, &fault));
    assert_int_equal(v4->sin_addr.s_addr, 0);
    assert_int_equal(ntohs(v4->sin_port), 65535);
}

/* Without a scope or anything else of what stood in memory. */
static void an_ipv6_address_is_read(void **state)
{
    (void)state;
    struct sockaddr_storage place;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&place;
    socklen_t bytes = 0;
    struct fault fault;
    memset(&place, 0xa5, sizeof place);
    assert_true(listen_address_parse("::1", 3000, &place, &bytes, &fault));
    assert_int_equal(bytes, sizeof *v6);
    assert_int_equal(v6->sin6_family, AF_INET6);
    assert_int_equal(ntohs(v6->sin6_port), 3000);
    assert_memory_equal(&v6->sin6_addr, &in6addr_loopback, sizeof v6->sin6_addr);
    assert_int_equal(v6->sin6_scope_id, 0);
    assert_int_equal(v6->sin6_flowinfo, 0);
}

static void what_is_no_address_is_named(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      "localhost",  "127.0.0.1:80",
                                      "[::1]", "127.1",      "127.0.0.256",
                                      "*",     " 127.0.0.1", "::1%lo"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sockaddr_storage place;
        socklen_t bytes;
        struct fault fault = {0};
        assert_false(listen_address_parse(bad[i], 80, &place, &bytes, &fault));
        assert_string_equal(fault.code, "invalid_value");
        assert_non_null(strstr(fault.message, bad[i]));
        assert_false(listen_address_check_free(bad[i], 80, &fault));
        assert_string_equal(fault.code, "invalid_value");
    }
}

/* Listens at a port that the kernel chooses; with SO_REUSEPORT as another gateway would. */
static int listen_somewhere(const char *address, int *port)
{
    struct sockaddr_storage place;
    socklen_t bytes;
    struct fault fault;
    int on = 1;
    assert_true(listen_address_parse(address, 0, &place, &bytes, &fault));
    int fd = socket(place.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&place, bytes), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&place, &bytes), 0);
    *port = ntohs(((struct sockaddr_in *)&place)->sin_port);
    return fd;
}

static void a_port_at_which_somebody_listens_is_not_free(void **state)
{
    (void)state;
    struct fault fault = {0};
    int port;
    int fd = listen_somewhere("127.0.0.1", &port);
    assert_false(listen_address_check_free("127.0.0.1", port, &fault));
    assert_string_equal(fault.code, "listen_failed");
    assert_non_null(strstr(fault.message, "127.0.0.1"));
    assert_false(listen_address_check_free("0.0.0.0", port, &fault));
    close(fd);
}

/* It leaves nothing behind that would be in its own way. */
static void the_look_does_not_take_the_port(void **state)
{
    (void)state;
    struct fault fault = {0};
    int port;
    int fd = listen_somewhere("127.0.0.1", &port);
    assert_true(listen_address_check_free("127.0.0.2", port, &fault)); /* of another address */
    assert_true(listen_address_check_free("127.0.0.2", port, &fault));
    close(fd);
    assert_true(listen_address_check_free("127.0.0.1", 0, &fault));
    assert_string_equal(fault.code, "");
}

/* What a gateway's connections leave behind when it ends is no gateway. */
static void old_connections_are_in_nobodys_way(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct sockaddr_storage place;
    socklen_t bytes;
    int port;
    char byte;
    int listener = listen_somewhere("127.0.0.1", &port);
    assert_true(listen_address_parse("127.0.0.1", port, &place, &bytes, &fault));
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&place, bytes), 0);
    int accepted = accept(listener, NULL, NULL);
    assert_true(accepted >= 0);
    close(listener);
    close(accepted); /* this side first: its end waits (TIME-WAIT) */
    assert_int_equal(recv(client, &byte, 1, 0), 0);
    close(client);
    assert_true(listen_address_check_free("127.0.0.1", port, &fault));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ipv4_address_is_read),
        cmocka_unit_test(an_ipv6_address_is_read),
        cmocka_unit_test(what_is_no_address_is_named),
        cmocka_unit_test(a_port_at_which_somebody_listens_is_not_free),
        cmocka_unit_test(the_look_does_not_take_the_port),
        cmocka_unit_test(old_connections_are_in_nobodys_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
