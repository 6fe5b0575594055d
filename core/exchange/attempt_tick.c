/* The time limits of an attempt. */
#include <stdio.h>

#include "base/clock.h"
#include "exchange/attempt.h"

/* "400 ms", "20 s", "6 h" */
static const char *format_span(int64_t ms, char out[32])
{
    if (ms % 1000 != 0)
        snprintf(out, 32, "%lld ms", (long long)ms);
    else if (ms % (3600 * 1000) != 0)
        snprintf(out, 32, "%lld s", (long long)(ms / 1000));
    else
        snprintf(out, 32, "%lld h", (long long)(ms / (3600 * 1000)));
    return out;
}

/* Whether the attempt has waited too long. Writes why, for the client. */
static bool is_late(const struct attempt *attempt, bool held_up, int64_t now_us, char *why,
                    size_t why_bytes)
{
    const struct candidate_terms *terms = &attempt->candidate->terms;
    bool first = attempt->heard_us == 0;
    bool flows =
        (attempt->asks->streamed || attempt->opaque) && attempt->outcome == ATTEMPT_ANSWERED;
    int64_t begun_us = attempt->sent_us > 0 ? attempt->sent_us : attempt->started_us;
    int64_t since_us = now_us - (first ? begun_us : attempt->heard_us);
    int64_t silence_ms = first ? terms->first_byte_timeout_ms : terms->idle_timeout_ms;
    int64_t most_ms = flows ? terms->stream_timeout_ms : terms->total_timeout_ms;
    char span[32];
    if (since_us > silence_ms * 1000 && !held_up)
        snprintf(why, why_bytes,
                 first ? "The model's provider did not begin to answer within %s."
                       : "The model's provider sent nothing for %s.",
                 format_span(silence_ms, span));
    else if (now_us - begun_us > most_ms * 1000)
        snprintf(why, why_bytes, "The answer took longer than %s, the most that is waited for.",
                 format_span(most_ms, span));
    else
        return false;
    return true;
}

void attempt_tick(struct attempt *attempt, bool held_up, int64_t now_us)
{
    char why[sizeof attempt->detail];
    if (attempt->call == NULL || !is_late(attempt, held_up, now_us, why, sizeof why))
        return;
    attempt->sent = upstream_is_sent(attempt->call);
    attempt_cancel(attempt);
    attempt->late = true;
    if (attempt->outcome == ATTEMPT_NONE)
        attempt_decide(attempt, ATTEMPT_TIMED_OUT, why);
    else
        attempt->events->on_answer_end(UPSTREAM_TIMED_OUT, why, attempt->owner);
}

void attempt_pause(struct attempt *attempt)
{
    attempt->held_up = true;
    if (attempt->call != NULL)
        upstream_pause(attempt->call);
}

void attempt_resume(struct attempt *attempt)
{
    attempt->heard_us = clock_mono_us(); /* we caused the silence */
    if (attempt->call != NULL)
        upstream_resume(attempt->call);
}
