/* What goes on right now: calls to models in the last minutes, streams that are open, how each
 * provider does. Kept by each worker in a shard of its own, without a lock; whoever asks adds the
 * shards up. Numbers of the running process only: what is paid for is in the ledger.
 *
 * A shard is written by its worker's thread alone and read by any; all that is written often is
 * atomic, each number by itself, so that a sum may be a call ahead of another. */
#ifndef EXCHANGE_LIVE_METRICS_H
#define EXCHANGE_LIVE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct live_metrics;
struct live_metrics_shard;
struct store;

struct live_metrics *live_metrics_new(unsigned shard_count);
void live_metrics_free(struct live_metrics *metrics);
struct live_metrics_shard *live_metrics_shard(struct live_metrics *metrics, unsigned index);

/* ---- by the worker ---- */

/* A call to a model has ended: with this status, or by an error in its stream. */
void live_metrics_count_call(struct live_metrics_shard *shard, int status, bool failed,
                             int64_t first_byte_us);

enum live_result { LIVE_ANSWERED, LIVE_REFUSED, LIVE_FAILED, LIVE_CUT };

/* An attempt that has been decided, or was cut in the middle of its answer. */
struct live_attempt {
    const char *provider;
    enum live_result result;
    int64_t duration_us;
    /* of one that has failed or was cut */
    const char *outcome; /* a word: "timeout" */
    const char *detail;
    const char *exchange_id;
    int status;
};
void live_metrics_count_attempt(struct live_metrics_shard *shard,
                                const struct live_attempt *attempt);

/* What became of the counts of its answer: those of a provider that needs correcting are shown. */
enum live_metrics_usage { METRICS_REPORTED, METRICS_CORRECTED, METRICS_MISSING, METRICS_EXCESSIVE };
enum { METRICS_USAGES = METRICS_EXCESSIVE + 1 };
void live_metrics_count_usage(struct live_metrics_shard *shard, const char *provider_name,
                              enum live_metrics_usage usage);
/* How many calls and streams are open; every tick. */
void live_metrics_count_open(struct live_metrics_shard *shard, int64_t calls, int64_t streams);

/* ---- by anybody ---- */

/* JSON: what is open and what the last minute was like. */
void live_metrics_render_live(struct live_metrics *metrics, const struct store *store,
                              struct buffer *out);
/* JSON: {window_s, attempts, failures, first_byte_ms, last_success_at, last_error, usage} of a
 * provider in the last five minutes; usage since the start: how many answers had counts that were
 * {reported, corrected, missing, excessive (more than model and request allow)}. */
void live_metrics_render_provider(struct live_metrics *metrics, const char *name,
                                  struct buffer *out);

#endif
