/* Part of base/json.h: what strings and numbers of a valid text mean. */
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/json_text.h"

/* ---- strings, decoded ---- */

static size_t put_utf8(unsigned code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* *at is behind "\u". Moves it behind the digits, and behind the second half of a surrogate
 * pair. */
static unsigned decode_code(const char **at, const char *end)
{
    unsigned code = json_hex4(*at);
    *at += 4;
    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (code < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        unsigned low = json_hex4(*at + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *at += 6;
            return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return 0xfffd; /* a surrogate alone is no character */
}

/* *at is behind the backslash. Returns how many bytes it puts into `out`. */
static size_t decode_escape(const char **at, const char *end, char out[4])
{
    char c = *(*at)++;
    switch (c) {
    case 'u':
        return put_utf8(decode_code(at, end), out);
    case 'b':
        c = '\b';
        break;
    case 'f':
        c = '\f';
        break;
    case 'n':
        c = '\n';
        break;
    case 'r':
        c = '\r';
        break;
    case 't':
        c = '\t';
        break;
    default: /* quote, backslash and slash mean themselves */
        break;
    }
    out[0] = c;
    return 1;
}

/* Takes the next piece of a string: a run without escapes, as a slice of the text, or one escape,
 * decoded into `scratch`. Returns false at the end. */
static bool next_piece(const char **at, const char *end, char scratch[4], struct slice *piece)
{
    if (*at == end)
        return false;
    if (**at == '\\') {
        ++*at;
        size_t bytes = decode_escape(at, end, scratch);
        *piece = (struct slice){scratch, bytes};
        return true;
    }
    const char *from = *at;
    const char *backslash = memchr(from, '\\', (size_t)(end - from));
    *at = backslash != NULL ? backslash : end;
    *piece = (struct slice){from, (size_t)(*at - from)};
    return true;
}

static struct slice without_quotes(struct slice raw)
{
    check(raw.bytes >= 2);
    return (struct slice){raw.data + 1, raw.bytes - 2};
}

static bool decodes_to(struct slice escaped, struct slice text)
{
    /* An escape is never shorter than the bytes it stands for. */
    if (escaped.bytes < text.bytes)
        return false;
    const char *at = escaped.data;
    const char *end = at + escaped.bytes;
    char scratch[4];
    struct slice piece;
    while (next_piece(&at, end, scratch, &piece)) {
        if (piece.bytes > text.bytes || memcmp(piece.data, text.data, piece.bytes) != 0)
            return false;
        text.data += piece.bytes;
        text.bytes -= piece.bytes;
    }
    return text.bytes == 0;
}

bool json_key_decodes_to(struct slice raw_key, const char *name)
{
    struct slice text = slice_of(name);
    if (raw_key.bytes == text.bytes) /* escapes would make it longer */
        return memcmp(raw_key.data, text.data, text.bytes) == 0 && slice_char(text, '\\') == NULL;
    return raw_key.bytes > text.bytes && decodes_to(raw_key, text);
}

bool json_key_is_one_of(struct slice raw_key, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (json_key_is(raw_key, names[i]))
            return true;
    }
    return false;
}

bool json_decode_string(const struct json_value *string, struct buffer *out)
{
    check(string->type == JSON_STRING);
    struct slice escaped = without_quotes(string->raw);
    const char *at = escaped.data;
    const char *end = at + escaped.bytes;
    char scratch[4];
    struct slice piece;
    while (next_piece(&at, end, scratch, &piece))
        buffer_append_slice(out, piece);
    return !out->failed;
}

bool json_string_is_whole(const struct json_value *string)
{
    check(string->type == JSON_STRING);
    struct slice escaped = without_quotes(string->raw);
    const char *at = escaped.data;
    const char *end = at + escaped.bytes;
    while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        at++;
        bool escape = *at++ == 'u';
        bool lone = false;
        if (escape) {
            unsigned code = json_hex4(at);
            lone = decode_code(&at, end) == 0xfffd && code != 0xfffd;
        }
        if (lone)
            return false;
    }
    return true;
}

bool json_string_is(const struct json_value *value, const char *text)
{
    return value->type == JSON_STRING && decodes_to(without_quotes(value->raw), slice_of(text));
}

bool json_string_is_one_of(const struct json_value *value, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (json_string_is(value, texts[i]))
            return true;
    }
    return false;
}

static size_t decoded_bytes(struct slice escaped)
{
    const char *at = escaped.data;
    const char *end = at + escaped.bytes;
    char scratch[4];
    struct slice piece;
    size_t bytes = 0;
    while (next_piece(&at, end, scratch, &piece))
        bytes += piece.bytes;
    return bytes;
}

size_t json_text_bytes(const struct json_value *value)
{
    const struct json_span *span = json_span_at(value->index, value->raw.data);
    if (span != NULL)
        return span->text_bytes;
    const char *at = value->raw.data;
    const char *end = at + value->raw.bytes;
    size_t bytes = 0;
    while (at < end) {
        if (*at++ != '"')
            continue;
        const char *string = at;
        at = json_skip_string(at, end);
        size_t string_bytes = (size_t)(at - 1 - string);
        at = json_skip_space(at, end);
        if (at == end || *at != ':') /* else it is a key */
            bytes += decoded_bytes((struct slice){string, string_bytes});
    }
    return bytes;
}

/* ---- numbers ---- */

/* A number as digits x 10^exponent. Its digits have no zeros at either end; no digits mean 0. The
 * point may stand between the digits. */
struct decimal {
    const char *first;
    const char *last; /* behind the last digit */
    int64_t digits;
    int64_t exponent;
};

#define EXPONENT_MAX INT64_C(1000000000000000) /* larger than any text's digits could make up for */

static int64_t read_exponent(const char *at, const char *end)
{
    bool negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    int64_t n = 0;
    for (; at < end && n < EXPONENT_MAX; at++)
        n = n * 10 + (*at - '0');
    return negative ? -n : n;
}

static struct decimal read_decimal(const char *at, const char *end)
{
    struct decimal number = {0};
    int64_t zeros = 0;    /* since the last other digit: digits only if another one follows */
    int64_t decimals = 0; /* digits behind the point so far */
    bool behind_point = false;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            behind_point = true;
            continue;
        }
        decimals += behind_point;
        if (*at == '0') {
            zeros++;
            continue;
        }
        number.digits += number.digits > 0 ? zeros + 1 : 1;
        zeros = 0;
        if (number.first == NULL)
            number.first = at;
        number.last = at + 1;
    }
    number.exponent = zeros - decimals;
    if (at < end)
        number.exponent += read_exponent(at + 1, end);
    return number;
}

/* Digits and nothing else, as nearly all counts are. */
static bool read_digits(struct slice text, int64_t *out)
{
    enum { DIGITS_MAX = 18 }; /* fit in any case */
    int64_t n = 0;
    if (text.bytes > DIGITS_MAX)
        return false;
    for (size_t i = 0; i < text.bytes; i++) {
        unsigned digit = (unsigned char)text.data[i] - (unsigned)'0';
        if (digit > 9)
            return false;
        n = n * 10 + digit;
    }
    *out = n;
    return true;
}

bool json_int64(const struct json_value *number, int64_t *out)
{
    if (number->type != JSON_NUMBER)
        return false;
    if (read_digits(number->raw, out))
        return true;
    const char *at = number->raw.data;
    bool negative = *at == '-';
    struct decimal decimal = read_decimal(at + negative, at + number->raw.bytes);
    if (decimal.digits == 0) {
        *out = 0;
        return true;
    }
    /* With a negative exponent the number is not integral, because its last digit is not 0. */
    if (decimal.exponent < 0 || decimal.digits + decimal.exponent > 19)
        return false;
    uint64_t n = 0; /* at most 19 digits: below 10^19, which fits */
    for (at = decimal.first; at < decimal.last; at++) {
        if (*at != '.')
            n = n * 10 + (uint64_t)(*at - '0');
    }
    for (int64_t i = 0; i < decimal.exponent; i++)
        n *= 10;
    if (n > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}
