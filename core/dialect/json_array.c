#include "dialect/json_array.h"

#include "dialect/sse.h"

struct array {
    bool *begun;
    struct buffer *out;
};

static void append_event(struct slice event, void *arg)
{
    const struct array *array = arg;
    struct slice data = sse_data(event, NULL);
    if (data.bytes == 0)
        return;
    buffer_append_text(array->out, *array->begun ? ",\r\n" : "[");
    buffer_append_slice(array->out, data);
    *array->begun = true;
}

void json_array_append(struct slice events, bool *begun, struct buffer *out)
{
    struct array array = {begun, out};
    struct sse sse;
    sse_init(&sse);
    if (!sse_feed(&sse, events, append_event, &array))
        out->failed = true;
    sse_fini(&sse);
}

void json_array_end(bool begun, struct buffer *out)
{
    buffer_append_text(out, begun ? "]\n" : "[]\n");
}
