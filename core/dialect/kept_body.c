#include "dialect/kept_body.h"

#include "base/limits.h"
#include "dialect/kept_items.h"
#include "dialect/kept_objects.h"
#include "dialect/member_name.h"

static bool read_items(const struct json_value *items, struct kept_names *names,
                       struct request_fault *fault)
{
    if (items->type == JSON_NULL)
        return true;
    if (items->type != JSON_ARRAY)
        return request_refuse(fault, "invalid_value", "items", "'items' must be an array.");
    return kept_items_read("items", items, names, fault) &&
           kept_objects_allow_in("items", items, names, fault);
}

static bool read_member(const struct json_item *member, size_t *item_lists,
                        struct kept_names *names, struct request_fault *fault)
{
    struct buffer room = {0};
    struct slice name = member_name_decode(member->key, &room);
    bool good;
    if (!member_name_reads_as(name, "items", MEMBER_CASE_CAMEL))
        good = kept_objects_allow(name, &member->value, names, fault);
    else if (!slice_equals(name, "items"))
        good = request_fault_disguised(fault, "items", name);
    else if (++*item_lists > 1)
        good = request_fault_twice(fault, "items", name);
    else
        good = read_items(&member->value, names, fault);
    buffer_fini(&room);
    return good;
}

bool kept_body_read(struct slice body, struct kept_names *names, struct request_fault *fault)
{
    struct json_value root;
    struct fault why;
    struct json_item member;
    size_t item_lists = 0;
    if (body.bytes == 0)
        return true;
    if (!json_parse(body, LIMIT_JSON_DEPTH, &root, &why) || root.type != JSON_OBJECT)
        return request_refuse(fault, "invalid_value", NULL, "The body must be a JSON object.");
    struct json_walk walk = json_walk(&root);
    while (json_next(&walk, &member)) {
        if (!read_member(&member, &item_lists, names, fault))
            return false;
    }
    return true;
}
