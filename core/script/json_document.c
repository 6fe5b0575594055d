#include "script/json_document.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "base/secret.h"
#include "script/integer.h"

enum {
    NODES_KEPT = 1024,        /* between two texts */
    INDEXED_BYTES_MIN = 1024, /* shorter values are read again for each walk */
    SPLIT_BYTES_MAX = 256     /* how far a separator is looked for */
};

static const char document_kind[] = "JSON document";

struct json_document {
    struct handle handle;
    struct json_node *nodes; /* node n is nodes[n - 1] */
    size_t count;
    size_t capacity;
    struct json_index index;
};

static int document_gc(lua_State *state)
{
    struct json_document *document = lua_touserdata(state, 1);
    free(document->nodes);
    document->nodes = NULL;
    document->count = document->capacity = 0;
    return 0;
}

struct json_document *json_document_push(lua_State *state)
{
    struct json_document *document = lua_newuserdata(state, sizeof *document);
    memset(document, 0, sizeof *document);
    document->handle.kind = document_kind;
    lua_createtable(state, 0, 1);
    lua_pushcfunction(state, document_gc);
    lua_setfield(state, -2, "__gc");
    lua_setmetatable(state, -2);
    return document;
}

struct json_document *json_document_check(lua_State *state, int place)
{
    return (struct json_document *)handle_check(state, place, document_kind);
}

/* Makes room for `count` more nodes. */
static bool make_room(struct json_document *document, size_t count)
{
    size_t needed = document->count + count;
    if (needed <= document->capacity)
        return true;
    if (needed > LIMIT_DOCUMENT_NODES)
        return false;
    size_t capacity = document->capacity < 64 ? 64 : document->capacity;
    while (capacity < needed)
        capacity *= 2;
    struct json_node *grown = realloc(document->nodes, capacity * sizeof *grown);
    if (grown == NULL)
        return false;
    document->nodes = grown;
    document->capacity = capacity;
    return true;
}

bool json_document_open(struct json_document *document, struct slice text, struct fault *fault)
{
    struct json_value root;
    document->count = 0;
    /* Most events are short: an index would cost more than it saves. */
    bool parsed = text.bytes < 2 * (size_t)INDEXED_BYTES_MIN
                      ? json_parse(text, LIMIT_JSON_DEPTH, &root, fault)
                      : json_parse_indexed(text, LIMIT_JSON_DEPTH, INDEXED_BYTES_MIN,
                                           &document->index, &root, fault);
    if (!parsed)
        return false;
    if (!make_room(document, 1))
        return fault_set(fault, "out_of_memory", "out of memory");
    document->nodes[document->count++] = (struct json_node){root, false};
    return true;
}

void json_document_close(struct json_document *document)
{
    document->count = 0;
    if (document->capacity <= NODES_KEPT)
        return;
    free(document->nodes);
    document->nodes = NULL;
    document->capacity = 0;
}

const struct json_node *json_document_find(const struct json_document *document, lua_Number number)
{
    if (!(number >= 1 && number <= (lua_Number)document->count))
        return NULL;
    return &document->nodes[(size_t)number - 1];
}

const struct json_node *json_document_node(lua_State *state, struct json_document *document,
                                           int place)
{
    const struct json_node *node = json_document_find(document, luaL_checknumber(state, place));
    if (node == NULL)
        luaL_argerror(state, place, "no node of this document");
    return node;
}

struct slice json_node_content(const struct json_node *node)
{
    struct slice raw = node->value.raw;
    if (node->bare || node->value.type != JSON_STRING)
        return raw;
    return (struct slice){raw.data + 1, raw.bytes - 2};
}

int json_document_refuse(lua_State *state, const char *code, const char *param, const char *message)
{
    lua_createtable(state, 0, 3);
    lua_pushstring(state, code);
    lua_setfield(state, -2, "code");
    lua_pushstring(state, param);
    lua_setfield(state, -2, "param");
    lua_pushstring(state, message);
    lua_setfield(state, -2, "message");
    return lua_error(state);
}

/* Adds a node and pushes its number. */
static void push_node(lua_State *state, struct json_document *document,
                      const struct json_node *node)
{
    if (!make_room(document, 1))
        json_document_refuse(state, "invalid_value", NULL, "The body has too many members.");
    document->nodes[document->count++] = *node;
    lua_pushinteger(state, (lua_Integer)document->count);
}

void json_document_push_node(lua_State *state, struct json_document *document,
                             const struct json_value *value)
{
    push_node(state, document, &(struct json_node){*value, false});
}

/* ---- walking ---- */

/* items(doc, node) -> the first of its elements, how many there are: their nodes are consecutive.
 * A value that is no array has none. */
static int doc_items(lua_State *state)
{
    struct json_document *document = json_document_check(state, 1);
    const struct json_value array = json_document_node(state, document, 2)->value;
    size_t first = document->count + 1;
    struct json_walk walk = json_walk(&array);
    struct json_item item;
    while (array.type == JSON_ARRAY && json_next(&walk, &item)) {
        if (!make_room(document, 1))
            return json_document_refuse(state, "invalid_value", NULL,
                                        "The body has too many members.");
        document->nodes[document->count++] = (struct json_node){item.value, false};
    }
    lua_pushinteger(state, (lua_Integer)first);
    lua_pushinteger(state, (lua_Integer)(document->count + 1 - first));
    return 2;
}

static void push_decoded(lua_State *state, const struct json_value *string)
{
    struct buffer out = {.data = lua_newuserdata(state, string->raw.bytes),
                         .capacity_bytes = string->raw.bytes,
                         .bytes_max = string->raw.bytes};
    (void)json_decode_string(string, &out); /* never longer than its raw text */
    lua_pushlstring(state, out.data, out.bytes);
    secret_wipe(out.data, out.bytes);
    lua_remove(state, -2);
}

/* pairs_of(doc, node) -> a list of names, a list of nodes: the members of an object. */
static int doc_pairs_of(lua_State *state)
{
    struct json_document *document = json_document_check(state, 1);
    const struct json_value object = json_document_node(state, document, 2)->value;
    struct json_walk walk = json_walk(&object);
    struct json_item item;
    int count = 0;
    lua_newtable(state);
    lua_newtable(state);
    while (object.type == JSON_OBJECT && json_next(&walk, &item)) {
        const struct json_value key = {.type = JSON_STRING,
                                       .raw = {item.key.data - 1, item.key.bytes + 2}};
        if (item.key.bytes > LIMIT_CLIENT_TEXT_BYTES)
            return json_document_refuse(state, "invalid_value", NULL,
                                        "The name of a member is too long.");
        push_decoded(state, &key);
        lua_rawseti(state, -3, ++count);
        push_node(state, document, &(struct json_node){item.value, false});
        lua_rawseti(state, -2, count);
    }
    return 2;
}

/* ---- values ---- */

/* kind(doc, node) -> "null", "boolean", "number", "string", "array", "object" */
static int doc_kind(lua_State *state)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",     [JSON_FALSE] = "boolean", [JSON_TRUE] = "boolean",
        [JSON_NUMBER] = "number", [JSON_STRING] = "string", [JSON_ARRAY] = "array",
        [JSON_OBJECT] = "object",
    };
    struct json_document *document = json_document_check(state, 1);
    lua_pushstring(state, names[json_document_node(state, document, 2)->value.type]);
    return 1;
}

/* A bare node as a whole string, in Lua's memory; the caller pops it. */
static struct json_value quoted(lua_State *state, const struct json_node *node)
{
    struct slice raw = node->value.raw;
    char *copy = lua_newuserdata(state, raw.bytes + 2);
    copy[0] = copy[raw.bytes + 1] = '"';
    memcpy(copy + 1, raw.data, raw.bytes);
    return (struct json_value){.type = JSON_STRING, .raw = {copy, raw.bytes + 2}};
}

/* text(doc, node, bytes_max) -> the decoded string; nil when it is no string or longer. */
static int doc_text(lua_State *state)
{
    struct json_document *document = json_document_check(state, 1);
    const struct json_node node = *json_document_node(state, document, 2);
    size_t bytes_max = (size_t)integer_check(state, 3, 0, LIMIT_DOCUMENT_TEXT_BYTES);
    struct slice content = json_node_content(&node);
    if (node.value.type != JSON_STRING || content.bytes > bytes_max * 6)
        return 0;
    const struct json_value string = node.bare ? quoted(state, &node) : node.value;
    push_decoded(state, &string);
    if (lua_objlen(state, -1) > bytes_max)
        return 0;
    return 1;
}

/* content(doc, node) -> the raw JSON of a value, on one line; of a string what stands between its
 * quotes.
 * Raises when it is longer than Lua may hold. */
static int doc_content(lua_State *state)
{
    struct json_document *document = json_document_check(state, 1);
    struct slice content = json_node_content(json_document_node(state, document, 2));
    if (content.bytes > LIMIT_DOCUMENT_TEXT_BYTES)
        return json_document_refuse(state, "invalid_value", NULL,
                                    "A member of the body is too long.");
    bool nested = memchr(content.data, '\n', content.bytes) != NULL ||
                  memchr(content.data, '\r', content.bytes) != NULL;
    if (!nested) {
        lua_pushlstring(state, content.data, content.bytes);
        return 1;
    }
    char *copy = lua_newuserdata(state, content.bytes);
    for (size_t i = 0; i < content.bytes; i++)
        copy[i] = content.data[i] == '\n' || content.data[i] == '\r' ? ' ' : content.data[i];
    lua_pushlstring(state, copy, content.bytes);
    return 1;
}

/* bytes(doc, node) -> the length of its content */
static int doc_bytes(lua_State *state)
{
    struct json_document *document = json_document_check(state, 1);
    struct slice content = json_node_content(json_document_node(state, document, 2));
    lua_pushnumber(state, (lua_Number)content.bytes);
    return 1;
}

/* integer(doc, node) -> the whole number, or nil */
static int doc_integer(lua_State *state)
{
    struct json_document *document = json_document_check(state, 1);
    const struct json_node *node = json_document_node(state, document, 2);
    int64_t number;
    if (node->value.type != JSON_NUMBER || !json_int64(&node->value, &number) ||
        number < -INTEGER_MAX || number > INTEGER_MAX)
        return 0;
    lua_pushnumber(state, (lua_Number)number);
    return 1;
}

/* begins(doc, node, text) -> whether the string's content begins with a text without escapes */
static int doc_begins(lua_State *state)
{
    struct json_document *document = json_document_check(state, 1);
    const struct json_node *node = json_document_node(state, document, 2);
    struct slice text;
    text.data = luaL_checklstring(state, 3, &text.bytes);
    struct slice content = json_node_content(node);
    lua_pushboolean(state, node->value.type == JSON_STRING && content.bytes >= text.bytes &&
                               memcmp(content.data, text.data, text.bytes) == 0);
    return 1;
}

/* split(doc, node, separator) -> the text before the first separator, decoded, and a node of what
 * is behind it; nil when the separator does not come soon. The separator needs no escapes. */
static int doc_split(lua_State *state)
{
    struct json_document *document = json_document_check(state, 1);
    const struct json_node node = *json_document_node(state, document, 2);
    struct slice separator;
    separator.data = luaL_checklstring(state, 3, &separator.bytes);
    struct slice content = json_node_content(&node);
    size_t searched = content.bytes < SPLIT_BYTES_MAX ? content.bytes : SPLIT_BYTES_MAX;
    const char *found = node.value.type == JSON_STRING
                            ? memmem(content.data, searched, separator.data, separator.bytes)
                            : NULL;
    if (found == NULL)
        return 0;
    const struct json_node head = {
        .value = {.type = JSON_STRING, .raw = {content.data, (size_t)(found - content.data)}},
        .bare = true};
    const struct json_value string = quoted(state, &head);
    push_decoded(state, &string);
    const char *rest = found + separator.bytes;
    const struct json_node tail = {
        .value = {.type = JSON_STRING,
                  .raw = {rest, (size_t)(content.data + content.bytes - rest)}},
        .bare = true};
    push_node(state, document, &tail);
    return 2;
}

/* literal(doc, text) -> a node of a string with this text, which needs no escapes. The caller keeps
 * the text while the document is open. */
static int doc_literal(lua_State *state)
{
    struct json_document *document = json_document_check(state, 1);
    struct slice text;
    text.data = luaL_checklstring(state, 2, &text.bytes);
    const struct json_node node = {.value = {.type = JSON_STRING, .raw = text}, .bare = true};
    push_node(state, document, &node);
    return 1;
}

const struct luaL_Reg json_document_bindings[] = {
    {"begins", doc_begins},
    {"bytes", doc_bytes},
    {"content", doc_content},
    {"integer", doc_integer},
    {"items", doc_items},
    {"kind", doc_kind},
    {"literal", doc_literal},
    {"pairs_of", doc_pairs_of},
    {"split", doc_split},
    {"text", doc_text},
    {NULL, NULL},
};
