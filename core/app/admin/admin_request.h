/* One request to the admin server, from its route to its reply. On the admin thread. */
#ifndef APP_ADMIN_ADMIN_REQUEST_H
#define APP_ADMIN_ADMIN_REQUEST_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "net/server/server.h"

enum { ADMIN_REPLY_BYTES_MAX = 16 * 1024 * 1024 };

/* Replies with the text, and frees it. */
void admin_reply(struct http_request *request, int status, const char *content_type,
                 struct buffer *body);
/* Replies with an error as JSON. */
void admin_refuse(struct http_request *request, int status, const char *code, const char *message);

/* The value of `name` in the query, as it was sent; empty: it has none. */
struct slice admin_query(const struct http_request *request, const char *name);
/* Whether the query asks for text, not JSON: format=text. */
bool admin_wants_text(const struct http_request *request);

#endif
