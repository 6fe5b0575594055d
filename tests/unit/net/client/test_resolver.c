/* Names to addresses on other threads: the answer comes back by the loop, or nowhere at all when
 * nobody waits for it any more. */
#include "base/support.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "net/client/resolver.h"

static struct job_queue queue;
static struct loop *loop;
static struct resolver *resolver;
static unsigned awaited;
static unsigned found;

static void on_done(const struct addresses *addresses, const char *why, void *arg)
{
    bool known = *(bool *)arg;
    assert_true(known == (addresses != NULL) && known == (why == NULL));
    if (known) {
        const struct sockaddr_in *first = (const struct sockaddr_in *)&addresses->at[0];
        assert_true(addresses->count > 0 && addresses->count <= RESOLVER_ADDRESSES_MAX);
        assert_int_equal(ntohs(first->sin_port), 8080); /* it stands there in sockaddr_in6, too */
        found++;
    }
    if (--awaited == 0)
        loop_stop(loop);
}

static void never(const struct addresses *addresses, const char *why, void *arg)
{
    (void)addresses;
    (void)arg;
    fail_msg("called: %s", why);
}

static int set_up(void **state)
{
    struct fault fault;
    (void)state;
    alarm(300);
    assert_true(job_queue_init(&queue, 100));
    loop = loop_new(&queue, NULL, &fault);
    resolver = resolver_new(loop);
    return 0;
}

/* As a worker ends: what is under way comes back after the loop. */
static int tear_down(void **state)
{
    (void)state;
    resolver_free(resolver);
    loop_free(loop);
    job_queue_finish(&queue);
    job_queue_fini(&queue);
    return 0;
}

static void answers_many(void **state)
{
    (void)state;
    static bool known = true;
    static bool unknown = false;
    char label[80];
    memset(label, 'a', sizeof label - 1); /* too long to be one: nobody is asked */
    label[sizeof label - 1] = '\0';
    awaited = 20;
    found = 0;
    for (int i = 0; i < 10; i++) {
        assert_non_null(resolver_start(resolver, "localhost", "8080", on_done, &known));
        assert_non_null(resolver_start(resolver, label, "8080", on_done, &unknown));
    }
    loop_run(loop);
    assert_int_equal(found, 10);
}

static void forgets_what_is_cancelled(void **state)
{
    (void)state;
    static bool known = true;
    awaited = 1;
    for (int i = 0; i < 10; i++)
        resolver_cancel(resolver_start(resolver, "localhost", "8080", never, NULL));
    resolver_start(resolver, "localhost", "8080", on_done, &known);
    loop_run(loop);
    for (int i = 0; i < 10; i++)
        resolver_cancel(resolver_start(resolver, "localhost", "8080", never, NULL));
}

static void tells_literals_from_names(void **state)
{
    (void)state;
    static const char *const literals[] = {"127.0.0.1", "::1", "2001:db8::7", "fe80::1%lo"};
    static const char *const names[] = {"localhost", "a.b", "1.2.3.4.5", "::g", "[::1]", ""};
    struct addresses addresses;
    for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
        assert_true(resolver_literal(literals[i], "80", &addresses));
        assert_int_equal(addresses.count, 1);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_false(resolver_literal(names[i], "80", &addresses));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(forgets_what_is_cancelled, set_up, tear_down),
        cmocka_unit_test(tells_literals_from_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
