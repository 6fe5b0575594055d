#include "base/duration.h"

#include <string.h>

#include "base/decimal.h"

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
