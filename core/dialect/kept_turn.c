#include "dialect/kept_turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "dialect/kept_names.h"

void kept_turn_write(struct slice items, struct slice response, struct buffer *out)
{
    buffer_append_text(out, "{\"input\":[");
    buffer_append_slice(out, items);
    buffer_append_text(out, "],\"response\":");
    buffer_append_slice(out, response);
    buffer_append_char(out, '}');
}

bool kept_turn_read(struct slice text, struct kept_turn *out)
{
    enum { INPUT, RESPONSE, METADATA, REMOVED, MEMBERS };
    struct json_member members[MEMBERS] = {[INPUT] = {.name = "input"},
                                           [RESPONSE] = {.name = "response"},
                                           [METADATA] = {.name = "metadata"},
                                           [REMOVED] = {.name = "removed"}};
    struct json_member output = {.name = "output"};
    struct json_value root;
    struct fault fault;
    if (!json_parse(text, LIMIT_JSON_DEPTH + 4, &root, &fault) || root.type != JSON_OBJECT)
        return false;
    json_find_all(&root, members, MEMBERS);
    json_find_all(&members[RESPONSE].value, &output, 1);
    *out = (struct kept_turn){.input = members[INPUT].value,
                              .response = members[RESPONSE].value,
                              .output = output.value,
                              .metadata = members[METADATA].value,
                              .removed = members[REMOVED].value};
    return true;
}

/* ---- removals ---- */

struct kept_removal {
    struct slice id;
    size_t turn; /* the last one that removes it */
};

static int compare_removals(const void *one, const void *other)
{
    const struct kept_removal *a = one;
    const struct kept_removal *b = other;
    size_t common = a->id.bytes < b->id.bytes ? a->id.bytes : b->id.bytes;
    int order = common > 0 ? memcmp(a->id.data, b->id.data, common) : 0;
    if (order != 0)
        return order;
    return (a->id.bytes > b->id.bytes) - (a->id.bytes < b->id.bytes);
}

/* The later removal of an id counts. */
static void leave_earlier_out(struct kept_removals *removals)
{
    size_t count = 0;
    for (size_t i = 0; i < removals->count; i++) {
        struct kept_removal *last = count > 0 ? &removals->list[count - 1] : NULL;
        if (last == NULL || compare_removals(last, &removals->list[i]) != 0)
            removals->list[count++] = removals->list[i];
        else if (removals->list[i].turn > last->turn)
            last->turn = removals->list[i].turn;
    }
    removals->count = count;
}

void kept_removals_init(struct kept_removals *removals, const struct kept_turn *turns, size_t count)
{
    *removals = (struct kept_removals){.list = calloc(count + 1, sizeof *removals->list)};
    check(removals->list != NULL);
    for (size_t i = 0; i < count; i++) {
        const struct json_value *removed = &turns[i].removed;
        if (removed->type == JSON_STRING)
            removals->list[removals->count++] = (struct kept_removal){
                .id = {removed->raw.data + 1, removed->raw.bytes - 2}, .turn = i};
    }
    qsort(removals->list, removals->count, sizeof *removals->list, compare_removals);
    leave_earlier_out(removals);
}

void kept_removals_fini(struct kept_removals *removals)
{
    free(removals->list);
    *removals = (struct kept_removals){0};
}

/* ---- items ---- */

struct kept_turn_walk kept_turn_walk(const struct kept_turn *turns, size_t count,
                                     const struct kept_removals *removals)
{
    return (struct kept_turn_walk){.removals = removals, .turns = turns, .count = count};
}

/* Goes to the next list of items; false: there is none. */
static bool next_list(struct kept_turn_walk *walk)
{
    while (walk->turn < walk->count) {
        const struct kept_turn *turn = &walk->turns[walk->turn];
        const struct json_value *list = walk->in_output ? &turn->output : &turn->input;
        if (!walk->walking && list->type == JSON_ARRAY) {
            walk->items = json_walk(list);
            walk->walking = true;
            return true;
        }
        walk->walking = false;
        walk->turn += walk->in_output;
        walk->place = walk->in_output ? 0 : walk->place;
        walk->in_output = !walk->in_output;
    }
    return false;
}

/* An item has the id that it came with, or one by its place. */
static struct slice id_of(const struct kept_turn_item *item, char room[KEPT_TURN_ID_BYTES])
{
    if (item->id.bytes > 0)
        return item->id;
    kept_turn_name(item, room);
    return slice_of(room);
}

static bool is_removed(const struct kept_removals *removals, const struct kept_turn_item *item)
{
    char room[KEPT_TURN_ID_BYTES];
    if (removals->count == 0)
        return false;
    const struct kept_removal wanted = {.id = id_of(item, room)};
    const struct kept_removal *found =
        bsearch(&wanted, removals->list, removals->count, sizeof *removals->list, compare_removals);
    return found != NULL && item->turn < found->turn;
}

static void read_item(const struct kept_turn_walk *walk, const struct json_value *value,
                      struct kept_turn_item *out)
{
    struct json_member id = {.name = "id"};
    *out = (struct kept_turn_item){
        .raw = value->raw, .turn = walk->turn, .place = walk->place, .given = walk->in_output};
    json_find_all(value, &id, 1);
    if (!kept_names_read_id(&id.value, &out->id))
        out->id = (struct slice){0};
}

bool kept_turn_next(struct kept_turn_walk *walk, struct kept_turn_item *out)
{
    struct json_item item;
    while (walk->walking || next_list(walk)) {
        if (!json_next(&walk->items, &item)) {
            (void)next_list(walk);
            continue;
        }
        read_item(walk, &item.value, out);
        walk->place++;
        if (item.value.type == JSON_OBJECT && !is_removed(walk->removals, out))
            return true;
    }
    return false;
}

void kept_turn_name(const struct kept_turn_item *item, char out[KEPT_TURN_ID_BYTES])
{
    snprintf(out, KEPT_TURN_ID_BYTES, "item_%zu_%zu", item->turn, item->place);
}

bool kept_turn_is(const struct kept_turn_item *item, struct slice id)
{
    char room[KEPT_TURN_ID_BYTES];
    return slice_same(id_of(item, room), id);
}

/* Lists have the parts of a message where a request may have only its text. */
static void put_parts(struct slice text, bool given, struct buffer *out)
{
    buffer_append_text(out, given ? "[{\"type\":\"output_text\",\"annotations\":[],\"text\":"
                                  : "[{\"type\":\"input_text\",\"text\":");
    buffer_append_slice(out, text);
    buffer_append_text(out, "}]");
}

static void put_members(const struct json_value *item, bool by_assistant, struct buffer *out)
{
    struct json_walk walk = json_walk(item);
    struct json_item member;
    while (json_next(&walk, &member)) {
        if (json_key_is(member.key, "id"))
            continue;
        buffer_append_text(out, ",\"");
        buffer_append_slice(out, member.key);
        buffer_append_text(out, "\":");
        if (json_key_is(member.key, "content") && member.value.type == JSON_STRING)
            put_parts(member.value.raw, by_assistant, out);
        else
            buffer_append_slice(out, member.value.raw);
    }
}

void kept_turn_put(const struct kept_turn_item *item, struct buffer *out)
{
    enum { TYPE, ROLE, MEMBERS };
    struct json_member members[MEMBERS] = {[TYPE] = {.name = "type"}, [ROLE] = {.name = "role"}};
    struct json_value value = {.type = JSON_OBJECT, .raw = item->raw};
    char room[KEPT_TURN_ID_BYTES];
    json_find_all(&value, members, MEMBERS);
    buffer_append_text(out, "{\"id\":");
    json_write_string(out, id_of(item, room));
    if (members[TYPE].value.type == JSON_NULL && members[TYPE].count == 0)
        buffer_append_text(out, ",\"type\":\"message\"");
    put_members(&value, json_string_is(&members[ROLE].value, "assistant"), out);
    buffer_append_char(out, '}');
}
