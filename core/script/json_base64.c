#include "script/json_base64.h"

#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "script/json_document.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of a digit in either alphabet; -1: none. */
static int digit_of(char c)
{
    if (c == '-')
        return 62;
    if (c == '_')
        return 63;
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

/* encoded(text) -> its base64, with padding */
static int base64_encoded(lua_State *state)
{
    size_t bytes;
    const char *text = luaL_checklstring(state, 1, &bytes);
    luaL_argcheck(state, bytes <= LIMIT_DOCUMENT_TEXT_BYTES, 1, "too long");
    size_t length = (bytes + 2) / 3 * 4;
    char *out = lua_newuserdata(state, length + 1);
    char *at = out;
    for (size_t i = 0; i < bytes; i += 3) {
        uint32_t three = (uint32_t)(unsigned char)text[i] << 16;
        three |= i + 1 < bytes ? (uint32_t)(unsigned char)text[i + 1] << 8 : 0;
        three |= i + 2 < bytes ? (uint32_t)(unsigned char)text[i + 2] : 0;
        *at++ = alphabet[three >> 18];
        *at++ = alphabet[three >> 12 & 63];
        *at++ = i + 1 < bytes ? alphabet[three >> 6 & 63] : '=';
        *at++ = i + 2 < bytes ? alphabet[three & 63] : '=';
    }
    lua_pushlstring(state, out, length);
    return 1;
}

/* Decodes into `out`, which has room for all of it. Returns false when it is no base64. */
static bool decode(struct slice text, struct buffer *out)
{
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.bytes && text.data[i] != '='; i++) {
        if (text.data[i] == '\\') /* "\/" */
            continue;
        int digit = digit_of(text.data[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            buffer_append_char(out, (char)(bits >> count & 0xff));
        }
    }
    return true;
}

/* decoded(document, node) -> the bytes of the base64 in a string, if they can stand between the
 * quotes of a JSON string; else nil */
static int base64_decoded(lua_State *state)
{
    struct json_document *document = json_document_check(state, 1);
    const struct json_node *node = json_document_node(state, document, 2);
    struct slice content = json_node_content(node);
    size_t text_bytes;
    if (node->value.type != JSON_STRING || content.bytes > LIMIT_DOCUMENT_TEXT_BYTES)
        return 0;
    struct buffer out = {.data = lua_newuserdata(state, content.bytes + 1),
                         .capacity_bytes = content.bytes + 1,
                         .bytes_max = content.bytes + 1};
    if (!decode(content, &out) || !buffer_append_char(&out, '"'))
        return 0;
    const char *end = json_string_end(out.data, out.data + out.bytes, &text_bytes);
    if (end != out.data + out.bytes - 1)
        return 0;
    lua_pushlstring(state, out.data, out.bytes - 1);
    return 1;
}

/* decoded_text(document, node) -> the text in the base64 of a string; nil: it is no UTF-8, or too
 * long */
static int base64_decoded_text(lua_State *state)
{
    struct json_document *document = json_document_check(state, 1);
    const struct json_node *node = json_document_node(state, document, 2);
    struct slice content = json_node_content(node);
    if (node->value.type != JSON_STRING || content.bytes > LIMIT_DOCUMENT_TEXT_BYTES)
        return 0;
    struct buffer out = {.data = lua_newuserdata(state, content.bytes + 1),
                         .capacity_bytes = content.bytes + 1,
                         .bytes_max = content.bytes + 1};
    if (!decode(content, &out) || !text_is_utf8(buffer_slice(&out)))
        return 0;
    lua_pushlstring(state, out.data, out.bytes);
    return 1;
}

const struct luaL_Reg json_base64_bindings[] = {
    {"base64", base64_encoded},
    {"from_base64", base64_decoded},
    {"text_of_base64", base64_decoded_text},
    {NULL, NULL},
};
