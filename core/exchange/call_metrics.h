/* What /metrics says of calls to models since the start: by model and provider, in a shard for each
 * worker (base/metrics.h). The last minutes are in live_metrics.h, which owns these.
 *
 * LIMIT_METRICS_PAIRS of a model and a provider have series of their own; all further ones share
 * one, "other". A pair stays until the process ends, also when a reload sells it no longer: a
 * counter that vanishes and comes back would look like a restart. */
#ifndef EXCHANGE_CALL_METRICS_H
#define EXCHANGE_CALL_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/metrics_text.h"
#include "base/unit.h"
#include "dialect/dialect_kind.h"
#include "exchange/attempt_outcome.h"

struct call_metrics;
struct call_metrics_shard;

struct call_metrics *call_metrics_new(unsigned shard_count);
void call_metrics_free(struct call_metrics *metrics);
struct call_metrics_shard *call_metrics_shard(struct call_metrics *metrics, unsigned index);

/* ---- for the worker ---- */

/* How a request ended. Texts are borrowed. */
struct call_end {
    /* A call to a model by its dialect, or any other request. */
    bool asks_model;
    enum dialect dialect;
    int status;       /* 0: the client left before it had one */
    bool broken;      /* its stream ended with an error */
    const char *code; /* of the error; "": there was none */
    /* Only of calls to models. "": not known; a provider only where one was asked. */
    const char *model, *provider;
    int attempts;
    bool shared; /* its answer is that of an identical call */
    int64_t total_us;
    /* Without what it waited for providers; -1: none was asked, or there was no such thing. */
    int64_t overhead_us;
    int64_t first_byte_us, hold_wait_us, commit_us;
    const struct unit_counts *units; /* that were charged; NULL: nothing was */
    int64_t charged_nusd, cost_nusd, overrun_nusd;
    const struct metrics_trace *trace; /* NULL: it has none */
};
void call_metrics_count(struct call_metrics_shard *shard, const struct call_end *end);
/* An attempt that was decided. */
void call_metrics_count_attempt(struct call_metrics_shard *shard, const char *model,
                                const char *provider, enum attempt_outcome outcome);

/* Calls of our own making, which no customer pays. */
enum call_own { CALL_SHADOW, CALL_HEDGE, CALL_TEST };
/* cost_nusd < 0: not known. */
void call_metrics_count_own(struct call_metrics_shard *shard, enum call_own kind,
                            int64_t cost_nusd);

/* ---- for any thread ---- */

/* Writes all families of these. */
void call_metrics_render(struct call_metrics *metrics, struct metrics_text *text);

#endif
