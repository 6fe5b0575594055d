/* Where the time of an exchange goes: what it waited for a provider, for its hold, for its charge.
 * Pure: the caller has the clock (clock_mono_us). Zeroed: nothing yet. */
#ifndef EXCHANGE_CALL_TIMES_H
#define EXCHANGE_CALL_TIMES_H

#include <stdint.h>

struct call_times {
    int64_t asked_us;    /* since when a provider is waited for; 0: none is */
    int64_t provider_us; /* waited for providers before that */
    int64_t held_us;     /* when the hold was accepted, settled likewise; 0: never */
    int64_t settled_us;
    int64_t hold_wait_us; /* until the hold was durable; 0: never */
    int64_t commit_us;    /* until the charge was */
};

/* A provider is asked, or something else of it is waited for, if that has not begun before. */
static inline void call_times_ask(struct call_times *times, int64_t now_us)
{
    if (times->asked_us == 0)
        times->asked_us = now_us;
}

/* Nothing more is waited for since then. Times before the question count as none. */
static inline void call_times_answer(struct call_times *times, int64_t at_us)
{
    if (times->asked_us != 0 && at_us > times->asked_us)
        times->provider_us += at_us - times->asked_us;
    times->asked_us = 0;
}

#endif
