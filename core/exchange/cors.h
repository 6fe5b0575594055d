/* Pages of other sites that call the API with a key (CORS, as fetch.spec.whatwg.org has it): any
 * origin may, without cookies, as with a script. Never for what a cookie opens. */
#ifndef EXCHANGE_CORS_H
#define EXCHANGE_CORS_H

#include <stdbool.h>

struct exchange;
struct http_head;

/* A browser asks whether it may send what a page wants to send. */
bool cors_is_preflight(const struct http_head *head);
void cors_answer_preflight(struct exchange *exchange);
/* The page may read the answer, whatever it is, and its headers. */
void cors_allow(struct exchange *exchange);

#endif
