#include "net/server/share.h"

#include "net/server/connection.h"

enum { STEP_BYTES = 256 * 1024 }; /* counts in steps, to take the mutex less often */

static bool is_counted(const struct connection *connection, const struct ip_address *address,
                       bool loopback_too)
{
    const struct peer_trust *trust = connection_options(connection)->trust;
    return (loopback_too || !ip_address_is_loopback(address)) &&
           !ip_networks_have(&trust->proxies, address);
}

/* ---- connections ---- */

bool share_enter(struct connection *connection)
{
    const struct server_options *options = connection_options(connection);
    const struct client_bounds *bounds = &options->bounds;
    const struct ip_address *address = &connection->peer.address;
    struct tally_key key;
    if (!is_counted(connection, address, bounds->loopback_connections))
        return true;
    tally_key_of_address(TALLY_CONNECTIONS, address, &key);
    connection->share.connection_counted =
        tally_add(options->tally, &key, 1, bounds->address_connections_max);
    return connection->share.connection_counted;
}

void share_leave(struct connection *connection)
{
    struct tally_key key;
    share_end_body(connection);
    if (!connection->share.connection_counted)
        return;
    connection->share.connection_counted = false;
    tally_key_of_address(TALLY_CONNECTIONS, &connection->peer.address, &key);
    tally_take(connection_options(connection)->tally, &key, 1);
}

/* ---- bodies ---- */

struct body_keys {
    struct tally_key account;
    struct tally_key address;
    bool address_counted;
};

static void find_keys(const struct connection *connection, struct body_keys *out)
{
    const struct ip_address *client = &connection->peer.client;
    const struct client_bounds *bounds = &connection_options(connection)->bounds;
    tally_key_of_account(&connection->share.account_id, &out->account);
    tally_key_of_address(TALLY_ADDRESS_BODIES, client, &out->address);
    out->address_counted = is_counted(connection, client, bounds->loopback_bodies);
}

bool share_body(struct connection *connection, size_t bytes, struct refusal *refusal)
{
    const struct server_options *options = connection_options(connection);
    struct share *share = &connection->share;
    struct body_keys keys;
    if (bytes <= share->body_bytes)
        return true;
    size_t more = (bytes - share->body_bytes + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES;
    find_keys(connection, &keys);
    if (!tally_add(options->tally, &keys.account, more, options->bounds.account_bodies_bytes_max)) {
        *refusal = (struct refusal){
            429, "rate_limit_exceeded",
            "your account has too many large requests under way; wait until some have ended"};
        return false;
    }
    if (keys.address_counted &&
        !tally_add(options->tally, &keys.address, more, options->bounds.address_bodies_bytes_max)) {
        tally_take(options->tally, &keys.account, more);
        *refusal = (struct refusal){
            429, "rate_limit_exceeded",
            "too many large requests come from your address; wait until some have ended"};
        return false;
    }
    share->body_bytes += more;
    return true;
}

void share_end_body(struct connection *connection)
{
    struct tally *tally = connection_options(connection)->tally;
    struct share *share = &connection->share;
    struct body_keys keys;
    if (share->body_bytes == 0)
        return;
    find_keys(connection, &keys);
    tally_take(tally, &keys.account, share->body_bytes);
    if (keys.address_counted)
        tally_take(tally, &keys.address, share->body_bytes);
    share->body_bytes = 0;
}
