#include "exchange/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "dialect/dialect.h"
#include "dialect/final_chunk.h"
#include "dialect/json_array.h"

void stream_init(struct stream *stream)
{
    line_ends_init(&stream->line_ends);
    sse_init(&stream->sse);
    event_template_init(&stream->event_template);
    text_route_init(&stream->route);
    buffer_init(&stream->skipped, LIMIT_EVENT_BYTES);
    buffer_init(&stream->out, STREAM_OUT_BYTES_MAX);
    buffer_init(&stream->held_event, LIMIT_EDITED_EVENT_BYTES);
    buffer_init(&stream->last_event, LIMIT_EDITED_EVENT_BYTES);
    buffer_init(&stream->joined, LIMIT_EVENT_BYTES);
    buffer_init(&stream->chunk_head, LIMIT_EVENT_BYTES);
}

void stream_fini(struct stream *stream)
{
    line_ends_fini(&stream->line_ends);
    sse_fini(&stream->sse);
    event_template_fini(&stream->event_template);
    text_route_fini(&stream->route);
    buffer_fini(&stream->skipped);
    buffer_fini(&stream->out);
    buffer_fini(&stream->held_event);
    buffer_fini(&stream->last_event);
    buffer_fini(&stream->joined);
    buffer_fini(&stream->chunk_head);
    answer_state_free(stream->answer);
    free(stream->failure);
    free(stream->sound);
}

void stream_reset(struct stream *stream, const struct rate_set *rates)
{
    int64_t written_us = stream->written_us;
    stream_fini(stream);
    memset(stream, 0, sizeof *stream);
    stream_init(stream);
    stream->written_us = written_us;
    stream->meter.rates = rates;
}

void stream_append(struct stream *stream, struct slice event)
{
    buffer_append_slice(&stream->out, event);
}

void stream_append_without_usage(struct stream *stream, struct slice event,
                                 const struct json_value *root)
{
    const struct json_edit removal = json_removal(event, root, "usage");
    struct buffer cut;
    buffer_init(&cut, LIMIT_EDITED_EVENT_BYTES);
    if (json_apply_edits(event, &removal, 1, &cut))
        stream_append(stream, buffer_slice(&cut));
    else
        stream->out.failed = true; /* no memory: the stream fails, no event is lost silently */
    buffer_fini(&cut);
}

void stream_hold_usage(struct stream *stream, enum dialect dialect, struct slice event,
                       const struct completion *chunk)
{
    struct buffer *held = &stream->held_event;
    buffer_reset(held);
    if (chunk->choices.type == JSON_ARRAY && !completion_has_choices(chunk)) {
        buffer_append_slice(held, event);
        return;
    }
    buffer_append_text(held, "data: ");
    final_chunk_head(dialect, &chunk->root, held);
    buffer_append_text(held, ",\"choices\":[],\"usage\":");
    buffer_append_slice(held, chunk->usage.raw);
    buffer_append_text(held, "}\n\n");
    if (held->failed)
        stream->out.failed = true;
}

void stream_note_failure(struct stream *stream, const char *code, const char *message)
{
    stream->failed = true;
    if (stream->failure == NULL)
        stream->failure = malloc(sizeof *stream->failure);
    check(stream->failure != NULL);
    snprintf(stream->failure->code, sizeof stream->failure->code, "%s", code);
    snprintf(stream->failure->message, sizeof stream->failure->message, "%s", message);
}

const struct stream_failure *stream_failure(const struct stream *stream)
{
    static const struct stream_failure none;
    return stream->failure != NULL ? stream->failure : &none;
}

const char *stream_type(bool as_array)
{
    return as_array ? PLAIN_TYPE : STREAM_TYPE;
}

struct slice stream_shape(struct slice events, bool as_array, bool *begun, bool ends,
                          struct buffer *shaped)
{
    buffer_init(shaped, 2 * LIMIT_EDITED_EVENT_BYTES);
    if (!as_array)
        return events;
    json_array_append(events, begun, shaped);
    if (ends)
        json_array_end(*begun, shaped);
    return buffer_slice(shaped);
}
