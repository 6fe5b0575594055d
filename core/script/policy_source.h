/* Finds places in the text of a policy file, so that a message about a value can name its line. It
 * reads Lua's tokens, not its grammar: exact for a table that the file writes out, a guess for one
 * that it computes. */
#ifndef SCRIPT_POLICY_SOURCE_H
#define SCRIPT_POLICY_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* One step from a table to a value in it: a name, or a list index if index > 0. */
struct policy_step {
    struct slice name;
    long index;
};

/* Returns the line of the value at `path` in the table that the file returns. If the text does not
 * show the value, returns the line of the nearest table around it; 0: nothing of the path was
 * found. */
int policy_source_line(struct slice text, const struct policy_step *path, size_t step_count);

/* Returns "NAME" when the value at `path` is written as env("NAME"), with or without parentheses.
 * Empty when it is written in another way. */
struct slice policy_source_env_name(struct slice text, const struct policy_step *path,
                                    size_t step_count);

/* A member that one table constructor gives twice (Lua silently takes the last). */
struct policy_duplicate {
    struct slice name;
    int first_line;
    int second_line;
};

/* Searches the returned table and the tables inside it. Returns true when it found one. */
bool policy_source_duplicate(struct slice text, struct policy_duplicate *out);

#endif
