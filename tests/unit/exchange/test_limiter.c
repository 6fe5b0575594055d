/* Limits: how much fits into a window that slides, when it fits again, what is given back, how
 * many at once, how much memory, and all of it from many threads. */
/* long: what a limiter promises, each part with its model */
#include "base/support.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/limiter.h"

enum { WINDOW_MS = 60000 };

#define START_MS (INT64_C(1700000000000) / WINDOW_MS * WINDOW_MS)

/* ---- by name ---- */

static void add(struct limiter *limiter, const char *name, int64_t amount, int64_t now_ms)
{
    struct limit_slot place = limiter_slot(limiter, slice_of(name), WINDOW_MS);
    limiter_add_at(limiter, &place, amount, WINDOW_MS, now_ms);
}

static void give_back(struct limiter *limiter, const char *name, int64_t amount, int64_t taken_ms,
                      int64_t now_ms)
{
    struct limit_slot place = limiter_slot(limiter, slice_of(name), WINDOW_MS);
    limiter_give_back_at(limiter, &place, amount, WINDOW_MS, taken_ms, now_ms);
}

static bool limiter_could_enter(struct limiter *limiter, struct slice name, int64_t limit,
                                struct limit_state *out)
{
    struct limit_slot place = limiter_slot(limiter, name, 0);
    return limiter_could_enter_at(limiter, &place, limit, out);
}

static bool limiter_enter(struct limiter *limiter, struct slice name, int64_t limit,
                          struct limit_state *out)
{
    struct limit_slot place = limiter_slot(limiter, name, 0);
    return limiter_enter_at(limiter, &place, limit, out);
}

static void limiter_leave(struct limiter *limiter, struct slice name)
{
    struct limit_slot place = limiter_slot(limiter, name, 0);
    limiter_leave_at(limiter, &place);
}

/* With a copy of the name that has nothing behind it, for the sanitizer. */
static bool take(struct limiter *limiter, const char *name, int64_t amount, int64_t limit,
                 int64_t now_ms, struct limit_state *out)
{
    size_t bytes = strlen(name);
    char *copy = malloc(bytes > 0 ? bytes : 1);
    assert_non_null(copy);
    memcpy(copy, name, bytes);
    bool taken =
        limiter_take(limiter, (struct slice){copy, bytes}, amount, limit, WINDOW_MS, now_ms, out);
    free(copy);
    return taken;
}

static int64_t remaining(struct limiter *limiter, const char *name, int64_t limit, int64_t now_ms)
{
    struct limit_state state;
    limiter_peek(limiter, slice_of(name), 0, limit, WINDOW_MS, now_ms, &state);
    return state.remaining;
}

/* How many single ones can be had at that time. */
static int64_t burst(struct limiter *limiter, const char *name, int64_t limit, int64_t now_ms)
{
    struct limit_state state;
    int64_t count = 0;
    while (take(limiter, name, 1, limit, now_ms, &state))
        count++;
    return count;
}

/* ---- windows ---- */

static void takes_up_to_the_limit(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(100);
    struct limit_state now;
    assert_true(take(limiter, "a", 3, 10, START_MS, &now));
    assert_int_equal(now.limit, 10);
    assert_int_equal(now.remaining, 7);
    assert_int_equal(now.reset_ms, WINDOW_MS);
    assert_int_equal(now.retry_after_ms, 0);
    assert_false(take(limiter, "a", 8, 10, START_MS, &now));
    assert_int_equal(now.remaining, 7);
    assert_true(now.retry_after_ms >= 1);
    assert_true(take(limiter, "a", 7, 10, START_MS + 5, &now));
    assert_int_equal(now.remaining, 0);
    assert_false(take(limiter, "a", 1, 10, START_MS + WINDOW_MS - 1, &now));
    assert_true(take(limiter, "a", 0, 10, START_MS, &now));  /* nothing always fits */
    assert_true(take(limiter, "b", 10, 10, START_MS, &now)); /* another name */
    assert_false(take(limiter, "", 11, 10, START_MS, &now));
    assert_true(take(limiter, "", 10, 10, START_MS, &now));
    limiter_free(limiter);
}

static void counts_apart(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(100);
    struct limit_state now;
    static const int64_t windows[] = {1, 1000, 1001, WINDOW_MS, INT64_C(86400000) * 30};
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
        assert_true(limiter_take(limiter, slice_of("a"), 5, 5, windows[i], START_MS, &now));
    assert_true(limiter_enter(limiter, slice_of("a"), 1, &now));
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
        assert_false(limiter_take(limiter, slice_of("a"), 1, 5, windows[i], START_MS, &now));
    assert_false(limiter_enter(limiter, slice_of("a"), 1, &now));
    limiter_leave(limiter, slice_of("a"));
    /* names that differ in one byte, in length, in a NUL */
    static const struct slice names[] = {{"a\0", 2},      {"a\0\0", 3},    {"\0a", 2},
                                         {"b", 1},        {"aa", 2},       {"aaaaaaa", 7},
                                         {"aaaaaaaa", 8}, {"aaaaaaaaa", 9}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(limiter_take(limiter, names[i], 5, 5, WINDOW_MS, START_MS, &now));
    limiter_free(limiter);
}

/* A burst at the end of a minute leaves nothing for the next one's start, and all of it is there
 * again a window later: to the millisecond, however large the limit. */
static void no_double_burst_at_an_edge(void **state)
{
    (void)state;
    static const int64_t limits[] = {1, 2, 7, 100, 1000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        int64_t limit = limits[i];
        int64_t then_ms = START_MS + WINDOW_MS - 1;
        struct limiter *limiter = limiter_new(100);
        assert_int_equal(burst(limiter, "a", limit, then_ms), limit);
        assert_int_equal(burst(limiter, "a", limit, then_ms + 1), 0);
        assert_int_equal(burst(limiter, "a", limit, then_ms + WINDOW_MS - 1), 0);
        assert_int_equal(burst(limiter, "a", limit, then_ms + WINDOW_MS), limit);
        limiter_free(limiter);
    }
}

static void one_a_minute_waits_a_minute(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(100);
    struct limit_state now;
    int64_t then_ms = START_MS + 21987;
    assert_true(take(limiter, "a", 1, 1, then_ms, &now));
    assert_int_equal(now.reset_ms, WINDOW_MS);
    assert_false(take(limiter, "a", 1, 1, then_ms + 1000, &now));
    assert_int_equal(now.retry_after_ms, WINDOW_MS - 1000);
    assert_int_equal(now.reset_ms, WINDOW_MS - 1000);
    assert_false(take(limiter, "a", 1, 1, then_ms + WINDOW_MS - 1, &now));
    assert_int_equal(now.retry_after_ms, 1);
    assert_true(take(limiter, "a", 1, 1, then_ms + WINDOW_MS, &now));
    limiter_free(limiter);
}

/* The limit is the caller's, at each call: a reload may have changed it. */
static void obeys_a_changed_limit(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(100);
    struct limit_state now;
    assert_true(take(limiter, "a", 10, 10, START_MS, &now));
    assert_true(take(limiter, "a", 5, 20, START_MS, &now));
    assert_int_equal(now.remaining, 5);
    assert_false(take(limiter, "a", 1, 3, START_MS, &now));
    assert_int_equal(now.remaining, 0);
    assert_int_equal(now.limit, 3);
    limiter_free(limiter);
}

static void refuses_what_never_fits(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(100);
    struct limit_state now;
    static const struct {
        int64_t amount, limit;
    } cases[] = {{11, 10}, {1, 0}, {1, -5}, {INT64_MAX, 10}, {INT64_MAX, INT64_MAX - 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(take(limiter, "a", cases[i].amount, cases[i].limit, START_MS, &now));
        assert_true(now.remaining >= 0 && now.limit >= 0);
        assert_true(now.never);
        assert_true(now.retry_after_ms >= WINDOW_MS); /* not: at once, for ever */
        assert_int_equal(now.reset_ms, 0);
    }
    limiter_free(limiter);
}

static void survives_extremes(void **state)
{
    (void)state;
    static const int64_t values[] = {INT64_MIN, -1, 0, 1, 1000, INT64_MAX - 1, INT64_MAX};
    enum { COUNT = sizeof values / sizeof *values };
    struct limiter *limiter = limiter_new(100);
    struct limit_state now;
    for (size_t i = 0; i < COUNT * COUNT * COUNT * COUNT; i++) {
        int64_t amount = values[i % COUNT];
        int64_t limit = values[i / COUNT % COUNT];
        int64_t window_ms = values[i / COUNT / COUNT % COUNT];
        int64_t now_ms = values[i / COUNT / COUNT / COUNT];
        struct limit_slot place = limiter_slot(limiter, slice_of("a"), window_ms);
        limiter_add_at(limiter, &place, amount, window_ms, now_ms);
        limiter_give_back_at(limiter, &place, amount, window_ms, limit, now_ms);
        bool peeked = limiter_peek(limiter, slice_of("a"), amount, limit, window_ms, now_ms, &now);
        assert_true(now.remaining >= 0 && now.reset_ms >= 0);
        bool taken = limiter_take(limiter, slice_of("a"), amount, limit, window_ms, now_ms, &now);
        assert_int_equal(peeked, taken);
        assert_true(now.remaining >= 0 && now.remaining <= (limit > 0 ? limit : 0));
        assert_true(now.reset_ms >= 0);
        assert_true(taken ? now.retry_after_ms == 0 : now.retry_after_ms >= 1);
    }
    limiter_free(limiter);
}

/* Other workers read the clock a little earlier or later; a clock may be set back. */
static void bears_times_out_of_order(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(100);
    int64_t edge_ms = START_MS + WINDOW_MS;
    assert_int_equal(burst(limiter, "a", 10, edge_ms), 10);
    assert_int_equal(burst(limiter, "a", 10, edge_ms - 1), 0);
    assert_int_equal(burst(limiter, "a", 10, edge_ms - 3 * WINDOW_MS), 0);
    assert_int_equal(burst(limiter, "a", 10, edge_ms), 0);
    /* Ten years ahead by mistake, then set right: it counts on, and it ends. */
    int64_t ahead_ms = START_MS + INT64_C(315360000000);
    assert_int_equal(burst(limiter, "b", 10, ahead_ms), 10);
    assert_int_equal(burst(limiter, "b", 10, START_MS), 0);
    assert_int_equal(burst(limiter, "b", 10, START_MS + WINDOW_MS - 1), 0);
    assert_int_equal(burst(limiter, "b", 10, START_MS + WINDOW_MS), 10);
    limiter_free(limiter);
}

/* ---- adjusting and asking ---- */

/* What is given back comes out of what was taken then: else what others took would leave the window
 * in its place, too early. */
static void gives_back(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(100);
    struct limit_state now;
    int64_t later_ms = START_MS + WINDOW_MS / 2;
    assert_true(take(limiter, "a", 100, 100, START_MS, &now));
    give_back(limiter, "a", 60, START_MS, START_MS);
    assert_int_equal(remaining(limiter, "a", 100, START_MS), 60);
    give_back(limiter, "a", 1000, START_MS, START_MS); /* never more than was taken */
    assert_int_equal(remaining(limiter, "a", 100, START_MS), 100);
    limiter_peek(limiter, slice_of("a"), 0, 100, WINDOW_MS, START_MS, &now);
    assert_int_equal(now.reset_ms, 0);
    give_back(limiter, "b", 1000, START_MS, START_MS);
    assert_int_equal(remaining(limiter, "b", 100, START_MS), 100);
    assert_true(take(limiter, "c", 60, 100, START_MS, &now));
    assert_true(take(limiter, "c", 40, 100, later_ms, &now));
    give_back(limiter, "c", 50, START_MS, later_ms);
    assert_int_equal(remaining(limiter, "c", 100, later_ms), 50);
    assert_int_equal(remaining(limiter, "c", 100, START_MS + WINDOW_MS), 60);
    give_back(limiter, "c", 30, START_MS, START_MS + WINDOW_MS); /* it has left the window */
    assert_int_equal(remaining(limiter, "c", 100, START_MS + WINDOW_MS), 60);
    limiter_free(limiter);
}

static void adds_without_asking(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(100);
    struct limit_state now;
    add(limiter, "a", 150, START_MS);
    assert_int_equal(remaining(limiter, "a", 100, START_MS), 0);
    assert_false(take(limiter, "a", 1, 100, START_MS, &now));
    give_back(limiter, "a", 51, START_MS, START_MS);
    assert_true(take(limiter, "a", 1, 100, START_MS, &now));
    add(limiter, "b", INT64_MAX, START_MS);
    add(limiter, "b", INT64_MAX, START_MS);
    assert_false(take(limiter, "b", 1, INT64_MAX, START_MS, &now));
    give_back(limiter, "b", 5, START_MS, START_MS);
    assert_int_equal(remaining(limiter, "b", INT64_MAX, START_MS), 5);
    limiter_free(limiter);
}

/* What is held is used, but nobody is refused for what is asked beside the amount, and it is soon
 * free. It does not slide out of the window either. */
static void holds_what_may_come(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(100);
    struct limit_slot place = limiter_slot(limiter, slice_of("a"), WINDOW_MS);
    struct limit_state now;
    assert_true(limiter_hold_at(limiter, &place, 1, 5, 10, WINDOW_MS, START_MS, &now));
    assert_int_equal(now.held, 5);
    assert_int_equal(now.remaining, 4);
    assert_true(limiter_hold_at(limiter, &place, 1, INT64_MAX, 10, WINDOW_MS, START_MS, &now));
    assert_int_equal(now.held, 3);
    assert_int_equal(now.remaining, 0);
    assert_false(
        limiter_hold_at(limiter, &place, 3, 5, 10, WINDOW_MS, START_MS + 2 * WINDOW_MS, &now));
    assert_int_equal(now.held, 0);
    assert_false(now.never);
    assert_in_range(now.retry_after_ms, 1, 1000);
    limiter_let_go_at(limiter, &place, 3);
    assert_int_equal(remaining(limiter, "a", 10, START_MS + 2 * WINDOW_MS), 5);
    limiter_let_go_at(limiter, &place, INT64_MAX); /* of an entry that came back */
    assert_int_equal(remaining(limiter, "a", 10, START_MS + 2 * WINDOW_MS), 10);
    place = limiter_slot(limiter, slice_of("none"), WINDOW_MS);
    limiter_let_go_at(limiter, &place, 3);
    limiter_free(limiter);
}

static void peeking_takes_nothing(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(100);
    struct limit_state now;
    for (int i = 0; i < 100; i++)
        assert_true(limiter_peek(limiter, slice_of("a"), 10, 10, WINDOW_MS, START_MS, &now));
    assert_true(take(limiter, "a", 10, 10, START_MS, &now));
    for (int i = 0; i < 100; i++)
        assert_false(limiter_peek(limiter, slice_of("a"), 1, 10, WINDOW_MS, START_MS, &now));
    limiter_free(limiter);
}

/* ---- against a model ---- */

/* All takings, kept for ever; the same rule, written the long way. */
struct model {
    struct {
        int64_t at_ms, amount;
    } takings[4096];
    size_t count;
};

static int64_t model_used(const struct model *model, int64_t window_ms, int64_t now_ms)
{
    int64_t used = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (now_ms - model->takings[i].at_ms < window_ms)
            used += model->takings[i].amount;
    }
    return used;
}

static void model_add(struct model *model, int64_t amount, int64_t now_ms)
{
    assert_true(model->count < sizeof model->takings / sizeof model->takings[0]);
    model->takings[model->count].at_ms = now_ms;
    model->takings[model->count++].amount = amount;
}

enum { STEPS = 1500 };

/* Takes at random times, also as soon as the limiter says that it will fit again and right before.
 * `late_ms`: how much too late a taking may be forgotten, never too early. */
static void compare(struct dice *dice, int64_t window_ms, int64_t limit, int64_t amount_max,
                    int64_t late_ms)
{
    static struct model model;
    struct limiter *limiter = limiter_new(1 + dice_below(dice, 4));
    struct limit_state now;
    int64_t now_ms = START_MS;
    int64_t retry_ms = 0;
    int64_t amount = 1;
    model.count = 0;
    for (int step = 0; step < STEPS; step++) {
        bool comes_back = retry_ms > 0 && dice_below(dice, 2) == 0;
        if (comes_back)
            now_ms += retry_ms - (int64_t)dice_below(dice, 2);
        else
            now_ms += dice_magnitude(dice, window_ms / 4);
        if (!comes_back)
            amount = 1 + (int64_t)dice_below(dice, (size_t)amount_max);
        bool fits = model_used(&model, window_ms, now_ms) <= limit - amount;
        bool surely = model_used(&model, window_ms + late_ms, now_ms) <= limit - amount;
        bool taken = limiter_take(limiter, slice_of("a"), amount, limit, window_ms, now_ms, &now);
        if ((taken && !fits) || (!taken && surely))
            fail_msg("%lld of %lld", (long long)amount, (long long)limit);
        if (taken)
            model_add(&model, amount, now_ms);
        assert_true(now.reset_ms <= window_ms && now.retry_after_ms <= window_ms);
        assert_true(now.never == (amount > limit));
        retry_ms = now.never ? 0 : now.retry_after_ms;
    }
    limiter_free(limiter);
}

/* While few are taken in a window, or all at the same time: exactly the long way. */
static void agrees_with_the_long_way(void **state)
{
    (void)state;
    static const int64_t windows[] = {2, 3, 7, 16, 100, 1024, 65536, 86400000};
    struct dice dice = dice_make();
    for (int round = 0; round < 300; round++) {
        int64_t limit = 1 + (int64_t)dice_below(&dice, 60);
        compare(&dice, windows[dice_below(&dice, 8)], limit, limit + limit / 4 + 1, 0);
    }
}

/* However many are taken: never more than the limit in any window; and each is forgotten at most a
 * 64th of the window too late. */
static void never_lets_more_through(void **state)
{
    (void)state;
    static const int64_t windows[] = {100, 127, 129, 191, 1000, 60000, 86400000};
    struct dice dice = dice_make();
    for (int round = 0; round < 200; round++) {
        int64_t window_ms = windows[dice_below(&dice, 7)];
        int64_t limit = 100 + (int64_t)dice_below(&dice, 1000);
        compare(&dice, window_ms, limit, 3, (window_ms + 63) / 64);
    }
}

/* The fullest log: something is taken in every millisecond, in windows that 64 does not divide. */
static void has_room_for_any_window(void **state)
{
    static const int64_t windows[] = {100, 127, 128, 129, 191, 255, 1000, 4097};
    (void)state;
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        struct limiter *limiter = limiter_new(10);
        struct limit_state now;
        for (int64_t ms = 0; ms < 3 * windows[i]; ms++)
            assert_true(
                limiter_take(limiter, slice_of("a"), 1, 1000000, windows[i], START_MS + ms, &now));
        assert_in_range(1000000 - now.remaining, windows[i], windows[i] + windows[i] / 64 + 1);
        limiter_free(limiter);
    }
}

/* ---- how many at once ---- */

static void enters_up_to_the_limit(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_new(100);
    struct slice name = slice_of("a");
    struct limit_state now;
    for (int i = 1; i <= 3; i++) {
        assert_true(limiter_enter(limiter, name, 3, &now));
        assert_int_equal(now.limit, 3);
        assert_int_equal(now.remaining, 3 - i);
        assert_int_equal(now.retry_after_ms, 0);
    }
    assert_false(limiter_enter(limiter, name, 3, &now));
    assert_int_equal(now.remaining, 0);
    assert_true(now.retry_after_ms >= 1);
    assert_false(limiter_could_enter(limiter, name, 3, &now));
    assert_true(limiter_could_enter(limiter, name, 4, &now)); /* and nothing has entered */
    assert_false(limiter_enter(limiter, name, 2, &now));      /* lowered by a reload */
    assert_true(limiter_enter(limiter, name, 4, &now));       /* raised */
    limiter_leave(limiter, name);
    assert_false(limiter_enter(limiter, name, 3, &now));
    limiter_leave(limiter, name);
    assert_true(limiter_enter(limiter, name, 3, &now));
    for (int i = 0; i < 3; i++)
        limiter_leave(limiter, name);
    assert_true(limiter_enter(limiter, name, 1, &now));
    limiter_leave(limiter, name);
    assert_false(limiter_enter(limiter, name, 0, &now));
    assert_false(limiter_enter(limiter, name, -1, &now));
    assert_int_equal(now.limit, 0);
    limiter_free(limiter);
}

static void leave_without_enter(void)
{
    struct limiter *limiter = limiter_new(100);
    struct limit_state now;
    limiter_enter(limiter, slice_of("a"), 1, &now);
    limiter_leave(limiter, slice_of("a"));
    limiter_leave(limiter, slice_of("a"));
}

static void a_leave_too_many_is_a_bug(void **state)
{
    (void)state;
    assert_true(aborts(leave_without_enter));
}

/* ---- memory ---- */

static void name_number(char out[64], const char *prefix, int n)
{
    snprintf(out, 64, "%s%d@a-domain-that-somebody-made-up.example", prefix, n);
}

#ifdef __SANITIZE_THREAD__
enum { MADE_UP = 100000 }; /* this one is about memory, and ten times slower there */
#else
enum { MADE_UP = 1000000 };
#endif

/* A million names in a limiter for a thousand: none of them costs memory for long, who is inside
 * stays inside, and who comes again and again stays limited. */
static void a_million_names_cost_no_memory(void **state)
{
    (void)state;
    enum { INSIDE = 500 };
    struct limiter *limiter = limiter_new(1000);
    struct limit_state now;
    char name[64];
    for (int i = 0; i < INSIDE; i++) {
        name_number(name, "inside", i);
        assert_true(limiter_enter(limiter, slice_of(name), 1, &now));
    }
    size_t before_bytes = mallinfo2().uordblks;
    assert_int_equal(burst(limiter, "regular", 10, START_MS), 10);
    for (int i = 0; i < MADE_UP; i++) {
        name_number(name, "signin:", i);
        assert_true(
            limiter_take(limiter, slice_of(name), 1, 10, WINDOW_MS, START_MS + i / 100, &now));
        if (i % 100 == 0)
            assert_false(take(limiter, "regular", 1, 10, START_MS + i / 100, &now));
    }
    size_t after_bytes = mallinfo2().uordblks;
    if (after_bytes > before_bytes + 1000 * 256) /* a name takes 128, few have a log besides */
        fail_msg("%zu bytes more", after_bytes - before_bytes);
    for (int i = 0; i < INSIDE; i++) {
        name_number(name, "inside", i);
        assert_false(limiter_enter(limiter, slice_of(name), 1, &now));
        limiter_leave(limiter, slice_of(name));
        assert_true(limiter_enter(limiter, slice_of(name), 1, &now));
        limiter_leave(limiter, slice_of(name));
    }
    assert_true(mallinfo2().uordblks <= after_bytes);
    limiter_free(limiter);
}

/* As many as it was made for are remembered: at least half of them, whatever shards they fall
 * into, and all of those that a small one has. */
static void remembers_what_it_was_made_for(void **state)
{
    (void)state;
    static const int sizes[] = {1, 2, 50, 127, 5000, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct limiter *limiter = limiter_new((size_t)sizes[i]);
        struct limit_state now;
        char name[64];
        int names = sizes[i] < 128 ? sizes[i] : sizes[i] * 9 / 10;
        int remembered = 0;
        for (int n = 0; n < names; n++) {
            name_number(name, "n", n);
            assert_true(limiter_take(limiter, slice_of(name), 1, 1, WINDOW_MS, START_MS, &now));
        }
        for (int n = 0; n < names; n++) {
            name_number(name, "n", n);
            if (!limiter_peek(limiter, slice_of(name), 1, 1, WINDOW_MS, START_MS, &now))
                remembered++;
        }
        assert_true(sizes[i] < 128 ? remembered == names : remembered >= names * 9 / 10);
        limiter_free(limiter);
    }
}

/* ---- threads ---- */

enum { THREADS = 8, NAMES = 5, ROUNDS = 4000, TAKEN_MAX = 12345, INSIDE_MAX = 3 };

static struct limiter *shared;
static _Atomic int64_t taken_sum[NAMES];
static _Atomic int64_t given_sum[NAMES];
static _Atomic int inside[NAMES];
static _Atomic bool overfull;

static void *work(void *arg)
{
    struct dice dice = {(uint64_t)(uintptr_t)arg};
    struct limit_state now;
    char name[64];
    for (int i = 0; i < ROUNDS; i++) {
        size_t n = dice_below(&dice, NAMES);
        name_number(name, "thread", (int)n);
        int64_t amount = (int64_t)dice_below(&dice, 20);
        if (limiter_take(shared, slice_of(name), amount, TAKEN_MAX, WINDOW_MS, START_MS, &now)) {
            taken_sum[n] += amount;
            if (dice_below(&dice, 4) == 0) {
                given_sum[n] += amount;
                give_back(shared, name, amount, START_MS, START_MS);
            }
        }
        if (limiter_enter(shared, slice_of(name), INSIDE_MAX, &now)) {
            if (++inside[n] > INSIDE_MAX)
                overfull = true;
            limiter_peek(shared, slice_of(name), 1, TAKEN_MAX, WINDOW_MS, START_MS, &now);
            inside[n]--;
            limiter_leave(shared, slice_of(name));
        }
        name_number(name, "made-up", (int)dice_below(&dice, 100000)); /* makes others drop */
        limiter_take(shared, slice_of(name), 1, 1, 1000, START_MS, &now);
    }
    return NULL;
}

/* Exactly what is taken and given back is counted, and never are too many inside. */
static void threads_share_it(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    struct limit_state now;
    char name[64];
    shared = limiter_new(64 * 64);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)(i + 1)), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_false(overfull);
    for (int n = 0; n < NAMES; n++) {
        name_number(name, "thread", n);
        int64_t used = taken_sum[n] - given_sum[n];
        assert_in_range(used, 1, TAKEN_MAX);
        assert_int_equal(remaining(shared, name, TAKEN_MAX, START_MS), TAKEN_MAX - used);
        for (int i = 0; i < INSIDE_MAX; i++)
            assert_true(limiter_enter(shared, slice_of(name), INSIDE_MAX, &now));
        assert_false(limiter_enter(shared, slice_of(name), INSIDE_MAX, &now));
    }
    limiter_free(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_up_to_the_limit),
        cmocka_unit_test(counts_apart),
        cmocka_unit_test(no_double_burst_at_an_edge),
        cmocka_unit_test(one_a_minute_waits_a_minute),
        cmocka_unit_test(obeys_a_changed_limit),
        cmocka_unit_test(refuses_what_never_fits),
        cmocka_unit_test(survives_extremes),
        cmocka_unit_test(bears_times_out_of_order),
        cmocka_unit_test(gives_back),
        cmocka_unit_test(adds_without_asking),
        cmocka_unit_test(holds_what_may_come),
        cmocka_unit_test(peeking_takes_nothing),
        cmocka_unit_test(agrees_with_the_long_way),
        cmocka_unit_test(never_lets_more_through),
        cmocka_unit_test(has_room_for_any_window),
        cmocka_unit_test(enters_up_to_the_limit),
        cmocka_unit_test(a_leave_too_many_is_a_bug),
        cmocka_unit_test(a_million_names_cost_no_memory),
        cmocka_unit_test(remembers_what_it_was_made_for),
        cmocka_unit_test(threads_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
