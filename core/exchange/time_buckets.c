#include "exchange/time_buckets.h"

#include "base/json_writer.h"

/* 0 to 3 are their own buckets; above, the two bits after the highest one choose one of four. */
size_t time_buckets_of(int64_t ms)
{
    if (ms < 4)
        return ms > 0 ? (size_t)ms : 0;
    int octave = 63 - __builtin_clzll((unsigned long long)ms);
    size_t bucket = (size_t)(octave - 1) * 4 + (size_t)(ms >> (octave - 2) & 3);
    return bucket < TIME_BUCKETS ? bucket : TIME_BUCKETS - 1;
}

static int64_t bucket_start(size_t bucket)
{
    if (bucket < 4)
        return (int64_t)bucket;
    return (int64_t)(4 + bucket % 4) << (bucket / 4 - 1);
}

static int64_t quantile(const int64_t counts[TIME_BUCKETS], int64_t timed, int64_t ppm)
{
    int64_t before = 0;
    int64_t wanted = (timed * ppm + 999999) / 1000000;
    for (size_t k = 0; k < TIME_BUCKETS; k++) {
        if (counts[k] > 0 && before + counts[k] >= wanted) {
            int64_t width = bucket_start(k + 1) - bucket_start(k);
            return bucket_start(k) + (width - 1) * (wanted - before) / counts[k];
        }
        before += counts[k];
    }
    return 0;
}

/* The time that `percent` of the timed ones do not exceed, in ms; interpolated in its bucket. */
static int64_t percentile(const int64_t counts[TIME_BUCKETS], int64_t timed, int64_t percent)
{
    return quantile(counts, timed, percent * 10000);
}

int64_t time_sums_quantile(const struct time_sums *sums, int64_t ppm)
{
    return quantile(sums->counts, sums->timed, ppm);
}

void time_buckets_render(const int64_t counts[TIME_BUCKETS], int64_t timed, struct buffer *out)
{
    json_writer_object(out, "first_byte_ms");
    json_writer_int(out, "count", timed);
    json_writer_int_or_null(out, "p50", timed > 0, percentile(counts, timed, 50));
    json_writer_int_or_null(out, "p95", timed > 0, percentile(counts, timed, 95));
    json_writer_object_end(out);
}

void time_counts_add(struct time_counts *counts, int64_t ms)
{
    counts->counts[time_buckets_of(ms)]++;
    counts->ms += ms;
}

void time_sums_add(struct time_sums *sums, const struct time_counts *counts)
{
    for (size_t i = 0; i < TIME_BUCKETS; i++) {
        sums->counts[i] += counts->counts[i];
        sums->timed += counts->counts[i];
    }
    sums->ms += counts->ms;
}

void time_sums_render(const char *name, const struct time_sums *sums, struct buffer *out)
{
    bool known = sums->timed > 0;
    json_writer_object(out, name);
    json_writer_int(out, "count", sums->timed);
    json_writer_int_or_null(out, "mean", known, known ? sums->ms / sums->timed : 0);
    json_writer_int_or_null(out, "p50", known, percentile(sums->counts, sums->timed, 50));
    json_writer_int_or_null(out, "p90", known, percentile(sums->counts, sums->timed, 90));
    json_writer_int_or_null(out, "p95", known, percentile(sums->counts, sums->timed, 95));
    json_writer_object_end(out);
}
