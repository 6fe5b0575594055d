/* What calls to one place did in the last 30 seconds, in slots of three: less than 7 KB a place,
 * for its times are counts of lengths (time_buckets.h). The caller has the lock and the time. */
#ifndef EXCHANGE_HEALTH_WINDOW_H
#define EXCHANGE_HEALTH_WINDOW_H

#include <stdint.h>

#include "base/buffer.h"
#include "exchange/time_buckets.h"

/* How an attempt ended, as far as the provider's health goes. */
enum health_result {
    HEALTH_ANSWERED,
    HEALTH_REFUSED,  /* by the customer's fault: the provider is well */
    HEALTH_FAILED,   /* not reached, broken off, too late, 5xx, no answer */
    HEALTH_LIMITED,  /* our rate limit there */
    HEALTH_DENIED,   /* our account there, beyond doubt: 401, 402, a quota that is used up */
    HEALTH_FORBIDDEN /* perhaps a customer's fault: 403, a model that it does not know */
};
enum { HEALTH_RESULTS = HEALTH_FORBIDDEN + 1 };

enum { HEALTH_SLOT_MS = 3000, HEALTH_SLOTS = 10 };

struct health_slot {
    int64_t tick; /* the three seconds that it counts */
    uint32_t results[HEALTH_RESULTS];
    uint32_t cuts; /* answers that broke off; they count among the answered ones, too */
    struct time_counts first_byte; /* until an answer began */
    struct time_counts total;      /* of whole answers */
};

/* How long whole plain answers took, for hedging.h: 30 seconds have too few of them to know a high
 * quantile. The present five minutes and the ones before. */
enum { HEALTH_SPAN_MS = 300000 };
struct health_span {
    int64_t tick; /* the five minutes that it counts */
    struct time_counts plain;
};

struct health_window { /* zeroed: nothing happened */
    struct health_slot slots[HEALTH_SLOTS];
    struct health_span spans[2];
};

struct health_sums {
    int64_t calls;
    int64_t failures; /* HEALTH_FAILED, HEALTH_FORBIDDEN and cuts */
    int64_t results[HEALTH_RESULTS];
    int64_t cuts;
    int64_t answered;
    struct time_sums first_byte, total;
};

void health_window_count(struct health_window *window, enum health_result result, int64_t took_us,
                         int64_t now_ms);
/* A whole answer has come; its attempt was counted. */
void health_window_count_end(struct health_window *window, int64_t took_us, int64_t now_ms);
void health_window_count_cut(struct health_window *window, int64_t now_ms);
/* A whole plain answer has come; its attempt was counted. */
void health_window_count_plain(struct health_window *window, int64_t took_us, int64_t now_ms);
/* Those of the last five to ten minutes. */
void health_window_sum_plain(const struct health_window *window, int64_t now_ms,
                             struct time_sums *out);
/* The last `span_ms`, at most 30 seconds. */
void health_window_sum(const struct health_window *window, int64_t span_ms, int64_t now_ms,
                       struct health_sums *out);
/* JSON members: calls, failures, results by their names (with `cut`), first_byte_ms, total_ms. */
void health_window_render(const struct health_sums *sums, struct buffer *out);

#endif
