/* What a worker's exchanges share: its loop, what it asks others with, and the registries that all
 * workers have together. */
#ifndef EXCHANGE_EXCHANGE_ENV_H
#define EXCHANGE_EXCHANGE_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange/alarm_gate.h"
#include "store/turns.h"

struct access_tokens;
struct balances;
struct alerts;
struct exchange;
struct fair_pool;
struct health;
struct hedge_budgets;
struct job_queue;
struct limit_queues;
struct limiter;
struct live_metrics;
struct live_metrics_shard;
struct loop;
struct quotes;
struct rates;
struct processor;
struct secret;
struct shared_calls;
struct spending;
struct store;
struct survey;
struct trace_feed;
struct trial_watch;
struct upstream;

/* Owned by the worker. */
struct exchange_env {
    struct loop *loop;
    struct job_queue *queue; /* its jobs come back here */
    struct upstream *upstream;
    struct store *store;
    /* Shared by all workers: */
    struct limiter *limiter;
    struct quotes *quotes;
    struct rates *rates;
    struct survey *survey;
    struct health *health;
    struct limit_queues *limit_queues;
    struct shared_calls *shared_calls;
    struct trial_watch *trial_watch;
    struct hedge_budgets *hedges;
    struct alerts *alerts;
    struct spending *spending;
    struct balances *balances;
    struct access_tokens *tokens;
    const struct processor *processor; /* of payments; its name may be NULL: there are none */
    struct fair_pool *helpers;         /* hash passwords */
    int64_t body_bytes_max;
    int64_t form_bytes_max;
    struct live_metrics *metrics; /* this worker writes its `shard` */
    struct live_metrics_shard *shard;
    const struct secret *secret;
    int64_t keepalive_comment_ms;
    int64_t first_event_wait_ms;
    int64_t hold_expiry_ms;
    bool stopping;                /* no shadow begins any more */
    unsigned shadow_count;        /* that are not freed */
    size_t shadow_bytes;          /* bodies of their requests */
    unsigned hedge_count;         /* that are not freed */
    unsigned test_call_count;     /* likewise */
    unsigned turn_lookups;        /* under way */
    size_t brought_bytes;         /* bodies of requests that were made whole (kept_turns.h) */
    struct turn_terms turn_terms; /* of what the gateway itself keeps; keep_ms 0: nothing */
    const char *public_url;       /* the gateway's address for customers; no slash at the end */
    struct exchange *live;        /* list of all exchanges that are not freed */
    size_t live_count;
    size_t detached_count; /* how many of them are detached */
    unsigned large_events; /* streams that have room for a large event */
    size_t detached_bytes; /* request bodies of the detached exchanges */
    uint64_t revocations;  /* the directory's count when revocation_due last looked */
    uint64_t served;
    struct alarm_gate alarms;
    struct trace_feed *traces; /* of this worker; NULL: nothing is traced */
};

#endif
