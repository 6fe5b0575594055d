#include "base/decimal.h"

#include <string.h>

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
