/* What a request tells a model, in the form of OpenTelemetry's conventions (content_text.h): of the
 * conversations and of completions. Pure functions. */
#ifndef DIALECT_CONTENT_REQUEST_H
#define DIALECT_CONTENT_REQUEST_H

#include "dialect/content_text.h"
#include "dialect/dialect_kind.h"

/* Whether the conventions have a form for what is said in it. */
bool content_dialect(enum dialect dialect);

/* Each is a list, and of at most as many bytes as it was initialised with; empty: the request has
 * nothing of it. Of messages that do not fit together the last ones stay. `root` is best indexed
 * (json_parse_indexed). */
struct content_request {
    struct content_text system, messages, tools;
};

void content_request_read(enum dialect dialect, const struct json_value *root,
                          struct content_request *out);

#endif
