/* The processor time that another process has taken. */
#ifndef BENCH_CPU_H
#define BENCH_CPU_H

#include <stdint.h>

/* Of all threads that it has now, in nanoseconds as the scheduler counts them (utime and stime of
 * /proc/PID/stat come in steps of 10 ms). Dies when there is no such process. */
int64_t cpu_ns(int64_t pid);

#endif
