/* Private to net/: what one client may take of common resources, so that none can take all:
 * connections for each address, memory for large bodies for each address and account. Trusted
 * proxies are not counted, because they bring the connections of many clients. */
#ifndef NET_SERVER_SHARE_H
#define NET_SERVER_SHARE_H

#include <stdbool.h>
#include <stddef.h>

struct connection;
struct refusal;

/* Returns false when the client's address has too many connections. */
bool share_enter(struct connection *connection);
void share_leave(struct connection *connection);
/* Sets the size of the present body. Returns false with *refusal. */
bool share_body(struct connection *connection, size_t bytes, struct refusal *refusal);
void share_end_body(struct connection *connection);

#endif
