#include "dialect/kept_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"

bool kept_names_refuse_kept(const char *param, struct slice name, struct request_fault *fault)
{
    return request_refuse(
        fault, "invalid_value", param,
        "'%.*s' names something that the model's provider keeps for all customers of "
        "this gateway together, so it cannot be named. Send what it stands for.",
        (int)name.bytes, name.data);
}

bool kept_names_fills(const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item first;
    if (value->type == JSON_ARRAY || value->type == JSON_OBJECT)
        return json_next(&walk, &first);
    return value->type == JSON_NUMBER || (value->type == JSON_STRING && value->raw.bytes > 2);
}

bool kept_names_read_id(const struct json_value *value, struct slice *out)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:";
    if (value->type != JSON_STRING || value->raw.bytes <= 2 ||
        value->raw.bytes - 2 > LIMIT_OBJECT_ID_BYTES)
        return false;
    *out = (struct slice){value->raw.data + 1, value->raw.bytes - 2};
    for (size_t i = 0; i < out->bytes; i++) {
        if (memchr(letters, out->data[i], sizeof letters - 1) == NULL)
            return false;
    }
    return true;
}

static bool same(const struct kept_name *one, const struct kept_name *other)
{
    return one->kind == other->kind && slice_same(one->id, other->id);
}

/* What comes in twice costs twice. */
static bool has(const struct kept_names *names, const struct kept_name *name)
{
    for (size_t i = 0; name->brings && i < names->count; i++) {
        if (names->list[i].brings && same(&names->list[i], name))
            return true;
    }
    return false;
}

static void put(struct kept_names *names, const struct kept_name *name)
{
    if (names->count == names->room) {
        names->room = names->room > 0 ? 2 * names->room : 8;
        names->list = realloc(names->list, names->room * sizeof *names->list);
        check(names->list != NULL);
    }
    names->list[names->count++] = *name;
}

bool kept_names_add(struct kept_names *names, struct kept_name name, const struct json_value *id,
                    struct request_fault *fault)
{
    if (!kept_names_read_id(id, &name.id))
        return request_refuse(fault, "invalid_value", name.param,
                              "An id in '%s' is none: it must be a string of letters, digits, '_' "
                              "and '-', of at most %d bytes.",
                              name.param, LIMIT_OBJECT_ID_BYTES);
    if (has(names, &name))
        return request_refuse(fault, "invalid_value", name.param, "'%.*s' is named twice.",
                              (int)name.id.bytes, name.id.data);
    if (names->count == LIMIT_NAMED_OBJECTS)
        return request_refuse(fault, "invalid_value", name.param,
                              "A request may name at most %d items. Send what they stand for, or "
                              "go on from a response with previous_response_id.",
                              LIMIT_NAMED_OBJECTS);
    put(names, &name);
    return true;
}

void kept_names_fini(struct kept_names *names)
{
    free(names->list);
    *names = (struct kept_names){0};
}
