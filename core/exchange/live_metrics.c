#include "exchange/live_metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json_writer.h"
#include "base/metrics.h"
#include "base/text.h"
#include "exchange/call_metrics.h"
#include "exchange/candidate.h"
#include "exchange/provider_limits.h"
#include "exchange/time_buckets.h"
#include "store/store.h"

/* A ring of slots of ten seconds. A window is the present slot and some whole slots before it. */
enum { SLOT_S = 10, SLOTS = 32, LIVE_SLOTS = 6, PROVIDER_SLOTS = 30 };
/* Beside them a ring of seconds, for a rate that follows at once: of whole ones that are over. */
enum { RATE_S = 5, SECONDS = 8 };
enum { PROVIDERS = 128, DETAIL_BYTES = 160 };

struct second {
    _Atomic int64_t at; /* the second that it counts */
    _Atomic uint32_t calls;
};

struct slot {
    _Atomic int64_t tick; /* the ten seconds that it counts */
    _Atomic uint32_t all;
    _Atomic uint32_t client_errors;
    _Atomic uint32_t failures;
    _Atomic uint32_t times[TIME_BUCKETS];
};

struct failure {
    int64_t at_ms; /* 0: no failure yet */
    char outcome[16];
    int status;
    char detail[DETAIL_BYTES];
    char exchange_id[ID_BYTES];
};

struct said_limits {
    int64_t at_ms; /* 0: nothing was said yet */
    struct provider_limits limits;
};

struct provider {
    char name[CANDIDATE_PROVIDER_BYTES]; /* set before other threads see it */
    struct slot slots[SLOTS];
    _Atomic int64_t success_ms;
    _Atomic int64_t usages[METRICS_USAGES];
    _Atomic int64_t hedges[2]; /* that were asked, that won */
    pthread_mutex_t mutex;     /* guards what follows; locked by readers and when it changes */
    struct failure last;
    struct said_limits limits;
};

struct live_metrics_shard {
    struct call_metrics_shard *calls_ended;
    struct slot slots[SLOTS];
    struct second seconds[SECONDS];
    _Atomic int64_t calls_open;
    _Atomic int64_t streams_open;
    struct provider *_Atomic providers[PROVIDERS];
    _Atomic unsigned provider_count;
};

struct live_metrics {
    int64_t started_ms;
    int64_t started_us;
    unsigned shard_count;
    struct live_metrics_shard *shards;
    struct call_metrics *calls;
};

struct live_metrics *live_metrics_new(unsigned shard_count)
{
    struct live_metrics *metrics = calloc(1, sizeof *metrics);
    check(metrics != NULL);
    metrics->started_ms = clock_wall_ms();
    metrics->started_us = clock_mono_us();
    metrics->shard_count = shard_count;
    metrics->shards = calloc(shard_count, sizeof *metrics->shards);
    check(metrics->shards != NULL);
    metrics->calls = call_metrics_new(shard_count);
    for (unsigned i = 0; i < shard_count; i++)
        metrics->shards[i].calls_ended = call_metrics_shard(metrics->calls, i);
    return metrics;
}

void live_metrics_free(struct live_metrics *metrics)
{
    if (metrics == NULL)
        return;
    for (unsigned i = 0; i < metrics->shard_count; i++) {
        for (unsigned k = 0; k < metrics->shards[i].provider_count; k++) {
            struct provider *provider = metrics->shards[i].providers[k];
            check(pthread_mutex_destroy(&provider->mutex) == 0);
            free(provider);
        }
    }
    call_metrics_free(metrics->calls);
    free(metrics->shards);
    free(metrics);
}

struct live_metrics_shard *live_metrics_shard(struct live_metrics *metrics, unsigned index)
{
    check(index < metrics->shard_count);
    return &metrics->shards[index];
}

struct call_metrics *live_metrics_calls(struct live_metrics *metrics)
{
    return metrics->calls;
}

struct call_metrics_shard *live_metrics_call_shard(struct live_metrics_shard *shard)
{
    return shard->calls_ended;
}

/* ---- writing: there is one writer, so a sum needs no atomic addition ---- */

static void count(_Atomic uint32_t *number)
{
    atomic_store_explicit(number, atomic_load_explicit(number, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

static int64_t present_tick(void)
{
    return clock_mono_us() / (SLOT_S * 1000000);
}

static struct slot *present_slot(struct slot *slots)
{
    int64_t tick = present_tick();
    struct slot *slot = &slots[tick % SLOTS];
    if (atomic_load_explicit(&slot->tick, memory_order_relaxed) == tick)
        return slot;
    atomic_store_explicit(&slot->all, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->client_errors, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->failures, 0, memory_order_relaxed);
    for (size_t i = 0; i < TIME_BUCKETS; i++)
        atomic_store_explicit(&slot->times[i], 0, memory_order_relaxed);
    atomic_store_explicit(&slot->tick, tick, memory_order_release);
    return slot;
}

static int64_t present_second(void)
{
    return clock_mono_us() / 1000000;
}

static void count_second(struct second *seconds)
{
    int64_t now = present_second();
    struct second *second = &seconds[now % SECONDS];
    if (atomic_load_explicit(&second->at, memory_order_relaxed) != now) {
        atomic_store_explicit(&second->calls, 0, memory_order_relaxed);
        atomic_store_explicit(&second->at, now, memory_order_release);
    }
    count(&second->calls);
}

static void count_time(struct slot *slot, int64_t us)
{
    count(&slot->times[time_buckets_of(us / 1000)]);
}

void live_metrics_count_call(struct live_metrics_shard *shard, int status, bool failed,
                             int64_t first_byte_us)
{
    struct slot *slot = present_slot(shard->slots);
    count_second(shard->seconds);
    count(&slot->all);
    if (status >= 500 || failed)
        count(&slot->failures);
    else if (status >= 400)
        count(&slot->client_errors);
    else
        count_time(slot, first_byte_us);
}

static struct provider *find_provider(struct live_metrics_shard *shard, const char *name)
{
    unsigned known = atomic_load_explicit(&shard->provider_count, memory_order_relaxed);
    for (unsigned i = 0; i < known; i++) {
        struct provider *provider =
            atomic_load_explicit(&shard->providers[i], memory_order_relaxed);
        if (strcmp(provider->name, name) == 0)
            return provider;
    }
    if (known == PROVIDERS)
        return NULL; /* only reloads can make so many names; the last ones are not shown */
    struct provider *provider = calloc(1, sizeof *provider);
    check(provider != NULL && pthread_mutex_init(&provider->mutex, NULL) == 0);
    snprintf(provider->name, sizeof provider->name, "%s", name);
    atomic_store_explicit(&shard->providers[known], provider, memory_order_relaxed);
    atomic_store_explicit(&shard->provider_count, known + 1, memory_order_release);
    return provider;
}

static void note_failure(struct provider *provider, const struct live_attempt *attempt)
{
    struct failure failure = {.at_ms = clock_wall_ms(), .status = attempt->status};
    snprintf(failure.outcome, sizeof failure.outcome, "%s", attempt->outcome);
    snprintf(failure.detail, sizeof failure.detail, "%.*s", DETAIL_BYTES - 1, attempt->detail);
    snprintf(failure.exchange_id, sizeof failure.exchange_id, "%s", attempt->exchange_id);
    check(pthread_mutex_lock(&provider->mutex) == 0);
    provider->last = failure;
    check(pthread_mutex_unlock(&provider->mutex) == 0);
}

void live_metrics_count_attempt(struct live_metrics_shard *shard,
                                const struct live_attempt *attempt)
{
    struct provider *provider = find_provider(shard, attempt->provider);
    if (provider == NULL)
        return;
    struct slot *slot = present_slot(provider->slots);
    if (attempt->result != LIVE_CUT) /* a cut attempt was counted when it began to answer */
        count(&slot->all);
    if (attempt->result == LIVE_ANSWERED)
        count_time(slot, attempt->duration_us);
    if (attempt->result == LIVE_ANSWERED || attempt->result == LIVE_REFUSED) {
        atomic_store_explicit(&provider->success_ms, clock_wall_ms(), memory_order_relaxed);
        return;
    }
    count(&slot->failures);
    note_failure(provider, attempt);
}

void live_metrics_count_usage(struct live_metrics_shard *shard, const char *provider_name,
                              enum live_metrics_usage usage)
{
    struct provider *provider = find_provider(shard, provider_name);
    if (provider != NULL)
        metrics_add(&provider->usages[usage], 1);
}

void live_metrics_count_hedge(struct live_metrics_shard *shard, const char *provider_name, bool won)
{
    struct provider *provider = find_provider(shard, provider_name);
    if (provider != NULL)
        metrics_add(&provider->hedges[won], 1);
}

void live_metrics_note_limits(struct live_metrics_shard *shard, const char *provider_name,
                              const struct provider_limits *limits)
{
    struct provider *provider = find_provider(shard, provider_name);
    const struct said_limits said = {clock_wall_ms(), *limits};
    if (provider == NULL)
        return;
    check(pthread_mutex_lock(&provider->mutex) == 0);
    provider->limits = said;
    check(pthread_mutex_unlock(&provider->mutex) == 0);
}

void live_metrics_count_open(struct live_metrics_shard *shard, int64_t calls, int64_t streams)
{
    atomic_store_explicit(&shard->calls_open, calls, memory_order_relaxed);
    atomic_store_explicit(&shard->streams_open, streams, memory_order_relaxed);
}

/* ---- reading ---- */

struct sums {
    int64_t all;
    int64_t client_errors;
    int64_t failures;
    int64_t timed;
    int64_t times[TIME_BUCKETS];
    int64_t usages[METRICS_USAGES];
    int64_t hedges[2];
};

/* Adds the present slot and slot_count slots before it. */
static void add_slots(struct sums *sums, struct slot *slots, int64_t slot_count)
{
    int64_t last = present_tick();
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &slots[i];
        int64_t tick = atomic_load_explicit(&slot->tick, memory_order_acquire);
        if (tick < last - slot_count || tick > last)
            continue;
        sums->all += atomic_load_explicit(&slot->all, memory_order_relaxed);
        sums->client_errors += atomic_load_explicit(&slot->client_errors, memory_order_relaxed);
        sums->failures += atomic_load_explicit(&slot->failures, memory_order_relaxed);
        for (size_t k = 0; k < TIME_BUCKETS; k++) {
            int64_t times = atomic_load_explicit(&slot->times[k], memory_order_relaxed);
            sums->times[k] += times;
            sums->timed += times;
        }
    }
}

/* The length of the window that add_slots reads. */
static int64_t window_s(const struct live_metrics *metrics, int64_t slot_count)
{
    int64_t now_us = clock_mono_us();
    int64_t window_us = now_us - (present_tick() - slot_count) * SLOT_S * 1000000;
    int64_t running_us = now_us - metrics->started_us;
    int64_t seconds = (window_us < running_us ? window_us : running_us) / 1000000;
    return seconds > 0 ? seconds : 1;
}

static int64_t calls_of_rate(struct second *seconds)
{
    int64_t now = present_second();
    int64_t calls = 0;
    for (size_t i = 0; i < SECONDS; i++) {
        int64_t age = now - atomic_load_explicit(&seconds[i].at, memory_order_acquire);
        if (age >= 1 && age <= RATE_S)
            calls += atomic_load_explicit(&seconds[i].calls, memory_order_relaxed);
    }
    return calls;
}

void live_metrics_read(struct live_metrics *metrics, struct live_figures *out)
{
    struct sums sums = {0};
    *out = (struct live_figures){.window_s = window_s(metrics, LIVE_SLOTS), .rate_s = RATE_S};
    for (unsigned i = 0; i < metrics->shard_count; i++) {
        struct live_metrics_shard *shard = &metrics->shards[i];
        add_slots(&sums, shard->slots, LIVE_SLOTS);
        out->rate_calls += calls_of_rate(shard->seconds);
        out->calls_open += atomic_load_explicit(&shard->calls_open, memory_order_relaxed);
        out->streams_open += atomic_load_explicit(&shard->streams_open, memory_order_relaxed);
    }
    out->calls = sums.all;
    out->client_errors = sums.client_errors;
    out->failures = sums.failures;
    memcpy(out->first_byte.counts, sums.times, sizeof sums.times);
    out->first_byte.timed = sums.timed;
}

void live_metrics_render_live(struct live_metrics *metrics, const struct store *store,
                              size_t waiting, struct buffer *out)
{
    struct live_figures figures;
    struct store_totals totals;
    live_metrics_read(metrics, &figures);
    store_totals(store, &totals);
    json_writer_object(out, NULL);
    json_writer_time(out, "now", clock_wall_ms());
    json_writer_time(out, "started_at", metrics->started_ms);
    json_writer_int(out, "workers", metrics->shard_count);
    json_writer_int(out, "requests_open", figures.calls_open);
    json_writer_int(out, "requests_waiting", (int64_t)waiting);
    json_writer_int(out, "streams_open", figures.streams_open);
    json_writer_int(out, "holds_open", totals.open_holds);
    json_writer_money(out, "held", totals.held_nusd);
    json_writer_bool(out, "database_writable", store_writable(store));
    json_writer_int(out, "rate_s", figures.rate_s);
    json_writer_int(out, "rate_requests", figures.rate_calls);
    json_writer_int(out, "window_s", figures.window_s);
    json_writer_int(out, "requests", figures.calls);
    json_writer_int(out, "client_errors", figures.client_errors);
    json_writer_int(out, "server_errors", figures.failures);
    time_buckets_render(figures.first_byte.counts, figures.first_byte.timed, out);
    json_writer_object_end(out);
}

/* What all shards know of a provider. */
struct known {
    struct sums sums;
    int64_t success_ms;
    struct failure last;
    struct said_limits limits;
};

static void add_provider(struct live_metrics *metrics, const char *name, struct known *out)
{
    for (unsigned i = 0; i < metrics->shard_count; i++) {
        struct live_metrics_shard *shard = &metrics->shards[i];
        unsigned known = atomic_load_explicit(&shard->provider_count, memory_order_acquire);
        for (unsigned k = 0; k < known; k++) {
            struct provider *provider =
                atomic_load_explicit(&shard->providers[k], memory_order_relaxed);
            if (strcmp(provider->name, name) != 0)
                continue;
            add_slots(&out->sums, provider->slots, PROVIDER_SLOTS);
            for (size_t n = 0; n < METRICS_USAGES; n++)
                out->sums.usages[n] += metrics_get(&provider->usages[n]);
            for (size_t n = 0; n < 2; n++)
                out->sums.hedges[n] += metrics_get(&provider->hedges[n]);
            int64_t at_ms = atomic_load_explicit(&provider->success_ms, memory_order_relaxed);
            out->success_ms = at_ms > out->success_ms ? at_ms : out->success_ms;
            check(pthread_mutex_lock(&provider->mutex) == 0);
            if (provider->last.at_ms > out->last.at_ms)
                out->last = provider->last;
            if (provider->limits.at_ms > out->limits.at_ms)
                out->limits = provider->limits;
            check(pthread_mutex_unlock(&provider->mutex) == 0);
        }
    }
}

static void render_usages(struct buffer *out, const struct sums *sums)
{
    static const char *const names[METRICS_USAGES] = {[METRICS_REPORTED] = "reported",
                                                      [METRICS_CORRECTED] = "corrected",
                                                      [METRICS_MISSING] = "missing",
                                                      [METRICS_EXCESSIVE] = "excessive"};
    json_writer_object(out, "usage");
    for (size_t i = 0; i < METRICS_USAGES; i++)
        json_writer_int(out, names[i], sums->usages[i]);
    json_writer_object_end(out);
}

static void render_hedges(struct buffer *out, const struct sums *sums)
{
    json_writer_object(out, "hedges");
    json_writer_int(out, "asked", sums->hedges[false]);
    json_writer_int(out, "won", sums->hedges[true]);
    json_writer_object_end(out);
}

static void render_failure(struct buffer *out, const struct failure *failure)
{
    if (failure->at_ms == 0) {
        json_writer_null(out, "last_error");
        return;
    }
    json_writer_object(out, "last_error");
    json_writer_time(out, "at", failure->at_ms);
    json_writer_text(out, "outcome", failure->outcome);
    json_writer_int_or_null(out, "status", failure->status > 0, failure->status);
    json_writer_text(out, "detail", failure->detail);
    json_writer_text_or_null(out, "request_id", failure->exchange_id);
    json_writer_object_end(out);
}

static void render_limits(struct buffer *out, const struct said_limits *said)
{
    static const char *const names[PROVIDER_LIMIT_KINDS] = {
        [PROVIDER_REQUESTS] = "requests", [PROVIDER_TOKENS] = "tokens"};
    if (said->at_ms == 0) {
        json_writer_null(out, "rate_limits");
        return;
    }
    json_writer_object(out, "rate_limits");
    json_writer_time(out, "at", said->at_ms);
    for (size_t i = 0; i < PROVIDER_LIMIT_KINDS; i++) {
        const struct provider_limit *limit = &said->limits.of[i];
        json_writer_object(out, names[i]);
        json_writer_int_or_null(out, "limit", limit->limit >= 0, limit->limit);
        json_writer_int_or_null(out, "remaining", limit->remaining >= 0, limit->remaining);
        json_writer_int_or_null(out, "reset_ms", limit->reset_ms >= 0, limit->reset_ms);
        json_writer_object_end(out);
    }
    json_writer_object_end(out);
}

void live_metrics_render_provider(struct live_metrics *metrics, const char *name,
                                  struct buffer *out)
{
    struct known known = {.success_ms = 0};
    add_provider(metrics, name, &known);
    json_writer_object(out, NULL);
    json_writer_int(out, "window_s", window_s(metrics, PROVIDER_SLOTS));
    json_writer_int(out, "attempts", known.sums.all);
    json_writer_int(out, "failures", known.sums.failures);
    time_buckets_render(known.sums.times, known.sums.timed, out);
    json_writer_time_or_null(out, "last_success_at", known.success_ms);
    render_failure(out, &known.last);
    render_usages(out, &known.sums);
    render_hedges(out, &known.sums);
    render_limits(out, &known.limits);
    json_writer_object_end(out);
}

/* ---- for /metrics ---- */

static struct provider *provider_at(struct live_metrics *metrics, unsigned shard, unsigned index)
{
    struct live_metrics_shard *of = &metrics->shards[shard];
    unsigned known = atomic_load_explicit(&of->provider_count, memory_order_acquire);
    return index < known ? atomic_load_explicit(&of->providers[index], memory_order_relaxed) : NULL;
}

static bool is_in_shards_before(struct live_metrics *metrics, const char *name, unsigned shard)
{
    struct provider *provider;
    for (unsigned i = 0; i < shard; i++) {
        for (unsigned k = 0; (provider = provider_at(metrics, i, k)) != NULL; k++) {
            if (strcmp(provider->name, name) == 0)
                return true;
        }
    }
    return false;
}

static void tell_provider(struct live_metrics *metrics, const char *name,
                          void (*tell)(const struct live_provider *provider, void *arg), void *arg)
{
    struct known known = {.success_ms = 0};
    add_provider(metrics, name, &known);
    struct live_provider told = {.name = name,
                                 .hedges_asked = known.sums.hedges[false],
                                 .hedges_won = known.sums.hedges[true],
                                 .success_ms = known.success_ms};
    memcpy(told.usages, known.sums.usages, sizeof told.usages);
    tell(&told, arg);
}

void live_metrics_each_provider(struct live_metrics *metrics,
                                void (*tell)(const struct live_provider *provider, void *arg),
                                void *arg)
{
    struct provider *provider;
    for (unsigned i = 0; i < metrics->shard_count; i++) {
        for (unsigned k = 0; (provider = provider_at(metrics, i, k)) != NULL; k++) {
            if (text_is_utf8(slice_of(provider->name)) &&
                !is_in_shards_before(metrics, provider->name, i))
                tell_provider(metrics, provider->name, tell, arg);
        }
    }
}
