/* Waiting for deliveries: what is written to the waiter's own descriptor ends the wait. */
#include "base/support.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "net/client/delivery.h"

enum { FOR_EVER_MS = 24 * 3600 * 1000 };

/* Without it a stop waits until the time is over: an alarm ends the test then. */
static void test_a_wake_ends_the_wait(void **state)
{
    (void)state;
    struct delivery_end end;
    alarm(30);
    struct deliveries *deliveries = deliveries_new();
    int wake_fd = eventfd(1, EFD_NONBLOCK);
    assert_true(wake_fd >= 0);
    assert_false(deliveries_next(deliveries, wake_fd, FOR_EVER_MS, &end));
    close(wake_fd);
    deliveries_free(deliveries);
}

static void test_what_is_awaited_has_a_time(void **state)
{
    (void)state;
    struct delivery_end end;
    struct deliveries *deliveries = deliveries_new();
    int wake_fd = eventfd(0, EFD_NONBLOCK);
    assert_true(wake_fd >= 0);
    assert_false(deliveries_next(deliveries, wake_fd, 1, &end));
    close(wake_fd);
    deliveries_free(deliveries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wake_ends_the_wait),
        cmocka_unit_test(test_what_is_awaited_has_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
