#include "exchange/limit_wait.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "exchange/candidate.h"
#include "exchange/exchange_internal.h"
#include "exchange/limit_queues.h"
#include "exchange/trace.h"

enum {
    LOOK_AGAIN_MS = 1000, /* where no time is known: other calls decide */
    TAKEN_MS = 2000       /* a limit is told at once; an answer that is made may take minutes */
};

struct limit_wait {
    struct candidate *candidate; /* of the limit that is free first; a reference; NULL: none */
    int64_t until_ms;            /* when it may be */
    int64_t begun_ms;            /* the first wait; 0: none yet */
    int64_t deadline_ms;
    struct limit_ticket *ticket; /* NULL: it is in no queue */
    uint64_t limit;              /* of the ticket */
    enum limit_turn turn;
    bool tries; /* its time is over, and only an estimate of tokens is in the way */
};

void limit_wait_allow(struct exchange *exchange, int64_t wait_ms)
{
    exchange->limit_wait_ms = wait_ms;
}

int64_t limit_wait_tokens(const struct exchange *exchange)
{
    return exchange->charge_limits.input_tokens + exchange->budget.output_tokens_asked;
}

static struct limit_wait *wait_of(struct exchange *exchange)
{
    if (exchange->limit_wait == NULL) {
        exchange->limit_wait = calloc(1, sizeof *exchange->limit_wait);
        check(exchange->limit_wait != NULL);
    }
    return exchange->limit_wait;
}

static void leave(struct exchange *exchange, enum limit_end end)
{
    struct limit_wait *wait = exchange->limit_wait;
    if (wait->ticket != NULL)
        limit_queues_leave(exchange->env->limit_queues, wait->ticket, end);
    wait->ticket = NULL;
}

static void forget_candidate(struct limit_wait *wait)
{
    candidate_unref(wait->candidate);
    wait->candidate = NULL;
}

/* Whether it has come to its turn at this limit. */
static bool has_turn(const struct limit_wait *wait, const struct candidate *candidate)
{
    if (wait != NULL && wait->tries)
        return true;
    return wait != NULL && wait->ticket != NULL && wait->turn == LIMIT_GOES &&
           wait->limit == candidate->health.limit;
}

static int64_t deadline_ms(const struct exchange *exchange, int64_t now_ms)
{
    const struct limit_wait *wait = exchange->limit_wait;
    bool waited = wait != NULL && wait->begun_ms != 0;
    return waited ? wait->deadline_ms : now_ms + exchange->limit_wait_ms;
}

bool limit_wait_bars(struct exchange *exchange, const struct candidate *candidate, int64_t now_ms,
                     int64_t *until_ms)
{
    const struct exchange_env *env = exchange->env;
    if (exchange->limit_wait_ms == 0 || has_turn(exchange->limit_wait, candidate))
        return false;
    struct limit_room room = health_room(env->health, &candidate->health, now_ms);
    *until_ms = now_ms + LOOK_AGAIN_MS;
    if (room.requests <= 0 || limit_queues_has(env->limit_queues, candidate->health.limit))
        return true;
    int64_t tokens = limit_wait_tokens(exchange);
    int64_t fits_ms = limit_room_until_ms(&room, tokens, now_ms);
    if (fits_ms <= now_ms)
        return false;
    if (tokens <= room.tokens + room.tokens_taken) /* what runs may end sooner */
        return true;
    *until_ms = fits_ms;
    return fits_ms <= deadline_ms(exchange, now_ms);
}

void limit_wait_note(struct exchange *exchange, struct candidate *candidate, int64_t until_ms)
{
    if (exchange->limit_wait_ms == 0)
        return;
    struct limit_wait *wait = wait_of(exchange);
    if (wait->candidate != NULL && wait->until_ms <= until_ms)
        return;
    forget_candidate(wait);
    wait->candidate = candidate_ref(candidate);
    wait->until_ms = until_ms;
}

void limit_wait_begin_choice(struct exchange *exchange)
{
    if (exchange->limit_wait != NULL)
        forget_candidate(exchange->limit_wait);
}

void limit_wait_end_choice(struct exchange *exchange, const struct candidate *candidate)
{
    if (exchange->limit_wait != NULL && !has_turn(exchange->limit_wait, candidate))
        leave(exchange, LIMIT_NOT_ASKED);
}

bool limit_wait_begin(struct exchange *exchange, size_t most)
{
    struct limit_wait *wait = exchange->limit_wait;
    int64_t now_ms = health_now_ms();
    if (wait == NULL || wait->candidate == NULL)
        return false;
    leave(exchange, LIMIT_NOT_ASKED);
    if (wait->begun_ms == 0) {
        wait->deadline_ms = deadline_ms(exchange, now_ms);
        wait->begun_ms = now_ms;
    }
    if (now_ms >= wait->deadline_ms || wait->until_ms > wait->deadline_ms)
        return false; /* it would wait in vain */
    wait->turn = LIMIT_WAITS;
    wait->limit = wait->candidate->health.limit;
    wait->ticket = limit_queues_join(exchange->env->limit_queues, wait->limit,
                                     &exchange->key.account_id, limit_wait_tokens(exchange), most);
    return wait->ticket != NULL;
}

bool limit_wait_is_in_queue(const struct exchange *exchange)
{
    const struct limit_wait *wait = exchange->limit_wait;
    return wait != NULL && wait->ticket != NULL && wait->turn == LIMIT_WAITS;
}

bool limit_wait_is_over(struct exchange *exchange)
{
    struct limit_wait *wait = exchange->limit_wait;
    int64_t waited_ms = health_now_ms() - wait->begun_ms;
    bool goes = wait->tries || (wait->ticket != NULL && wait->turn == LIMIT_GOES);
    log_event(LOG_DEBUG,
              goes ? "waited for a provider's rate limit"
                   : "waited in vain for a provider's rate limit",
              LOG_CALL(exchange), log_text("provider", wait->candidate->terms.provider),
              log_text("model", wait->candidate->terms.model), log_int("waited_ms", waited_ms));
    exchange->waited_ms = waited_ms;
    exchange->tried &= ~exchange->limited;
    exchange->limited = 0;
    if (wait->turn != LIMIT_GOES)
        leave(exchange, LIMIT_NOT_ASKED);
    return goes;
}

/* A provider that works on the call has taken it: the others do not wait for its answer. */
static void note_taken(struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    int64_t since_us = clock_mono_us() - INT64_C(1000) * TAKEN_MS;
    if (attempt_is_asked(attempt) && attempt->started_us < since_us)
        leave(exchange, LIMIT_TAKEN);
}

void limit_wait_tick(struct exchange *exchange)
{
    struct limit_wait *wait = exchange->limit_wait;
    if (wait == NULL || wait->ticket == NULL)
        return;
    if (wait->turn != LIMIT_WAITS) {
        note_taken(exchange);
        return;
    }
    struct health *health = exchange->env->health;
    const struct health_names *names = &wait->candidate->health;
    int64_t now_ms = health_now_ms();
    struct health_view view = health_look(health, names, now_ms);
    struct limit_room room = health_room(health, names, now_ms);
    wait->turn = limit_queues_look(exchange->env->limit_queues, wait->ticket,
                                   view.obstacle == HEALTH_CLEAR ? &room : NULL);
    bool in_vain = view.obstacle != HEALTH_CLEAR && view.until_ms > wait->deadline_ms;
    if (wait->turn == LIMIT_WAITS && (in_vain || now_ms >= wait->deadline_ms)) {
        wait->turn = LIMIT_LOST;
        wait->tries = view.obstacle == HEALTH_CLEAR && room.requests > 0 &&
                      !limit_room_takes(&room, limit_wait_tokens(exchange));
    }
    if (wait->turn != LIMIT_WAITS)
        exchange_wake(exchange);
}

void limit_wait_give_up(struct exchange *exchange)
{
    if (exchange->limit_wait != NULL)
        leave(exchange, LIMIT_NOT_ASKED);
}

void limit_wait_tell(struct exchange *exchange, enum limit_end end)
{
    struct limit_wait *wait = exchange->limit_wait;
    if (end == LIMIT_MET)
        exchange->limited |= 1U << exchange->place;
    if (wait == NULL || wait->ticket == NULL)
        return;
    leave(exchange, has_turn(wait, exchange->attempt.candidate) ? end : LIMIT_NOT_ASKED);
}

void limit_wait_fini(struct exchange *exchange)
{
    if (exchange->limit_wait == NULL)
        return;
    leave(exchange, LIMIT_NOT_ASKED);
    forget_candidate(exchange->limit_wait);
    free(exchange->limit_wait);
    exchange->limit_wait = NULL;
}
