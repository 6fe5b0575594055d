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

/* Adds a value of the event, without the quotes of a string. */
static void add_hole(struct event_template *template, struct slice event, struct slice value,
                     enum template_hole_kind kind)
{
    size_t start = (size_t)(value.data - event.data);
    struct template_hole *place = &template->holes[template->hole_count++];
    for (; place > template->holes && place[-1].start > start; place--)
        *place = place[-1];
    *place = (struct template_hole){start, start + value.bytes, kind};
}

static struct slice inside(const struct json_value *string)
{
    return (struct slice){string->raw.data + 1, string->raw.bytes - 2};
}

/* Begins to learn an event that was counted as so many bytes beside its text. Returns false if it
 * is not one to learn. */
static bool begin(struct event_template *template, struct slice event, int64_t other_bytes)
{
    if (template->in_vain == IN_VAIN_MAX || event.bytes > EVENT_TEMPLATE_BYTES_MAX ||
        other_bytes < 0) /* a piece of data, not text; a similar event may be text */
        return false;
    buffer_reset(&template->event);
    template->hole_count = 0;
    template->cut_at = event.bytes;
    template->cut_bytes = 0;
    template->other_bytes = other_bytes;
    if (!buffer_append_slice(&template->event, event))
        return false;
    template->in_vain++;
    return true;
}

void event_template_learn(struct event_template *template, struct slice event,
                          const struct completion *chunk, int64_t bytes, bool cut_usage)
{
    struct json_value content;
    struct json_value padding;
    if (template->in_vain == IN_VAIN_MAX || event.bytes > EVENT_TEMPLATE_BYTES_MAX ||
        chunk->usage.type != JSON_NULL || !completion_find_text(chunk, &content) ||
        !begin(template, event, bytes - (int64_t)json_text_bytes(&content)))
        return;
    if (cut_usage && chunk->usage_count == 1) {
        struct json_edit cut = json_removal(event, &chunk->root, "usage");
        template->cut_at = cut.offset;
        template->cut_bytes = cut.removed_bytes;
    }
    add_hole(template, event, inside(&content), TEMPLATE_TEXT);
    if (completion_find_padding(chunk, &padding))
        add_hole(template, event, inside(&padding), TEMPLATE_PADDING);
}

bool event_template_learn_answer(struct event_template *template, struct slice event,
                                 const struct answer_facts *facts)
{
    struct slice text = facts->text;
    if (facts->kind != ANSWER_PASSES || facts->finish_reason != NULL || text.bytes == 0 ||
        facts->sizes.image_count > 0 || facts->sizes.audio_bytes > 0)
        return false;
    const struct json_value string = {.type = JSON_STRING, .raw = {text.data - 1, text.bytes + 2}};
    if (!begin(template, event, facts->sizes.text_bytes - (int64_t)json_text_bytes(&string)))
        return false;
    add_hole(template, event, text, TEMPLATE_TEXT);
    if (facts->padding.bytes > 0)
        add_hole(template, event, facts->padding, TEMPLATE_PADDING);
    for (unsigned i = 0; i < facts->number_count; i++)
        add_hole(template, event, facts->numbers[i], TEMPLATE_NUMBER);
    return true;
}

/* Reads what stands in a hole. Returns its end, or NULL: the event must be read in full. */
static const char *read_hole(const struct template_hole *hole, const char *at, const char *end,
                             struct template_match *out)
{
    size_t text_bytes;
    if (hole->kind == TEMPLATE_NUMBER)
        return json_natural_end(at, end);
    const char *text_end = json_string_end(at, end, &text_bytes);
    if (text_end == NULL || hole->kind == TEMPLATE_PADDING)
        return text_end;
    out->text = (struct slice){at, (size_t)(text_end - at)};
    /* It may hold data, which does not count as text. */
    if (text_bytes >= MEDIA_BYTES_MIN || media_may_be_piece(out->text))
        return NULL;
    out->bytes += (int64_t)text_bytes;
    return text_end;
}

/* Whether the data at `at` begins with these bytes of the learned event. */
static bool begins_with(const char *at, const char *end, const char *learned, size_t bytes)
{
    return (size_t)(end - at) >= bytes && memcmp(at, learned, bytes) == 0;
}

bool event_template_take(struct event_template *template, struct slice data,
                         struct template_match *out)
{
    const char *learned = template->event.data;
    const char *at = data.data;
    const char *end = data.data + data.bytes;
    const char *cut = at + template->cut_at;
    size_t known_at = 0; /* the place in the learned event that `at` is in the data */
    if (template->event.bytes == 0)
        return false;
    out->bytes = template->other_bytes;
    for (unsigned i = 0; i < template->hole_count; i++) {
        const struct template_hole *hole = &template->holes[i];
        size_t bytes = hole->start - known_at;
        if (!begins_with(at, end, learned + known_at, bytes))
            return false;
        at = read_hole(hole, at + bytes, end, out);
        if (at == NULL)
            return false;
        known_at = hole->end;
        if (template->cut_bytes > 0 && template->cut_at > known_at)
            cut = at + (template->cut_at - known_at);
    }
    size_t rest = template->event.bytes - known_at;
    if (!begins_with(at, end, learned + known_at, rest))
        return false;
    out->event_bytes = (size_t)(at - data.data) + rest;
    if (out->event_bytes > LIMIT_EVENT_BYTES)
        return false;
    template->in_vain = 0;
    if (template->cut_bytes == 0)
        cut = at + rest;
    const char *after = cut + template->cut_bytes;
    out->before = (struct slice){data.data, (size_t)(cut - data.data)};
    out->after = (struct slice){after, (size_t)(at + rest - after)};
    return true;
}
