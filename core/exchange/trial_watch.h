/* Whether a model's canary fails more often than its candidates: of each side the share of failures
 * of its last calls. Shared by all workers, with one mutex. In memory: a restart begins anew. */
#ifndef EXCHANGE_TRIAL_WATCH_H
#define EXCHANGE_TRIAL_WATCH_H

#include <stdbool.h>

struct trial_watch;

struct trial_watch *trial_watch_new(void);
void trial_watch_free(struct trial_watch *watch); /* NULL is allowed */
/* Counts anew: the trials may be others now. */
void trial_watch_forget(struct trial_watch *watch);

/* What is known of a side; old calls count less and less. */
struct trial_side {
    unsigned calls;
    unsigned failures;
};
enum trial_verdict {
    TRIAL_OPEN, /* too few calls, or the difference may be chance */
    TRIAL_WORSE,
    TRIAL_WELL
};
struct trial_view {
    enum trial_verdict verdict;
    struct trial_side canary, others;
};
/* Counts an attempt that was decided. Of more models than there is room for (LIMIT_TRIALS) nothing
 * is known. */
struct trial_view trial_watch_count(struct trial_watch *watch, const char *model, bool of_canary,
                                    bool failed);

#endif
