/* Live metrics: calls to models in the last minutes, open streams, the health of each provider.
 * Each worker keeps a shard of its own without a lock; a reader adds the shards up. The numbers are
 * those of the running process; payments are in the ledger. What is counted since the start, by
 * model, is in call_metrics.h, whose shards are parts of these.
 *
 * Only its worker's thread writes a shard; any thread reads it. Fields that change often are
 * atomic, each by itself, so one sum may be a call ahead of another. */
#ifndef EXCHANGE_LIVE_METRICS_H
#define EXCHANGE_LIVE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "exchange/time_buckets.h"

struct call_metrics;
struct call_metrics_shard;
struct live_metrics;
struct live_metrics_shard;
struct provider_limits;
struct store;

struct live_metrics *live_metrics_new(unsigned shard_count);
void live_metrics_free(struct live_metrics *metrics);
struct live_metrics_shard *live_metrics_shard(struct live_metrics *metrics, unsigned index);
struct call_metrics *live_metrics_calls(struct live_metrics *metrics);

/* ---- for the worker ---- */

struct call_metrics_shard *live_metrics_call_shard(struct live_metrics_shard *shard);

/* Counts a call to a model that has ended with this status. `failed`: by an error in its stream. */
void live_metrics_count_call(struct live_metrics_shard *shard, int status, bool failed,
                             int64_t first_byte_us);

enum live_result { LIVE_ANSWERED, LIVE_REFUSED, LIVE_FAILED, LIVE_CUT };

/* An attempt that was decided, or was cut in the middle of its answer. */
struct live_attempt {
    const char *provider;
    enum live_result result;
    int64_t duration_us;
    /* for LIVE_FAILED and LIVE_CUT only */
    const char *outcome; /* a word, such as "timeout" */
    const char *detail;
    const char *exchange_id;
    int status;
};
void live_metrics_count_attempt(struct live_metrics_shard *shard,
                                const struct live_attempt *attempt);

/* What we did with the counts of a provider's answer. A provider that needs corrections is
 * shown. */
enum live_metrics_usage { METRICS_REPORTED, METRICS_CORRECTED, METRICS_MISSING, METRICS_EXCESSIVE };
enum { METRICS_USAGES = METRICS_EXCESSIVE + 1 };
void live_metrics_count_usage(struct live_metrics_shard *shard, const char *provider_name,
                              enum live_metrics_usage usage);
/* A second request (hedging.h) begins there; `won`: it has answered first. */
void live_metrics_count_hedge(struct live_metrics_shard *shard, const char *provider_name,
                              bool won);
/* Notes what the provider has said of its limits on us. */
void live_metrics_note_limits(struct live_metrics_shard *shard, const char *provider_name,
                              const struct provider_limits *limits);
/* Sets how many calls and streams are open; every tick. */
void live_metrics_count_open(struct live_metrics_shard *shard, int64_t calls, int64_t streams);

/* ---- for any thread ---- */

struct live_figures {
    int64_t calls_open;
    int64_t streams_open;
    int64_t rate_s;     /* the last whole seconds */
    int64_t rate_calls; /* that ended in them */
    int64_t window_s;   /* of what follows: about a minute */
    int64_t calls;
    int64_t client_errors;
    int64_t failures;
    struct time_sums first_byte;
};
void live_metrics_read(struct live_metrics *metrics, struct live_figures *out);
/* JSON: what is open, and the last minute. `waiting`: calls that wait for a provider's limit. */
void live_metrics_render_live(struct live_metrics *metrics, const struct store *store,
                              size_t waiting, struct buffer *out);
/* JSON: {window_s, attempts, failures, first_byte_ms, last_success_at, last_error, usage,
 * hedges, rate_limits (null, or what was said last)} of a provider in the last five minutes.
 * `usage` counts answers since the start, by their token counts: {reported, corrected, missing,
 * excessive (more than model and request allow)}; `hedges` second requests since the start: {asked,
 * won}. */
void live_metrics_render_provider(struct live_metrics *metrics, const char *name,
                                  struct buffer *out);

/* What is counted of a provider since the start, for /metrics. The name is borrowed. */
struct live_provider {
    const char *name;
    int64_t usages[METRICS_USAGES];
    int64_t hedges_asked, hedges_won;
    int64_t success_ms; /* wall clock; 0: never */
};
/* Tells once of each provider whose name is UTF-8: what is shown as something else would be on the
 * page twice. */
void live_metrics_each_provider(struct live_metrics *metrics,
                                void (*tell)(const struct live_provider *provider, void *arg),
                                void *arg);

#endif
