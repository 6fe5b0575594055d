#include "app/admin/admin_request.h"

#include <string.h>

#include "base/json_writer.h"

void admin_reply(struct http_request *request, int status, const char *content_type,
                 struct buffer *body)
{
    if (body->failed) {
        buffer_fini(body);
        admin_refuse(request, 500, "internal_error", "The reply does not fit into memory.");
        return;
    }
    http_reply_header(request, "Content-Type", content_type);
    http_reply_header(request, "Cache-Control", "no-store");
    http_reply(request, status, buffer_slice(body));
    buffer_fini(body);
}

void admin_refuse(struct http_request *request, int status, const char *code, const char *message)
{
    struct buffer body;
    buffer_init(&body, ADMIN_REPLY_BYTES_MAX);
    json_writer_object(&body, NULL);
    json_writer_object(&body, "error");
    json_writer_text(&body, "code", code);
    json_writer_text(&body, "message", message);
    json_writer_object_end(&body);
    json_writer_object_end(&body);
    buffer_append_char(&body, '\n');
    admin_reply(request, status, "application/json", &body);
}

struct slice admin_query(const struct http_request *request, const char *name)
{
    struct slice query = request->head.query;
    size_t name_bytes = strlen(name);
    while (query.bytes > 0) {
        const char *end = slice_char(query, '&');
        size_t bytes = end != NULL ? (size_t)(end - query.data) : query.bytes;
        if (bytes > name_bytes && memcmp(query.data, name, name_bytes) == 0 &&
            query.data[name_bytes] == '=')
            return (struct slice){query.data + name_bytes + 1, bytes - name_bytes - 1};
        size_t step = end != NULL ? bytes + 1 : bytes;
        query = (struct slice){query.data + step, query.bytes - step};
    }
    return (struct slice){0};
}

bool admin_wants_text(const struct http_request *request)
{
    return slice_equals(admin_query(request, "format"), "text");
}
