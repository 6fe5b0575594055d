#include "exchange/alarm_gate.h"

#include "base/hash.h"

/* A byte that no text has ends each, so that "ab" and "c" differ from "a" and "bc". */
static uint64_t add(uint64_t hash, const char *text)
{
    return hash_on(hash_on(hash, slice_of(text)), slice_of("\xff"));
}

bool alarm_gate_pass(struct alarm_gate *gate, const char *what, const char *model, int64_t now_ms,
                     int64_t *left_out)
{
    uint64_t hash = add(add(HASH_START, what), model) | 1; /* never 0 */
    size_t at = (hash >> 32) % ALARM_GATE_SLOTS;
    *left_out = 0;
    if (gate->slots[at].hash == hash && now_ms < gate->slots[at].next_ms) {
        gate->slots[at].left_out++;
        return false;
    }
    if (gate->slots[at].hash == hash)
        *left_out = gate->slots[at].left_out;
    gate->slots[at].hash = hash;
    gate->slots[at].next_ms = now_ms + ALARM_GATE_PAUSE_MS;
    gate->slots[at].left_out = 0;
    return true;
}
