/* The head of a request to a provider, without its framing: our own fields, the fields that the
 * provider's entry sets, and the client's fields that the entry passes on. */
#ifndef EXCHANGE_PROVIDER_HEADERS_H
#define EXCHANGE_PROVIDER_HEADERS_H

#include <stddef.h>

#include "base/buffer.h"
#include "exchange/candidate.h"

struct http_head;
struct model_request;
struct trace_lines;

enum { FORM_TYPE_BYTES = 128 }; /* its boundary has 70 at most */

/* Of Anthropic's API: what our translations write. */
#define PROVIDER_HEADERS_NEWEST_VERSION "2026-10-21"

/* The client's fields that may be passed on. Each has a bit in candidate_terms.pass_headers, in the
 * same order as in lua/policy/providers.lua. */
enum { PASSED_HEADERS = 4, PASSED_HEADER_BYTES = 600 };
/* Beside those bits: the provider gets our own trace in place of the client's, if there is one. */
enum { PASSES_OWN_TRACE = 1 << PASSED_HEADERS };

/* Between two who speak Anthropic's dialect all `anthropic-*` fields pass, unknown ones too: a list
 * of betas can be long. */
enum { ANTHROPIC_HEADERS = 8, ANTHROPIC_HEADER_BYTES = 2048 };

struct provider_headers {
    /* "Name: value" */
    const char *lines[4 + CANDIDATE_HEADERS + PASSED_HEADERS + ANTHROPIC_HEADERS];
    size_t count;
    char passed[PASSED_HEADERS][PASSED_HEADER_BYTES];
    char form_type[FORM_TYPE_BYTES]; /* of a body that is a form */
    struct buffer anthropic;         /* the lines of Anthropic's fields, each with a NUL */
};

/* Fills *out for a provider that is asked in `spoken` for what a client asks. `key`: the header
 * with the key; NULL: the candidate's own. Key, head and trace must live as long as `out` is used;
 * a head that is NULL: the client has left; a trace that is NULL: the client's passes, if it
 * may. */
void provider_headers_fill(const struct candidate *candidate, const char *key, enum dialect spoken,
                           const struct model_request *asks, const struct http_head *client_head,
                           const struct trace_lines *trace, struct provider_headers *out);
void provider_headers_fini(struct provider_headers *headers);

/* Copies the client's fields that may be passed on, for after its request. The caller frees it. */
struct http_head *provider_headers_keep(const struct http_head *client_head);

#endif
