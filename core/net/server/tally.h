/* Counts each client's use of what all workers share: connections and memory for large bodies, by
 * the client's network and by the account. A count of zero takes no memory.
 *
 * Any thread. One mutex, taken when a connection comes or goes and for each step of a large body,
 * never for an ordinary request. */
#ifndef NET_SERVER_TALLY_H
#define NET_SERVER_TALLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/id.h"
#include "net/server/ip_address.h"

struct tally;

enum tally_kind { TALLY_CONNECTIONS, TALLY_ADDRESS_BODIES, TALLY_ACCOUNT_BODIES };

struct tally_key {
    unsigned char bytes[1 + ID_BYTES];
};

/* An IPv4 address, or the first 64 bits of an IPv6 address, which one subscriber has. */
void tally_key_of_address(enum tally_kind kind, const struct ip_address *address,
                          struct tally_key *out);
void tally_key_of_account(const struct id *account_id, struct tally_key *out);

struct tally *tally_new(void);
void tally_free(struct tally *tally);
/* Returns false, and adds nothing, when the key would have more than `most`. */
bool tally_add(struct tally *tally, const struct tally_key *key, size_t amount, size_t most);
void tally_take(struct tally *tally, const struct tally_key *key, size_t amount);

#endif
