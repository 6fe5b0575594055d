#include "exchange/alarm_gate.h"

#include <stddef.h>

/* FNV-1a. */
static uint64_t add(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

bool alarm_gate_pass(struct alarm_gate *gate, const char *what, const char *model, int64_t now_ms,
                     int64_t *left_out)
{
    uint64_t hash = add(add(UINT64_C(0xcbf29ce484222325), what), model) | 1; /* never 0 */
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
