#include "script/json_output.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "script/integer.h"

static const char output_kind[] = "JSON output";

struct json_output {
    struct handle handle;
    struct json_document *document;
    struct buffer *buffer; /* NULL: closed */
    struct buffer scratch; /* a decoded text that is checked before it is written */
};

static int output_gc(lua_State *state)
{
    struct json_output *output = lua_touserdata(state, 1);
    buffer_fini(&output->scratch);
    return 0;
}

struct json_output *json_output_push(lua_State *state, struct json_document *document)
{
    struct json_output *output = lua_newuserdata(state, sizeof *output);
    memset(output, 0, sizeof *output);
    output->handle.kind = output_kind;
    output->document = document;
    buffer_init(&output->scratch, LIMIT_UPSTREAM_BODY_BYTES);
    lua_createtable(state, 0, 1);
    lua_pushcfunction(state, output_gc);
    lua_setfield(state, -2, "__gc");
    lua_setmetatable(state, -2);
    return output;
}

void json_output_open(struct json_output *output, struct buffer *buffer)
{
    output->buffer = buffer;
}

void json_output_close(struct json_output *output)
{
    output->buffer = NULL;
    if (output->scratch.capacity_bytes > LIMIT_CLIENT_TEXT_BYTES)
        buffer_fini(&output->scratch);
    else
        buffer_reset(&output->scratch);
}

static struct json_output *check_output(lua_State *state)
{
    struct json_output *output = (struct json_output *)handle_check(state, 1, output_kind);
    luaL_argcheck(state, output->buffer != NULL, 1, "closed");
    return output;
}

/* White space of JSON may hold line ends, which would end the data line of an event. */
static void append_on_one_line(struct buffer *out, struct slice raw)
{
    size_t at = out->bytes;
    if (!buffer_append_slice(out, raw))
        return;
    if (memchr(raw.data, '\n', raw.bytes) == NULL && memchr(raw.data, '\r', raw.bytes) == NULL)
        return;
    for (; at < out->bytes; at++)
        if (out->data[at] == '\n' || out->data[at] == '\r')
            out->data[at] = ' ';
}

static void append_node(struct buffer *out, const struct json_node *node)
{
    if (node->bare) {
        buffer_append_char(out, '"');
        buffer_append_slice(out, node->value.raw);
        buffer_append_char(out, '"');
    } else if (node->value.type == JSON_ARRAY || node->value.type == JSON_OBJECT) {
        append_on_one_line(out, node->value.raw);
    } else {
        buffer_append_slice(out, node->value.raw);
    }
}

/* put(output, ...): a text is written as it is, a node as its value; of a string whose node is
 * negated only what stands between its quotes. */
static int output_put(lua_State *state)
{
    struct json_output *output = check_output(state);
    int count = lua_gettop(state);
    for (int place = 2; place <= count; place++) {
        if (lua_type(state, place) == LUA_TSTRING) {
            size_t bytes;
            const char *text = lua_tolstring(state, place, &bytes);
            buffer_append(output->buffer, text, bytes);
            continue;
        }
        lua_Number number = luaL_checknumber(state, place);
        const struct json_node *node =
            json_document_find(output->document, number < 0 ? -number : number);
        luaL_argcheck(state, node != NULL, place, "no node of this document");
        if (number < 0)
            buffer_append_slice(output->buffer, json_node_content(node));
        else
            append_node(output->buffer, node);
    }
    return 0;
}

/* put_number(output, n): a whole number */
static int output_put_number(lua_State *state)
{
    struct json_output *output = check_output(state);
    (void)buffer_append_int(output->buffer, integer_check(state, 2, -INTEGER_MAX, INTEGER_MAX));
    return 0;
}

/* put_text(output, text): a text of Lua as a JSON string */
static int output_put_text(lua_State *state)
{
    struct json_output *output = check_output(state);
    struct slice text;
    text.data = luaL_checklstring(state, 2, &text.bytes);
    (void)json_write_string(output->buffer, text);
    return 0;
}

/* quoted(text) -> the text as a JSON string */
static int output_quoted(lua_State *state)
{
    struct slice text;
    text.data = luaL_checklstring(state, 1, &text.bytes);
    luaL_argcheck(state, text.bytes <= LIMIT_DOCUMENT_TEXT_BYTES, 1, "too long");
    size_t bytes_max = text.bytes * 6 + 2; /* the longest escape of a byte has six */
    struct buffer quoted = {.data = lua_newuserdata(state, bytes_max),
                            .capacity_bytes = bytes_max,
                            .bytes_max = bytes_max};
    (void)json_write_string(&quoted, text);
    lua_pushlstring(state, quoted.data, quoted.bytes);
    return 1;
}

/* put_encoded(output, node): a JSON string whose text is the value's JSON */
static int output_put_encoded(lua_State *state)
{
    struct json_output *output = check_output(state);
    const struct json_node *node = json_document_node(state, output->document, 2);
    (void)json_write_string(output->buffer, node->value.raw);
    return 0;
}

/* put_input(output, node): a JSON string whose text is {"input": the string}: what a tool that
 * takes any text gets, where tools take JSON */
static int output_put_input(lua_State *state)
{
    static const char head[] = "{\"input\":";
    struct json_output *output = check_output(state);
    struct slice content = json_node_content(json_document_node(state, output->document, 2));
    size_t bytes = content.bytes + sizeof head + 2;
    char *object = lua_newuserdata(state, bytes);
    memcpy(object, head, sizeof head - 1);
    object[sizeof head - 1] = '"';
    memcpy(object + sizeof head, content.data, content.bytes);
    memcpy(object + sizeof head + content.bytes, "\"}", 2);
    (void)json_write_string(output->buffer, (struct slice){object, bytes});
    return 0;
}

/* Writes the JSON object that a string holds; an empty one means {}. Returns false, and writes
 * nothing, when it holds something else. */
static bool put_decoded(struct json_output *output, const struct json_value *string)
{
    struct fault fault;
    struct json_value object;
    buffer_reset(&output->scratch);
    if (!json_decode_string(string, &output->scratch))
        return false;
    struct slice text = slice_trim(buffer_slice(&output->scratch));
    if (text.bytes == 0) {
        buffer_append_text(output->buffer, "{}");
        return true;
    }
    if (!json_parse(text, LIMIT_JSON_DEPTH, &object, &fault) || object.type != JSON_OBJECT)
        return false;
    append_on_one_line(output->buffer, object.raw);
    return true;
}

/* A JSON string in Lua's memory around what stood between quotes. */
static struct json_value quote(lua_State *state, struct slice content)
{
    char *copy = lua_newuserdata(state, content.bytes + 2);
    copy[0] = copy[content.bytes + 1] = '"';
    memcpy(copy + 1, content.data, content.bytes);
    return (struct json_value){.type = JSON_STRING, .raw = {copy, content.bytes + 2}};
}

/* put_decoded(output, node | content) -> whether the string, or what stood between its quotes,
 * holds a JSON object; then it is written */
static int output_put_decoded(lua_State *state)
{
    struct json_output *output = check_output(state);
    struct slice content;
    struct json_value string = {.type = JSON_STRING};
    if (lua_type(state, 2) == LUA_TNUMBER) {
        const struct json_node *node = json_document_node(state, output->document, 2);
        luaL_argcheck(state, node->value.type == JSON_STRING, 2, "no string");
        content = json_node_content(node);
        if (!node->bare)
            string = node->value;
    } else {
        content.data = luaL_checklstring(state, 2, &content.bytes);
    }
    if (string.raw.data == NULL)
        string = quote(state, content);
    lua_pushboolean(state, put_decoded(output, &string));
    return 1;
}

/* input_of(content) -> what put_input has put in, as it stands between quotes: of the content of a
 * string. Nil when the string holds something else. */
static int output_input_of(lua_State *state)
{
    struct slice content;
    struct fault fault;
    struct json_value object, input;
    content.data = luaL_checklstring(state, 1, &content.bytes);
    const struct json_value string = quote(state, content);
    struct buffer text = {.data = lua_newuserdata(state, content.bytes + 2),
                          .capacity_bytes = content.bytes + 2,
                          .bytes_max = content.bytes + 2};
    (void)json_decode_string(&string, &text); /* never longer than its raw text */
    if (!json_parse(buffer_slice(&text), LIMIT_JSON_DEPTH, &object, &fault) ||
        json_find(&object, "input", &input) != 1 || input.type != JSON_STRING)
        return 0;
    lua_pushlstring(state, input.raw.data + 1, input.raw.bytes - 2);
    return 1;
}

/* holds_object(content) -> whether a string with this content holds a JSON object */
static int output_holds_object(lua_State *state)
{
    struct slice content;
    struct fault fault;
    struct json_value object;
    content.data = luaL_checklstring(state, 1, &content.bytes);
    const struct json_value string = quote(state, content);
    struct buffer text = {.data = lua_newuserdata(state, content.bytes + 2),
                          .capacity_bytes = content.bytes + 2,
                          .bytes_max = content.bytes + 2};
    (void)json_decode_string(&string, &text); /* never longer than its raw text */
    lua_pushboolean(state, json_parse(buffer_slice(&text), LIMIT_JSON_DEPTH, &object, &fault) &&
                               object.type == JSON_OBJECT);
    return 1;
}

const struct luaL_Reg json_output_bindings[] = {
    {"holds_object", output_holds_object},
    {"input_of", output_input_of},
    {"put", output_put},
    {"put_decoded", output_put_decoded},
    {"put_encoded", output_put_encoded},
    {"put_input", output_put_input},
    {"put_number", output_put_number},
    {"put_text", output_put_text},
    {"quoted", output_quoted},
    {NULL, NULL},
};
