/* What the harnesses share. Each is one file, fuzz_NAME.c: it hands bytes to one reader of ours and
 * checks what holds for all bytes, not only that nothing falls over (see __main__.py).
 *
 * libFuzzer hands in a copy with nothing behind it, so ASan sees each byte that is read too many.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* The run lies inside the other one (or is empty). */
static inline bool fuzz_inside(struct slice part, struct slice whole)
{
    return part.bytes == 0 ||
           (part.data >= whole.data && part.data + part.bytes <= whole.data + whole.bytes);
}

#endif
