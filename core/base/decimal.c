#include "base/decimal.h"

#include <string.h>

char *decimal_put(char *at, int64_t n)
{
    char digits[DECIMAL_BYTES];
    char *first = digits + sizeof digits;
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    do {
        *--first = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (n < 0)
        *at++ = '-';
    size_t bytes = (size_t)(digits + sizeof digits - first);
    memcpy(at, first, bytes);
    return at + bytes;
}
