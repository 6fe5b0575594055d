#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

void check_failed(const char *cond, const char *file, int line)
{
    log_flush();
    fprintf(stderr, "check failed: %s at %s:%d\n", cond, file, line);
    abort();
}
