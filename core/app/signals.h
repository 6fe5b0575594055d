/* The signals that the gateway acts on, read from a descriptor. On the main thread. */
#ifndef APP_SIGNALS_H
#define APP_SIGNALS_H

#include "base/job.h"

/* Blocks them; threads that start later inherit that. Returns the descriptor. */
int signals_open(void);

/* Waits for a signal or for jobs of the queue, whose ends are run. Returns the signal, or 0. */
int signals_wait(int signal_fd, struct job_queue *queue, int timeout_ms);

#endif
