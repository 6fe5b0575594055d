/* What a call would cost at most: what its hold would cover (holding.c), told instead of held. No
 * provider is asked, and nothing is charged. On the exchange's worker. */
#ifndef EXCHANGE_ESTIMATE_H
#define EXCHANGE_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

struct cost_ceiling;
struct exchange;
struct limit_rules;

enum { ESTIMATE_BYTES = 8192 }; /* of the answer, with its NUL */

/* Counts an estimate of the request that was read by `limits`, and looks up what is used of its
 * quotas. Returns false if there were too many estimates; the client then has its answer. The
 * exchange is woken when it is no longer loading. */
bool estimate_begin(struct exchange *exchange, const struct limit_rules *limits);
bool estimate_is_loading(const struct exchange *exchange);
void estimate_fini(struct exchange *exchange);
/* Writes the answer of POST estimate as JSON, and remembers it (quotes.h). Returns false if the
 * call would be refused for another reason than money or limits; the client then has its answer. */
bool estimate_make(struct exchange *exchange, const struct cost_ceiling *offered,
                   const struct limit_rules *limits, char out[ESTIMATE_BYTES]);

/* About how many tokens the input of the request has; files of unknown content count nothing. */
int64_t estimate_input(const struct exchange *exchange, const struct cost_ceiling *offered);

#endif
