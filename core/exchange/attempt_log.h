/* The attempts of an exchange in which one failed: which provider, what came of it, how long it
 * took and what the provider said, for the operator. An exchange whose only attempt succeeds has
 * nothing here, and pays nothing for it. On the worker's thread. */
#ifndef EXCHANGE_ATTEMPT_LOG_H
#define EXCHANGE_ATTEMPT_LOG_H

#include <stddef.h>

struct attempt_note;
struct exchange;

struct attempt_log {
    struct attempt_note *notes; /* NULL: none has failed */
    size_t count;
};

/* The present attempt has failed. */
void attempt_log_failure(struct exchange *exchange);
/* The exchange has ended: the attempt that answered is added if another failed before, or if it was
 * cut; all are noted. */
void attempt_log_end(struct exchange *exchange);
void attempt_log_fini(struct attempt_log *log);

#endif
