#include "script/json_members.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "script/json_document.h"

enum {
    MEMBERS_MAX = 64,
    NAME_BYTES = 48,
    REASON_BYTES = 160,
    PARAM_BYTES = 160,
    TEXT_BYTES_MAX = 512 /* of a member that Lua gets as a text: a name, an id, a word */
};

enum member_kind {
    MEMBER_ANY,
    MEMBER_TEXT,
    MEMBER_STRING,
    MEMBER_INTEGER,
    MEMBER_NUMBER,
    MEMBER_BOOLEAN,
    MEMBER_ARRAY,
    MEMBER_OBJECT,
    MEMBER_SKIP,
    MEMBER_REFUSE,
    MEMBER_KINDS
};

static const char *const kind_names[MEMBER_KINDS] = {
    "any", "text", "string", "integer", "number", "boolean", "array", "object", "skip", "refuse",
};

/* For the client: what the member must be. */
static const char *const wanted[MEMBER_KINDS] = {
    [MEMBER_TEXT] = "must be a string of at most 512 bytes.",
    [MEMBER_STRING] = "must be a string.",
    [MEMBER_INTEGER] = "must be a whole number.",
    [MEMBER_NUMBER] = "must be a number.",
    [MEMBER_BOOLEAN] = "must be true or false.",
    [MEMBER_ARRAY] = "must be an array.",
    [MEMBER_OBJECT] = "must be an object.",
};

struct rule {
    char name[NAME_BYTES];
    size_t name_bytes;
    enum member_kind kind;
    char reason[REASON_BYTES]; /* of a refusal: what follows the member's name */
};

static const char members_kind[] = "JSON members";

struct json_members {
    struct handle handle;
    bool snake; /* "a_b" is the same as "aB": Google's JSON takes both */
    bool open;  /* unknown members are left out: of an answer, which may know more than we do */
    size_t count;
    struct rule rules[MEMBERS_MAX];
};

/* ---- making ---- */

static const char *field(lua_State *state, int place)
{
    lua_rawgeti(state, -1, place);
    const char *text = lua_tostring(state, -1); /* lives in its list */
    lua_pop(state, 1);
    return text;
}

/* Reads {name, kind, reason} on top of the stack. */
static void read_rule(lua_State *state, struct rule *rule)
{
    luaL_checktype(state, -1, LUA_TTABLE);
    const char *name = field(state, 1);
    const char *kind = field(state, 2);
    const char *reason = field(state, 3);
    if (name == NULL || strlen(name) >= NAME_BYTES || kind == NULL) {
        luaL_error(state, "a member needs a name and a kind");
        return;
    }
    rule->name_bytes = strlen(name);
    memcpy(rule->name, name, rule->name_bytes + 1);
    snprintf(rule->reason, sizeof rule->reason, "%s",
             reason != NULL ? reason : "cannot be carried over to this model's provider.");
    for (rule->kind = 0; rule->kind < MEMBER_KINDS; rule->kind++)
        if (strcmp(kind, kind_names[rule->kind]) == 0)
            return;
    luaL_error(state, "member %s: no kind '%s'", name, kind);
}

/* members(list [, open [, snake]]) -> what pick and read take */
static int members_make(lua_State *state)
{
    lua_settop(state, 3);
    luaL_checktype(state, 1, LUA_TTABLE);
    size_t count = lua_objlen(state, 1);
    luaL_argcheck(state, count <= MEMBERS_MAX, 1, "too many members");
    struct json_members *members = lua_newuserdata(state, sizeof *members);
    members->handle.kind = members_kind;
    members->open = lua_toboolean(state, 2);
    members->snake = lua_toboolean(state, 3);
    members->count = count;
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(state, 1, (int)i + 1);
        read_rule(state, &members->rules[i]);
        lua_pop(state, 1);
    }
    return 1;
}

/* ---- reading ---- */

/* Where an object stands, for a refusal: '#' in `where` stands for the numbers behind it. */
static int refuse_member(lua_State *state, int place, struct slice name, const char *why)
{
    char param[PARAM_BYTES];
    char message[PARAM_BYTES + REASON_BYTES + 16];
    size_t used = 0;
    int number = place + 1;
    const char *where = lua_isstring(state, place) ? lua_tostring(state, place) : "";
    for (; *where != '\0' && used < sizeof param - 24; where++) {
        if (*where == '#')
            used += (size_t)snprintf(param + used, sizeof param - used, "%d",
                                     (int)lua_tointeger(state, number++));
        else
            param[used++] = *where;
    }
    param[used] = '\0';
    snprintf(param + used, sizeof param - used, "%s%.*s", used > 0 && name.bytes > 0 ? "." : "",
             (int)(name.bytes < NAME_BYTES ? name.bytes : NAME_BYTES), name.data);
    snprintf(message, sizeof message, "%s%s%s %s", param[0] != '\0' ? "'" : "The body",
             param[0] != '\0' ? param : "", param[0] != '\0' ? "'" : "", why);
    return json_document_refuse(state, "invalid_value", param, message);
}

/* Writes "a_b" as "aB". Returns the length; a longer key is none of ours. */
static size_t to_camel(struct slice key, char out[NAME_BYTES])
{
    size_t bytes = 0;
    for (size_t i = 0; i < key.bytes && bytes < NAME_BYTES; i++) {
        bool joint = key.data[i] == '_' && i + 1 < key.bytes && key.data[i + 1] >= 'a' &&
                     key.data[i + 1] <= 'z';
        if (joint)
            out[bytes++] = (char)(key.data[++i] - 'a' + 'A');
        else
            out[bytes++] = key.data[i];
    }
    return bytes;
}

static const struct rule *find_rule(const struct json_members *members, struct slice key)
{
    char camel[NAME_BYTES];
    if (members->snake && memchr(key.data, '_', key.bytes) != NULL)
        key = (struct slice){camel, to_camel(key, camel)};
    bool escaped = memchr(key.data, '\\', key.bytes) != NULL;
    for (size_t i = 0; i < members->count; i++) {
        const struct rule *rule = &members->rules[i];
        if (escaped ? json_key_is(key, rule->name)
                    : key.bytes == rule->name_bytes && memcmp(key.data, rule->name, key.bytes) == 0)
            return rule;
    }
    return NULL;
}

static bool fits(enum member_kind kind, const struct json_value *value)
{
    int64_t number;
    switch (kind) {
    case MEMBER_TEXT:
        return value->type == JSON_STRING && value->raw.bytes <= TEXT_BYTES_MAX + 2;
    case MEMBER_STRING:
        return value->type == JSON_STRING;
    case MEMBER_INTEGER:
        return value->type == JSON_NUMBER && json_int64(value, &number) &&
               number >= -(INT64_C(1) << 53) && number <= INT64_C(1) << 53;
    case MEMBER_NUMBER:
        return value->type == JSON_NUMBER && value->raw.bytes <= LIMIT_NUMBER_BYTES;
    case MEMBER_BOOLEAN:
        return value->type == JSON_TRUE || value->type == JSON_FALSE;
    case MEMBER_ARRAY:
        return value->type == JSON_ARRAY;
    case MEMBER_OBJECT:
        return value->type == JSON_OBJECT;
    default:
        return true;
    }
}

/* Finds the values of the rules; the type of one that is absent or null is JSON_NULL. */
static void find_values(lua_State *state, const struct json_members *members,
                        const struct json_value *object, struct json_value *values)
{
    static const struct slice nothing = {"", 0};
    struct json_walk walk;
    struct json_item item;
    bool seen[MEMBERS_MAX] = {false};
    if (object->type != JSON_OBJECT)
        refuse_member(state, 4, nothing, "must be an object.");
    for (size_t i = 0; i < members->count; i++)
        values[i].type = JSON_NULL;
    walk = json_walk(object);
    while (json_next(&walk, &item)) {
        const struct rule *rule = find_rule(members, item.key);
        if (rule == NULL && members->open)
            continue;
        if (rule == NULL) {
            refuse_member(state, 4, item.key,
                          "is not known here; another model's provider may take it.");
            return;
        }
        size_t at = (size_t)(rule - members->rules);
        if (seen[at])
            refuse_member(state, 4, item.key, "occurs twice; send it once.");
        seen[at] = true;
        if (item.value.type == JSON_NULL)
            continue;
        if (rule->kind == MEMBER_REFUSE)
            refuse_member(state, 4, item.key, rule->reason);
        if (!fits(rule->kind, &item.value))
            refuse_member(state, 4, item.key, wanted[rule->kind]);
        values[at] = item.value;
    }
}

/* Pushes a value as its kind wants it. */
static void push_value(lua_State *state, struct json_document *document, enum member_kind kind,
                       const struct json_value *value)
{
    char room[TEXT_BYTES_MAX + 2];
    struct buffer text = {.data = room, .capacity_bytes = sizeof room, .bytes_max = sizeof room};
    int64_t number = 0;
    switch (value->type == JSON_NULL ? MEMBER_SKIP : kind) {
    case MEMBER_SKIP:
        lua_pushnil(state);
        return;
    case MEMBER_TEXT:
        (void)json_decode_string(value, &text); /* never longer than its raw text */
        lua_pushlstring(state, text.data, text.bytes);
        return;
    case MEMBER_INTEGER:
        (void)json_int64(value, &number);
        lua_pushnumber(state, (lua_Number)number);
        return;
    case MEMBER_BOOLEAN:
        lua_pushboolean(state, value->type == JSON_TRUE);
        return;
    default:
        json_document_push_node(state, document, value);
    }
}

static bool is_given(const struct rule *rule)
{
    return rule->kind != MEMBER_SKIP && rule->kind != MEMBER_REFUSE;
}

/* pick(document, node, members, where, ...) -> the values, in the order of the list, without those
 * that are skipped or refused. `where` and the numbers behind it name the object in a refusal. */
static int members_pick(lua_State *state)
{
    struct json_value values[MEMBERS_MAX];
    struct json_document *document = json_document_check(state, 1);
    const struct json_members *members =
        (struct json_members *)handle_check(state, 3, members_kind);
    const struct json_value object = json_document_node(state, document, 2)->value;
    find_values(state, members, &object, values);
    luaL_checkstack(state, MEMBERS_MAX + 8, "members");
    int count = 0;
    for (size_t i = 0; i < members->count; i++) {
        if (!is_given(&members->rules[i]))
            continue;
        push_value(state, document, members->rules[i].kind, &values[i]);
        count++;
    }
    return count;
}

/* read(document, node, members, where, ...) -> the same as a table by name */
static int members_read(lua_State *state)
{
    struct json_value values[MEMBERS_MAX];
    struct json_document *document = json_document_check(state, 1);
    const struct json_members *members =
        (struct json_members *)handle_check(state, 3, members_kind);
    const struct json_value object = json_document_node(state, document, 2)->value;
    find_values(state, members, &object, values);
    lua_createtable(state, 0, (int)(members->count < 16 ? members->count : 16));
    for (size_t i = 0; i < members->count; i++) {
        if (values[i].type == JSON_NULL || !is_given(&members->rules[i]))
            continue;
        push_value(state, document, members->rules[i].kind, &values[i]);
        lua_setfield(state, -2, members->rules[i].name);
    }
    return 1;
}

const struct luaL_Reg json_members_bindings[] = {
    {"members", members_make},
    {"pick", members_pick},
    {"read", members_read},
    {NULL, NULL},
};
