/* The attempts of an exchange in which at least one failed, for the operator: the provider, the
 * outcome, the duration and what the provider said. An exchange whose only attempt succeeds has no
 * entries and no cost. On the worker's thread. */
#ifndef EXCHANGE_ATTEMPT_LOG_H
#define EXCHANGE_ATTEMPT_LOG_H

#include <stddef.h>

struct attempt;
struct attempt_note;
struct id;
struct store;

struct attempt_log {
    struct attempt_note *notes; /* NULL: no attempt has failed */
    size_t count;
};

/* Notes a failed attempt; `number` counts the attempts of the exchange from 1. */
void attempt_log_failure(struct attempt_log *log, int number, const struct attempt *attempt);
/* Notes the attempt that answered, if another failed before or if its answer was cut. `cut_code`
 * says why it was cut; NULL if it was not. */
void attempt_log_answered(struct attempt_log *log, int number, const struct attempt *attempt,
                          const char *cut_code);
/* Writes all notes. Call it when the exchange has ended. */
void attempt_log_write(const struct attempt_log *log, struct store *store,
                       const struct id *exchange_id);
void attempt_log_fini(struct attempt_log *log);

#endif
