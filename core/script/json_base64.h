/* Opaque texts of one dialect inside the base64 of another: Gemini's SDKs decode a thoughtSignature
 * and encode it again, so what travels there must be base64 (common.lua: marks). */
#ifndef SCRIPT_JSON_BASE64_H
#define SCRIPT_JSON_BASE64_H

#include <lauxlib.h>

extern const struct luaL_Reg json_base64_bindings[];

#endif
