/* The attempts of an exchange in which at least one failed, or which was hedged, for the operator:
 * the provider, the outcome, the duration and what the provider said. An exchange whose only
 * attempt succeeds has no entries and no cost. On the worker's thread. */
#ifndef EXCHANGE_ATTEMPT_LOG_H
#define EXCHANGE_ATTEMPT_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"

struct attempt;
struct attempt_note;
struct id;
struct store;

enum { ATTEMPTS_NOTED = 2 * LIMIT_ATTEMPTS }; /* each may be repeated once (`retry`) */

struct attempt_log {
    struct attempt_note *notes; /* NULL: no attempt has failed */
    size_t count;
    size_t written;
    bool answered; /* the last one is noted, or needs no note */
    bool hedged;   /* it is noted in any case: another provider was asked, too */
};

/* Copies what the provider of a failed attempt said, without secrets; if it said nothing, what
 * happened. */
void attempt_log_words(const struct attempt *attempt, char out[LIMIT_ATTEMPT_WORDS_BYTES + 1]);
/* Notes a failed attempt; `number` counts the attempts of the exchange from 1. */
void attempt_log_failure(struct attempt_log *log, int number, const struct attempt *attempt);
/* Notes the attempt that answered, if another failed before or if its answer was cut. `cut_code`
 * says why it was cut; NULL if it was not. `leader`: the exchange that has asked in place of this
 * one, which is noted, too; or NULL. Only the first call counts. */
void attempt_log_answered(struct attempt_log *log, int number, const struct attempt *attempt,
                          const char *cut_code, const struct id *leader);
/* Notes an attempt whose answer came when another one's was there (hedging.h). */
void attempt_log_late(struct attempt_log *log, int number, const struct attempt *attempt);
/* Writes the notes that are not written yet. Call it before the record of the call is written: who
 * sees the record sees its attempts. */
void attempt_log_write(struct attempt_log *log, struct store *store, const struct id *exchange_id);
void attempt_log_fini(struct attempt_log *log);

#endif
