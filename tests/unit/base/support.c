#include "base/support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct dice dice_make(void)
{
    const char *given = getenv("TEST_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10)
                                  : (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    fprintf(stderr, "TEST_SEED=%llu\n", (unsigned long long)seed);
    return (struct dice){seed};
}

/* splitmix64: good enough, and the same everywhere. */
uint64_t dice_u64(struct dice *dice)
{
    uint64_t n = dice->state += UINT64_C(0x9e3779b97f4a7c15);
    n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
    return n ^ n >> 31;
}

size_t dice_below(struct dice *dice, size_t limit)
{
    return (size_t)(dice_u64(dice) % limit);
}

int64_t dice_magnitude(struct dice *dice, int64_t max)
{
    switch (dice_below(dice, 12)) {
    case 0:
        return 0;
    case 1:
        return max;
    case 2:
        return max > 0 ? max - 1 : 0;
    case 3:
        return max > 0 ? 1 : 0;
    default: {
        uint64_t n = dice_u64(dice) >> (1 + dice_below(dice, 62));
        return (int64_t)(max == INT64_MAX ? n : n % ((uint64_t)max + 1));
    }
    }
}

bool aborts(void (*run)(void))
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(null, STDERR_FILENO);
        run();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
