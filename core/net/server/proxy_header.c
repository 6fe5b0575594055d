#include "net/server/proxy_header.h"

#include <string.h>

enum {
    V1_BYTES_MAX = 107,
    V2_SIGNATURE_BYTES = 12,
    V2_FIXED_BYTES = 16,
    V2_COMMAND_LOCAL = 0x20,
    V2_COMMAND_PROXY = 0x21,
    V2_FAMILY_IPV4 = 1, /* the byte's high half; the low half is the transport */
    V2_FAMILY_IPV6 = 2,
    V2_IPV4_BYTES = 12, /* two addresses, two ports */
    V2_IPV6_BYTES = 36,
    V2_UNIX_BYTES = 216,
    V2_FAMILY_UNIX = 3,
    TLV_SSL = 0x20,
    TLV_HEAD_BYTES = 3,
    TLV_SSL_BYTES_MIN = 5,
    TLV_SSL_CLIENT_TLS = 0x01
};

static const unsigned char v2_signature[V2_SIGNATURE_BYTES] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                                               0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

/* ---- version 1: PROXY TCP4 SOURCE DESTINATION PORT PORT ---- */

static bool is_port(struct slice text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return text.bytes >= 1 && text.bytes <= 5;
}

static bool parse_line(struct slice line, struct proxy_header *out)
{
    struct ip_address destination;
    (void)slice_take_word(&line); /* PROXY */
    struct slice family = slice_take_word(&line);
    if (slice_equals(family, "UNKNOWN"))
        return true; /* the specification says to ignore the rest */
    bool v4 = slice_equals(family, "TCP4");
    if (!v4 && !slice_equals(family, "TCP6"))
        return false;
    struct slice source = slice_take_word(&line);
    if (!ip_address_parse(source, &out->address) ||
        !ip_address_parse(slice_take_word(&line), &destination) ||
        !is_port(slice_take_word(&line)) || !is_port(line))
        return false;
    out->has_address = true;
    return v4 == (slice_char(source, ':') == NULL);
}

static enum proxy_progress parse_v1(const char *data, size_t bytes, struct proxy_header *out,
                                    size_t *needed)
{
    size_t looked_at = bytes < V1_BYTES_MAX ? bytes : V1_BYTES_MAX;
    const char *end = memchr(data, '\n', looked_at);
    if (end == NULL) {
        *needed = bytes + 1;
        return bytes < V1_BYTES_MAX ? PROXY_MORE : PROXY_BAD;
    }
    *needed = (size_t)(end - data) + 1;
    if (end[-1] != '\r' || !parse_line((struct slice){data, *needed - 2}, out))
        return PROXY_BAD;
    return PROXY_DONE;
}

/* ---- version 2 ---- */

static size_t read_u16(const unsigned char *at)
{
    return (size_t)at[0] << 8 | at[1];
}

/* Reads the type-length-value entries for what the balancer tells about the client's TLS. */
static bool read_extras(const unsigned char *at, size_t bytes, struct proxy_header *out)
{
    while (bytes > 0) {
        if (bytes < TLV_HEAD_BYTES || read_u16(at + 1) > bytes - TLV_HEAD_BYTES)
            return false;
        size_t value_bytes = read_u16(at + 1);
        if (at[0] == TLV_SSL) {
            if (value_bytes < TLV_SSL_BYTES_MIN)
                return false;
            bool tls = (at[TLV_HEAD_BYTES] & TLV_SSL_CLIENT_TLS) != 0;
            out->secure = tls ? PROXY_SECURE_YES : PROXY_SECURE_NO;
        }
        at += TLV_HEAD_BYTES + value_bytes;
        bytes -= TLV_HEAD_BYTES + value_bytes;
    }
    return true;
}

static bool read_addresses(const unsigned char *at, size_t bytes, unsigned family,
                           struct proxy_header *out)
{
    size_t used = 0;
    if (family == V2_FAMILY_IPV4)
        used = V2_IPV4_BYTES;
    else if (family == V2_FAMILY_IPV6)
        used = V2_IPV6_BYTES;
    else if (family == V2_FAMILY_UNIX)
        used = V2_UNIX_BYTES;
    if (family > V2_FAMILY_UNIX || bytes < used)
        return false;
    out->has_address = family == V2_FAMILY_IPV4 || family == V2_FAMILY_IPV6;
    if (family == V2_FAMILY_IPV4)
        ip_address_from_v4(at, &out->address);
    else if (family == V2_FAMILY_IPV6)
        ip_address_from_v6(at, &out->address);
    return family == 0 || read_extras(at + used, bytes - used, out);
}

static enum proxy_progress parse_v2(const unsigned char *data, size_t bytes,
                                    struct proxy_header *out, size_t *needed)
{
    if (bytes < V2_FIXED_BYTES) {
        *needed = V2_FIXED_BYTES;
        return PROXY_MORE;
    }
    size_t rest = read_u16(data + 14);
    *needed = V2_FIXED_BYTES + rest;
    bool local = data[12] == V2_COMMAND_LOCAL;
    if ((!local && data[12] != V2_COMMAND_PROXY) || *needed > LIMIT_PROXY_HEADER_BYTES)
        return PROXY_BAD;
    if (bytes < *needed)
        return PROXY_MORE;
    if (local) /* a health check of the balancer; the rest is to be ignored */
        return PROXY_DONE;
    return read_addresses(data + V2_FIXED_BYTES, rest, data[13] >> 4, out) ? PROXY_DONE : PROXY_BAD;
}

enum proxy_progress proxy_header_parse(const char *data, size_t bytes, struct proxy_header *out,
                                       size_t *needed)
{
    static const char v1_begin[] = "PROXY ";
    *out = (struct proxy_header){.has_address = false};
    size_t v1_bytes = bytes < sizeof v1_begin - 1 ? bytes : sizeof v1_begin - 1;
    size_t v2_bytes = bytes < V2_SIGNATURE_BYTES ? bytes : V2_SIGNATURE_BYTES;
    *needed = PROXY_HEADER_BYTES_MIN;
    bool v1 = bytes == 0 || memcmp(data, v1_begin, v1_bytes) == 0;
    bool v2 = bytes == 0 || memcmp(data, v2_signature, v2_bytes) == 0;
    if (!v1 && !v2)
        return PROXY_BAD;
    if (bytes < PROXY_HEADER_BYTES_MIN)
        return PROXY_MORE;
    return v1 ? parse_v1(data, bytes, out, needed)
              : parse_v2((const unsigned char *)data, bytes, out, needed);
}
