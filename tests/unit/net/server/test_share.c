/* What one client may have of what all share: connections and large bodies, counted by who it is,
 * given back whole, and never of a trusted proxy. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "net/server/connection.h"
#include "net/server/share.h"

enum { STEP_BYTES = 256 * 1024 };

static struct peer_trust trust;
static struct server_options options;

static int set_up(void **state)
{
    struct fault fault;
    (void)state;
    trust = (struct peer_trust){.header = FORWARDED_ANY};
    assert_true(ip_networks_parse("10.0.0.0/8", &trust.proxies, &fault));
    options = (struct server_options){.trust = &trust,
                                      .bounds = {.address_connections_max = 2,
                                                 .address_bodies_bytes_max = 4 * STEP_BYTES,
                                                 .account_bodies_bytes_max = 3 * STEP_BYTES},
                                      .tally = tally_new()};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tally_free(options.tally);
    return 0;
}

/* The server's own is not linked: a connection here has no server. */
const struct server_options *connection_options(const struct connection *connection)
{
    (void)connection;
    return &options;
}

static struct connection connection_of(const char *address, const char *account)
{
    struct connection connection;
    memset(&connection, 0, sizeof connection);
    peer_init(&connection.peer, address, false, &trust);
    snprintf(connection.share.account_id.text, sizeof connection.share.account_id.text, "%s",
             account);
    return connection;
}

/* ---- connections ---- */

static void an_address_has_so_many_connections(void **state)
{
    (void)state;
    struct connection a = connection_of("192.0.2.1", "");
    struct connection b = connection_of("192.0.2.1", "");
    struct connection c = connection_of("192.0.2.1", "");
    struct connection other = connection_of("192.0.2.2", "");
    assert_true(share_enter(&a));
    assert_true(share_enter(&b));
    assert_false(share_enter(&c));
    assert_true(share_enter(&other));
    share_leave(&c); /* what did not enter takes nothing with it */
    assert_false(share_enter(&c));
    share_leave(&a);
    share_leave(&a);
    assert_true(share_enter(&c));
    assert_false(share_enter(&a));
}

static void trusted_proxies_are_not_counted(void **state)
{
    (void)state;
    struct connection proxies[5];
    for (size_t i = 0; i < 5; i++) {
        proxies[i] = connection_of("10.0.0.1", "");
        assert_true(share_enter(&proxies[i]));
    }
    for (size_t i = 0; i < 5; i++)
        share_leave(&proxies[i]);
}

static void this_machines_own_are_counted_when_it_is_said(void **state)
{
    (void)state;
    struct connection own[3];
    for (size_t i = 0; i < 3; i++) {
        own[i] = connection_of("127.0.0.1", "");
        assert_true(share_enter(&own[i]));
    }
    for (size_t i = 0; i < 3; i++)
        share_leave(&own[i]);
    options.bounds.loopback_connections = true;
    assert_true(share_enter(&own[0]));
    assert_true(share_enter(&own[1]));
    assert_false(share_enter(&own[2]));
}

/* The connections behind a proxy are the proxy's, whoever their client is. */
static void a_connection_counts_for_its_other_end(void **state)
{
    (void)state;
    struct connection a = connection_of("192.0.2.1", "");
    struct connection b = connection_of("192.0.2.1", "");
    struct connection c = connection_of("192.0.2.1", "");
    assert_true(ip_address_parse(slice_of("203.0.113.9"), &b.peer.client));
    assert_true(share_enter(&a));
    assert_true(share_enter(&b));
    assert_false(share_enter(&c));
}

/* ---- bodies ---- */

static void an_account_has_so_many_bytes_wherever_it_is(void **state)
{
    (void)state;
    struct connection a = connection_of("192.0.2.1", "acct_a");
    struct connection b = connection_of("192.0.2.2", "acct_a");
    struct connection other = connection_of("192.0.2.2", "acct_b");
    struct refusal refusal = {0};
    assert_true(share_body(&a, 2 * STEP_BYTES, &refusal));
    assert_false(share_body(&b, STEP_BYTES + 1, &refusal));
    assert_int_equal(refusal.status, 429);
    assert_string_equal(refusal.code, "rate_limit_exceeded");
    assert_non_null(strstr(refusal.message, "account"));
    assert_int_equal(b.share.body_bytes, 0);
    assert_true(share_body(&b, STEP_BYTES, &refusal));
    assert_true(share_body(&other, 3 * STEP_BYTES, &refusal));
}

/* And what the account was given for it goes back. */
static void an_address_has_so_many_bytes_for_all_its_accounts(void **state)
{
    (void)state;
    struct connection a = connection_of("192.0.2.1", "acct_a");
    struct connection b = connection_of("192.0.2.1", "acct_b");
    struct connection elsewhere = connection_of("192.0.2.2", "acct_b");
    struct refusal refusal = {0};
    assert_true(share_body(&a, 3 * STEP_BYTES, &refusal));
    assert_false(share_body(&b, 2 * STEP_BYTES, &refusal));
    assert_int_equal(refusal.status, 429);
    assert_non_null(strstr(refusal.message, "address"));
    assert_true(share_body(&elsewhere, 3 * STEP_BYTES, &refusal));
    share_end_body(&elsewhere);
    share_end_body(&a);
    assert_true(share_body(&b, 2 * STEP_BYTES, &refusal));
}

/* Growing costs the difference only, in steps; what is smaller than before costs nothing. */
static void a_body_grows_in_steps(void **state)
{
    (void)state;
    struct connection a = connection_of("192.0.2.1", "acct_a");
    struct refusal refusal = {0};
    assert_true(share_body(&a, 0, &refusal));
    assert_int_equal(a.share.body_bytes, 0);
    for (size_t bytes = 1; bytes <= 3 * STEP_BYTES; bytes += 1000) {
        assert_true(share_body(&a, bytes, &refusal));
        assert_true(a.share.body_bytes >= bytes && a.share.body_bytes < bytes + STEP_BYTES);
    }
    assert_true(share_body(&a, 3 * STEP_BYTES, &refusal));
    assert_false(share_body(&a, 3 * STEP_BYTES + 1, &refusal));
    assert_int_equal(a.share.body_bytes, 3 * STEP_BYTES); /* as before */
    assert_true(share_body(&a, 1, &refusal));
    share_end_body(&a);
    share_end_body(&a);
    assert_int_equal(a.share.body_bytes, 0);
    assert_true(share_body(&a, 3 * STEP_BYTES, &refusal));
}

static void a_body_goes_with_its_connection(void **state)
{
    (void)state;
    struct connection a = connection_of("192.0.2.1", "acct_a");
    struct connection b = connection_of("192.0.2.1", "acct_a");
    struct refusal refusal = {0};
    assert_true(share_enter(&a));
    assert_true(share_body(&a, 3 * STEP_BYTES, &refusal));
    share_leave(&a);
    assert_true(share_body(&b, 3 * STEP_BYTES, &refusal));
}

/* The client's, not the proxy's that brings it. */
static void a_body_counts_for_the_client(void **state)
{
    (void)state;
    struct connection a = connection_of("10.0.0.1", "acct_a");
    struct connection b = connection_of("10.0.0.1", "acct_b");
    struct connection c = connection_of("10.0.0.1", "acct_c");
    struct refusal refusal = {0};
    assert_true(ip_address_parse(slice_of("203.0.113.9"), &a.peer.client));
    b.peer.client = a.peer.client;
    assert_true(share_body(&a, 3 * STEP_BYTES, &refusal));
    assert_false(share_body(&b, 3 * STEP_BYTES, &refusal));
    assert_true(share_body(&c, 3 * STEP_BYTES, &refusal)); /* of the proxy itself */
}

static void this_machines_own_bodies_are_counted_when_it_is_said(void **state)
{
    (void)state;
    struct connection a = connection_of("127.0.0.1", "acct_a");
    struct connection b = connection_of("::1", "acct_b");
    struct connection c = connection_of("127.0.0.1", "acct_c");
    struct refusal refusal = {0};
    options.bounds.loopback_connections = true; /* this says nothing about bodies */
    assert_true(share_body(&a, 3 * STEP_BYTES, &refusal));
    assert_true(share_body(&c, 3 * STEP_BYTES, &refusal));
    share_end_body(&a);
    share_end_body(&c);
    options.bounds.loopback_bodies = true;
    assert_true(share_body(&a, 3 * STEP_BYTES, &refusal));
    assert_false(share_body(&c, 3 * STEP_BYTES, &refusal));
    assert_true(share_body(&b, 3 * STEP_BYTES, &refusal)); /* another address */
}

#define WITH_TALLY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TALLY(an_address_has_so_many_connections),
        WITH_TALLY(trusted_proxies_are_not_counted),
        WITH_TALLY(this_machines_own_are_counted_when_it_is_said),
        WITH_TALLY(a_connection_counts_for_its_other_end),
        WITH_TALLY(an_account_has_so_many_bytes_wherever_it_is),
        WITH_TALLY(an_address_has_so_many_bytes_for_all_its_accounts),
        WITH_TALLY(a_body_grows_in_steps),
        WITH_TALLY(a_body_goes_with_its_connection),
        WITH_TALLY(a_body_counts_for_the_client),
        WITH_TALLY(this_machines_own_bodies_are_counted_when_it_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
