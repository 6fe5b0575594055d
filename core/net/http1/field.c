#include "net/http1/field.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"

static bool refuse(const char **why, const char *words)
{
    *why = words;
    return false;
}

bool field_is_token_char(unsigned char c)
{
    static const bool token[256] = {
        ['!'] = true,         ['#'] = true,         ['$'] = true,        ['%'] = true, ['&'] = true,
        ['\''] = true,        ['*'] = true,         ['+'] = true,        ['-'] = true, ['.'] = true,
        ['^'] = true,         ['_'] = true,         ['`'] = true,        ['|'] = true, ['~'] = true,
        ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true};
    return token[c];
}

bool field_is_token(struct slice text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        if (!field_is_token_char((unsigned char)text.data[i]))
            return false;
    }
    return text.bytes > 0;
}

ptrdiff_t field_block_end(const char *data, size_t bytes, size_t scanned, const char **why)
{
    size_t at = scanned;
    while (at < bytes) {
        const char *lf = memchr(data + at, '\n', bytes - at);
        if (lf == NULL)
            return 0;
        size_t place = (size_t)(lf - data);
        if (place == 0 || data[place - 1] != '\r') {
            refuse(why, "a line of the head does not end with CRLF");
            return -1;
        }
        if (place >= 3 && data[place - 2] == '\n')
            return (ptrdiff_t)place + 1;
        at = place + 1;
    }
    return 0;
}

bool field_parse(struct slice line, struct slice *name, struct slice *value, const char **why)
{
    if (line.data[0] == ' ' || line.data[0] == '\t')
        return refuse(why, "a header continues on a second line (obs-fold)");
    const char *colon = slice_char(line, ':');
    if (colon == NULL)
        return refuse(why, "a header line has no colon");
    *name = (struct slice){line.data, (size_t)(colon - line.data)};
    if (!field_is_token(*name))
        return refuse(why, "a header name is empty or no token");
    *value = (struct slice){colon + 1, line.bytes - name->bytes - 1};
    while (value->bytes > 0 && (value->data[0] == ' ' || value->data[0] == '\t')) {
        value->data++;
        value->bytes--;
    }
    for (size_t i = 0; i < value->bytes; i++) {
        unsigned char c = (unsigned char)value->data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return refuse(why, "a header value has a control character");
    }
    return true;
}

bool field_content_length(struct slice value, int64_t *out, const char **why)
{
    const char *words = "Content-Length must be a plain decimal number";
    if (value.bytes == 0 || value.bytes > 18 || (value.data[0] == '0' && value.bytes > 1))
        return refuse(why, words);
    int64_t n = 0;
    for (size_t i = 0; i < value.bytes; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return refuse(why, words);
        n = n * 10 + (value.data[i] - '0');
    }
    *out = n;
    return true;
}

bool field_list_has(struct slice value, const char *token)
{
    size_t at = 0;
    while (at <= value.bytes) {
        size_t end = at;
        while (end < value.bytes && value.data[end] != ',')
            end++;
        struct slice item = slice_trim((struct slice){value.data + at, end - at});
        if (slice_equals_nocase(item, token))
            return true;
        at = end + 1;
    }
    return false;
}

void field_note_coding(struct slice value, enum content_coding *coding)
{
    if (value.bytes == 0 || slice_equals_nocase(value, "identity"))
        return;
    bool zlib = slice_equals_nocase(value, "gzip") || slice_equals_nocase(value, "x-gzip") ||
                slice_equals_nocase(value, "deflate");
    *coding = zlib && *coding == CODING_NONE ? CODING_ZLIB : CODING_OTHER;
}

struct slice field_media_type(struct slice value)
{
    const char *end = slice_char(value, ';');
    if (end != NULL)
        value.bytes = (size_t)(end - value.data);
    return slice_trim(value);
}

bool field_date(struct slice value, int64_t *out_wall_ms)
{
    static const char *const formats[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                          "%a %b %d %H:%M:%S %Y"};
    char text[64];
    if (value.bytes >= sizeof text)
        return false;
    memcpy(text, value.data, value.bytes);
    text[value.bytes] = '\0';
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct tm date = {0};
        const char *end = strptime(text, formats[i], &date);
        if (end == NULL || *end != '\0')
            continue;
        *out_wall_ms = (int64_t)timegm(&date) * 1000;
        return true;
    }
    return false;
}

/* A decimal number of units, each of so many milliseconds; -1: it is none. */
static int64_t decimal_ms(struct slice value, int64_t unit_ms)
{
    enum { WHOLE_MAX = 1000 * 1000 * 1000 };
    int64_t whole = 0;
    int64_t part_ms = 0;
    size_t at = 0;
    for (; at < value.bytes && value.data[at] >= '0' && value.data[at] <= '9'; at++)
        whole = whole < WHOLE_MAX ? whole * 10 + (value.data[at] - '0') : whole;
    if (at == 0)
        return -1;
    if (at < value.bytes && value.data[at] == '.') {
        int64_t digit_ms = unit_ms;
        for (at++; at < value.bytes && value.data[at] >= '0' && value.data[at] <= '9'; at++) {
            digit_ms /= 10;
            part_ms += digit_ms * (value.data[at] - '0');
        }
    }
    return at == value.bytes ? whole * unit_ms + part_ms : -1;
}

int64_t field_retry_after_ms(struct slice value)
{
    enum { SECOND_MS = 1000 };
    int64_t wall_ms;
    int64_t ms = decimal_ms(value, SECOND_MS);
    if (ms >= 0 || value.bytes == 0 || !field_date(value, &wall_ms))
        return ms;
    int64_t wait_ms = wall_ms - clock_wall_ms();
    return wait_ms > 0 ? wait_ms : 0;
}

void field_note_retry_after(struct slice name, struct slice value, struct retry_after *out)
{
    if (slice_equals_nocase(name, "retry-after-ms")) {
        int64_t ms = decimal_ms(value, 1);
        if (ms >= 0)
            *out = (struct retry_after){.ms = ms, .exact = true};
    } else if (!out->exact && slice_equals_nocase(name, "retry-after")) {
        out->ms = field_retry_after_ms(value);
    }
}
