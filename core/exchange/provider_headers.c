#include "exchange/provider_headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "dialect/model_request.h"
#include "exchange/trace_context.h"
#include "net/server/server.h"

static const char *const passed_names[PASSED_HEADERS] = {"traceparent", "tracestate",
                                                         "openai-organization", "openai-project"};

enum { TRACE_HEADERS = 2 }; /* the first ones */

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

/* These name what belongs to the operator's account; all customers share it. */
static bool names_account(const char *name)
{
    return strcasecmp(name, "anthropic-workspace-id") == 0 ||
           strcasecmp(name, "anthropic-user-profile-id") == 0;
}

static bool stands_in_body(const struct candidate *candidate, const char *name)
{
    return candidate->terms.raw_predict && strcasecmp(name, "anthropic-version") == 0;
}

/* A translated body has the form of the newest version; a client that says none means the oldest
 * that is still in use. */
static const char *version_line(bool translated)
{
    return translated ? "anthropic-version: " PROVIDER_HEADERS_NEWEST_VERSION
                      : "anthropic-version: 2023-06-01";
}

/* Adds the fields of Anthropic's API: those of a client that speaks it, else our own. */
static void add_anthropic(const struct candidate *candidate, bool translated,
                          const struct http_head *client_head, struct provider_headers *out)
{
    static const char prefix[] = "anthropic-";
    size_t starts[ANTHROPIC_HEADERS];
    size_t count = 0;
    size_t header_count = client_head != NULL ? client_head->header_count : 0;
    for (size_t i = 0; i < header_count && count < ANTHROPIC_HEADERS; i++) {
        const struct http_header *header = &client_head->headers[i];
        char name[64];
        bool ours = header->name.bytes > sizeof prefix - 1 &&
                    slice_same_nocase(header->name.data, prefix, sizeof prefix - 1);
        if (!ours || header->name.bytes >= sizeof name ||
            header->value.bytes > ANTHROPIC_HEADER_BYTES || slice_char(header->value, '\0') != NULL)
            continue;
        slice_copy(header->name, name, sizeof name);
        if (sets(candidate, name) || names_account(name) || stands_in_body(candidate, name))
            continue;
        starts[count++] = out->anthropic.bytes;
        buffer_printf(&out->anthropic, "%s: ", name);
        buffer_append_slice(&out->anthropic, header->value);
        buffer_append_char(&out->anthropic, '\0');
    }
    for (size_t i = 0; i < count && !out->anthropic.failed; i++)
        out->lines[out->count++] = out->anthropic.data + starts[i];
    bool versioned = client_head != NULL && head_header(client_head, "anthropic-version") != NULL;
    if (!versioned && !sets(candidate, "anthropic-version") && !candidate->terms.raw_predict)
        out->lines[out->count++] = version_line(translated);
}

/* In place of the client's. */
static void add_trace(const struct candidate *candidate, const struct trace_lines *trace,
                      struct provider_headers *out)
{
    if (sets(candidate, "traceparent"))
        return;
    out->lines[out->count++] = trace->parent;
    if (trace->state[0] != '\0' && !sets(candidate, "tracestate"))
        out->lines[out->count++] = trace->state;
}

/* A form keeps its boundary; nothing else of the client's Content-Type is passed on. */
static const char *type_line(const struct model_request *asks, char out[FORM_TYPE_BYTES])
{
    if (asks->boundary.bytes == 0)
        return "Content-Type: application/json";
    snprintf(out, FORM_TYPE_BYTES, "Content-Type: multipart/form-data; boundary=\"%.*s\"",
             (int)asks->boundary.bytes, asks->boundary.data);
    return out;
}

void provider_headers_fill(const struct candidate *candidate, const char *key, enum dialect spoken,
                           const struct model_request *asks, const struct http_head *client_head,
                           const struct trace_lines *trace, struct provider_headers *out)
{
    if (key == NULL)
        key = candidate_key(candidate, spoken);
    bool translated = spoken != asks->dialect;
    out->count = 0;
    buffer_init(&out->anthropic, ANTHROPIC_HEADERS * (ANTHROPIC_HEADER_BYTES + 72));
    out->lines[out->count++] = type_line(asks, out->form_type);
    if (candidate->header_count == 0 || !sets(candidate, "user-agent"))
        out->lines[out->count++] = "User-Agent: llm-gateway/1";
    if (key != NULL)
        out->lines[out->count++] = key;
    if (spoken == DIALECT_ANTHROPIC)
        add_anthropic(candidate, translated, translated ? NULL : client_head, out);
    for (size_t i = 0; i < candidate->header_count; i++)
        out->lines[out->count++] = candidate->headers[i];
    if (trace != NULL)
        add_trace(candidate, trace, out);
    size_t first = trace != NULL ? TRACE_HEADERS : 0;
    for (size_t which = first; which < PASSED_HEADERS && client_head != NULL; which++) {
        if ((candidate->terms.pass_headers >> which & 1) != 0)
            pass(candidate, client_head, which, out);
    }
}

void provider_headers_fini(struct provider_headers *headers)
{
    buffer_fini(&headers->anthropic);
}

static bool may_pass(struct slice name)
{
    static const char prefix[] = "anthropic-";
    bool passes =
        name.bytes > sizeof prefix - 1 && slice_same_nocase(name.data, prefix, sizeof prefix - 1);
    for (size_t i = 0; i < PASSED_HEADERS; i++)
        passes = passes || slice_equals_nocase(name, passed_names[i]);
    return passes;
}

static struct slice copy(struct slice from, char **to)
{
    struct slice made = {*to, from.bytes};
    memcpy(*to, from.data, from.bytes);
    *to += from.bytes;
    return made;
}

struct http_head *provider_headers_keep(const struct http_head *client_head)
{
    size_t count = 0, bytes = 0;
    for (size_t i = 0; i < client_head->header_count; i++) {
        const struct http_header *header = &client_head->headers[i];
        bool kept = may_pass(header->name);
        count += kept;
        bytes += kept ? header->name.bytes + header->value.bytes : 0;
    }
    struct http_head *head = calloc(1, sizeof *head + count * sizeof *head->headers + bytes);
    check(head != NULL);
    head->headers = (struct http_header *)(void *)(head + 1);
    char *text = (char *)(head->headers + count);
    for (size_t i = 0; i < client_head->header_count; i++) {
        const struct http_header *header = &client_head->headers[i];
        if (may_pass(header->name))
            head->headers[head->header_count++] =
                (struct http_header){copy(header->name, &text), copy(header->value, &text)};
    }
    return head;
}
