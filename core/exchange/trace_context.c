#include "exchange/trace_context.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "net/server/server.h"

/* "00-" trace id "-" span id "-" flags */
enum {
    TRACE_ID_AT = 3,
    SPAN_ID_DIGITS = 16,
    TRACE_ID_DIGITS = 2 * SPAN_ID_DIGITS,
    SPAN_ID_AT = TRACE_ID_AT + TRACE_ID_DIGITS + 1,
    FLAGS_AT = SPAN_ID_AT + SPAN_ID_DIGITS + 1,
    VERSION_00_BYTES = TRACEPARENT_BYTES - 1
};

enum { STATE_MEMBERS_MAX = 32, STATE_PART_BYTES_MAX = 256 };

/* Upper case is not allowed: -1. */
static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The two digits at `at`; -1: they are none. */
static int byte_at(const char *at)
{
    int high = digit_of(at[0]), low = digit_of(at[1]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Reads sixteen digits. */
static bool take_digits(const char *at, uint64_t *out)
{
    for (size_t i = 0; i < SPAN_ID_DIGITS; i++) {
        if (digit_of(at[i]) < 0)
            return false;
    }
    *out = hex_read16(at);
    return true;
}

/* Whether the text may end behind the flags, or go on there. */
static bool ends_well(struct slice text, int version)
{
    if (text.bytes == VERSION_00_BYTES)
        return true;
    return version != 0 && text.data[VERSION_00_BYTES] == '-';
}

bool trace_context_parse(struct slice text, struct trace_context *out)
{
    const char *at = text.data;
    if (text.bytes < VERSION_00_BYTES || at[TRACE_ID_AT - 1] != '-' || at[SPAN_ID_AT - 1] != '-' ||
        at[FLAGS_AT - 1] != '-')
        return false;
    int version = byte_at(at);
    int flags = byte_at(at + FLAGS_AT);
    if (version < 0 || version == 0xff || flags < 0 || !ends_well(text, version))
        return false;
    out->flags = (unsigned)flags & (TRACE_SAMPLED | TRACE_RANDOM);
    return take_digits(at + TRACE_ID_AT, &out->trace_id.high) &&
           take_digits(at + TRACE_ID_AT + SPAN_ID_DIGITS, &out->trace_id.low) &&
           take_digits(at + SPAN_ID_AT, &out->span_id) && !trace_id_is_none(out->trace_id) &&
           out->span_id != 0;
}

void trace_context_format(const struct trace_context *context, char out[TRACEPARENT_BYTES])
{
    snprintf(out, TRACEPARENT_BYTES, "00-%016" PRIx64 "%016" PRIx64 "-%016" PRIx64 "-%02x",
             context->trace_id.high, context->trace_id.low, context->span_id,
             context->flags & 0xff);
}

/* ---- tracestate ---- */

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*' ||
           c == '/' || c == '@';
}

static bool is_key(struct slice key)
{
    if (key.bytes == 0 || key.bytes > STATE_PART_BYTES_MAX || !is_key_char(key.data[0]) ||
        memchr("_-*/@", key.data[0], 5) != NULL)
        return false;
    for (size_t i = 0; i < key.bytes; i++) {
        if (!is_key_char(key.data[i]))
            return false;
    }
    return true;
}

static bool is_value(struct slice value)
{
    if (value.bytes == 0 || value.bytes > STATE_PART_BYTES_MAX)
        return false;
    for (size_t i = 0; i < value.bytes; i++) {
        char c = value.data[i];
        if (c < ' ' || c > '~' || c == ',' || c == '=')
            return false;
    }
    return value.data[value.bytes - 1] != ' ';
}

/* Cuts the next member off, without the blanks around it. */
static bool next_member(struct slice *rest, struct slice *out)
{
    if (rest->data == NULL)
        return false;
    const char *comma = slice_char(*rest, ',');
    size_t bytes = comma != NULL ? (size_t)(comma - rest->data) : rest->bytes;
    *out = slice_trim((struct slice){rest->data, bytes});
    rest->data = comma != NULL ? comma + 1 : NULL;
    rest->bytes -= bytes + (comma != NULL ? 1 : 0);
    return true;
}

static bool split(struct slice member, struct slice *key)
{
    const char *equals = slice_char(member, '=');
    if (equals == NULL)
        return false;
    size_t bytes = (size_t)(equals - member.data);
    *key = (struct slice){member.data, bytes};
    return is_key(*key) && is_value((struct slice){equals + 1, member.bytes - bytes - 1});
}

static bool has(const struct slice *keys, size_t count, struct slice key)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_same(keys[i], key))
            return true;
    }
    return false;
}

bool trace_state_is(struct slice text)
{
    struct slice keys[STATE_MEMBERS_MAX];
    size_t count = 0;
    struct slice member;
    if (slice_char(text, '\n') != NULL || slice_char(text, '\r') != NULL)
        return false; /* they would be trimmed like blanks */
    while (next_member(&text, &member)) {
        if (member.bytes == 0) /* allowed, and says nothing */
            continue;
        if (count == STATE_MEMBERS_MAX || !split(member, &keys[count]) ||
            has(keys, count, keys[count]))
            return false;
        count++;
    }
    return count > 0;
}

/* ---- in a head ---- */

bool trace_context_find(const struct http_head *head, struct trace_context *out)
{
    const struct slice *found = NULL;
    for (size_t i = 0; i < head->header_count; i++) {
        if (!slice_equals_nocase(head->headers[i].name, "traceparent"))
            continue;
        if (found != NULL)
            return false;
        found = &head->headers[i].value;
    }
    return found != NULL && trace_context_parse(*found, out);
}

void trace_state_find(const struct http_head *head, char state[TRACESTATE_BYTES])
{
    size_t bytes = 0;
    state[0] = '\0';
    for (size_t i = 0; i < head->header_count; i++) {
        struct slice value = head->headers[i].value;
        if (!slice_equals_nocase(head->headers[i].name, "tracestate") || value.bytes == 0)
            continue;
        if (bytes + value.bytes + 2 > TRACESTATE_BYTES) {
            state[0] = '\0';
            return;
        }
        if (bytes > 0)
            state[bytes++] = ',';
        memcpy(state + bytes, value.data, value.bytes);
        bytes += value.bytes;
        state[bytes] = '\0';
    }
    if (!trace_state_is((struct slice){state, bytes}))
        state[0] = '\0';
}
