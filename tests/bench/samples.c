#include "samples.h"

#include <stdio.h>
#include <stdlib.h>

#include "common.h"

void samples_init(struct samples *samples, size_t expected)
{
    samples->capacity = expected < 1024 ? 1024 : expected;
    samples->count = 0;
    samples->ns = allocate(samples->capacity, sizeof *samples->ns);
}

void samples_add(struct samples *samples, int64_t ns)
{
    if (samples->count == samples->capacity) {
        samples->capacity *= 2;
        samples->ns = realloc(samples->ns, samples->capacity * sizeof *samples->ns);
        if (samples->ns == NULL)
            die("there is no memory");
    }
    samples->ns[samples->count++] = ns;
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* The smallest sample that is not below `per_mille` of all. */
static double percentile_us(const struct samples *samples, size_t per_mille)
{
    size_t rank = (samples->count * per_mille + 999) / 1000;
    if (samples->count == 0)
        return 0;
    return (double)samples->ns[rank > 0 ? rank - 1 : 0] / 1000;
}

void samples_print(struct samples *samples, const char *name)
{
    qsort(samples->ns, samples->count, sizeof *samples->ns, compare);
    printf("\"%s\":{\"count\":%zu,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,"
           "\"max\":%.1f}",
           name, samples->count, percentile_us(samples, 500), percentile_us(samples, 900),
           percentile_us(samples, 990), percentile_us(samples, 999), percentile_us(samples, 1000));
}
