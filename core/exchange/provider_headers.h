/* The head of a request to a provider, but for its framing: our own fields, those that the
 * provider's entry sets, and what it lets through of the client's. */
#ifndef EXCHANGE_PROVIDER_HEADERS_H
#define EXCHANGE_PROVIDER_HEADERS_H

#include <stddef.h>

#include "exchange/candidate.h"

struct http_head;

/* The client's fields that may be passed on, a bit each of candidate_terms.pass_headers; the same
 * order in lua/policy/providers.lua. */
enum { PASSED_HEADERS = 4, PASSED_HEADER_BYTES = 600 };

struct provider_headers {
    const char *lines[3 + CANDIDATE_HEADERS + PASSED_HEADERS]; /* "Name: value" */
    size_t count;
    char passed[PASSED_HEADERS][PASSED_HEADER_BYTES];
};

/* `client_head` is borrowed while `out` is used; NULL: the client has left. */
void provider_headers_fill(const struct candidate *candidate, const struct http_head *client_head,
                           struct provider_headers *out);

#endif
