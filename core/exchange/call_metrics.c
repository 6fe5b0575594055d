#include "exchange/call_metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/text.h"
#include "exchange/call_series.h"
#include "store/usage.h"

_Static_assert(CALL_OWN_KINDS == CALL_TEST + 1, "a series for each kind");

/* Of a processor's cache line, so that no two workers write the same. */
static void *new_zeroed(size_t bytes)
{
    size_t whole = (bytes + METRICS_LINE_BYTES - 1) / METRICS_LINE_BYTES * METRICS_LINE_BYTES;
    void *made = aligned_alloc(METRICS_LINE_BYTES, whole);
    check(made != NULL);
    memset(made, 0, whole);
    return made;
}

struct call_metrics *call_metrics_new(unsigned shard_count)
{
    struct call_metrics *metrics = new_zeroed(sizeof *metrics);
    check(shard_count <= LIMIT_WORKERS && pthread_mutex_init(&metrics->mutex, NULL) == 0);
    metrics->shard_count = shard_count;
    for (unsigned i = 0; i < shard_count; i++) {
        metrics->shards[i] = new_zeroed(sizeof *metrics->shards[i]);
        metrics->shards[i]->metrics = metrics;
    }
    return metrics;
}

static void free_series(struct call_series *series)
{
    if (series == NULL)
        return;
    metrics_histogram_fini(&series->total);
    metrics_histogram_fini(&series->overhead);
    metrics_histogram_fini(&series->first_byte);
    metrics_histogram_fini(&series->hold_wait);
    metrics_histogram_fini(&series->commit);
    free(series);
}

void call_metrics_free(struct call_metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (unsigned i = 0; i < metrics->shard_count; i++) {
        for (unsigned k = 0; k <= LIMIT_METRICS_PAIRS; k++)
            free_series(atomic_load(&metrics->shards[i]->series[k]));
        free(metrics->shards[i]);
    }
    for (unsigned i = 0; i < CALL_SLOTS; i++)
        free(atomic_load(&metrics->pairs[i]));
    check(pthread_mutex_destroy(&metrics->mutex) == 0);
    free(metrics);
}

struct call_metrics_shard *call_metrics_shard(struct call_metrics *metrics, unsigned index)
{
    check(index < metrics->shard_count);
    return metrics->shards[index];
}

/* ---- pairs by their names ---- */

static bool is_pair(const struct call_pair *pair, uint64_t hash, const char *model,
                    const char *provider)
{
    return pair->hash == hash && strcmp(pair->model, model) == 0 &&
           strcmp(pair->provider, provider) == 0;
}

/* Returns NULL if there is none: *free_at is where it belongs. */
static struct call_pair *find_pair(struct call_metrics *metrics, uint64_t hash, const char *model,
                                   const char *provider, size_t *free_at)
{
    size_t at = hash % CALL_SLOTS;
    struct call_pair *pair;
    while ((pair = atomic_load_explicit(&metrics->pairs[at], memory_order_acquire)) != NULL) {
        if (is_pair(pair, hash, model, provider))
            return pair;
        at = (at + 1) % CALL_SLOTS;
    }
    *free_at = at;
    return NULL;
}

static unsigned add_pair(struct call_metrics *metrics, uint64_t hash, const char *model,
                         const char *provider)
{
    size_t at;
    check(pthread_mutex_lock(&metrics->mutex) == 0);
    struct call_pair *pair = find_pair(metrics, hash, model, provider, &at);
    unsigned count = atomic_load_explicit(&metrics->pair_count, memory_order_relaxed);
    if (pair == NULL && count < LIMIT_METRICS_PAIRS) {
        pair = calloc(1, sizeof *pair);
        check(pair != NULL);
        snprintf(pair->model, sizeof pair->model, "%s", model);
        snprintf(pair->provider, sizeof pair->provider, "%s", provider);
        pair->hash = hash;
        pair->place = count;
        atomic_store_explicit(&metrics->places[count], pair, memory_order_relaxed);
        atomic_store_explicit(&metrics->pairs[at], pair, memory_order_release);
        atomic_store_explicit(&metrics->pair_count, count + 1, memory_order_release);
    }
    check(pthread_mutex_unlock(&metrics->mutex) == 0);
    return pair != NULL ? pair->place : CALL_OTHER;
}

/* A reader refuses a page with a series twice, so what is no UTF-8, and is shown as something else,
 * has no series of its own, and neither has what is named like those without a name. */
static bool can_be_named(const char *model, const char *provider)
{
    bool other = strcmp(model, "other") == 0 && strcmp(provider, "other") == 0;
    return !other && text_is_utf8(slice_of(model)) && text_is_utf8(slice_of(provider));
}

static unsigned place_of(struct call_metrics *metrics, const char *model, const char *provider)
{
    size_t at;
    uint64_t hash = hash_on(hash_on(HASH_START, slice_of(model)), slice_of("\n"));
    hash = hash_on(hash, slice_of(provider));
    const struct call_pair *pair = find_pair(metrics, hash, model, provider, &at);
    if (pair != NULL)
        return pair->place;
    if (atomic_load_explicit(&metrics->pair_count, memory_order_relaxed) == LIMIT_METRICS_PAIRS)
        return CALL_OTHER;
    if (!can_be_named(model, provider))
        return CALL_OTHER;
    return add_pair(metrics, hash, model, provider);
}

static struct call_series *series_of(struct call_metrics_shard *shard, const char *model,
                                     const char *provider)
{
    unsigned place = place_of(shard->metrics, model[0] != '\0' ? model : "none",
                              provider[0] != '\0' ? provider : "none");
    struct call_series *series = atomic_load_explicit(&shard->series[place], memory_order_relaxed);
    if (series != NULL)
        return series;
    series = new_zeroed(sizeof *series);
    atomic_store_explicit(&shard->series[place], series, memory_order_release);
    return series;
}

/* ---- counting ---- */

static enum call_status status_of(const struct call_end *end)
{
    if (end->status == 0 || end->status == USAGE_STATUS_ABANDONED)
        return CALL_LEFT;
    if (end->broken)
        return CALL_BROKEN;
    int class = end->status / 100;
    return class >= 2 && class <= 4 ? (enum call_status)(CALL_2XX + class - 2) : CALL_5XX;
}

/* Most codes are ours; those of a refused request may be the provider's. */
static bool is_word(const char *code)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    return code[strspn(code, letters)] == '\0' && strcmp(code, "other") != 0;
}

static void count_code(struct call_metrics_shard *shard, const char *code)
{
    unsigned known = atomic_load_explicit(&shard->code_count, memory_order_relaxed);
    unsigned at = 0;
    while (at < known && strcmp(shard->codes[at].name, code) != 0)
        at++;
    if (at == LIMIT_METRICS_CODES || (at == known && !is_word(code))) {
        metrics_add(&shard->other_codes, 1);
        return;
    }
    metrics_add(&shard->codes[at].count, 1);
    if (at < known)
        return;
    snprintf(shard->codes[at].name, sizeof shard->codes[at].name, "%s", code);
    atomic_store_explicit(&shard->code_count, known + 1, memory_order_release);
}

static void count_money(struct call_series *series, const struct call_end *end)
{
    for (unsigned unit = 0; unit < UNIT_COUNT; unit++) {
        if (end->units->of[unit] != 0)
            metrics_add(&series->units[unit], end->units->of[unit]);
    }
    metrics_add(&series->charged_nusd, end->charged_nusd);
    metrics_add(&series->cost_nusd, end->cost_nusd);
    if (end->overrun_nusd != 0)
        metrics_add(&series->overrun_nusd, end->overrun_nusd);
}

static void count_times(struct call_series *series, const struct call_end *end)
{
    metrics_observe(&series->total, metrics_long_us, end->total_us, end->trace);
    metrics_observe(&series->overhead, metrics_short_us, end->overhead_us, end->trace);
    metrics_observe(&series->first_byte, metrics_long_us, end->first_byte_us, end->trace);
    metrics_observe(&series->hold_wait, metrics_short_us, end->hold_wait_us, end->trace);
    metrics_observe(&series->commit, metrics_short_us, end->commit_us, end->trace);
}

void call_metrics_count(struct call_metrics_shard *shard, const struct call_end *end)
{
    enum call_status status = status_of(end);
    unsigned endpoint = end->asks_model ? (unsigned)end->dialect : CALL_OTHER_REQUESTS;
    metrics_add(&shard->requests[endpoint][status], 1);
    if (end->code[0] != '\0')
        count_code(shard, end->code);
    if (!end->asks_model)
        return;
    struct call_series *series = series_of(shard, end->model, end->provider);
    metrics_add(&series->requests[status], 1);
    if (end->attempts > 1)
        metrics_add(&series->retries, end->attempts - 1);
    if (end->shared)
        metrics_add(&series->shared, 1);
    count_times(series, end);
    if (end->units != NULL)
        count_money(series, end);
}

void call_metrics_count_attempt(struct call_metrics_shard *shard, const char *model,
                                const char *provider, enum attempt_outcome outcome)
{
    metrics_add(&series_of(shard, model, provider)->attempts[outcome], 1);
}

void call_metrics_count_own(struct call_metrics_shard *shard, enum call_own kind, int64_t cost_nusd)
{
    metrics_add(&shard->own[kind], 1);
    if (cost_nusd > 0)
        metrics_add(&shard->own_cost_nusd[kind], cost_nusd);
}
