/* lua/catalog for the command line: a price file becomes the text of policies/catalog.lua, or a
 * list of what it would change. It runs our own Lua in a state of its own, without policies and
 * without the limits of a VM: for a command, never in a server. Any thread. */
#ifndef SCRIPT_CATALOG_TOOL_H
#define SCRIPT_CATALOG_TOOL_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/slice.h"

struct catalog_question {
    const char *function;  /* of lua/catalog/init.lua: "import", "diff" */
    const char *file_name; /* of the price file, for messages */
    struct slice file;     /* the price file: JSON, at most 64 MB */
    struct slice options;  /* a JSON object; in both, Lua gets numbers as texts */
    struct slice catalog;  /* the text of the present catalog.lua; empty: there is none */
};

/* Appends the texts that the function returns; the second may be empty. On false *fault says what
 * is wrong with which file. */
bool catalog_tool_ask(const struct catalog_question *question, struct buffer *first,
                      struct buffer *second, struct fault *fault);

#endif
