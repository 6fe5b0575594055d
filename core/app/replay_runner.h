/* Answers the operator's question about a replay (script/replay_service.h) on a thread of its own,
 * bounded in time and memory. On the main thread, but for what says otherwise. */
#ifndef APP_REPLAY_RUNNER_H
#define APP_REPLAY_RUNNER_H

#include "app/config.h"

struct replay_runner;
struct replay_service;

/* Starts the thread. NULL: the system has none left. */
struct replay_runner *replay_runner_new(const struct config *config);
/* What workers ask. */
struct replay_service *replay_runner_service(struct replay_runner *runner);
/* The question that is being answered fails soon, because the gateway stops. */
void replay_runner_cancel(struct replay_runner *runner);
/* Ends the thread. Call it when no worker asks any more. NULL is allowed. */
void replay_runner_free(struct replay_runner *runner);

#endif
