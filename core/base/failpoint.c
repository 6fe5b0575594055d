#include "base/failpoint.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    [FAILPOINT_AFTER_HOLD] = "after-hold",
    [FAILPOINT_HOLD_DURABLE] = "hold-durable",
    [FAILPOINT_BEFORE_UPSTREAM] = "before-upstream",
    [FAILPOINT_AFTER_USAGE] = "after-usage",
    [FAILPOINT_BEFORE_COMMIT] = "before-commit",
    [FAILPOINT_AFTER_COMMIT] = "after-commit",
    [FAILPOINT_BEFORE_TABLES] = "before-tables",
    [FAILPOINT_AFTER_TABLES] = "after-tables",
    [FAILPOINT_BEFORE_LAST_BYTE] = "before-last-byte",
};

enum { POINTS = sizeof names / sizeof names[0] };

/* How often each point may still be reached: from 1 to 0 ends the process. 0: not armed. */
static atomic_long left[POINTS];

static bool parse_count(const char *text, long *out)
{
    char *end;
    *out = strtol(text, &end, 10);
    return end != text && *end == '\0' && *out > 0;
}

bool failpoint_arm(struct fault *fault)
{
    const char *wanted = getenv("GW_FAILPOINT");
    if (wanted == NULL)
        return true;
    for (size_t i = 0; i < POINTS; i++) {
        size_t bytes = strlen(names[i]);
        long count;
        if (strncmp(wanted, names[i], bytes) == 0 && wanted[bytes] == ':' &&
            parse_count(wanted + bytes + 1, &count)) {
            atomic_store(&left[i], count);
            return true;
        }
    }
    return fault_set(fault, "invalid_value",
                     "GW_FAILPOINT='%s' is not NAME:N with the name of a point in "
                     "base/failpoint.c and N > 0",
                     wanted);
}

void failpoint_hit(enum failpoint point)
{
    if (atomic_fetch_sub(&left[point], 1) == 1)
        raise(SIGKILL);
}
