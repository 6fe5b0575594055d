/* A JSON text in C memory that trusted Lua reads without decoding it. Lua names a value by a small
 * whole number, its *node*; a node is made when a value is reached, and the text stays where it is.
 * So a base64 picture or a tool's schema is copied once, by C, from the text into the output
 * (json_output.h). lua/annotations/dialect.lua describes the functions.
 *
 * A document belongs to a VM and is opened on one text after the other: nodes live until the next
 * one. Worker's thread. */
#ifndef SCRIPT_JSON_DOCUMENT_H
#define SCRIPT_JSON_DOCUMENT_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "base/json.h"
#include "script/handle.h"

struct json_document;

/* Pushes a new document, a userdata that frees what it owns when it is collected. */
struct json_document *json_document_push(lua_State *state);
/* Raises unless the argument at `place` is a document. */
struct json_document *json_document_check(lua_State *state, int place);

/* Opens it on a text that must outlive its nodes; the root is node 1. Returns false when the text
 * is no JSON or there is no memory. */
bool json_document_open(struct json_document *document, struct slice text, struct fault *fault);
/* Forgets the text and gives large memory back. */
void json_document_close(struct json_document *document);

struct json_node {
    struct json_value value; /* of a bare string: without quotes */
    bool bare;               /* a part of a string, cut out of its quotes */
};

/* Returns the node that the argument at `place` names; raises when there is none. */
const struct json_node *json_document_node(lua_State *state, struct json_document *document,
                                           int place);
/* Returns the node of this number, or NULL. */
const struct json_node *json_document_find(const struct json_document *document, lua_Number number);
/* Returns what stands between the quotes of a string, escapes as they are. */
struct slice json_node_content(const struct json_node *node);

/* Adds a node of a value of its text and pushes its number. */
void json_document_push_node(lua_State *state, struct json_document *document,
                             const struct json_value *value);

/* Raises the refusal of a client's body: a table {code, param, message}. */
int json_document_refuse(lua_State *state, const char *code, const char *param,
                         const char *message);

extern const struct luaL_Reg json_document_bindings[];

#endif
