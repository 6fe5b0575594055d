/* The attempts of an exchange in which one failed: which provider, what came of it, how long it
 * took and what the provider said, for the operator. An exchange whose only attempt succeeds has
 * nothing here, and pays nothing for it. On the worker's thread. */
#ifndef EXCHANGE_ATTEMPT_LOG_H
#define EXCHANGE_ATTEMPT_LOG_H

#include <stddef.h>

struct attempt;
struct attempt_note;
struct id;
struct store;

struct attempt_log {
    struct attempt_note *notes; /* NULL: none has failed */
    size_t count;
};

/* An attempt has failed; it was the how manieth of its exchange. */
void attempt_log_failure(struct attempt_log *log, int number, const struct attempt *attempt);
/* The attempt that answered: noted if another failed before, or if its answer was cut; `cut_code`
 * then says why, else it is NULL. */
void attempt_log_answered(struct attempt_log *log, int number, const struct attempt *attempt,
                          const char *cut_code);
/* The exchange has ended: all are written. */
void attempt_log_write(const struct attempt_log *log, struct store *store,
                       const struct id *exchange_id);
void attempt_log_fini(struct attempt_log *log);

#endif
