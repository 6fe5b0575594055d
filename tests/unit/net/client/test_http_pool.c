/* What is kept from one request to the next: targets by their URL, connections on which nothing
 * has come, and neither for ever. The provider is a listener of the test's own. */
#include "base/support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "net/client/http_pool.h"

enum { S_US = 1000000 };

static struct job_queue queue;
static struct loop *loop;
static struct http_pool pool;
static int listener;
static struct sockaddr_storage address;
static char url[64];

static int set_up(void **state)
{
    struct fault fault;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    socklen_t bytes = sizeof *v4;
    (void)state;
    alarm(300); /* nothing here waits for ever */
    assert_true(job_queue_init(&queue, 8));
    loop = loop_new(&queue, NULL, &fault);
    assert_non_null(loop);
    memset(&pool, 0, sizeof pool);
    http_pool_init(&pool, loop);
    memset(&address, 0, sizeof address);
    v4->sin_family = AF_INET;
    v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)v4, bytes), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)v4, &bytes), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1", ntohs(v4->sin_port));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_pool_fini(&pool);
    close(listener);
    loop_free(loop);
    job_queue_finish(&queue);
    job_queue_fini(&queue);
    return 0;
}

static struct http_target *target_of(const char *where)
{
    struct fault fault;
    struct http_target *target = http_pool_target(&pool, where, &fault);
    assert_non_null(target);
    return target;
}

static size_t target_count(void)
{
    const struct http_target *target;
    size_t count = 0;
    LIST_FOREACH(target, &pool.targets, link)
    count++;
    return count;
}

static void stop_when_connected(struct http_connection *connection,
                                enum http_connection_event event, int error)
{
    (void)connection;
    assert_int_equal(event, HTTP_CONNECTED);
    assert_int_equal(error, 0);
    loop_stop(loop);
}

/* A connection of a call, and its other end. */
static struct http_connection *connect_to(struct http_target *target, int *other)
{
    struct http_connection *connection = http_connection_open(loop, &address, stop_when_connected);
    assert_non_null(connection);
    connection->target = target;
    connection->call = &pool; /* anybody */
    loop_run(loop);
    *other = accept(listener, NULL, NULL);
    assert_true(*other >= 0);
    return connection;
}

static void keep_one(struct http_target *target, int *other)
{
    http_pool_keep(connect_to(target, other));
}

static void await_something(const struct http_connection *connection)
{
    struct pollfd wanted = {.fd = connection->fd, .events = POLLIN};
    assert_int_equal(poll(&wanted, 1, -1), 1);
}

/* The client has closed its end. */
static void assert_closed(int other)
{
    char byte;
    assert_int_equal(recv(other, &byte, 1, 0), 0);
    close(other);
}

/* ---- targets ---- */

static void a_url_is_one_target(void **state)
{
    (void)state;
    struct http_target *one = target_of("http://127.0.0.1:9/a");
    assert_ptr_equal(target_of("http://127.0.0.1:9/a"), one);
    assert_ptr_not_equal(target_of("http://127.0.0.1:9/b"), one);
    assert_int_equal(target_count(), 2);
}

static void what_is_no_url_is_no_target(void **state)
{
    (void)state;
    struct fault fault = {0};
    assert_null(http_pool_target(&pool, "http://", &fault));
    assert_string_equal(fault.code, "invalid_value");
    assert_null(http_pool_target(&pool, "http://user:word@127.0.0.1/", &fault));
    assert_int_equal(target_count(), 0);
}

static void a_target_goes_when_nothing_has_used_it_for_a_minute(void **state)
{
    (void)state;
    int64_t now_us = clock_mono_us();
    (void)target_of("http://127.0.0.1:9/a");
    struct http_target *busy = target_of("http://127.0.0.1:9/b");
    busy->calls = 1;
    http_pool_tick(&pool, now_us + 50 * S_US);
    assert_int_equal(target_count(), 2);
    http_pool_tick(&pool, clock_mono_us() + 61 * S_US);
    assert_int_equal(target_count(), 1);
    assert_ptr_equal(LIST_FIRST(&pool.targets), busy);
    busy->calls = 0;
    http_pool_tick(&pool, clock_mono_us() + 61 * S_US);
    assert_int_equal(target_count(), 0);
}

static void a_target_stays_as_long_as_it_is_used(void **state)
{
    (void)state;
    struct http_target *target = target_of("http://127.0.0.1:9/a");
    target->used_us -= 100 * S_US;
    assert_ptr_equal(target_of("http://127.0.0.1:9/a"), target);
    http_pool_tick(&pool, clock_mono_us() + 50 * S_US);
    assert_int_equal(target_count(), 1);
}

/* ---- connections ---- */

static void what_is_kept_is_taken_once(void **state)
{
    (void)state;
    int other;
    struct http_target *target = target_of(url);
    assert_null(http_pool_take(target));
    struct http_connection *connection = connect_to(target, &other);
    http_pool_keep(connection);
    assert_int_equal(pool.kept_count, 1);
    assert_null(connection->call);
    assert_true(connection->used);
    assert_ptr_equal(http_pool_take(target), connection);
    assert_int_equal(pool.kept_count, 0);
    assert_null(http_pool_take(target));
    http_connection_close(connection);
    assert_closed(other);
}

/* The one used last: the others may grow old. */
static void the_one_used_last_is_taken_first(void **state)
{
    (void)state;
    int others[2];
    struct http_target *target = target_of(url);
    struct http_connection *first = connect_to(target, &others[0]);
    struct http_connection *second = connect_to(target, &others[1]);
    http_pool_keep(first);
    http_pool_keep(second);
    assert_ptr_equal(http_pool_take(target), second);
    assert_ptr_equal(http_pool_take(target), first);
    http_connection_close(first);
    http_connection_close(second);
    close(others[0]);
    close(others[1]);
}

static void another_target_has_connections_of_its_own(void **state)
{
    (void)state;
    int other;
    keep_one(target_of(url), &other);
    assert_null(http_pool_take(target_of("http://127.0.0.1:9/b")));
    close(other);
}

/* What has come would be taken for the answer to the next request, maybe another customer's. */
static void one_on_which_something_has_come_is_never_given_out(void **state)
{
    (void)state;
    int talking;
    int closed;
    int silent;
    struct http_target *target = target_of(url);
    struct http_connection *good = connect_to(target, &silent);
    struct http_connection *closes = connect_to(target, &closed);
    struct http_connection *talks = connect_to(target, &talking);
    http_pool_keep(good);
    http_pool_keep(closes);
    http_pool_keep(talks);
    assert_int_equal(send(talking, "HTTP/1.1", 8, MSG_NOSIGNAL), 8);
    close(closed);
    await_something(closes);
    await_something(talks);
    assert_ptr_equal(http_pool_take(target), good); /* before the loop has looked */
    assert_int_equal(pool.kept_count, 0);
    http_connection_close(good);
    close(talking);
    close(silent);
}

static void check_kept(void *arg)
{
    const size_t *wanted = arg;
    if (pool.kept_count == *wanted)
        loop_stop(loop);
}

/* The loop sees it: nobody has to ask. */
static void one_that_the_provider_closes_goes_by_itself(void **state)
{
    (void)state;
    int others[2];
    size_t wanted = 1;
    struct http_target *target = target_of(url);
    keep_one(target, &others[0]);
    keep_one(target, &others[1]);
    loop_on_tick(loop, check_kept, &wanted);
    close(others[0]);
    loop_run(loop);
    wanted = 0;
    assert_int_equal(send(others[1], "x", 1, MSG_NOSIGNAL), 1);
    loop_run(loop);
    assert_true(TAILQ_EMPTY(&target->kept));
    close(others[1]);
}

static void one_goes_when_it_has_not_been_used_for_a_minute(void **state)
{
    (void)state;
    int old;
    int young;
    struct http_target *target = target_of(url);
    keep_one(target, &old);
    TAILQ_FIRST(&target->kept)->kept_since_us -= 30 * S_US;
    keep_one(target, &young);
    http_pool_tick(&pool, clock_mono_us() + 20 * S_US);
    assert_int_equal(pool.kept_count, 2);
    http_pool_tick(&pool, clock_mono_us() + 40 * S_US);
    assert_int_equal(pool.kept_count, 1);
    assert_closed(old);
    assert_int_equal(target_count(), 1); /* one is kept for it */
    http_pool_tick(&pool, clock_mono_us() + 61 * S_US);
    assert_int_equal(pool.kept_count, 0);
    assert_int_equal(target_count(), 0);
    assert_closed(young);
}

/* The bound is of the pool, not of a target. */
static void only_so_many_are_kept(void **state)
{
    (void)state;
    int first;
    int second;
    int third;
    struct http_target *target = target_of(url);
    keep_one(target, &first);
    pool.kept_count = LIMIT_CONNECTIONS_KEPT - 1; /* as if others had them */
    keep_one(target, &second);
    assert_int_equal(pool.kept_count, LIMIT_CONNECTIONS_KEPT);
    keep_one(target, &third);
    assert_closed(third);
    assert_int_equal(pool.kept_count, LIMIT_CONNECTIONS_KEPT);
    pool.kept_count = 2;
    close(first);
    close(second);
}

static void all_are_closed_with_the_pool(void **state)
{
    (void)state;
    int other;
    keep_one(target_of(url), &other);
    http_pool_fini(&pool);
    assert_closed(other);
    http_pool_init(&pool, loop);
}

/* ---- names ---- */

static struct http_target *resolved;
static char why_not[128];

static void on_addresses(struct http_target *target, const char *why, void *arg)
{
    assert_ptr_equal(arg, &pool);
    resolved = target;
    snprintf(why_not, sizeof why_not, "%s", why != NULL ? why : "");
    loop_stop(loop);
}

static void a_name_is_looked_up_once_at_a_time(void **state)
{
    (void)state;
    struct http_target *target = target_of("http://localhost:9/");
    pool.on_addresses = on_addresses;
    pool.arg = &pool;
    resolved = NULL;
    assert_true(http_pool_resolve(target));
    const struct resolver_lookup *lookup = target->lookup;
    assert_non_null(lookup);
    assert_true(http_pool_resolve(target));
    assert_ptr_equal(target->lookup, lookup);
    assert_null(resolved); /* never from inside */
    loop_run(loop);
    assert_ptr_equal(resolved, target);
    assert_null(target->lookup);
    assert_string_equal(why_not, "");
    assert_true(target->addresses.count > 0);
    int64_t left_us = target->addresses_until_us - clock_mono_us();
    assert_true(left_us > 50 * S_US && left_us <= 60 * S_US);
}

static void a_target_that_goes_takes_its_lookup_with_it(void **state)
{
    (void)state;
    pool.on_addresses = on_addresses;
    pool.arg = &pool;
    resolved = NULL;
    assert_true(http_pool_resolve(target_of("http://localhost:9/")));
    http_pool_tick(&pool, clock_mono_us() + 61 * S_US);
    assert_int_equal(target_count(), 0);
    assert_null(resolved);
}

#define WITH_POOL(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_POOL(a_url_is_one_target),
        WITH_POOL(what_is_no_url_is_no_target),
        WITH_POOL(a_target_goes_when_nothing_has_used_it_for_a_minute),
        WITH_POOL(a_target_stays_as_long_as_it_is_used),
        WITH_POOL(what_is_kept_is_taken_once),
        WITH_POOL(the_one_used_last_is_taken_first),
        WITH_POOL(another_target_has_connections_of_its_own),
        WITH_POOL(one_on_which_something_has_come_is_never_given_out),
        WITH_POOL(one_that_the_provider_closes_goes_by_itself),
        WITH_POOL(one_goes_when_it_has_not_been_used_for_a_minute),
        WITH_POOL(only_so_many_are_kept),
        WITH_POOL(all_are_closed_with_the_pool),
        WITH_POOL(a_name_is_looked_up_once_at_a_time),
        WITH_POOL(a_target_that_goes_takes_its_lookup_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
