/* The PROXY protocol: a load balancer in front of us sends it before its client's first byte, to
 * tell whose connection it is. Versions 1 (a line of text) and 2 (binary), as HAProxy's
 * proxy-protocol.txt specifies them. Pure functions over memory, any thread. */
#ifndef NET_SERVER_PROXY_HEADER_H
#define NET_SERVER_PROXY_HEADER_H

#include <stddef.h>

#include "net/server/ip_address.h"

enum {
    PROXY_HEADER_BYTES_MIN = 15 /* "PROXY UNKNOWN\r\n"; no header is shorter */
};

enum proxy_secure { PROXY_SECURE_UNSAID, PROXY_SECURE_NO, PROXY_SECURE_YES };

struct proxy_header {
    bool has_address; /* false for the balancer's own connections (LOCAL, UNKNOWN) */
    struct ip_address address;
    enum proxy_secure secure; /* whether the client's connection used TLS */
};

enum proxy_progress {
    PROXY_MORE, /* *needed: the least length of a header with this beginning */
    PROXY_DONE, /* *needed: the header's length */
    PROXY_BAD
};

/* Reads the beginning of a connection. It never asks for bytes behind the header. */
enum proxy_progress proxy_header_parse(const char *data, size_t bytes, struct proxy_header *out,
                                       size_t *needed);

#endif
