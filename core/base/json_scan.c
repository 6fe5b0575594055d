#include "base/json.h"

#include <string.h>

#include "base/check.h"
#include "base/json_text.h"

enum {
    DEPTH_CEILING = 1024, /* of any depth_max: the stack below has a fixed size */
    NO_SPAN = JSON_SPANS_MAX
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- validating ---- */

/* One pass over a text. Its functions take the place where an element must begin. They return the
 * place behind it, or NULL when it is not there. */
struct scan {
    const char *end;
    unsigned depth;
    unsigned depth_max;
    const char *wrong_at; /* where the error in `wrong` is */
    const char *wrong;
    struct json_index *index;    /* or NULL */
    size_t text_bytes;           /* decoded bytes of all strings so far, without keys */
    const char *high_end;        /* end of a high surrogate's escape: a low one here makes a pair */
    char closers[DEPTH_CEILING]; /* the bracket that ends each open container */
    unsigned short spans[DEPTH_CEILING]; /* the container's place in the index, or NO_SPAN */
};

static const char *wrong(struct scan *scan, const char *at, const char *what)
{
    scan->wrong_at = at;
    scan->wrong = at < scan->end ? what : "the text ends too early";
    return NULL;
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Returns how many decoded bytes an escaped UTF-16 unit adds. A surrogate alone is U+FFFD, three
 * bytes; the second half of a pair adds what is missing to four. */
static size_t unit_bytes(struct scan *scan, unsigned unit, const char *start, const char *end)
{
    bool pair = unit >= 0xdc00 && unit <= 0xdfff && scan->high_end == start;
    scan->high_end = unit >= 0xd800 && unit < 0xdc00 ? end : NULL;
    if (pair)
        return 1;
    return unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
}

/* Starts behind the u. */
static const char *scan_unit(struct scan *scan, const char *at)
{
    const char *digits = at;
    for (int i = 0; i < 4; i++, at++) {
        if (at == scan->end || !is_hex(*at))
            return wrong(scan, at, "\\u needs four hexadecimal digits");
    }
    scan->text_bytes += unit_bytes(scan, json_hex4(digits), digits - 2, at);
    return at;
}

/* What a backslash and one character may escape. */
static const bool short_escapes[256] = {
    ['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
    ['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true,
};

/* Starts at the backslash. */
static const char *scan_escape(struct scan *scan, const char *at)
{
    at++;
    if (at == scan->end)
        return wrong(scan, at, "");
    if (*at == 'u')
        return scan_unit(scan, at + 1);
    if (!short_escapes[(unsigned char)*at])
        return wrong(scan, at, "unknown escape in a string");
    scan->text_bytes++;
    return at + 1;
}

#ifdef __SSE2__
static uint64_t mask_of_64(const char *at)
{
    return json_mask(at, true) | (uint64_t)json_mask(at + 16, true) << 16 |
           (uint64_t)json_mask(at + 32, true) << 32 | (uint64_t)json_mask(at + 48, true) << 48;
}
#endif

/* Skips text that needs no closer look, with the short escapes in it. Prompts have one in each
 * line, and a new start behind each would cost more than all the rest. */
static const char *scan_plain(struct scan *scan, const char *at)
{
    const char *start = at;
    size_t escapes = 0;
#ifdef __SSE2__
    while (scan->end - at > 64) { /* the last byte of 64 may escape the next one */
        unsigned place = 0;
        for (uint64_t mask = mask_of_64(at); mask != 0; mask &= ~(UINT64_C(3) << place)) {
            place = (unsigned)__builtin_ctzll(mask);
            if (at[place] != '\\' || !short_escapes[(unsigned char)at[place + 1]]) {
                scan->text_bytes += (size_t)(at + place - start) - escapes;
                return at + place;
            }
            escapes++;
        }
        at += place == 63 ? 65 : 64;
    }
#endif
    at = json_plain_run(at, scan->end);
    scan->text_bytes += (size_t)(at - start) - escapes;
    return at;
}

#ifdef __SSE2__
/* json_mask of the last bytes of a text. What lies behind them needs a closer look, too. */
static unsigned mask_of_end(const char *at, const char *end)
{
    char copy[16] = {0};
    memcpy(copy, at, (size_t)(end - at));
    return json_mask(copy, true);
}
#endif

/* Most keys and many values are short and plain. Returns the place behind the closing quote, or
 * NULL if the string is not so. */
static inline const char *scan_short(struct scan *scan, const char *at)
{
#ifdef __SSE2__
    bool wide = scan->end - at >= 16;
    unsigned mask = wide ? json_mask(at, true) : mask_of_end(at, scan->end);
    unsigned bytes = mask != 0 ? (unsigned)__builtin_ctz(mask) : 0;
    if (mask == 0 || at + bytes == scan->end || at[bytes] != '"')
        return NULL;
    scan->text_bytes += bytes;
    return at + bytes + 1;
#else
    (void)scan;
    (void)at;
    return NULL;
#endif
}

/* Starts behind the opening quote. */
static const char *scan_long(struct scan *scan, const char *at)
{
    for (;;) {
        at = scan_plain(scan, at);
        if (at == scan->end)
            return wrong(scan, at, "");
        unsigned char c = (unsigned char)*at;
        if (c == '"')
            return at + 1;
        if (c == '\\') {
            at = scan_escape(scan, at);
            if (at == NULL)
                return NULL;
        } else if (c < 0x20) {
            return wrong(scan, at, "control character in a string");
        } else {
            do {
                size_t bytes = json_utf8_bytes(at, scan->end);
                if (bytes == 0)
                    return wrong(scan, at, "invalid UTF-8");
                at += bytes;
                scan->text_bytes += bytes;
            } while (at < scan->end && (unsigned char)*at >= 0x80);
        }
    }
}

static inline const char *scan_string(struct scan *scan, const char *at)
{
    const char *end = scan_short(scan, at);
    return end != NULL ? end : scan_long(scan, at);
}

const char *json_string_end(const char *at, const char *end, size_t *text_bytes)
{
    struct scan scan; /* not cleared: it is large, and a string needs only these fields */
    scan.end = end;
    scan.text_bytes = 0;
    scan.high_end = NULL;
    at = scan_string(&scan, at);
    *text_bytes = scan.text_bytes;
    return at != NULL ? at - 1 : NULL;
}

const char *json_natural_end(const char *at, const char *end)
{
    enum { DIGITS_MAX = 18 };
    const char *digits_end = json_digits_end(at, end);
    size_t digits = (size_t)(digits_end - at);
    if (digits - 1 >= DIGITS_MAX) /* none, or too many */
        return NULL;
    return *at != '0' || digits == 1 ? digits_end : NULL;
}

/* ---- noting where large values lie ---- */

/* A container takes its place before the values inside it, so that the spans are in order. Until it
 * ends, its text_bytes are those of the text before it. */
static unsigned open_span(struct scan *scan, const char *start)
{
    struct json_index *index = scan->index;
    if (index == NULL || index->count == JSON_SPANS_MAX)
        return NO_SPAN;
    index->spans[index->count] = (struct json_span){.start = start, .text_bytes = scan->text_bytes};
    return (unsigned)index->count++;
}

/* A value that turns out too short holds no span, so its own place is the last: it is given
 * back. */
static void close_span(struct scan *scan, unsigned place, const char *end)
{
    if (place == NO_SPAN)
        return;
    struct json_index *index = scan->index;
    struct json_span *span = &index->spans[place];
    if ((size_t)(end - span->start) < index->bytes_min) {
        index->count = place;
        return;
    }
    span->end = end;
    span->text_bytes = scan->text_bytes - span->text_bytes;
}

/* A string gets its place when it has ended. */
static const char *scan_text(struct scan *scan, const char *at)
{
    unsigned place = open_span(scan, at);
    const char *end = scan_string(scan, at + 1);
    if (end != NULL)
        close_span(scan, place, end);
    return end;
}

/* ---- values ---- */

static const char *scan_digits(struct scan *scan, const char *at)
{
    const char *end = json_digits_end(at, scan->end);
    return end > at ? end : wrong(scan, at, "expected a digit");
}

static const char *scan_number(struct scan *scan, const char *at)
{
    if (*at == '-')
        at++;
    if (at < scan->end && *at == '0')
        at++; /* if a digit follows, the caller finds it where a comma should be */
    else
        at = scan_digits(scan, at);
    if (at != NULL && at < scan->end && *at == '.')
        at = scan_digits(scan, at + 1);
    if (at != NULL && at < scan->end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < scan->end && (*at == '+' || *at == '-'))
            at++;
        at = scan_digits(scan, at);
    }
    return at;
}

static const char *scan_word(struct scan *scan, const char *at, const char *word, size_t bytes)
{
    if ((size_t)(scan->end - at) < bytes || memcmp(at, word, bytes) != 0)
        return wrong(scan, at, "expected a value");
    return at + bytes;
}

static const char *scan_scalar(struct scan *scan, const char *at)
{
    switch (*at) {
    case '"':
        return scan_text(scan, at);
    case 't':
        return scan_word(scan, at, "true", 4);
    case 'f':
        return scan_word(scan, at, "false", 5);
    case 'n':
        return scan_word(scan, at, "null", 4);
    default:
        if (*at != '-' && !is_digit(*at))
            return wrong(scan, at, "expected a value");
        return scan_number(scan, at);
    }
}

/* Reads a key, its colon and the white space around them. */
static const char *scan_key(struct scan *scan, const char *at)
{
    at = json_skip_space(at, scan->end);
    if (at == scan->end || *at != '"')
        return wrong(scan, at, "expected a key in quotes");
    size_t text_bytes = scan->text_bytes;
    at = scan_string(scan, at + 1);
    if (at == NULL)
        return NULL;
    scan->text_bytes = text_bytes;
    at = json_skip_space(at, scan->end);
    if (at == scan->end || *at != ':')
        return wrong(scan, at, "expected a colon");
    return at + 1;
}

/* Starts at an opening bracket, ends at what is inside. */
static const char *scan_open(struct scan *scan, const char *at)
{
    if (scan->depth == scan->depth_max)
        return wrong(scan, at, "nested too deeply");
    scan->spans[scan->depth] = (unsigned short)open_span(scan, at);
    scan->closers[scan->depth++] = *at == '{' ? '}' : ']';
    return json_skip_space(at + 1, scan->end);
}

/* Starts behind a value. Closes the containers that end there, then takes the comma (and key)
 * before the next value. At depth 0 afterwards, the root has ended. */
static const char *scan_separator(struct scan *scan, const char *at)
{
    while (scan->depth > 0) {
        char closer = scan->closers[scan->depth - 1];
        at = json_skip_space(at, scan->end);
        if (at < scan->end && *at == closer) {
            at++;
            scan->depth--;
            close_span(scan, scan->spans[scan->depth], at);
            continue;
        }
        if (at == scan->end || *at != ',')
            return wrong(scan, at,
                         closer == '}' ? "expected a comma or }" : "expected a comma or ]");
        return closer == '}' ? scan_key(scan, at + 1) : at + 1;
    }
    return at;
}

/* Scans one value with everything in it. It is a loop, not a recursion, because the text decides
 * how deep it nests. */
static const char *scan_root(struct scan *scan, const char *at)
{
    do {
        at = json_skip_space(at, scan->end);
        if (at == scan->end)
            return wrong(scan, at, "");
        char first = *at;
        if (first == '{' || first == '[') {
            at = scan_open(scan, at);
            bool empty = at != NULL && at < scan->end && *at == scan->closers[scan->depth - 1];
            if (at != NULL && !empty) { /* go on with its first value */
                at = first == '{' ? scan_key(scan, at) : at;
                continue;
            }
        } else {
            at = scan_scalar(scan, at);
        }
        if (at != NULL)
            at = scan_separator(scan, at);
    } while (at != NULL && scan->depth > 0);
    return at;
}

static enum json_type type_of(char first)
{
    switch (first) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

static bool parse(struct slice text, unsigned depth_max, struct json_index *index,
                  struct json_value *out, struct fault *fault)
{
    if (text.bytes == 0)
        return fault_set(fault, "invalid_json", "Invalid JSON: the text is empty.");
    struct scan scan; /* not cleared: closers is written before it is read */
    scan.end = text.data + text.bytes;
    scan.depth = 0;
    scan.depth_max = depth_max < DEPTH_CEILING ? depth_max : DEPTH_CEILING;
    scan.wrong_at = text.data;
    scan.wrong = "not a value";
    scan.index = index;
    scan.text_bytes = 0;
    scan.high_end = NULL;
    const char *start = json_skip_space(text.data, scan.end);
    const char *at = scan_root(&scan, start);
    if (at != NULL) {
        struct slice raw = {start, (size_t)(at - start)};
        at = json_skip_space(at, scan.end);
        if (at == scan.end) {
            *out = (struct json_value){type_of(*start), raw, index};
            return true;
        }
        wrong(&scan, at, "something follows the end of the value");
    }
    return fault_set(fault, "invalid_json", "Invalid JSON at byte %zu: %s.",
                     (size_t)(scan.wrong_at - text.data), scan.wrong);
}

bool json_parse(struct slice text, unsigned depth_max, struct json_value *out, struct fault *fault)
{
    return parse(text, depth_max, NULL, out, fault);
}

bool json_parse_indexed(struct slice text, unsigned depth_max, size_t bytes_min,
                        struct json_index *index, struct json_value *out, struct fault *fault)
{
    index->bytes_min = bytes_min;
    index->count = 0;
    return parse(text, depth_max, index, out, fault);
}

/* ---- walking: from here on the text is known to be valid ---- */

/* From the opening bracket to behind the closing one. It need not tell the kinds of brackets
 * apart. */
static const char *skip_container(const char *at, const char *end)
{
    unsigned depth = 0;
    do {
        check(at < end);
        char c = *at++;
        if (c == '"')
            at = json_skip_string(at, end);
        else if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
    } while (depth > 0);
    return at;
}

static const char *skip_value(const char *at, const char *end, const struct json_index *index)
{
    const struct json_span *span = json_span_at(index, at);
    if (span != NULL)
        return span->end;
    if (*at == '"')
        return json_skip_string(at + 1, end);
    if (*at == '{' || *at == '[')
        return skip_container(at, end);
    while (at < end && *at != ',' && *at != '}' && *at != ']' && !json_is_space(*at))
        at++;
    return at;
}

struct json_walk json_walk(const struct json_value *container)
{
    if (container->type != JSON_OBJECT && container->type != JSON_ARRAY)
        return (struct json_walk){0};
    check(container->raw.bytes >= 2);
    return (struct json_walk){
        .at = container->raw.data + 1,
        .end = container->raw.data + container->raw.bytes - 1, /* at the closing bracket */
        .index = container->index,
        .object = container->type == JSON_OBJECT,
    };
}

bool json_next(struct json_walk *walk, struct json_item *out)
{
    const char *end = walk->end;
    const char *at = json_skip_space(walk->at, end);
    if (at < end && *at == ',')
        at = json_skip_space(at + 1, end);
    if (at == end) {
        walk->at = end;
        return false;
    }
    out->key = (struct slice){"", 0};
    if (walk->object) {
        const char *key = at + 1;
        at = json_skip_string(key, end);
        out->key = (struct slice){key, (size_t)(at - 1 - key)};
        at = json_skip_space(at, end);
        at = json_skip_space(at + 1, end); /* the colon */
    }
    check(at < end);
    walk->at = skip_value(at, end, walk->index);
    out->value = (struct json_value){type_of(*at), {at, (size_t)(walk->at - at)}, walk->index};
    return true;
}

bool json_is_empty(const struct json_value *value)
{
    const char *end = value->raw.data + value->raw.bytes;
    if (value->type == JSON_STRING)
        return value->raw.bytes == 2;
    if (value->type == JSON_ARRAY || value->type == JSON_OBJECT)
        return json_skip_space(value->raw.data + 1, end) == end - 1;
    return value->type == JSON_NULL;
}

static bool is_key_of(struct slice raw_key, const struct json_member *member)
{
    bool differs = raw_key.bytes == member->name_bytes && raw_key.bytes > 0 &&
                   raw_key.data[0] != member->name[0];
    return !differs && json_key_is_sized(raw_key, member->name, member->name_bytes);
}

size_t json_find_all(const struct json_value *object, struct json_member *members,
                     size_t member_count)
{
    size_t count = 0;
    for (size_t i = 0; i < member_count; i++) {
        members[i].name_bytes = (unsigned)strlen(members[i].name);
        members[i].count = 0;
        members[i].value = (struct json_value){.type = JSON_NULL, .raw = {"", 0}};
    }
    if (object->type != JSON_OBJECT)
        return 0;
    struct json_walk walk = json_walk(object);
    struct json_item item;
    for (; json_next(&walk, &item); count++) {
        for (size_t i = 0; i < member_count; i++) {
            if (!is_key_of(item.key, &members[i]))
                continue;
            members[i].value = item.value;
            members[i].count++;
            break;
        }
    }
    return count;
}

unsigned json_find(const struct json_value *object, const char *name, struct json_value *out)
{
    struct json_member member = {.name = name};
    json_find_all(object, &member, 1);
    if (member.count > 0)
        *out = member.value;
    return member.count;
}
