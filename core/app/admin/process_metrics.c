#include "app/admin/process_metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/descriptors.h"

static int64_t time_us(const struct timeval *time)
{
    return (int64_t)time->tv_sec * 1000000 + time->tv_usec;
}

static void render_cpu(struct metrics_text *text)
{
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used) != 0)
        return;
    metrics_family(text, METRICS_COUNTER, "process_cpu_seconds", "seconds",
                   "Processor time of all threads, of the user and of the system.");
    metrics_seconds(text, NULL, time_us(&used.ru_utime) + time_us(&used.ru_stime));
}

static void render_memory(struct metrics_text *text)
{
    char line[128];
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return;
    char *at = fgets(line, sizeof line, file);
    fclose(file);
    if (at == NULL)
        return;
    long long virtual_pages = strtoll(at, &at, 10);
    long long resident_pages = strtoll(at, NULL, 10);
    int64_t page_bytes = sysconf(_SC_PAGESIZE);
    metrics_family(text, METRICS_GAUGE, "process_virtual_memory_bytes", "bytes",
                   "Memory that is mapped.");
    metrics_int(text, NULL, virtual_pages * page_bytes);
    metrics_family(text, METRICS_GAUGE, "process_resident_memory_bytes", "bytes",
                   "Memory that is used.");
    metrics_int(text, NULL, resident_pages * page_bytes);
}

static void render_descriptors(struct metrics_text *text)
{
    struct rlimit limit;
    int64_t count = descriptors_count();
    if (count >= 0) {
        metrics_family(text, METRICS_GAUGE, "process_open_fds", "", "Descriptors that are open.");
        metrics_int(text, NULL, count);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        metrics_family(text, METRICS_GAUGE, "process_max_fds", "", "Descriptors that may be open.");
        metrics_int(text, NULL, (int64_t)limit.rlim_cur);
    }
}

void process_metrics_render(struct metrics_text *text, int64_t started_ms)
{
    render_cpu(text);
    render_memory(text);
    render_descriptors(text);
    metrics_family(text, METRICS_GAUGE, "process_start_time_seconds", "seconds",
                   "When the process started, in seconds since 1970.");
    metrics_seconds(text, NULL, started_ms * 1000);
}
