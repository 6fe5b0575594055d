/* What every program tells of itself in /metrics, under the names of Prometheus's own libraries:
 * process_cpu_seconds_total and its like. What the system does not show is left out. */
#ifndef APP_ADMIN_PROCESS_METRICS_H
#define APP_ADMIN_PROCESS_METRICS_H

#include <stdint.h>

#include "base/metrics_text.h"

/* `started_ms`: wall clock. Any thread. */
void process_metrics_render(struct metrics_text *text, int64_t started_ms);

#endif
