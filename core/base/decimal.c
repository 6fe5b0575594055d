#include "base/decimal.h"

#include <string.h>

#include "base/limits.h"

typedef unsigned __int128 uint128;

#define TEN_TO_18 UINT64_C(1000000000000000000)
#define DIGITS_MAX ((uint128)TEN_TO_18 * TEN_TO_18)

/* Two digits at a time: a division is the dearest step. */
static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

char *decimal_put(char *at, int64_t n)
{
    char digits[DECIMAL_BYTES];
    char *first = digits + sizeof digits;
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    for (; rest >= 100; rest /= 100)
        memcpy(first -= 2, pairs + rest % 100 * 2, 2);
    if (rest >= 10)
        memcpy(first -= 2, pairs + rest * 2, 2);
    else
        *--first = (char)('0' + rest);
    if (n < 0)
        *at++ = '-';
    size_t bytes = (size_t)(digits + sizeof digits - first);
    memcpy(at, first, bytes);
    return at + bytes;
}

/* ---- numbers with decimals ---- */

/* A decimal as it is read: `digits` x 10^`exponent`. What is behind some 37 digits is only known to
 * be there or not. */
struct decimal {
    uint128 digits;
    int exponent;
    bool more;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void add_digit(struct decimal *decimal, char c, bool behind_point)
{
    if (decimal->digits >= DIGITS_MAX) {
        decimal->more = decimal->more || c != '0';
        decimal->exponent += !behind_point;
        return;
    }
    decimal->digits = decimal->digits * 10 + (uint128)(c - '0');
    decimal->exponent -= behind_point;
}

/* "+12", "-7": at most 3 digits. */
static bool read_exponent(struct slice text, int *exponent)
{
    bool negative = text.bytes > 0 && text.data[0] == '-';
    size_t at = negative || (text.bytes > 0 && text.data[0] == '+');
    int number = 0;
    if (at == text.bytes || text.bytes - at > 3)
        return false;
    for (; at < text.bytes; at++) {
        if (!is_digit(text.data[at]))
            return false;
        number = number * 10 + (text.data[at] - '0');
    }
    *exponent += negative ? -number : number;
    return true;
}

static bool read_decimal(struct slice text, struct decimal *out)
{
    bool behind_point = false;
    *out = (struct decimal){0};
    if (text.bytes == 0 || text.bytes > LIMIT_NUMBER_BYTES || !is_digit(text.data[0]) ||
        text.data[text.bytes - 1] == '.')
        return false;
    for (size_t i = 0; i < text.bytes; i++) {
        char c = text.data[i];
        if (c == '.' && !behind_point)
            behind_point = true;
        else if (is_digit(c))
            add_digit(out, c, behind_point);
        else
            return (c | 0x20) == 'e' &&
                   read_exponent((struct slice){text.data + i + 1, text.bytes - i - 1},
                                 &out->exponent);
    }
    return true;
}

bool decimal_scale_up(struct slice text, int places, unsigned __int128 max, unsigned __int128 *out)
{
    struct decimal decimal;
    if (!read_decimal(text, &decimal))
        return false;
    int shift = decimal.exponent + places;
    for (; shift > 0 && decimal.digits > 0; shift--) {
        if (decimal.digits > max / 10)
            return false;
        decimal.digits *= 10;
    }
    for (; shift < 0 && decimal.digits > 0; shift++) {
        decimal.more = decimal.more || decimal.digits % 10 != 0;
        decimal.digits /= 10;
    }
    *out = decimal.digits + decimal.more;
    return *out <= max;
}
