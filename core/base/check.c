#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

void check_failed(const char *cond, const char *file, int line)
{
    char text[512];
    snprintf(text, sizeof text, "check failed: %s at %s:%d\n", cond, file, line);
    log_last_words(text);
    abort();
}
