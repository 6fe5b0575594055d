#include "net/client/public_address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct block4 {
    uint32_t base;
    unsigned bits;
};

/* IANA IPv4 Special-Purpose Address Registry, multicast and what is above. */
static const struct block4 special4[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* shared by a provider's customers */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local: also where clouds tell secrets */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* relays of 6to4 */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 3},  /* multicast, reserved, broadcast */
};

static bool is_public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof special4 / sizeof special4[0]; i++) {
        const struct block4 *block = &special4[i];
        if ((address ^ block->base) >> (32 - block->bits) == 0)
            return false;
    }
    return true;
}

static uint32_t read4(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool begins(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(address, prefix, whole) != 0)
        return false;
    return rest == 0 || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

/* Only 2000::/3 is given to anybody. */
static bool is_public6(const uint8_t *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    static const uint8_t unicast[] = {0x20}, six_to_four[] = {0x20, 0x02};
    static const uint8_t assignments[] = {0x20, 0x01, 0x00}; /* Teredo, ORCHID, benchmarks */
    static const uint8_t documentation[] = {0x20, 0x01, 0x0d, 0xb8};
    static const uint8_t documentation2[] = {0x3f, 0xff, 0x00};
    if (begins(address, mapped, 96) || begins(address, nat64, 96))
        return is_public4(read4(address + 12));
    if (begins(address, six_to_four, 16))
        return is_public4(read4(address + 2));
    return begins(address, unicast, 3) && !begins(address, assignments, 23) &&
           !begins(address, documentation, 32) && !begins(address, documentation2, 20);
}

bool public_address_is(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        return is_public4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(&v6, address, sizeof v6);
    return is_public6(v6.sin6_addr.s6_addr);
}
