/* What trusted Lua writes of a translation: texts of its own, and values of a document
 * (json_document.h) that C copies as they stand. One call writes many pieces, because a call costs
 * more than a short copy. lua/annotations/dialect.lua describes the functions. Worker's thread. */
#ifndef SCRIPT_JSON_OUTPUT_H
#define SCRIPT_JSON_OUTPUT_H

#include <lauxlib.h>
#include <lua.h>

#include "base/buffer.h"
#include "script/json_document.h"

struct json_output;

/* Pushes a new output, a userdata that frees what it owns; `document` outlives it. */
struct json_output *json_output_push(lua_State *state, struct json_document *document);
/* Between these, the functions append to `buffer`, which is borrowed. */
void json_output_open(struct json_output *output, struct buffer *buffer);
void json_output_close(struct json_output *output);

extern const struct luaL_Reg json_output_bindings[];

#endif
