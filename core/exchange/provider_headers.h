/* The head of a request to a provider, without its framing: our own fields, the fields that the
 * provider's entry sets, and the client's fields that the entry passes on. */
#ifndef EXCHANGE_PROVIDER_HEADERS_H
#define EXCHANGE_PROVIDER_HEADERS_H

#include <stddef.h>

#include "exchange/candidate.h"

struct http_head;

/* The client's fields that may be passed on. Each has a bit in candidate_terms.pass_headers, in the
 * same order as in lua/policy/providers.lua. */
enum { PASSED_HEADERS = 4, PASSED_HEADER_BYTES = 600 };

struct provider_headers {
    const char *lines[3 + CANDIDATE_HEADERS + PASSED_HEADERS]; /* "Name: value" */
    size_t count;
    char passed[PASSED_HEADERS][PASSED_HEADER_BYTES];
};

/* `client_head` must live as long as `out` is used; NULL: the client has left. */
void provider_headers_fill(const struct candidate *candidate, const struct http_head *client_head,
                           struct provider_headers *out);

#endif
