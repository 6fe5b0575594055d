/* A circuit breaker: whether calls may go somewhere that has failed. Its words are those of Envoy's
 * outlier detection: what fails is ejected for base_ejection_ms, twice as long each further time,
 * at most for max_ejection_ms.
 *
 *   CLOSED     all calls may go there
 *   OPEN       none, until the ejection has passed
 *   HALF_OPEN  one has gone there, the probe: its end closes the breaker, or opens it again
 *
 * Pure: the caller has the lock, and the time. */
#ifndef EXCHANGE_BREAKER_H
#define EXCHANGE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

/* What opens it. Of both rules one is enough. base_ejection_ms 0: nothing does. */
struct breaker_terms {
    int64_t consecutive_failures; /* so many, one after the other; 0: they are not counted */
    int64_t failure_percent;      /* of the calls that were observed; 0: not looked at */
    int64_t minimum_calls;        /* fewer say nothing about a percentage */
    int64_t base_ejection_ms;
    int64_t max_ejection_ms;
};

/* A zeroed one is closed. */
struct breaker {
    enum breaker_state state;
    int64_t consecutive; /* failures since the last success */
    int64_t ejections;   /* how often the pause was doubled */
    int64_t until_ms;    /* of an ejection; half open: when the probe is given up */
    int64_t relaxed_ms;  /* when `ejections` was last made less */
};

/* How a call came through. */
enum breaker_pass { BREAKER_NO, BREAKER_CALL, BREAKER_PROBE };
/* What a result has changed. */
enum breaker_change { BREAKER_STAYS, BREAKER_OPENS, BREAKER_CLOSES };

/* A probe is given up after this time if its end was not told. */
enum { BREAKER_PROBE_MS = 120000 };

/* A pause that doubles with each further time: base_ms, twice that, ..., at most most_ms. */
int64_t breaker_pause_ms(int64_t base_ms, int64_t times, int64_t most_ms);

/* Whether breaker_enter would let a call through. */
bool breaker_admits(const struct breaker *breaker, int64_t now_ms);
/* Lets a call through, or not. A caller that gets BREAKER_PROBE tells its end, or releases it. */
enum breaker_pass breaker_enter(struct breaker *breaker, int64_t now_ms);
/* A probe has ended without a result: the next call may be one. */
void breaker_release(struct breaker *breaker, int64_t now_ms);

/* The results of calls. `pass` is what let them through; a call that was made though the breaker
 * was open counts as a probe. Those that began before it opened change nothing any more. */
enum breaker_change breaker_succeed(struct breaker *breaker, enum breaker_pass pass,
                                    const struct breaker_terms *terms, int64_t now_ms);
/* `failures` of `calls` is what was observed, with this one. `at_once`: one failure is enough. */
enum breaker_change breaker_fail(struct breaker *breaker, enum breaker_pass pass,
                                 const struct breaker_terms *terms, int64_t failures, int64_t calls,
                                 bool at_once, int64_t now_ms);

#endif
