/* Times that were measured, all of them: a percentile is one of them and not an estimate. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

struct samples {
    int64_t *ns;
    size_t count;
    size_t capacity;
};

void samples_init(struct samples *samples, size_t expected);
void samples_add(struct samples *samples, int64_t ns);

/* `"name":{"count":...,"p50":...}` in microseconds; sorts the samples. */
void samples_print(struct samples *samples, const char *name);

#endif
