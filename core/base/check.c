#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "check failed: %s at %s:%d\n", cond, file, line);
    abort();
}
