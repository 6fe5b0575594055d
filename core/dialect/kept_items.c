#include "dialect/kept_items.h"

#include "base/limits.h"
#include "dialect/member_name.h"

enum { APPROVALS_MAX = 32 };

/* ---- what an item is ---- */

/* Items without these members have no content: the provider takes it from what it keeps. */
struct content {
    const char *type;
    const char *members[2];
    bool loose;
};

static const struct content contents[] = {
    {"reasoning", {"encrypted_content", "content"}, .loose = true},
    {"compaction", {"encrypted_content"}, .loose = true},
    {"compaction_summary", {"encrypted_content"}, .loose = true},
    {"image_generation_call", {"result"}, .loose = false},
    {"file_search_call", {"results"}, .loose = true},
    {"web_search_call", {"action"}, .loose = true},
};

static const struct content *content_of(const struct json_value *type)
{
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        if (json_string_is(type, contents[i].type))
            return &contents[i];
    }
    return NULL;
}

/* Of two members of one name a server may obey either, so they are none. */
static bool has_any(const struct json_value *item, const struct content *content)
{
    for (size_t i = 0; i < 2 && content->members[i] != NULL; i++) {
        struct json_value value;
        if (json_find(item, content->members[i], &value) == 1 && kept_names_fills(&value))
            return true;
    }
    return false;
}

/* Reads short items only: an id and a few words. */
static bool is_bare(const struct json_value *item)
{
    enum { BYTES_MAX = LIMIT_OBJECT_ID_BYTES + 160 };
    static const char *const asides[] = {"type", "status", "role", "object", "phase"};
    struct json_walk walk = json_walk(item);
    struct json_item member;
    bool named = false;
    if (item->raw.bytes > BYTES_MAX)
        return false;
    while (json_next(&walk, &member)) {
        bool empty = member.value.type == JSON_NULL;
        if (json_key_is(member.key, "id"))
            named = kept_names_fills(&member.value);
        else if (!empty && !json_key_is_one_of(member.key, asides, sizeof asides / sizeof *asides))
            return false;
    }
    return named;
}

bool kept_items_is_message(const struct json_value *item)
{
    static const char *const roles[] = {"user", "assistant", "system", "developer", "tool"};
    enum { ROLE, CONTENT, MEMBERS };
    struct json_member members[MEMBERS] = {
        [ROLE] = {.name = "role"}, [CONTENT] = {.name = "content"}};
    json_find_all(item, members, MEMBERS);
    const struct json_value *role = &members[ROLE].value;
    enum json_type content = members[CONTENT].value.type;
    return (content == JSON_STRING || content == JSON_ARRAY) && members[ROLE].count == 1 &&
           json_string_is_one_of(role, roles, sizeof roles / sizeof roles[0]);
}

bool kept_items_may_stand(const struct json_value *item, const struct json_value *type)
{
    return type->type != JSON_STRING || json_string_is(type, "item_reference") ||
           json_string_is(type, "mcp_approval_response") || content_of(type) != NULL ||
           is_bare(item);
}

enum standing { STANDS_FOR_ITSELF, STANDS_FOR_ANOTHER, STANDS_LOOSELY };

static enum standing standing_of(const struct json_value *type, const struct json_value *item,
                                 const struct json_value *id)
{
    bool named = kept_names_fills(id);
    if (type->type != JSON_STRING)
        return named ? STANDS_FOR_ANOTHER : STANDS_FOR_ITSELF;
    if (json_string_is(type, "item_reference"))
        return STANDS_FOR_ANOTHER;
    const struct content *content = content_of(type);
    bool whole = json_string_is(type, "compaction_trigger"); /* it never has more */
    if (named && content == NULL && !whole && is_bare(item))
        return STANDS_LOOSELY;
    if (!named || content == NULL || has_any(item, content))
        return STANDS_FOR_ITSELF;
    return content->loose ? STANDS_LOOSELY : STANDS_FOR_ANOTHER;
}

/* ---- names ---- */

/* Finds a member that names something. A server might obey another spelling of it. */
static bool find_name(const struct json_value *item, const char *name, const char *param,
                      struct json_value *out, struct request_fault *fault)
{
    struct json_walk walk = json_walk(item);
    struct json_item member;
    size_t count = 0;
    bool good = true;
    while (good && json_next(&walk, &member)) {
        struct buffer room = {0};
        struct slice key = member_name_decode(member.key, &room);
        if (member_name_reads_as(key, name, MEMBER_CASE_CAMEL)) {
            *out = member.value;
            count++;
            good = slice_equals(key, name) ? count == 1 || request_fault_twice(fault, param, key)
                                           : request_fault_disguised(fault, param, key);
        }
        buffer_fini(&room);
    }
    return good;
}

bool kept_items_find_id(const struct json_value *object, const char *param, struct json_value *out,
                        struct request_fault *fault)
{
    return find_name(object, "id", param, out, fault);
}

struct reading {
    const char *param;
    struct kept_names *names;
    struct request_fault *fault;
    struct json_value approvals[APPROVALS_MAX]; /* the ids of requests that are approved */
    size_t approval_count;
};

static bool read_reference(struct reading *reading, const struct json_value *id, bool loose)
{
    if (reading->names == NULL)
        return loose ||
               kept_names_refuse_kept(reading->param, slice_of("item_reference"), reading->fault);
    const struct kept_name name = {
        .param = reading->param, .kind = KEPT_ITEM, .brings = true, .loose = loose};
    return kept_names_add(reading->names, name, id, reading->fault);
}

static bool read_approval(struct reading *reading, const struct json_value *item)
{
    struct json_value id = {.type = JSON_NULL};
    if (reading->names == NULL)
        return true;
    if (!find_name(item, "approval_request_id", reading->param, &id, reading->fault))
        return false;
    if (reading->approval_count == APPROVALS_MAX)
        return request_refuse(reading->fault, "invalid_value", reading->param,
                              "A request may have at most %d approvals.", APPROVALS_MAX);
    reading->approvals[reading->approval_count++] = id;
    return true;
}

static bool read_item(struct reading *reading, const struct json_value *item)
{
    struct json_member found = {.name = "type"};
    struct json_value id = {.type = JSON_NULL};
    json_find_all(item, &found, 1);
    const struct json_value *type = &found.value;
    if (json_string_is(type, "mcp_approval_response"))
        return read_approval(reading, item);
    if (!kept_items_may_stand(item, type) ||
        (type->type != JSON_STRING && kept_items_is_message(item)))
        return true;
    if (!kept_items_find_id(item, reading->param, &id, reading->fault))
        return false;
    enum standing standing = standing_of(type, item, &id);
    return standing == STANDS_FOR_ITSELF ||
           read_reference(reading, &id, standing == STANDS_LOOSELY);
}

/* An approval of what stands in the same list names nothing else. */
static void leave_own_out(struct reading *reading, const struct json_value *items)
{
    struct json_walk walk = json_walk(items);
    struct json_item item;
    struct json_value id;
    while (reading->approval_count > 0 && json_next(&walk, &item)) {
        if (json_find(&item.value, "id", &id) == 0)
            continue;
        for (size_t i = reading->approval_count; i-- > 0;) {
            const struct slice *approved = &reading->approvals[i].raw;
            if (approved->data != NULL && slice_same(*approved, id.raw))
                reading->approvals[i] = reading->approvals[--reading->approval_count];
        }
    }
}

static bool add_approvals(struct reading *reading)
{
    const struct kept_name name = {.param = reading->param, .kind = KEPT_ITEM, .loose = true};
    for (size_t i = 0; i < reading->approval_count; i++) {
        if (!kept_names_add(reading->names, name, &reading->approvals[i], reading->fault))
            return false;
    }
    return true;
}

bool kept_items_read(const char *param, const struct json_value *items, struct kept_names *names,
                     struct request_fault *fault)
{
    struct reading reading = {.param = param, .names = names, .fault = fault};
    struct json_walk walk = json_walk(items);
    struct json_item item;
    while (json_next(&walk, &item)) {
        if (!read_item(&reading, &item.value))
            return false;
    }
    leave_own_out(&reading, items);
    return add_approvals(&reading);
}
