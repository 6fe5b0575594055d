#include "exchange/breaker.h"

bool breaker_admits(const struct breaker *breaker, int64_t now_ms)
{
    return breaker->state == BREAKER_CLOSED || now_ms >= breaker->until_ms;
}

enum breaker_pass breaker_enter(struct breaker *breaker, int64_t now_ms)
{
    if (breaker->state == BREAKER_CLOSED)
        return BREAKER_CALL;
    if (now_ms < breaker->until_ms)
        return BREAKER_NO;
    breaker->state = BREAKER_HALF_OPEN;
    breaker->until_ms = now_ms + BREAKER_PROBE_MS;
    return BREAKER_PROBE;
}

void breaker_release(struct breaker *breaker, int64_t now_ms)
{
    if (breaker->state != BREAKER_HALF_OPEN)
        return;
    breaker->state = BREAKER_OPEN;
    breaker->until_ms = now_ms;
}

int64_t breaker_pause_ms(int64_t base_ms, int64_t times, int64_t most_ms)
{
    int64_t ms = base_ms;
    for (int64_t i = 0; i < times && ms < most_ms; i++)
        ms *= 2;
    return ms < most_ms ? ms : most_ms;
}

static enum breaker_change eject(struct breaker *breaker, const struct breaker_terms *terms,
                                 int64_t now_ms)
{
    int64_t ms =
        breaker_pause_ms(terms->base_ejection_ms, breaker->ejections, terms->max_ejection_ms);
    breaker->state = BREAKER_OPEN;
    breaker->until_ms = now_ms + ms;
    breaker->consecutive = 0;
    if (ms < terms->max_ejection_ms)
        breaker->ejections++;
    breaker->relaxed_ms = breaker->until_ms;
    return BREAKER_OPENS;
}

/* What has been well for as long as the longest ejection is ejected for less the next time. */
static void relax(struct breaker *breaker, const struct breaker_terms *terms, int64_t now_ms)
{
    if (breaker->ejections == 0 || now_ms - breaker->relaxed_ms < terms->max_ejection_ms)
        return;
    breaker->ejections--;
    breaker->relaxed_ms = now_ms;
}

enum breaker_change breaker_succeed(struct breaker *breaker, enum breaker_pass pass,
                                    const struct breaker_terms *terms, int64_t now_ms)
{
    if (breaker->state != BREAKER_CLOSED && pass != BREAKER_PROBE)
        return BREAKER_STAYS;
    bool closes = breaker->state != BREAKER_CLOSED;
    breaker->state = BREAKER_CLOSED;
    breaker->consecutive = 0;
    if (closes)
        breaker->relaxed_ms = now_ms;
    else
        relax(breaker, terms, now_ms);
    return closes ? BREAKER_CLOSES : BREAKER_STAYS;
}

static bool is_too_much(const struct breaker *breaker, const struct breaker_terms *terms,
                        int64_t failures, int64_t calls)
{
    if (terms->consecutive_failures > 0 && breaker->consecutive >= terms->consecutive_failures)
        return true;
    return terms->failure_percent > 0 && calls >= terms->minimum_calls &&
           failures * 100 >= calls * terms->failure_percent;
}

enum breaker_change breaker_fail(struct breaker *breaker, enum breaker_pass pass,
                                 const struct breaker_terms *terms, int64_t failures, int64_t calls,
                                 bool at_once, int64_t now_ms)
{
    if (terms->base_ejection_ms == 0)
        return BREAKER_STAYS;
    if (breaker->state != BREAKER_CLOSED) {
        if (pass != BREAKER_PROBE)
            return BREAKER_STAYS;
        (void)eject(breaker, terms, now_ms);
        return BREAKER_STAYS; /* it was not closed in between */
    }
    breaker->consecutive++;
    if (!at_once && !is_too_much(breaker, terms, failures, calls))
        return BREAKER_STAYS;
    return eject(breaker, terms, now_ms);
}
