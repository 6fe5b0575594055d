/* Inside net/: what one client may have of what all share, so that none can take all: connections
 * by its address, memory for large bodies by its address and by its account. Trusted proxies are
 * not counted, for they bring everybody's connections. */
#ifndef NET_SERVER_SHARE_H
#define NET_SERVER_SHARE_H

#include <stdbool.h>
#include <stddef.h>

struct connection;
struct refusal;

/* False: the client's address has enough connections. */
bool share_enter(struct connection *connection);
void share_leave(struct connection *connection);
/* The present body has so many bytes. False: *refusal. */
bool share_body(struct connection *connection, size_t bytes, struct refusal *refusal);
void share_end_body(struct connection *connection);

#endif
