#include "exchange/alike.h"

#include <string.h>

enum { IN_VAIN_MAX = 8 }; /* then the events of this stream are taken to be all different */

void alike_init(struct alike *alike)
{
    *alike = (struct alike){0};
    buffer_init(&alike->event, ALIKE_BYTES_MAX);
}

void alike_fini(struct alike *alike)
{
    buffer_fini(&alike->event);
}

/* The content of the only choice of an event that ends nothing. */
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

void alike_learn(struct alike *alike, struct slice event, const struct completion *chunk,
                 int64_t bytes)
{
    struct json_value content;
    if (alike->in_vain == IN_VAIN_MAX || event.bytes > ALIKE_BYTES_MAX ||
        !find_content(chunk, &content))
        return;
    buffer_reset(&alike->event);
    if (!buffer_append_slice(&alike->event, event))
        return;
    alike->in_vain++;
    alike->head_bytes = (size_t)(content.raw.data + 1 - event.data);
    alike->tail_bytes = event.bytes - alike->head_bytes - (content.raw.bytes - 2);
    alike->other_bytes = bytes - (int64_t)json_text_bytes(&content);
}

int64_t alike_bytes(struct alike *alike, struct slice event)
{
    const struct buffer *known = &alike->event;
    if (known->bytes == 0 || event.bytes < alike->head_bytes + alike->tail_bytes)
        return -1;
    const char *tail = event.data + event.bytes - alike->tail_bytes; /* at the closing quote */
    const char *known_tail = known->data + known->bytes - alike->tail_bytes;
    size_t text_bytes;
    if (memcmp(event.data, known->data, alike->head_bytes) != 0 ||
        memcmp(tail, known_tail, alike->tail_bytes) != 0 ||
        json_string_end(event.data + alike->head_bytes, tail + 1, &text_bytes) != tail)
        return -1;
    alike->in_vain = 0;
    return alike->other_bytes + (int64_t)text_bytes;
}
