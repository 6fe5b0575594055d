/* What the fake provider and the load generator share: the clock, waiting, numbers as options. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

enum { EVENTS_MAX = 512, SCRATCH_BYTES = 256 * 1024 };

#define SECOND_NS INT64_C(1000000000)
#define NEVER_NS INT64_MAX

/* Says why on stderr and exits with 2: a harness that goes on with half of its load would measure
 * something else. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

void *allocate(size_t count, size_t bytes);

int64_t now_ns(void);

/* As many descriptors as the system allows, timers without slack, no SIGPIPE. */
void prepare_process(void);

void watch(int epoll, int fd, uint32_t events, void *who);

/* Waits for events, at most until `until_ns`, to the microsecond. Returns their number. */
int wait_until(int epoll, struct epoll_event events[EVENTS_MAX], int64_t until_ns);

/* `text` as a whole number of 0 or more; dies when it is none. */
int64_t parse_number(const char *name, const char *text);

#endif
