/* CORS (https://fetch.spec.whatwg.org): pages of other sites may call the API with a key. Every
 * origin may, without cookies, as a script may. Nothing that a cookie opens is allowed. */
#ifndef EXCHANGE_CORS_H
#define EXCHANGE_CORS_H

#include <stdbool.h>

struct exchange;
struct http_head;

/* Whether a browser asks if it may send a page's request. */
bool cors_is_preflight(const struct http_head *head);
void cors_answer_preflight(struct exchange *exchange);
/* Lets the page read the answer and its headers, whatever the answer is. */
void cors_allow(struct exchange *exchange);

#endif
