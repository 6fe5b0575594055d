/* Private to the files of call_metrics.h: the numbers of a shard. */
#ifndef EXCHANGE_CALL_SERIES_H
#define EXCHANGE_CALL_SERIES_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "base/metrics.h"
#include "base/unit.h"
#include "dialect/dialect_kind.h"
#include "exchange/attempt_outcome.h"
#include "exchange/candidate.h"

enum call_status {
    CALL_2XX,
    CALL_3XX,
    CALL_4XX,
    CALL_5XX,
    CALL_BROKEN, /* a stream that began with 200 and ended with an error */
    CALL_LEFT,   /* the client left */
    CALL_STATUSES
};
enum { CALL_OUTCOMES = ATTEMPT_GARBLED + 1, CALL_OWN_KINDS = 3 };
enum { CALL_SLOTS = 512 };                 /* a power of two, and twice the pairs */
enum { CALL_OTHER = LIMIT_METRICS_PAIRS }; /* the place of what has none */
enum { CALL_OTHER_REQUESTS = DIALECTS, CALL_CODE_BYTES = 48 };

/* The names do not change once other threads see it. */
struct call_pair {
    char model[LIMIT_MODEL_NAME_BYTES];
    char provider[CANDIDATE_PROVIDER_BYTES];
    uint64_t hash;
    unsigned place; /* of its series in each shard */
};

/* Of a pair, in a shard. */
struct call_series {
    _Atomic int64_t requests[CALL_STATUSES];
    _Atomic int64_t attempts[CALL_OUTCOMES];
    _Atomic int64_t units[UNIT_COUNT];
    _Atomic int64_t charged_nusd, cost_nusd, overrun_nusd;
    _Atomic int64_t retries, shared;
    struct metrics_histogram total, overhead, first_byte, hold_wait, commit;
};

struct call_code {
    char name[CALL_CODE_BYTES]; /* set before `code_count` counts it */
    _Atomic int64_t count;
};

struct call_metrics_shard {
    struct call_metrics *metrics;
    struct call_series *_Atomic series[LIMIT_METRICS_PAIRS + 1];
    _Atomic int64_t requests[DIALECTS + 1][CALL_STATUSES];
    struct call_code codes[LIMIT_METRICS_CODES];
    _Atomic unsigned code_count;
    _Atomic int64_t other_codes;
    _Atomic int64_t own[CALL_OWN_KINDS], own_cost_nusd[CALL_OWN_KINDS];
};

struct call_metrics {
    /* By hash, then the next free slot. Filled under the mutex, read without. */
    struct call_pair *_Atomic pairs[CALL_SLOTS];
    struct call_pair *_Atomic places[LIMIT_METRICS_PAIRS];
    _Atomic unsigned pair_count;
    pthread_mutex_t mutex;
    unsigned shard_count;
    struct call_metrics_shard *shards[LIMIT_WORKERS];
};

#endif
