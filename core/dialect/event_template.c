#include "dialect/event_template.h"

#include <string.h>

#include "base/limits.h"
#include "dialect/media.h"

/* After so many unmatched events in a row no more are learned. */
enum { IN_VAIN_MAX = 8 };

void event_template_init(struct event_template *template)
{
    *template = (struct event_template){0};
    buffer_init(&template->event, EVENT_TEMPLATE_BYTES_MAX);
}

void event_template_fini(struct event_template *template)
{
    buffer_fini(&template->event);
}

/* Finds the content of an event with only one choice and no finish reason. */
static bool find_content(const struct completion *chunk, struct json_value *content)
{
    enum { FINISH_REASON, DELTA, MEMBERS };
    struct json_member members[MEMBERS] = {
        [FINISH_REASON] = {.name = "finish_reason"}, [DELTA] = {.name = "delta"}};
    struct json_item choice;
    struct json_item second;
    if (chunk->choices.type != JSON_ARRAY)
        return false;
    struct json_walk walk = json_walk(&chunk->choices);
    if (!json_next(&walk, &choice) || json_next(&walk, &second))
        return false;
    json_find_all(&choice.value, members, MEMBERS);
    return members[FINISH_REASON].value.type != JSON_STRING && members[DELTA].count == 1 &&
           json_find(&members[DELTA].value, "content", content) == 1 &&
           content->type == JSON_STRING;
}

/* Some providers add padding, so that packet sizes do not reveal the text. It is as random as the
 * text and matters only to the client. A full reading ignores it too. */
static bool find_padding(const struct completion *chunk, struct json_value *padding)
{
    return json_find(&chunk->root, "obfuscation", padding) == 1 && padding->type == JSON_STRING;
}

static void add_string(struct event_template *template, struct slice event,
                       const struct json_value *string, bool generated)
{
    size_t start = (size_t)(string->raw.data + 1 - event.data);
    struct template_string added = {start, start + string->raw.bytes - 2, generated};
    struct template_string *place = &template->strings[template->string_count++];
    if (place > template->strings && place[-1].start > start) {
        *place = place[-1];
        place--;
    }
    *place = added;
}

void event_template_learn(struct event_template *template, struct slice event,
                          const struct completion *chunk, int64_t bytes, bool cut_usage)
{
    struct json_value content;
    struct json_value padding;
    struct json_edit cut = {.offset = event.bytes};
    if (template->in_vain == IN_VAIN_MAX || event.bytes > EVENT_TEMPLATE_BYTES_MAX ||
        chunk->usage.type != JSON_NULL || !find_content(chunk, &content))
        return;
    int64_t other_bytes = bytes - (int64_t)json_text_bytes(&content);
    if (other_bytes < 0) /* a piece of data, not text; a similar event may be text */
        return;
    buffer_reset(&template->event);
    if (!buffer_append_slice(&template->event, event))
        return;
    if (cut_usage && chunk->usage_count == 1)
        cut = json_removal(event, &chunk->root, "usage");
    template->cut_at = cut.offset;
    template->cut_bytes = cut.removed_bytes;
    template->string_count = 0;
    add_string(template, event, &content, true);
    if (find_padding(chunk, &padding))
        add_string(template, event, &padding, false);
    template->other_bytes = other_bytes;
    template->in_vain++;
}

/* Compares `bytes` of the data, from `at` on, with the learned event from `known_at` on. */
static bool is_same(const struct event_template *template, size_t known_at, struct slice data,
                    size_t at, size_t bytes)
{
    return data.bytes - at >= bytes &&
           memcmp(data.data + at, template->event.data + known_at, bytes) == 0;
}

bool event_template_take(struct event_template *template, struct slice data,
                         struct template_match *out)
{
    size_t known_at = 0; /* place in the learned event */
    size_t at = 0;       /* place in the data: both must match from here on */
    size_t cut_at = template->cut_at;
    int64_t bytes = template->other_bytes;
    if (template->event.bytes == 0)
        return false;
    for (unsigned i = 0; i < template->string_count; i++) {
        const struct template_string *string = &template->strings[i];
        size_t text_bytes;
        if (!is_same(template, known_at, data, at, string->start - known_at))
            return false;
        at += string->start - known_at;
        const char *end = json_string_end(data.data + at, data.data + data.bytes, &text_bytes);
        if (end == NULL)
            return false;
        if (string->generated) {
            out->text = (struct slice){data.data + at, (size_t)(end - data.data) - at};
            /* It may hold data, which does not count as text. */
            if (text_bytes >= MEDIA_BYTES_MIN || media_may_be_piece(out->text))
                return false;
            bytes += (int64_t)text_bytes;
        }
        at = (size_t)(end - data.data);
        known_at = string->end;
        if (template->cut_at > known_at)
            cut_at = at + (template->cut_at - known_at);
    }
    size_t rest = template->event.bytes - known_at;
    if (!is_same(template, known_at, data, at, rest) || at + rest > LIMIT_EVENT_BYTES)
        return false;
    size_t after = cut_at + template->cut_bytes;
    template->in_vain = 0;
    out->event_bytes = at + rest;
    out->bytes = bytes;
    out->before = (struct slice){data.data, cut_at};
    out->after = (struct slice){data.data + after, out->event_bytes - after};
    return true;
}
