#include "net/server/forwarded.h"

#include <string.h>

#include "net/http1/field.h"

enum scheme { SCHEME_UNSAID, SCHEME_HTTP, SCHEME_HTTPS };

struct hop {
    bool known; /* it has an address */
    struct ip_address address;
    enum scheme scheme;
};

/* The last hops, in a ring: the newest is at (count - 1) % LIMIT_FORWARDED_HOPS. */
struct hops {
    struct hop list[LIMIT_FORWARDED_HOPS];
    size_t count;
};

static void hops_add(struct hops *hops, const struct hop *hop)
{
    hops->list[hops->count++ % LIMIT_FORWARDED_HOPS] = *hop;
}

/* Returns the hop `place` places before the last one; NULL: there is none, or it was
 * overwritten. */
static const struct hop *hops_from_end(const struct hops *hops, size_t place)
{
    if (place >= hops->count || place >= LIMIT_FORWARDED_HOPS)
        return NULL;
    return &hops->list[(hops->count - 1 - place) % LIMIT_FORWARDED_HOPS];
}

static enum scheme scheme_of(struct slice text)
{
    if (slice_equals_nocase(text, "https"))
        return SCHEME_HTTPS;
    return slice_equals_nocase(text, "http") ? SCHEME_HTTP : SCHEME_UNSAID;
}

/* ---- X-Forwarded-For, X-Forwarded-Proto: items between commas ---- */

static bool next_item(struct slice *text, struct slice *item)
{
    if (text->data == NULL)
        return false;
    const char *comma = slice_char(*text, ',');
    size_t bytes = comma != NULL ? (size_t)(comma - text->data) : text->bytes;
    *item = slice_trim((struct slice){text->data, bytes});
    *text = comma != NULL ? (struct slice){comma + 1, text->bytes - bytes - 1} : (struct slice){0};
    return true;
}

static void read_x_forwarded(struct slice value, struct hops *hops)
{
    struct slice item;
    while (next_item(&value, &item)) {
        struct hop hop = {0};
        hop.known = ip_address_parse_hop(item, &hop.address);
        hops_add(hops, &hop);
    }
}

static void read_x_scheme(struct slice value, struct hops *hops)
{
    struct slice item;
    while (next_item(&value, &item)) {
        const struct hop hop = {.scheme = scheme_of(item)};
        hops_add(hops, &hop);
    }
}

/* ---- Forwarded: elements between commas, pairs between semicolons (RFC 7239, 4) ---- */

struct cursor {
    const char *at;
    const char *end;
};

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
        cursor->at++;
}

static struct slice take_token(struct cursor *cursor, bool lenient)
{
    const char *begin = cursor->at;
    while (cursor->at < cursor->end &&
           (field_is_token_char((unsigned char)*cursor->at) ||
            (lenient && strchr(":[]/", *cursor->at) != NULL && *cursor->at != '\0')))
        cursor->at++;
    return (struct slice){begin, (size_t)(cursor->at - begin)};
}

/* Reads a quoted string and keeps its escapes, because no address and no scheme has one. Returns
 * false without a closing quote. */
static bool take_quoted(struct cursor *cursor, struct slice *out)
{
    const char *begin = ++cursor->at;
    while (cursor->at < cursor->end && *cursor->at != '"')
        cursor->at += *cursor->at == '\\' && cursor->at + 1 < cursor->end ? 2 : 1;
    if (cursor->at >= cursor->end)
        return false;
    *out = (struct slice){begin, (size_t)(cursor->at - begin)};
    cursor->at++;
    return true;
}

/* Reads name=value. It also takes an IPv6 address without quotes. */
static bool take_pair(struct cursor *cursor, struct hop *hop)
{
    struct slice name = take_token(cursor, false);
    struct slice value;
    if (name.bytes == 0 || cursor->at == cursor->end || *cursor->at++ != '=')
        return false;
    if (cursor->at < cursor->end && *cursor->at == '"') {
        if (!take_quoted(cursor, &value))
            return false;
    } else {
        value = take_token(cursor, true);
    }
    if (slice_equals_nocase(name, "for"))
        hop->known = ip_address_parse_hop(value, &hop->address);
    else if (slice_equals_nocase(name, "proto"))
        hop->scheme = scheme_of(value);
    return true;
}

/* Reads one element up to its comma. Returns false when it is malformed: then its end is
 * unknown. */
static bool take_element(struct cursor *cursor, struct hop *hop)
{
    for (;;) {
        skip_space(cursor);
        if (cursor->at < cursor->end && *cursor->at != ',' && *cursor->at != ';' &&
            !take_pair(cursor, hop))
            return false;
        skip_space(cursor);
        if (cursor->at == cursor->end || *cursor->at == ',')
            return true;
        if (*cursor->at++ != ';')
            return false;
    }
}

/* A malformed value counts as one hop without an address: nothing before that hop is believed. */
static void read_forwarded(struct slice value, struct hops *hops)
{
    struct cursor cursor = {value.data, value.data + value.bytes};
    for (;;) {
        struct hop hop = {0};
        if (!take_element(&cursor, &hop)) {
            hops_add(hops, &(const struct hop){0});
            return;
        }
        hops_add(hops, &hop);
        if (cursor.at == cursor.end)
            return;
        cursor.at++; /* the comma */
    }
}

/* ---- both ---- */

/* All headers of that name are one list, in their order (RFC 9110, 5.3). */
static void collect(const struct http_head *head, const char *name,
                    void (*read)(struct slice value, struct hops *hops), struct hops *hops)
{
    hops->count = 0;
    for (size_t i = 0; i < head->header_count; i++) {
        if (slice_equals_nocase(head->headers[i].name, name))
            read(head->headers[i].value, hops);
    }
}

/* Walks from the last hop to the first that is not trusted. Returns its place from the end. */
static size_t find_client(const struct hops *hops, const struct ip_networks *trusted,
                          struct forwarded *out)
{
    size_t place = 0;
    const struct hop *hop;
    while ((hop = hops_from_end(hops, place)) != NULL && hop->known) {
        out->client = hop->address;
        if (!ip_networks_have(trusted, &hop->address))
            return place;
        place++;
    }
    return place > 0 ? place - 1 : 0;
}

/* X-Forwarded-Proto has one item for each hop, or one in all. */
static enum scheme x_scheme(const struct http_head *head, size_t hop_count, size_t place)
{
    struct hops schemes;
    collect(head, "x-forwarded-proto", read_x_scheme, &schemes);
    const struct hop *hop = hops_from_end(&schemes, schemes.count == hop_count ? place : 0);
    return hop != NULL ? hop->scheme : SCHEME_UNSAID;
}

void forwarded_read(const struct http_head *head, const struct ip_networks *trusted,
                    enum forwarded_header which, struct forwarded *out)
{
    struct hops hops = {.count = 0};
    bool rfc = which == FORWARDED_RFC;
    if (!rfc)
        collect(head, "x-forwarded-for", read_x_forwarded, &hops);
    if (rfc || (which == FORWARDED_ANY && hops.count == 0)) {
        rfc = true;
        collect(head, "forwarded", read_forwarded, &hops);
    }
    size_t place = find_client(&hops, trusted, out);
    const struct hop *hop = hops_from_end(&hops, place);
    enum scheme scheme = rfc && hop != NULL ? hop->scheme : SCHEME_UNSAID;
    if (scheme == SCHEME_UNSAID && which != FORWARDED_RFC)
        scheme = x_scheme(head, hops.count, place);
    if (scheme != SCHEME_UNSAID)
        out->secure = scheme == SCHEME_HTTPS;
}
