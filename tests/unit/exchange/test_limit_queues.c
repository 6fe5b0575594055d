/* Queues for providers' limits: turns by account, a window that grows and shrinks, room in a full
 * queue, and all of it from many threads. */
#include "base/support.h"

#include <pthread.h>
#include <stdio.h>

#include "base/id.h"
#include "exchange/limit_queues.h"
#include "exchange/limit_room.h"

enum { LIMIT_A = 7, LIMIT_B = 8, MANY = 100 };

static struct limit_queues *queues;

static int setup(void **state)
{
    (void)state;
    queues = limit_queues_new();
    return 0;
}

/* Checks that every ticket has left. */
static int teardown(void **state)
{
    (void)state;
    assert_int_equal(limit_queues_waiting(queues), 0);
    limit_queues_free(queues);
    return 0;
}

static struct id account(char name)
{
    struct id id = {.text = ""};
    snprintf(id.text, sizeof id.text, "acct_%c", name);
    return id;
}

static struct limit_ticket *join(uint64_t limit, char name, size_t most)
{
    struct id id = account(name);
    return limit_queues_join(queues, limit, &id, 0, most);
}

static struct limit_ticket *join_with(char name, int64_t tokens)
{
    struct id id = account(name);
    return limit_queues_join(queues, LIMIT_A, &id, tokens, MANY);
}

static enum limit_turn look(struct limit_ticket *ticket)
{
    struct limit_room room = limit_room_unknown();
    return limit_queues_look(queues, ticket, &room);
}

static enum limit_turn look_with(struct limit_ticket *ticket, int64_t requests, int64_t tokens)
{
    const struct limit_room room = {.requests = requests, .tokens = tokens, .tokens_limit = 1000};
    return limit_queues_look(queues, ticket, &room);
}

static void leave(struct limit_ticket *ticket, enum limit_end end)
{
    limit_queues_leave(queues, ticket, end);
}

static void test_nothing_goes_while_it_is_closed(void **state)
{
    (void)state;
    assert_false(limit_queues_has(queues, LIMIT_A));
    struct limit_ticket *ticket = join(LIMIT_A, 'a', MANY);
    assert_true(limit_queues_has(queues, LIMIT_A));
    assert_false(limit_queues_has(queues, LIMIT_B));
    assert_int_equal(limit_queues_look(queues, ticket, NULL), LIMIT_WAITS);
    assert_int_equal(look(ticket), LIMIT_GOES);
    assert_false(limit_queues_has(queues, LIMIT_A));
    leave(ticket, LIMIT_TAKEN);
}

static void test_turns_go_by_account(void **state)
{
    (void)state;
    static const char who[] = "aaaabbc", order[] = "abcabaa";
    struct limit_ticket *waiting[7];
    char went[8] = "";
    for (size_t i = 0; i < 7; i++)
        waiting[i] = join(LIMIT_A, who[i], MANY);
    for (size_t turn = 0; turn < 7; turn++) {
        size_t found = 7;
        for (size_t i = 0; i < 7; i++) {
            if (waiting[i] == NULL || look(waiting[i]) != LIMIT_GOES)
                continue;
            assert_int_equal(found, 7); /* one at a time: the window does not grow */
            found = i;
        }
        assert_true(found < 7);
        went[turn] = who[found];
        leave(waiting[found], LIMIT_NOT_ASKED);
        waiting[found] = NULL;
    }
    assert_string_equal(went, order);
}

/* Lets go what may, ends all of that in this way, and returns how many it was. */
static size_t round_of(struct limit_ticket *waiting[MANY], enum limit_end end)
{
    struct limit_ticket *gone[MANY];
    size_t count = 0;
    for (size_t i = 0; i < MANY; i++) {
        if (waiting[i] == NULL || look(waiting[i]) != LIMIT_GOES)
            continue;
        gone[count++] = waiting[i];
        waiting[i] = NULL;
    }
    for (size_t i = 0; i < count; i++)
        leave(gone[i], end);
    return count;
}

/* The one whose turn it is waits for its tokens, and the small one behind does not overtake it. */
static void test_a_large_call_is_not_overtaken_for_ever(void **state)
{
    (void)state;
    struct limit_ticket *large = join_with('a', 500);
    struct limit_ticket *small = join_with('b', 10);
    assert_int_equal(look_with(small, 9, 499), LIMIT_WAITS);
    assert_int_equal(look_with(small, 9, 500), LIMIT_WAITS); /* the other one goes */
    assert_int_equal(look_with(large, 0, 0), LIMIT_GOES);
    leave(large, LIMIT_TAKEN);
    assert_int_equal(look_with(small, 0, 10), LIMIT_WAITS);
    assert_int_equal(look_with(small, 1, 10), LIMIT_GOES);
    leave(small, LIMIT_TAKEN);
}

/* However many the window lets through. */
static void test_no_more_go_than_there_is_room_for(void **state)
{
    (void)state;
    struct limit_ticket *waiting[8];
    struct limit_ticket *first = join_with('a', 0), *second = join_with('a', 0);
    size_t gone = 0;
    for (size_t i = 0; i < 8; i++)
        waiting[i] = join_with('b', 100);
    assert_int_equal(look_with(first, 9, 0), LIMIT_GOES);
    leave(first, LIMIT_TAKEN); /* two at once */
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(look_with(waiting[i], 9, 100), i == 0 ? LIMIT_GOES : LIMIT_WAITS);
        if (i == 0)
            assert_int_equal(look_with(second, 9, 0), LIMIT_GOES);
    }
    leave(second, LIMIT_TAKEN);
    leave(waiting[0], LIMIT_TAKEN); /* four at once */
    for (size_t i = 1; i < 8; i++)
        gone += look_with(waiting[i], i == 1 ? 9 : 0, 350) == LIMIT_GOES;
    assert_int_equal(gone, 3);
    for (size_t i = 1; i < 8; i++)
        leave(waiting[i], LIMIT_NOT_ASKED);
}

static void test_the_window_doubles_and_is_halved(void **state)
{
    (void)state;
    struct limit_ticket *waiting[MANY];
    for (size_t i = 0; i < MANY; i++)
        waiting[i] = join(LIMIT_A, 'a', MANY);
    assert_int_equal(round_of(waiting, LIMIT_TAKEN), 1);
    assert_int_equal(round_of(waiting, LIMIT_TAKEN), 2);
    assert_int_equal(round_of(waiting, LIMIT_TAKEN), 4);
    assert_int_equal(round_of(waiting, LIMIT_NOT_ASKED), 8);
    assert_int_equal(round_of(waiting, LIMIT_MET), 8);
    assert_int_equal(round_of(waiting, LIMIT_MET), 1);
    for (size_t left = MANY - 24; left > 0; left -= round_of(waiting, LIMIT_TAKEN)) {}
}

static void test_a_full_queue_is_shared(void **state)
{
    (void)state;
    struct limit_ticket *of_a[4], *of_b[2];
    for (size_t i = 0; i < 4; i++) {
        of_a[i] = join(LIMIT_A, 'a', 4);
        assert_non_null(of_a[i]);
    }
    assert_null(join(LIMIT_A, 'a', 4));
    of_b[0] = join(LIMIT_A, 'b', 4);
    of_b[1] = join(LIMIT_A, 'b', 4);
    assert_non_null(of_b[0]);
    assert_non_null(of_b[1]);
    assert_null(join(LIMIT_A, 'b', 4)); /* each has its half */
    assert_null(join(LIMIT_A, 'a', 4));
    assert_int_equal(limit_queues_look(queues, of_a[3], NULL), LIMIT_LOST);
    assert_int_equal(limit_queues_look(queues, of_a[2], NULL), LIMIT_LOST);
    assert_int_equal(limit_queues_look(queues, of_a[1], NULL), LIMIT_WAITS);
    assert_int_equal(limit_queues_waiting(queues), 4);
    struct limit_ticket *elsewhere = join(LIMIT_B, 'a', 4);
    assert_non_null(elsewhere);
    leave(elsewhere, LIMIT_NOT_ASKED);
    for (size_t i = 0; i < 4; i++)
        leave(of_a[i], LIMIT_NOT_ASKED);
    for (size_t i = 0; i < 2; i++)
        leave(of_b[i], LIMIT_NOT_ASKED);
}

static void test_no_room_at_all(void **state)
{
    (void)state;
    assert_null(join(LIMIT_A, 'a', 0));
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 2000 };

static void *work(void *arg)
{
    unsigned number = *(const unsigned *)arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct limit_ticket *ticket = join(LIMIT_A + i % 2, (char)('a' + number), 3);
        if (ticket == NULL)
            continue;
        enum limit_turn turn = LIMIT_WAITS;
        for (unsigned n = 0; n < 50 && turn == LIMIT_WAITS; n++)
            turn = look(ticket);
        leave(ticket, i % 5 == 0 ? LIMIT_MET : LIMIT_TAKEN);
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    unsigned numbers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, work, &numbers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_goes_while_it_is_closed),
        TEST(test_turns_go_by_account),
        TEST(test_a_large_call_is_not_overtaken_for_ever),
        TEST(test_no_more_go_than_there_is_room_for),
        TEST(test_the_window_doubles_and_is_halved),
        TEST(test_a_full_queue_is_shared),
        TEST(test_no_room_at_all),
        TEST(test_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
