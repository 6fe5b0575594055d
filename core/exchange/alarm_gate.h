/* Lets an alarm that each call of a model would raise into the log once a minute. One thread: a
 * worker has its own. */
#ifndef EXCHANGE_ALARM_GATE_H
#define EXCHANGE_ALARM_GATE_H

#include <stdbool.h>
#include <stdint.h>

enum { ALARM_GATE_SLOTS = 64, ALARM_GATE_PAUSE_MS = 60 * 1000 };

struct alarm_gate { /* zeroed: nothing was raised */
    struct {
        uint64_t hash; /* of what and model; 0: free */
        int64_t next_ms;
        int64_t left_out;
    } slots[ALARM_GATE_SLOTS];
};

/* Whether to log it now. *left_out: how many were not logged since the last one. `what` and `model`
 * tell alarms apart; if two share a slot, one may be logged more often. */
bool alarm_gate_pass(struct alarm_gate *gate, const char *what, const char *model, int64_t now_ms,
                     int64_t *left_out);

#endif
