#include "dialect/whole_request.h"

#include "dialect/kept_items.h"
#include "dialect/kept_names.h"

static bool continues(struct slice key)
{
    return json_key_is(key, "previous_response_id") || json_key_is(key, "conversation");
}

/* What an item stands for; itself, if it has its content or nothing is known of it. */
static struct slice content_of(const struct json_value *item, whole_request_find *find, void *arg)
{
    enum { TYPE, ID, MEMBERS };
    struct json_member members[MEMBERS] = {[TYPE] = {.name = "type"}, [ID] = {.name = "id"}};
    struct slice id;
    struct slice found;
    json_find_all(item, members, MEMBERS);
    bool stands = kept_items_may_stand(item, &members[TYPE].value) && !kept_items_is_message(item);
    if (stands && kept_names_read_id(&members[ID].value, &id) && find(arg, id, &found))
        return found;
    return item->raw;
}

void whole_request_own_items(const struct json_value *request, whole_request_find *find, void *arg,
                             struct buffer *out)
{
    struct json_member input = {.name = "input"};
    struct json_item item;
    json_find_all(request, &input, 1);
    if (input.value.type == JSON_STRING) {
        buffer_append_text(out, "{\"type\":\"message\",\"role\":\"user\",\"content\":");
        buffer_append_slice(out, input.value.raw);
        buffer_append_char(out, '}');
        return;
    }
    struct json_walk walk = json_walk(&input.value);
    for (bool first = true; input.value.type == JSON_ARRAY && json_next(&walk, &item);
         first = false) {
        if (!first)
            buffer_append_char(out, ',');
        buffer_append_slice(out, content_of(&item.value, find, arg));
    }
}

static void put_member(struct slice key, struct slice value, bool *first, struct buffer *out)
{
    if (!*first)
        buffer_append_char(out, ',');
    *first = false;
    buffer_append_char(out, '"');
    buffer_append_slice(out, key);
    buffer_append_text(out, "\":");
    buffer_append_slice(out, value);
}

void whole_request_write(const struct json_value *request, struct slice items, struct buffer *out)
{
    struct json_walk walk = json_walk(request);
    struct json_item member;
    bool first = true;
    buffer_append_char(out, '{');
    while (json_next(&walk, &member)) {
        if (!continues(member.key) && !json_key_is(member.key, "input"))
            put_member(member.key, member.value.raw, &first, out);
    }
    put_member(slice_of("input"), slice_of("["), &first, out);
    buffer_append_slice(out, items);
    buffer_append_text(out, "]}");
}
