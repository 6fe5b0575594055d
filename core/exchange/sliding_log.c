#include "exchange/sliding_log.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/check.h"

enum {
    EXACT_RUNS = 60, /* a limit of one a second is exact to the millisecond */
    CELLS = 64,      /* per window: with more runs than EXACT_RUNS, each cell has one */
    CAPACITY_MAX = 128,
    CLOCK_STEP_MS = 3600000 /* a reading so far behind is not late: the clock was set back */
};

_Static_assert(EXACT_RUNS + CELLS + 1 <= CAPACITY_MAX, "a full ring has a run for each cell");

void sliding_log_init(struct sliding_log *log)
{
    log->sum = 0;
    log->runs = log->own;
    log->capacity = SLIDING_RUNS_OWN;
    log->first = log->count = 0;
}

void sliding_log_fini(struct sliding_log *log)
{
    if (log->runs != log->own)
        free(log->runs);
    sliding_log_init(log);
}

static struct sliding_run *run_at(const struct sliding_log *log, unsigned i)
{
    return &log->runs[(log->first + i) & (log->capacity - 1U)];
}

/* The clock was set back: nothing is forgotten, and all leaves the window in time. */
static void set_back(struct sliding_log *log, int64_t by_ms)
{
    for (unsigned i = 0; i < log->count; i++)
        run_at(log, i)->last_ms -= by_ms;
}

int64_t sliding_log_advance(struct sliding_log *log, int64_t window_ms, int64_t now_ms)
{
    if (log->count == 0)
        return now_ms;
    int64_t ahead_ms = run_at(log, log->count - 1U)->last_ms - now_ms;
    if (ahead_ms > CLOCK_STEP_MS)
        set_back(log, ahead_ms);
    else if (ahead_ms > 0)
        now_ms += ahead_ms;
    for (;;) {
        const struct sliding_run *oldest = &log->runs[log->first];
        if (now_ms - oldest->last_ms < window_ms)
            return now_ms;
        log->sum -= oldest->amount;
        log->first = (uint16_t)((log->first + 1U) & (log->capacity - 1U));
        if (--log->count == 0)
            return now_ms;
    }
}

static void grow(struct sliding_log *log)
{
    unsigned capacity = log->capacity * 4U;
    check(capacity > 0 && capacity <= CAPACITY_MAX);
    struct sliding_run *runs = malloc(capacity * sizeof *runs);
    check(runs != NULL);
    for (unsigned i = 0; i < log->count; i++)
        runs[i] = *run_at(log, i);
    if (log->runs != log->own)
        free(log->runs);
    log->runs = runs;
    log->capacity = (uint16_t)capacity;
    log->first = 0;
}

static bool joins(const struct sliding_log *log, const struct sliding_run *newest,
                  int64_t window_ms, int64_t now_ms)
{
    if (newest->last_ms == now_ms || log->count == CAPACITY_MAX)
        return true;
    if (log->count < EXACT_RUNS)
        return false;
    int64_t cell_ms = (window_ms + CELLS - 1) / CELLS;
    return newest->last_ms / cell_ms == now_ms / cell_ms;
}

void sliding_log_add(struct sliding_log *log, int64_t amount, int64_t window_ms, int64_t now_ms)
{
    if (amount > INT64_MAX - log->sum)
        amount = INT64_MAX - log->sum;
    if (amount <= 0)
        return;
    log->sum += amount;
    struct sliding_run *newest = log->count > 0 ? run_at(log, log->count - 1U) : NULL;
    if (newest != NULL && joins(log, newest, window_ms, now_ms)) {
        newest->last_ms = now_ms;
        newest->amount += amount;
        return;
    }
    if (log->count == log->capacity)
        grow(log);
    *run_at(log, log->count++) = (struct sliding_run){.last_ms = now_ms, .amount = amount};
}

int64_t sliding_log_wait_ms(const struct sliding_log *log, int64_t rest, int64_t window_ms,
                            int64_t now_ms)
{
    int64_t left = log->sum;
    int64_t wait_ms = 0;
    for (unsigned i = 0; i < log->count && left > rest; i++) {
        const struct sliding_run *run = run_at(log, i);
        left -= run->amount;
        wait_ms = window_ms - (now_ms - run->last_ms);
    }
    return wait_ms;
}

int64_t sliding_log_reset_ms(const struct sliding_log *log, int64_t window_ms, int64_t now_ms)
{
    unsigned i = log->count;
    while (i > 0 && run_at(log, i - 1U)->amount == 0)
        i--; /* was given back */
    return i > 0 ? window_ms - (now_ms - run_at(log, i - 1U)->last_ms) : 0;
}

/* Takes the amount out of the run that holds taken_ms: the first one that had not ended before. It
 * is near the newest, because calls are short. */
void sliding_log_give_back(struct sliding_log *log, int64_t amount, int64_t taken_ms)
{
    unsigned i = log->count;
    while (i > 0 && run_at(log, i - 1U)->last_ms >= taken_ms)
        i--;
    if (i == log->count || amount <= 0)
        return;
    struct sliding_run *run = run_at(log, i);
    int64_t given = amount < run->amount ? amount : run->amount;
    run->amount -= given;
    log->sum -= given;
}
