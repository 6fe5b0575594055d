/* Starts and stops the tracer (exchange/tracer.h) by the settings. */
#ifndef APP_TRACING_H
#define APP_TRACING_H

#include <stdbool.h>

#include "app/worker.h"
#include "base/fault.h"

/* Sets shared->tracer; NULL: trace_url is empty. Before the workers are made. */
bool tracing_start(struct worker_shared *shared, struct fault *fault);
/* After the workers are freed. */
void tracing_stop(struct worker_shared *shared);

#endif
