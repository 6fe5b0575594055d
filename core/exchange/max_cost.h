/* The request header x-llm-max-cost: the most that the client will pay for a call, in USD. A call
 * that this cannot pay is refused before anything is held; else the answer is made short enough
 * (holding.c), and the hold never exceeds it (stream_budget.h). So no charge exceeds it, whatever a
 * provider counts. On the exchange's worker. */
#ifndef EXCHANGE_MAX_COST_H
#define EXCHANGE_MAX_COST_H

#include <stdbool.h>
#include <stdint.h>

struct exchange;

/* Reads the header into the exchange's stream budget. Returns false if it is wrong; the client then
 * has its answer. */
bool max_cost_read(struct exchange *exchange);
/* Remembers that the request was estimated at this amount. */
void max_cost_quote(const struct exchange *exchange, int64_t most_nusd);
/* Whether we have quoted this call at its bound, or below (quotes.h). */
bool max_cost_is_quoted(const struct exchange *exchange);
/* Answers that the bound does not pay for the shortest answer, which may cost `required_nusd`. */
void max_cost_refuse(struct exchange *exchange, int64_t required_nusd);

#endif
