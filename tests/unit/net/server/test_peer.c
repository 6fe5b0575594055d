/* Who the other end of a connection is and whose request it brings: a trusted proxy is believed,
 * for one request at a time; anybody else is not looked at. */
#include "base/support.h"

#include <string.h>

#include "net/server/peer.h"

static struct peer_trust trust_of(const char *proxies)
{
    struct peer_trust trust = {.header = FORWARDED_ANY};
    struct fault fault;
    assert_true(ip_networks_parse(proxies, &trust.proxies, &fault));
    return trust;
}

/* A head of one header. */
static void read_head(struct peer *peer, const char *name, const char *value,
                      const struct peer_trust *trust)
{
    struct http_header header = {slice_of(name), slice_of(value)};
    const struct http_head head = {.headers = &header, .header_count = 1};
    peer_read_head(peer, &head, trust);
}

static void assert_client(const struct peer *peer, const char *text, bool secure)
{
    char same[IP_TEXT_BYTES];
    ip_address_format(&peer->client, same);
    assert_string_equal(peer->client_text, text);
    assert_string_equal(same, text);
    assert_int_equal(peer->client_secure, secure);
}

static void the_client_is_the_other_end(void **state)
{
    (void)state;
    struct peer_trust trust = trust_of("10.0.0.0/8");
    struct peer peer;
    peer_init(&peer, "192.0.2.7", false, &trust);
    assert_false(peer.trusted);
    assert_client(&peer, "192.0.2.7", false);
    peer_init(&peer, "::ffff:192.0.2.7", true, &trust);
    assert_true(peer.secure);
    assert_client(&peer, "192.0.2.7", true);
    peer_init(&peer, "2001:db8::1", true, &trust);
    assert_client(&peer, "2001:db8::1", true);
}

static void a_header_of_anybody_else_is_not_looked_at(void **state)
{
    (void)state;
    struct peer_trust trust = trust_of("10.0.0.0/8");
    struct peer peer;
    peer_init(&peer, "192.0.2.7", false, &trust);
    peer_begin_request(&peer);
    read_head(&peer, "X-Forwarded-For", "203.0.113.9", &trust);
    assert_client(&peer, "192.0.2.7", false);
    read_head(&peer, "Forwarded", "for=203.0.113.9;proto=https", &trust);
    assert_client(&peer, "192.0.2.7", false);
    read_head(&peer, "X-Forwarded-Proto", "https", &trust);
    assert_client(&peer, "192.0.2.7", false);
}

static void a_trusted_proxy_says_whose_request_it_is(void **state)
{
    (void)state;
    struct peer_trust trust = trust_of("10.0.0.0/8");
    struct peer peer;
    peer_init(&peer, "10.0.0.1", false, &trust);
    assert_true(peer.trusted);
    assert_client(&peer, "10.0.0.1", false);
    read_head(&peer, "Forwarded", "for=203.0.113.9;proto=https", &trust);
    assert_client(&peer, "203.0.113.9", true);
    peer_begin_request(&peer);
    read_head(&peer, "X-Forwarded-For", "2001:db8::9", &trust);
    assert_client(&peer, "2001:db8::9", false);
}

static void a_request_says_nothing_about_the_next(void **state)
{
    (void)state;
    struct peer_trust trust = trust_of("10.0.0.0/8");
    struct peer peer;
    peer_init(&peer, "10.0.0.1", false, &trust);
    read_head(&peer, "Forwarded", "for=203.0.113.9;proto=https", &trust);
    peer_begin_request(&peer);
    assert_client(&peer, "10.0.0.1", false);
    read_head(&peer, "X-Other", "203.0.113.9", &trust);
    assert_client(&peer, "10.0.0.1", false);
    assert_true(peer.trusted);
}

static void only_the_header_that_is_set_is_read(void **state)
{
    (void)state;
    struct peer_trust trust = trust_of("10.0.0.0/8");
    struct peer peer;
    trust.header = FORWARDED_RFC;
    peer_init(&peer, "10.0.0.1", false, &trust);
    read_head(&peer, "X-Forwarded-For", "203.0.113.9", &trust);
    assert_client(&peer, "10.0.0.1", false);
    read_head(&peer, "Forwarded", "for=203.0.113.9", &trust);
    assert_client(&peer, "203.0.113.9", false);
}

static struct proxy_header proxy_header(const char *text, enum proxy_secure secure)
{
    struct proxy_header header = {.has_address = text != NULL, .secure = secure};
    if (text != NULL)
        assert_true(ip_address_parse(slice_of(text), &header.address));
    return header;
}

/* It takes the place of the kernel's address, for trust, too. */
static void a_proxy_header_says_whose_connection_it_is(void **state)
{
    (void)state;
    struct peer_trust trust = trust_of("10.0.0.0/8");
    struct proxy_header client = proxy_header("203.0.113.9", PROXY_SECURE_UNSAID);
    struct proxy_header proxy = proxy_header("10.9.9.9", PROXY_SECURE_UNSAID);
    struct peer peer;
    peer_init(&peer, "10.0.0.1", false, &trust);
    peer_take_proxy_header(&peer, &client, &trust);
    assert_false(peer.trusted);
    assert_client(&peer, "203.0.113.9", false);
    peer_begin_request(&peer);
    read_head(&peer, "X-Forwarded-For", "198.51.100.1", &trust);
    assert_client(&peer, "203.0.113.9", false);
    peer_init(&peer, "10.0.0.1", false, &trust);
    peer_take_proxy_header(&peer, &proxy, &trust); /* one proxy behind another */
    assert_true(peer.trusted);
    read_head(&peer, "X-Forwarded-For", "198.51.100.1", &trust);
    assert_client(&peer, "198.51.100.1", false);
    peer_begin_request(&peer);
    assert_client(&peer, "10.9.9.9", false);
}

static void a_balancers_own_connection_stays_its_own(void **state)
{
    (void)state;
    struct peer_trust trust = trust_of("10.0.0.0/8");
    struct proxy_header local = proxy_header(NULL, PROXY_SECURE_UNSAID);
    struct peer peer;
    peer_init(&peer, "10.0.0.1", true, &trust);
    peer_take_proxy_header(&peer, &local, &trust);
    assert_true(peer.trusted);
    assert_client(&peer, "10.0.0.1", true);
}

static void a_proxy_header_may_say_whether_it_was_tls(void **state)
{
    (void)state;
    struct peer_trust trust = trust_of("10.0.0.0/8");
    struct proxy_header yes = proxy_header("203.0.113.9", PROXY_SECURE_YES);
    struct proxy_header no = proxy_header("203.0.113.9", PROXY_SECURE_NO);
    struct proxy_header unsaid = proxy_header("203.0.113.9", PROXY_SECURE_UNSAID);
    for (int tls = 0; tls < 2; tls++) {
        struct peer peer;
        peer_init(&peer, "10.0.0.1", tls, &trust);
        peer_take_proxy_header(&peer, &unsaid, &trust);
        assert_client(&peer, "203.0.113.9", tls);
        peer_take_proxy_header(&peer, &yes, &trust);
        assert_client(&peer, "203.0.113.9", true);
        peer_take_proxy_header(&peer, &no, &trust);
        assert_client(&peer, "203.0.113.9", false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_client_is_the_other_end),
        cmocka_unit_test(a_header_of_anybody_else_is_not_looked_at),
        cmocka_unit_test(a_trusted_proxy_says_whose_request_it_is),
        cmocka_unit_test(a_request_says_nothing_about_the_next),
        cmocka_unit_test(only_the_header_that_is_set_is_read),
        cmocka_unit_test(a_proxy_header_says_whose_connection_it_is),
        cmocka_unit_test(a_balancers_own_connection_stays_its_own),
        cmocka_unit_test(a_proxy_header_may_say_whether_it_was_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
