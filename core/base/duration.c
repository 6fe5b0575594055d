#include "base/duration.h"

#include <string.h>

#include "base/decimal.h"

enum { DIGITS_MAX = 10 };
#define LONGEST_MS (INT64_C(10) * 366 * 24 * 3600 * 1000)

const char *duration_format(int64_t ms, char out[DURATION_TEXT_BYTES])
{
    char *at = out;
    if (ms <= 0 || ms >= 1000) {
        int64_t s = ms <= 0 ? 0 : ms / 1000 + (ms % 1000 > 0);
        if (s >= 3600)
            at = stpcpy(decimal_put(at, s / 3600), "h");
        if (s >= 60)
            at = stpcpy(decimal_put(at, s / 60 % 60), "m");
        stpcpy(decimal_put(at, s % 60), "s");
    } else {
        stpcpy(decimal_put(at, ms), "ms");
    }
    return out;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes digits, and a fraction, from the text. As nanoseconds of a second; -1: there are none. */
static int64_t take_number(struct slice *text)
{
    int64_t whole = 0;
    int64_t part = 0;
    int64_t of = 1000000000;
    size_t at = 0;
    for (; at < text->bytes && at < DIGITS_MAX && is_digit(text->data[at]); at++)
        whole = whole * 10 + (text->data[at] - '0');
    if (at == 0)
        return -1;
    if (at < text->bytes && text->data[at] == '.') {
        for (at++; at < text->bytes && is_digit(text->data[at]); at++) {
            of /= 10;
            part += of * (text->data[at] - '0');
        }
    }
    *text = (struct slice){text->data + at, text->bytes - at};
    return whole < 9000000000 ? whole * 1000000000 + part : -1;
}

/* Takes a unit; its length in milliseconds is a over b. */
static bool take_unit(struct slice *text, int64_t *a, int64_t *b)
{
    static const struct {
        const char *name; /* a longer one before what it begins with */
        int64_t a, b;
    } units[] = {{"ms", 1, 1},        {"us", 1, 1000},   {"ns", 1, 1000000}, {"s", 1000, 1},
                 {"m", 60 * 1000, 1}, {"h", 3600000, 1}, {"d", 86400000, 1}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t bytes = strlen(units[i].name);
        if (text->bytes < bytes || memcmp(text->data, units[i].name, bytes) != 0)
            continue;
        *text = (struct slice){text->data + bytes, text->bytes - bytes};
        *a = units[i].a;
        *b = units[i].b;
        return true;
    }
    return false;
}

bool duration_parse(struct slice text, int64_t *out_ms)
{
    int64_t sum_ms = 0;
    bool first = true;
    if (text.bytes == 0)
        return false;
    while (text.bytes > 0) {
        int64_t a = 1000;
        int64_t b = 1;
        int64_t number = take_number(&text);
        bool seconds = first && text.bytes == 0;
        if (number < 0 || (!seconds && !take_unit(&text, &a, &b)))
            return false;
        __int128 whole = (__int128)number * a;
        __int128 each = (__int128)b * 1000000000;
        __int128 ms = (whole + each - 1) / each;
        if (ms > LONGEST_MS - sum_ms)
            return false;
        sum_ms += (int64_t)ms;
        first = false;
    }
    *out_ms = sum_ms;
    return true;
}
