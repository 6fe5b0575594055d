#include "exchange/asked_objects.h"

#include "dialect/kept_names.h"
#include "dialect/prompt.h"
#include "exchange/ask.h"
#include "exchange/exchange_internal.h"
#include "exchange/meter.h"
#include "store/objects.h"

/* No token is shorter than a byte. What has no content here, or is no text, has no known size. */
static int64_t tokens_of(const struct json_value *item)
{
    struct prompt prompt = {.mix.whole = true};
    (void)prompt_add_item(&prompt, item);
    bool text = prompt.image_count + prompt.audio_count + prompt.opaque_count == 0 &&
                !prompt.may_stand_for_kept;
    return text ? (int64_t)item->raw.bytes : OBJECT_TOKENS_UNKNOWN;
}

static bool write(const struct json_value *object, const char *kind, int64_t tokens,
                  struct buffer *out)
{
    struct json_value value;
    struct slice id;
    if (json_find(object, "id", &value) == 0 || !kept_names_read_id(&value, &id))
        return false;
    buffer_printf(out, "%s %lld %.*s\n", kind, (long long)tokens, (int)id.bytes, id.data);
    return true;
}

void asked_objects_write(const struct exchange *exchange, bool items, struct buffer *out)
{
    struct json_value root;
    struct json_value list;
    struct json_item item;
    size_t count = 0;
    if (!exchange_asked_answer(exchange, &root))
        return;
    if (!items) {
        (void)write(&root, "conversation", meter_estimate((int64_t)exchange->body.bytes), out);
        return;
    }
    if (json_find(&root, "data", &list) == 0 || list.type != JSON_ARRAY) {
        (void)write(&root, "item", tokens_of(&root), out);
        return;
    }
    struct json_walk walk = json_walk(&list);
    while (count < LIMIT_MADE_OBJECTS && json_next(&walk, &item))
        count += write(&item.value, "item", tokens_of(&item.value), out);
}
