/* Hexadecimal digits in lower case, eight at once, the first of them worth most. Who reads has seen
 * to it that they are such digits. Pure. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HEX_ONES UINT64_C(0x0101010101010101)

/* Bytes, then nibbles move away from each other, each into a byte of its own. */
static inline void hex_put8(uint32_t number, char out[8])
{
    uint64_t digits = __builtin_bswap32(number);
    digits = (digits | digits << 16) & UINT64_C(0x0000ffff0000ffff);
    digits = (digits | digits << 8) & UINT64_C(0x00ff00ff00ff00ff);
    digits = (digits >> 4 | digits << 8) & HEX_ONES * 0x0f;
    uint64_t letters = (digits + HEX_ONES * 6) >> 4 & HEX_ONES;
    digits += HEX_ONES * '0' + letters * ('a' - '0' - 10);
    memcpy(out, &digits, sizeof digits);
}

/* Each becomes a nibble of its byte, and these move together. */
static inline uint32_t hex_read8(const char digits[8])
{
    uint64_t bytes;
    memcpy(&bytes, digits, sizeof bytes);
    bytes = (bytes & HEX_ONES * 0x0f) + (bytes >> 6 & HEX_ONES) * 9;
    bytes = (bytes << 4 | bytes >> 8) & UINT64_C(0x00ff00ff00ff00ff);
    bytes = (bytes | bytes >> 8) & UINT64_C(0x0000ffff0000ffff);
    return __builtin_bswap32((uint32_t)(bytes | bytes >> 16));
}

static inline void hex_put16(uint64_t number, char out[16])
{
    hex_put8((uint32_t)(number >> 32), out);
    hex_put8((uint32_t)number, out + 8);
}

static inline uint64_t hex_read16(const char digits[16])
{
    return (uint64_t)hex_read8(digits) << 32 | hex_read8(digits + 8);
}

#endif
