/* What the shards of call_metrics.h say together, as families of Prometheus. */
#include <stddef.h>
#include <string.h>

#include "dialect/dialect.h"
#include "exchange/call_metrics.h"
#include "exchange/call_series.h"

static const char *const status_names[CALL_STATUSES] = {
    [CALL_2XX] = "2xx", [CALL_3XX] = "3xx",       [CALL_4XX] = "4xx",
    [CALL_5XX] = "5xx", [CALL_BROKEN] = "broken", [CALL_LEFT] = "left"};

/* ---- sums over the shards ---- */

static const struct call_series *series_at(const struct call_metrics *metrics, unsigned shard,
                                           unsigned place)
{
    return atomic_load_explicit(&metrics->shards[shard]->series[place], memory_order_acquire);
}

static int64_t sum_at(const struct call_metrics *metrics, unsigned place, size_t offset)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < metrics->shard_count; i++) {
        const struct call_series *series = series_at(metrics, i, place);
        if (series != NULL)
            sum +=
                metrics_get((const _Atomic int64_t *)(const void *)((const char *)series + offset));
    }
    return sum;
}

/* Of an array of a series. */
static int64_t sum_of(const struct call_metrics *metrics, unsigned place, size_t offset,
                      unsigned index)
{
    return sum_at(metrics, place, offset + index * sizeof(_Atomic int64_t));
}

static struct metrics_sums times_at(const struct call_metrics *metrics, unsigned place,
                                    size_t offset)
{
    struct metrics_sums sums = {.sum_us = 0};
    for (unsigned i = 0; i < metrics->shard_count; i++) {
        const struct call_series *series = series_at(metrics, i, place);
        if (series != NULL)
            metrics_sum(
                (const struct metrics_histogram *)(const void *)((const char *)series + offset),
                &sums);
    }
    return sums;
}

/* ---- pairs ---- */

/* The labels of one; a further one may be put behind them. */
struct pair_labels {
    unsigned place;
    struct metrics_label labels[METRICS_LABELS];
};

static bool is_used(const struct call_metrics *metrics, unsigned place)
{
    for (unsigned i = 0; i < metrics->shard_count; i++) {
        if (series_at(metrics, i, place) != NULL)
            return true;
    }
    return false;
}

static void label_pair(const struct call_metrics *metrics, unsigned place, struct pair_labels *out)
{
    const struct call_pair *pair =
        place < CALL_OTHER ? atomic_load_explicit(&metrics->places[place], memory_order_relaxed)
                           : NULL;
    *out = (struct pair_labels){.place = place,
                                .labels = {{"model", pair != NULL ? pair->model : "other"},
                                           {"provider", pair != NULL ? pair->provider : "other"}}};
}

/* Moves to the next pair that is used; begins with `place` UINT32_MAX. Returns false behind the
 * last. */
static bool next_pair(const struct call_metrics *metrics, unsigned *place, struct pair_labels *out)
{
    unsigned count = atomic_load_explicit(&metrics->pair_count, memory_order_acquire);
    for (unsigned next = *place + 1; next <= CALL_OTHER; next++) {
        if ((next < count || next == CALL_OTHER) && is_used(metrics, next)) {
            *place = next;
            label_pair(metrics, next, out);
            return true;
        }
    }
    return false;
}

/* ---- families ---- */

/* A counter with a third label, of which a series has so many values. */
struct labelled {
    const char *name, *help, *label;
    size_t offset;
    unsigned count;
    const char *(*value_of)(unsigned index); /* NULL: it is not shown here */
    unsigned always;                         /* bits: those shown though they are zero */
};

static const char *status_of(unsigned index)
{
    return status_names[index];
}

static const char *outcome_of(unsigned index)
{
    return index == ATTEMPT_NONE ? NULL : attempt_outcome_name((enum attempt_outcome)index);
}

static const char *token_of(unsigned index)
{
    return unit_is_token((enum unit)index) ? unit_name((enum unit)index) : NULL;
}

static const char *other_unit_of(unsigned index)
{
    return unit_is_token((enum unit)index) ? NULL : unit_name((enum unit)index);
}

static const struct labelled labelled[] = {
    {"llm_gateway_requests",
     "Calls to models that have ended, by the status that the client got: a class of HTTP; broken: "
     "a stream that began with 200 and ended with an error; left: the client left.",
     "status", offsetof(struct call_series, requests), CALL_STATUSES, status_of, ~0U},
    {"llm_gateway_attempts",
     "Tries at a provider that were decided, by how; those of hedges and test calls are among "
     "them.",
     "outcome", offsetof(struct call_series, attempts), CALL_OUTCOMES, outcome_of, ~0U},
    {"llm_gateway_tokens", "Tokens that were charged, by their unit; no token is in two units.",
     "unit", offsetof(struct call_series, units), UNIT_COUNT, token_of,
     1U << UNIT_INPUT | 1U << UNIT_OUTPUT},
    {"llm_gateway_other_units",
     "What was charged beside tokens, by its unit: searches, pictures, seconds, characters.",
     "unit", offsetof(struct call_series, units), UNIT_COUNT, other_unit_of, 0},
};

static void render_labelled(const struct call_metrics *metrics, const struct labelled *family,
                            struct metrics_text *text)
{
    struct pair_labels pair;
    unsigned place = UINT32_MAX;
    metrics_family(text, METRICS_COUNTER, family->name, "", family->help);
    while (next_pair(metrics, &place, &pair)) {
        for (unsigned i = 0; i < family->count; i++) {
            const char *value = family->value_of(i);
            int64_t sum = sum_of(metrics, place, family->offset, i);
            if (value == NULL || (sum == 0 && (family->always >> i & 1) == 0))
                continue;
            pair.labels[2] = (struct metrics_label){family->label, value};
            metrics_int(text, pair.labels, sum);
        }
    }
}

/* A number of a series. */
struct plain {
    const char *name, *unit, *help;
    size_t offset;
};

static const struct plain plain[] = {
    {"llm_gateway_retries", "", "Attempts of a call behind its first one.",
     offsetof(struct call_series, retries)},
    {"llm_gateway_shared_answers", "", "Calls that got the answer of an identical one.",
     offsetof(struct call_series, shared)},
    {"llm_gateway_charged_dollars", "dollars", "What customers were charged.",
     offsetof(struct call_series, charged_nusd)},
    {"llm_gateway_cost_dollars", "dollars", "What providers charge for customers' calls.",
     offsetof(struct call_series, cost_nusd)},
    {"llm_gateway_overrun_dollars", "dollars",
     "The part of prices above their holds, which the operator pays.",
     offsetof(struct call_series, overrun_nusd)},
};

static void render_plain(const struct call_metrics *metrics, const struct plain *family,
                         struct metrics_text *text)
{
    struct pair_labels pair;
    unsigned place = UINT32_MAX;
    metrics_family(text, METRICS_COUNTER, family->name, family->unit, family->help);
    while (next_pair(metrics, &place, &pair)) {
        int64_t sum = sum_at(metrics, place, family->offset);
        if (family->unit[0] != '\0')
            metrics_dollars(text, pair.labels, sum);
        else
            metrics_int(text, pair.labels, sum);
    }
}

struct timed {
    const char *name, *help;
    size_t offset;
    const int64_t *bounds_us;
};

static const struct timed timed[] = {
    {"llm_gateway_request_duration_seconds",
     "Calls to models, from the whole request's arrival to the last byte of the answer.",
     offsetof(struct call_series, total), metrics_long_us},
    {"llm_gateway_first_byte_seconds",
     "From the request's arrival to the first byte of the answer to the client.",
     offsetof(struct call_series, first_byte), metrics_long_us},
    {"llm_gateway_overhead_seconds",
     "The duration of a call without what it waited for providers: from when one is asked to the "
     "last byte that came of it, or to its failure, and in its limit queue.",
     offsetof(struct call_series, overhead), metrics_short_us},
    {"llm_gateway_hold_wait_seconds",
     "From a hold's acceptance until it was durable; the provider is asked meanwhile.",
     offsetof(struct call_series, hold_wait), metrics_short_us},
    {"llm_gateway_commit_seconds",
     "From a settlement's beginning until the charge was durable, which the last byte waits for.",
     offsetof(struct call_series, commit), metrics_short_us},
};

static void render_timed(const struct call_metrics *metrics, const struct timed *family,
                         struct metrics_text *text)
{
    struct pair_labels pair;
    unsigned place = UINT32_MAX;
    metrics_family(text, METRICS_HISTOGRAM, family->name, "seconds", family->help);
    while (next_pair(metrics, &place, &pair)) {
        struct metrics_sums sums = times_at(metrics, place, family->offset);
        metrics_times(text, pair.labels, family->bounds_us, &sums);
    }
}

static void render_endpoints(const struct call_metrics *metrics, struct metrics_text *text)
{
    metrics_family(text, METRICS_COUNTER, "llm_gateway_endpoint_requests", "",
                   "Requests that have ended, by the dialect of the call; other: no call to a "
                   "model, or one that was refused before its body was read.");
    for (unsigned endpoint = 0; endpoint <= CALL_OTHER_REQUESTS; endpoint++) {
        for (unsigned status = 0; status < CALL_STATUSES; status++) {
            const struct metrics_label labels[] = {
                {"endpoint",
                 endpoint < CALL_OTHER_REQUESTS ? dialect_name((enum dialect)endpoint) : "other"},
                {"status", status_names[status]},
                {NULL, NULL}};
            int64_t sum = 0;
            for (unsigned i = 0; i < metrics->shard_count; i++)
                sum += metrics_get(&metrics->shards[i]->requests[endpoint][status]);
            if (sum > 0)
                metrics_int(text, labels, sum);
        }
    }
}

/* ---- codes: each shard has its own list ---- */

static int64_t sum_code(const struct call_metrics *metrics, const char *name, unsigned from)
{
    int64_t sum = 0;
    for (unsigned i = from; i < metrics->shard_count; i++) {
        const struct call_metrics_shard *shard = metrics->shards[i];
        unsigned count = atomic_load_explicit(&shard->code_count, memory_order_acquire);
        for (unsigned k = 0; k < count; k++) {
            if (strcmp(shard->codes[k].name, name) == 0)
                sum += metrics_get(&shard->codes[k].count);
        }
    }
    return sum;
}

static bool was_shown(const struct call_metrics *metrics, const char *name, unsigned before)
{
    for (unsigned i = 0; i < before; i++) {
        const struct call_metrics_shard *shard = metrics->shards[i];
        unsigned count = atomic_load_explicit(&shard->code_count, memory_order_acquire);
        for (unsigned k = 0; k < count; k++) {
            if (strcmp(shard->codes[k].name, name) == 0)
                return true;
        }
    }
    return false;
}

static void render_codes(const struct call_metrics *metrics, struct metrics_text *text)
{
    int64_t other = 0;
    metrics_family(text, METRICS_COUNTER, "llm_gateway_errors", "",
                   "Requests that ended with an error, by its code; other: of the hundred and "
                   "first code on.");
    for (unsigned i = 0; i < metrics->shard_count; i++) {
        const struct call_metrics_shard *shard = metrics->shards[i];
        unsigned count = atomic_load_explicit(&shard->code_count, memory_order_acquire);
        other += metrics_get(&shard->other_codes);
        for (unsigned k = 0; k < count; k++) {
            const struct metrics_label labels[] = {{"code", shard->codes[k].name}, {NULL, NULL}};
            if (!was_shown(metrics, shard->codes[k].name, i))
                metrics_int(text, labels, sum_code(metrics, shard->codes[k].name, i));
        }
    }
    const struct metrics_label labels[] = {{"code", "other"}, {NULL, NULL}};
    metrics_int(text, labels, other);
}

static void render_own(const struct call_metrics *metrics, struct metrics_text *text)
{
    static const char *const names[CALL_OWN_KINDS] = {
        [CALL_SHADOW] = "shadow", [CALL_HEDGE] = "hedge", [CALL_TEST] = "test_call"};
    metrics_family(text, METRICS_COUNTER, "llm_gateway_own_calls", "",
                   "Calls that no customer has asked for and that have ended.");
    for (unsigned pass = 0; pass < 2; pass++) {
        if (pass == 1)
            metrics_family(text, METRICS_COUNTER, "llm_gateway_own_calls_cost_dollars", "dollars",
                           "What providers charge for those, as far as it is known.");
        for (unsigned kind = 0; kind < CALL_OWN_KINDS; kind++) {
            const struct metrics_label labels[] = {{"kind", names[kind]}, {NULL, NULL}};
            int64_t calls = 0, cost_nusd = 0;
            for (unsigned i = 0; i < metrics->shard_count; i++) {
                calls += metrics_get(&metrics->shards[i]->own[kind]);
                cost_nusd += metrics_get(&metrics->shards[i]->own_cost_nusd[kind]);
            }
            if (pass == 0)
                metrics_int(text, labels, calls);
            else
                metrics_dollars(text, labels, cost_nusd);
        }
    }
}

void call_metrics_render(struct call_metrics *metrics, struct metrics_text *text)
{
    for (size_t i = 0; i < sizeof labelled / sizeof *labelled; i++)
        render_labelled(metrics, &labelled[i], text);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        render_plain(metrics, &plain[i], text);
    for (size_t i = 0; i < sizeof timed / sizeof *timed; i++)
        render_timed(metrics, &timed[i], text);
    render_endpoints(metrics, text);
    render_codes(metrics, text);
    render_own(metrics, text);
}
