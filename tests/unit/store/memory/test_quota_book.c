/* Counters of quotas: what is held, used and loaded, in and between their periods; and by many
 * threads at once. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/memory/quota_book.h"

#define DAY INT64_C(86400000)

enum { AT = 5, THREADS = 4, CALLS = 2000 };

static struct quota_book *make_book(void)
{
    struct quota_book *book = aligned_alloc(_Alignof(struct quota_book), sizeof *book);
    assert_non_null(book);
    quota_book_init(book);
    return book;
}

static void free_book(struct quota_book *book)
{
    quota_book_fini(book);
    free(book);
}

static const struct quota_rule money = {.unit = QUOTA_USD,
                                        .scope = QUOTA_PER_KEY,
                                        .period = QUOTA_DAY,
                                        .limit = 100,
                                        .name = "key/usd_per_day",
                                        .models = ""};
static const struct quota_rule requests = {.unit = QUOTA_REQUESTS,
                                           .scope = QUOTA_PER_USER,
                                           .period = QUOTA_DAY,
                                           .limit = 3,
                                           .name = "user/requests_per_day/a+b",
                                           .models = "a\nb"};

/* A claim of both; the counters are loaded with `used`, at a generation of the journal. */
static struct quota_claim *claim_at(struct quota_book *book, int64_t now_ms)
{
    const struct quota_ask asks[] = {{&money, "k1", {1, 2}, 0, 0}, {&requests, "u1", {3, 4}, 1, 0}};
    struct quota_claim *claim = quota_book_claim(book, asks, 2);
    (void)now_ms;
    return claim;
}

static size_t load(struct quota_claim *claim, int64_t now_ms, const int64_t used[2],
                   uint64_t generation)
{
    struct quota_source source;
    size_t count = 0;
    for (size_t at = 0; quota_book_source(claim, now_ms, &at, &source); at++, count++)
        quota_book_put(claim, at, &source, used[at], generation, now_ms);
    return count;
}

static struct quota_view look(struct quota_claim *claim, size_t at, int64_t now_ms)
{
    struct quota_view view;
    quotas_look(claim, at, now_ms, &view);
    return view;
}

static struct usage_record record_of(int64_t charge_nusd, int64_t at_ms, const char *model)
{
    struct usage_record record = {.charge_nusd = charge_nusd, .created_ms = at_ms};
    strcpy(record.model, model);
    return record;
}

static void a_hold_counts_until_it_is_settled(void **state)
{
    (void)state;
    struct quota_book *book = make_book();
    struct quota_claim *one = claim_at(book, AT * DAY);
    struct quota_claim *two = claim_at(book, AT * DAY);
    struct quota_refusal refusal;
    assert_false(quotas_are_loaded(one, AT * DAY));
    assert_int_equal(load(one, AT * DAY, (int64_t[]){10, 0}, 0), 2);
    assert_int_equal(load(two, AT * DAY, (int64_t[]){10, 0}, 0), 0);
    assert_true(quota_book_take(one, 60, AT * DAY, &refusal));
    assert_int_equal(quotas_left_nusd(two, AT * DAY), 30);
    assert_false(quota_book_take(two, 31, AT * DAY, &refusal));
    assert_int_equal(refusal.at, 0);
    assert_int_equal(refusal.required, 31);
    assert_int_equal(refusal.view.held, 60);
    assert_int_equal(refusal.view.ends_ms, (AT + 1) * DAY);
    assert_int_equal(look(two, 1, AT * DAY).held, 1); /* what was refused takes from none */
    assert_int_equal(quota_book_extend(one, 50), 30);
    struct usage_record record = record_of(70, AT * DAY, "b");
    quota_book_settle(one, &record, 7);
    assert_int_equal(look(two, 0, AT * DAY).held, 0);
    assert_int_equal(look(two, 0, AT * DAY).used, 80);
    assert_int_equal(look(two, 1, AT * DAY).used, 1);
    assert_true(quota_book_take(two, 20, AT * DAY, &refusal));
    quotas_claim_free(two);
    quotas_claim_free(one);
    free_book(book);
}

static void only_its_models_count(void **state)
{
    (void)state;
    struct quota_book *book = make_book();
    struct quota_claim *claim = claim_at(book, AT * DAY);
    struct quota_refusal refusal;
    load(claim, AT * DAY, (int64_t[]){0, 0}, 0);
    assert_true(quota_book_take(claim, 5, AT * DAY, &refusal));
    struct usage_record record = record_of(5, AT * DAY, "a+b");
    quota_book_settle(claim, &record, 1);
    assert_int_equal(look(claim, 0, AT * DAY).used, 5);
    assert_int_equal(look(claim, 1, AT * DAY).used, 0);
    assert_int_equal(look(claim, 1, AT * DAY).held, 0);
    quotas_claim_free(claim);
    free_book(book);
}

/* Whatever the tables had when it was loaded, nothing is missed or counted twice. */
static void loading_counts_each_settlement_once(void **state)
{
    (void)state;
    static const uint64_t generations[] = {7, 7, 8, 0, 8, 9};
    int64_t in_tables = 0;
    for (uint64_t loaded_at = 6; loaded_at <= 9; loaded_at++) {
        for (size_t when = 0; when <= sizeof generations / sizeof generations[0]; when++) {
            struct quota_book *book = make_book();
            struct quota_claim *claim = claim_at(book, AT * DAY);
            struct quota_refusal refusal;
            bool possible = true;
            in_tables = 0;
            load(claim, AT * DAY, (int64_t[]){0, 0}, 6);
            for (size_t i = 0; i < sizeof generations / sizeof generations[0]; i++) {
                if (i == when) { /* the tables have all up to `loaded_at` of what was settled */
                    uint64_t newest = 6;
                    for (size_t k = 0; k < i; k++)
                        newest = generations[k] > newest ? generations[k] : newest;
                    possible = loaded_at <= newest && loaded_at + 2 >= newest;
                    for (size_t k = 0; k < i; k++)
                        in_tables += generations[k] <= loaded_at;
                    atomic_fetch_add(&book->epoch, 1);
                    load(claim, AT * DAY, (int64_t[]){in_tables, 0}, loaded_at);
                }
                assert_true(quota_book_take(claim, 2, AT * DAY, &refusal) || i >= 3);
                struct usage_record record = record_of(1, AT * DAY, "c");
                quota_book_settle(claim, &record, generations[i]);
            }
            if (possible)
                assert_int_equal(look(claim, 0, AT * DAY).used, 6);
            quotas_claim_free(claim);
            free_book(book);
        }
    }
}

/* Calls that ran when its quota came are found in the tables: those of a minute, and the longest
 * stream; then nothing is left to look for. So it is after each change of the rules. */
static void a_new_counter_is_loaded_again(void **state)
{
    (void)state;
    static const int64_t later_ms[] = {60000, 600000, INT64_C(7) * 3600000};
    struct quota_book *book = make_book();
    struct quota_claim *claim = claim_at(book, AT * DAY);
    int64_t made_ms = AT * DAY + 5;
    for (size_t change = 0; change < 2; change++) {
        assert_int_equal(load(claim, made_ms, (int64_t[]){0, 0}, 7), 2);
        for (size_t i = 0; i < sizeof later_ms / sizeof later_ms[0]; i++) {
            int64_t due_ms = made_ms + later_ms[i];
            assert_true(quotas_are_loaded(claim, due_ms - 1));
            assert_false(quotas_are_loaded(claim, due_ms));
            assert_int_equal(load(claim, due_ms, (int64_t[]){10 * (int64_t)i, 0}, 7), 2);
            assert_true(quotas_are_loaded(claim, due_ms));
            assert_int_equal(look(claim, 0, due_ms).used, 10 * i);
        }
        assert_true(quotas_are_loaded(claim, made_ms + DAY));
        quota_book_reload(book);
        made_ms += DAY;
        assert_false(quotas_are_loaded(claim, made_ms));
    }
    load(claim, made_ms, (int64_t[]){0, 0}, 7);
    load(claim, made_ms + DAY, (int64_t[]){0, 0}, 7); /* of what was missed, once is enough */
    assert_true(quotas_are_loaded(claim, made_ms + DAY));
    quota_book_reload(book);
    load(claim, made_ms, (int64_t[]){0, 0}, 7);
    struct quota_source source; /* a clock that is set back during a load makes nobody wait */
    for (size_t at = 0; quota_book_source(claim, made_ms + 60000, &at, &source); at++)
        quota_book_put(claim, at, &source, 0, 7, made_ms + 100);
    assert_true(quotas_are_loaded(claim, made_ms + 60000));
    quotas_claim_free(claim);
    free_book(book);
}

static void renews_with_its_period(void **state)
{
    (void)state;
    struct quota_book *book = make_book();
    struct quota_claim *old = claim_at(book, AT * DAY);
    struct quota_claim *new = claim_at(book, AT * DAY);
    struct quota_refusal refusal;
    int64_t late = (AT + 1) * DAY - 1;
    load(old, AT * DAY, (int64_t[]){40, 2}, 0);
    assert_true(quota_book_take(old, 60, late, &refusal));
    assert_true(quota_book_take(new, 100, late + 1, &refusal));
    assert_int_equal(look(new, 0, late + 1).used, 0);
    assert_int_equal(quota_book_extend(old, 10), 0); /* the day in which it came is used */
    struct usage_record record = record_of(60, late, "a");
    quota_book_settle(old, &record, 3);
    assert_int_equal(look(old, 0, late).used, 100);
    assert_int_equal(look(new, 0, late + 1).used, 0);
    assert_int_equal(look(new, 0, late + 1).held, 100);
    quotas_claim_free(old);
    quotas_claim_free(new);
    free_book(book);
}

/* Two days later its own period is forgotten: nothing is charged to another one. */
/* However many periods have begun since: it takes from its own, and with others of that one never
 * more than there is. */
static void a_look_says_what_a_hold_would_hear(void **state)
{
    (void)state;
    struct quota_book *book = make_book();
    struct quota_claim *claim = claim_at(book, AT * DAY);
    struct quota_refusal refusal;
    load(claim, AT * DAY, (int64_t[]){150, 0}, 0); /* more than the limit, which was lowered */
    assert_false(quotas_would_take(claim, 1, AT * DAY, &refusal));
    assert_false(quota_book_take(claim, 1, AT * DAY, &refusal));
    assert_true(quotas_would_take(claim, 0, AT * DAY, &refusal)); /* a model that is free */
    assert_true(quota_book_take(claim, 0, AT * DAY, &refusal));
    quotas_claim_free(claim);
    free_book(book);
}

static void a_call_may_outlive_its_period(void **state)
{
    (void)state;
    struct quota_book *book = make_book();
    struct quota_claim *old = claim_at(book, AT * DAY);
    struct quota_claim *other = claim_at(book, AT * DAY);
    struct quota_claim *new = claim_at(book, AT * DAY);
    struct quota_refusal refusal;
    load(old, AT * DAY, (int64_t[]){0, 0}, 0);
    assert_true(quota_book_take(old, 60, AT * DAY, &refusal));
    assert_true(quota_book_take(other, 20, AT * DAY, &refusal));
    for (int64_t day = AT + 1; day < AT + 4; day++) {
        assert_true(quota_book_take(new, 100, day * DAY, &refusal));
        quota_book_give_back(new);
    }
    assert_int_equal(quota_book_extend(old, 15), 15);
    assert_int_equal(quota_book_extend(other, 500), 5);
    quota_book_unextend(old, 10);
    struct usage_record record = record_of(60, AT * DAY, "a");
    quota_book_settle(old, &record, 3);
    assert_int_equal(quota_book_extend(other, 500), 15);
    assert_int_equal(look(new, 0, (AT + 3) * DAY).used, 0);
    assert_int_equal(look(new, 0, (AT + 3) * DAY).held, 0);
    quotas_claim_free(other);
    assert_true(quota_book_take(new, 100, (AT + 4) * DAY, &refusal)); /* forgets the old one */
    quotas_claim_free(old);
    quotas_claim_free(new);
    free_book(book);
}

static void a_call_that_is_alone_may_outlive_its_period(void **state)
{
    (void)state;
    struct quota_book *book = make_book();
    struct quota_claim *old = claim_at(book, AT * DAY);
    struct quota_claim *new = claim_at(book, AT * DAY);
    struct quota_refusal refusal;
    load(old, AT * DAY, (int64_t[]){0, 0}, 0);
    assert_true(quota_book_take(old, 60, AT * DAY, &refusal));
    for (int64_t day = AT + 1; day < AT + 4; day++) {
        assert_true(quota_book_take(new, 100, day * DAY, &refusal));
        quota_book_give_back(new);
    }
    assert_int_equal(quota_book_extend(old, 500), 40);
    quota_book_give_back(old);
    assert_true(quota_book_take(new, 100, (AT + 3) * DAY, &refusal));
    quotas_claim_free(old);
    quotas_claim_free(new);
    free_book(book);
}

static void each_threshold_is_told_once(void **state)
{
    (void)state;
    struct quota_book *book = make_book();
    struct quota_claim *claim = claim_at(book, AT * DAY);
    struct quota_refusal refusal;
    struct quota_event events[8];
    book->near_ppm = 800000;
    load(claim, AT * DAY, (int64_t[]){0, 0}, 0);
    static const int64_t charges[] = {79, 1, 15, 5};
    static const size_t told[] = {0, 1, 0, 1};
    for (size_t i = 0; i < 4; i++) {
        assert_true(quota_book_take(claim, charges[i], AT * DAY, &refusal) || i == 3);
        struct usage_record record = record_of(charges[i], AT * DAY, "c");
        quota_book_settle(claim, &record, 1);
        assert_int_equal(quota_book_events(book, events, 8), told[i]);
    }
    assert_int_equal(events[0].kind, QUOTA_REACHED);
    assert_string_equal(events[0].subject, "k1");
    assert_string_equal(events[0].name, "key/usd_per_day");
    assert_false(quota_book_take(claim, 1, AT * DAY, &refusal));
    assert_int_equal(quota_book_events(book, events, 8), 0);
    assert_true(
        quota_book_take(claim, 90, (AT + 1) * DAY, &refusal)); /* a new day, a new warning */
    struct usage_record record = record_of(90, (AT + 1) * DAY, "c");
    quota_book_settle(claim, &record, 1);
    assert_int_equal(quota_book_events(book, events, 8), 1);
    assert_int_equal(events[0].kind, QUOTA_NEAR);
    quotas_claim_free(claim);
    free_book(book);
}

/* ---- threads ---- */

static void *spend(void *arg)
{
    struct quota_book *book = arg;
    static const struct quota_rule wide = {.unit = QUOTA_USD,
                                           .scope = QUOTA_PER_KEY,
                                           .period = QUOTA_DAY,
                                           .limit = THREADS * CALLS,
                                           .name = "wide",
                                           .models = ""};
    int64_t spent = 0;
    for (int i = 0; i < CALLS; i++) {
        const struct quota_ask ask = {&wide, "k1", {9, 9}, 0, 0};
        struct quota_claim *claim = quota_book_claim(book, &ask, 1);
        struct quota_refusal refusal;
        if (!quotas_are_loaded(claim, AT * DAY))
            load(claim, AT * DAY, (int64_t[]){0, 0}, 0);
        if (quota_book_take(claim, 3, AT * DAY, &refusal)) {
            int64_t more = quota_book_extend(claim, 2);
            struct usage_record record = record_of(3 + more, AT * DAY, "a");
            quota_book_settle(claim, &record, 0);
            spent += 3 + more;
        }
        quotas_claim_free(claim);
    }
    return (void *)(intptr_t)spent;
}

static void what_is_left_is_taken_as_far_as_it_goes(void **state)
{
    static const struct quota_rule tokens = {.unit = QUOTA_TOKENS,
                                             .scope = QUOTA_PER_KEY,
                                             .period = QUOTA_DAY,
                                             .limit = 100,
                                             .name = "key/tokens_per_day",
                                             .models = ""};
    const struct quota_ask ask = {&tokens, "k1", {7, 7}, 10, 50};
    static const int64_t none[2], held[] = {60, 100};
    struct quota_book *book = make_book();
    struct quota_claim *claims[3];
    struct quota_refusal refusal;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        claims[i] = quota_book_claim(book, &ask, 1);
        load(claims[i], DAY, none, 1);
        assert_true(quota_book_take(claims[i], 0, DAY, &refusal) == (i < 2));
        assert_int_equal(look(claims[i], 0, DAY).held, held[i < 2 ? i : 1]);
    }
    assert_int_equal(refusal.required, 10);
    quotas_claim_free(claims[1]); /* gives back the 40 that it has */
    assert_int_equal(look(claims[0], 0, DAY).held, 60);
    assert_true(quota_book_take(claims[2], 0, DAY, &refusal));
    assert_int_equal(look(claims[0], 0, DAY).held, 100);
    quotas_claim_free(claims[0]);
    quotas_claim_free(claims[2]);
    free_book(book);
}

static void threads_do_not_overdraw(void **state)
{
    (void)state;
    struct quota_book *book = make_book();
    const struct quota_ask ask = {&money, "k1", {9, 9}, 0, 0};
    struct quota_claim *claim = quota_book_claim(book, &ask, 1);
    pthread_t threads[THREADS];
    int64_t spent = 0;
    load(claim, AT * DAY, (int64_t[]){0, 0}, 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, spend, book), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *of_thread;
        assert_int_equal(pthread_join(threads[i], &of_thread), 0);
        spent += (intptr_t)of_thread;
    }
    assert_true(spent <= THREADS * CALLS && spent > THREADS * CALLS - 3);
    assert_int_equal(look(claim, 0, AT * DAY).used, spent);
    assert_int_equal(look(claim, 0, AT * DAY).held, 0);
    quotas_claim_free(claim);
    free_book(book);
}

/* Counters that nobody claims make room, and are loaded again. */
static void memory_is_bounded(void **state)
{
    (void)state;
    struct quota_book *book = make_book();
    const struct quota_ask kept = {&money, "kept", {1, QUOTA_SHARDS}, 0, 0};
    struct quota_claim *claim = quota_book_claim(book, &kept, 1);
    load(claim, AT * DAY, (int64_t[]){42, 0}, 0);
    for (uint64_t i = 2; i < 3 * QUOTA_SHARD_COUNTERS; i++) {
        const struct quota_ask ask = {&money, "k", {i, 0}, 0, 0};
        quotas_claim_free(quota_book_claim(book, &ask, 1));
        assert_true(book->shards[0].table.node_count <= QUOTA_SHARD_COUNTERS);
    }
    assert_int_equal(look(claim, 0, AT * DAY).used, 42);
    quotas_claim_free(claim);
    free_book(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hold_counts_until_it_is_settled),
        cmocka_unit_test(only_its_models_count),
        cmocka_unit_test(loading_counts_each_settlement_once),
        cmocka_unit_test(a_new_counter_is_loaded_again),
        cmocka_unit_test(renews_with_its_period),
        cmocka_unit_test(a_look_says_what_a_hold_would_hear),
        cmocka_unit_test(a_call_may_outlive_its_period),
        cmocka_unit_test(a_call_that_is_alone_may_outlive_its_period),
        cmocka_unit_test(each_threshold_is_told_once),
        cmocka_unit_test(what_is_left_is_taken_as_far_as_it_goes),
        cmocka_unit_test(threads_do_not_overdraw),
        cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
