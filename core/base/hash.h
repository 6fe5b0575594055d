/* Hashes texts with FNV-1a (its authors' 64-bit constants): quick and without a key, so for names
 * that only an operator chooses, or where a collision costs nothing. An attacker can make its
 * hashes collide; net/server/tally.h and exchange/limiter.h have hashes with a key. Pure. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* Returns the hash of what `hash` has read so far, followed by `text`. */
static inline uint64_t hash_on(uint64_t hash, struct slice text)
{
    for (size_t i = 0; i < text.bytes; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
