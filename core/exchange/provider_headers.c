#include "exchange/provider_headers.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "net/server/server.h"

static const char *const passed_names[PASSED_HEADERS] = {"traceparent", "tracestate",
                                                         "openai-organization", "openai-project"};

static bool sets(const struct candidate *candidate, const char *name)
{
    size_t bytes = strlen(name);
    for (size_t i = 0; i < candidate->header_count; i++) {
        if (strncasecmp(candidate->headers[i], name, bytes) == 0 &&
            candidate->headers[i][bytes] == ':')
            return true;
    }
    return false;
}

/* The client cannot change what the provider's entry sets. */
static void pass(const struct candidate *candidate, const struct http_head *client_head,
                 size_t which, struct provider_headers *out)
{
    const char *name = passed_names[which];
    const struct slice *value = head_header(client_head, name);
    if (value == NULL || value->bytes + strlen(name) + 3 > PASSED_HEADER_BYTES ||
        slice_char(*value, '\0') != NULL || sets(candidate, name))
        return;
    snprintf(out->passed[which], PASSED_HEADER_BYTES, "%s: %.*s", name, (int)value->bytes,
             value->data);
    out->lines[out->count++] = out->passed[which];
}

void provider_headers_fill(const struct candidate *candidate, const struct http_head *client_head,
                           struct provider_headers *out)
{
    out->count = 0;
    out->lines[out->count++] = "Content-Type: application/json";
    if (candidate->header_count == 0 || !sets(candidate, "user-agent"))
        out->lines[out->count++] = "User-Agent: llm-gateway/1";
    if (candidate->authorization != NULL)
        out->lines[out->count++] = candidate->authorization;
    for (size_t i = 0; i < candidate->header_count; i++)
        out->lines[out->count++] = candidate->headers[i];
    for (size_t which = 0; which < PASSED_HEADERS && client_head != NULL; which++) {
        if ((candidate->terms.pass_headers >> which & 1) != 0)
            pass(candidate, client_head, which, out);
    }
}
