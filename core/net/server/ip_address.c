#include "net/server/ip_address.h"

#include <arpa/inet.h>
#include <string.h>

enum { V4_OFFSET = 12, V4_PREFIX_BITS = 96, ENTRY_BYTES = 64 };

static const unsigned char v4_prefix[V4_OFFSET] = {[10] = 0xff, [11] = 0xff};

bool ip_address_parse(struct slice text, struct ip_address *out)
{
    char copy[IP_TEXT_BYTES];
    const char *zone = slice_char(text, '%');
    if (zone != NULL)
        text.bytes = (size_t)(zone - text.data);
    if (text.bytes == 0 || text.bytes >= sizeof copy || slice_char(text, '\0') != NULL)
        return false;
    memcpy(copy, text.data, text.bytes);
    copy[text.bytes] = '\0';
    unsigned char v4[4];
    if (inet_pton(AF_INET, copy, v4) == 1) {
        ip_address_from_v4(v4, out);
        return true;
    }
    return inet_pton(AF_INET6, copy, out->bytes) == 1;
}

static bool is_port(struct slice text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return text.bytes >= 1 && text.bytes <= 5;
}

static bool parse_bracketed(struct slice text, struct ip_address *out)
{
    const char *close = slice_char(text, ']');
    if (close == NULL)
        return false;
    size_t bytes = (size_t)(close - text.data);
    struct slice rest = {close + 1, text.bytes - bytes - 1};
    if (rest.bytes > 0 &&
        (rest.data[0] != ':' || !is_port((struct slice){rest.data + 1, rest.bytes - 1})))
        return false;
    return ip_address_parse((struct slice){text.data + 1, bytes - 1}, out);
}

bool ip_address_parse_hop(struct slice text, struct ip_address *out)
{
    if (text.bytes == 0)
        return false;
    if (text.data[0] == '[')
        return parse_bracketed(text, out);
    const char *colon = slice_char(text, ':');
    size_t before = colon != NULL ? (size_t)(colon - text.data) : 0;
    bool has_port = colon != NULL && memchr(text.data, '.', before) != NULL;
    if (!has_port)
        return ip_address_parse(text, out);
    return is_port((struct slice){colon + 1, text.bytes - before - 1}) &&
           ip_address_parse((struct slice){text.data, before}, out);
}

void ip_address_from_v4(const unsigned char *bytes, struct ip_address *out)
{
    memcpy(out->bytes, v4_prefix, V4_OFFSET);
    memcpy(out->bytes + V4_OFFSET, bytes, 4);
}

void ip_address_from_v6(const unsigned char *bytes, struct ip_address *out)
{
    memcpy(out->bytes, bytes, IP_ADDRESS_BYTES);
}

bool ip_address_is_v4(const struct ip_address *address)
{
    return memcmp(address->bytes, v4_prefix, V4_OFFSET) == 0;
}

bool ip_address_is_loopback(const struct ip_address *address)
{
    if (ip_address_is_v4(address))
        return address->bytes[V4_OFFSET] == 127;
    return memcmp(address->bytes, &in6addr_loopback, IP_ADDRESS_BYTES) == 0;
}

void ip_address_format(const struct ip_address *address, char out[IP_TEXT_BYTES])
{
    if (ip_address_is_v4(address))
        (void)inet_ntop(AF_INET, address->bytes + V4_OFFSET, out, IP_TEXT_BYTES);
    else
        (void)inet_ntop(AF_INET6, address->bytes, out, IP_TEXT_BYTES);
}

/* ---- networks ---- */

static bool matches(const struct ip_network *network, const struct ip_address *address)
{
    unsigned whole = network->prefix_bits / 8;
    unsigned rest = network->prefix_bits % 8;
    if (memcmp(network->address.bytes, address->bytes, whole) != 0)
        return false;
    if (rest == 0)
        return true;
    unsigned mask = 0xffU << (8 - rest) & 0xffU;
    return ((network->address.bytes[whole] ^ address->bytes[whole]) & mask) == 0;
}

bool ip_networks_have(const struct ip_networks *networks, const struct ip_address *address)
{
    for (size_t i = 0; i < networks->count; i++) {
        if (matches(&networks->list[i], address))
            return true;
    }
    return false;
}

static bool has_bits_behind_prefix(const struct ip_network *network)
{
    for (unsigned bit = network->prefix_bits; bit < 8 * IP_ADDRESS_BYTES; bit++) {
        if ((network->address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0)
            return true;
    }
    return false;
}

static bool parse_prefix(struct slice text, unsigned most, unsigned *out)
{
    unsigned bits = 0;
    if (text.bytes == 0 || text.bytes > 3)
        return false;
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        bits = bits * 10 + (unsigned)(text.data[i] - '0');
    }
    *out = bits;
    return bits <= most;
}

static bool parse_network(struct slice text, struct ip_network *out)
{
    const char *slash = slice_char(text, '/');
    size_t address_bytes = slash != NULL ? (size_t)(slash - text.data) : text.bytes;
    if (!ip_address_parse((struct slice){text.data, address_bytes}, &out->address))
        return false;
    /* The written form decides which address length the prefix refers to. */
    bool v4 = memchr(text.data, ':', address_bytes) == NULL;
    unsigned offset = v4 ? V4_PREFIX_BITS : 0;
    unsigned bits = 8 * IP_ADDRESS_BYTES - offset;
    if (slash != NULL &&
        !parse_prefix((struct slice){slash + 1, text.bytes - address_bytes - 1}, bits, &bits))
        return false;
    out->prefix_bits = offset + bits;
    return !has_bits_behind_prefix(out);
}

static bool add(struct ip_networks *networks, struct slice entry, struct fault *fault)
{
    if (networks->count == LIMIT_TRUSTED_PROXIES)
        return fault_set(fault, "invalid_value", "at most %d addresses and networks are possible",
                         LIMIT_TRUSTED_PROXIES);
    if (parse_network(entry, &networks->list[networks->count])) {
        networks->count++;
        return true;
    }
    return fault_set(fault, "invalid_value",
                     "%.*s is no address and no network; write 192.0.2.7, 10.0.0.0/8, "
                     "2001:db8::/32 (nothing but zeros behind the prefix) or loopback",
                     (int)(entry.bytes < ENTRY_BYTES ? entry.bytes : ENTRY_BYTES), entry.data);
}

static bool add_entry(struct ip_networks *networks, struct slice entry, struct fault *fault)
{
    if (!slice_equals_nocase(entry, "loopback"))
        return add(networks, entry, fault);
    return add(networks, slice_of("127.0.0.0/8"), fault) && add(networks, slice_of("::1"), fault);
}

bool ip_networks_parse(const char *text, struct ip_networks *out, struct fault *fault)
{
    out->count = 0;
    for (const char *at = text; *at != '\0';) {
        at += strspn(at, ", \t");
        size_t bytes = strcspn(at, ", \t");
        if (bytes > 0 && !add_entry(out, (struct slice){at, bytes}, fault))
            return false;
        at += bytes;
    }
    return true;
}
