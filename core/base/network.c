#include "base/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

const char *network_of(const char *address, char out[NETWORK_BYTES])
{
    enum { NETWORK_BITS = 64 };
    struct in6_addr bits;
    char text[INET6_ADDRSTRLEN];
    if (inet_pton(AF_INET6, address, &bits) != 1) {
        snprintf(out, NETWORK_BYTES, "%s", address);
    } else if (IN6_IS_ADDR_V4MAPPED(&bits)) {
        inet_ntop(AF_INET, bits.s6_addr + 12, out, NETWORK_BYTES);
    } else {
        memset(bits.s6_addr + NETWORK_BITS / 8, 0, sizeof bits.s6_addr - NETWORK_BITS / 8);
        inet_ntop(AF_INET6, &bits, text, sizeof text);
        snprintf(out, NETWORK_BYTES, "%.*s/%d", NETWORK_BYTES - 4, text, NETWORK_BITS);
    }
    return out;
}
