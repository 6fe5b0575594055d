/* Requests to the admin server that wait for jobs of other threads: the thread ends after the last
 * of them. On the admin thread. */
#ifndef APP_ADMIN_PENDING_H
#define APP_ADMIN_PENDING_H

#include <stdbool.h>

struct pending {
    unsigned count;
    void (*on_end)(void *arg); /* NULL: it goes on */
    void *arg;
};

/* Returns false if the thread is about to end: nothing more may begin. */
bool pending_begin(struct pending *pending);
void pending_end(struct pending *pending);
/* Calls `on_end` when nothing waits any more: at once, or later. */
void pending_finish(struct pending *pending, void (*on_end)(void *arg), void *arg);

#endif
