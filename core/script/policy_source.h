/* Finds places in the text of a policy file, so that a message about a value names its line. It
 * reads Lua's tokens, not its grammar: good for the table that a file returns, a guess for one
 * that it computes. */
#ifndef SCRIPT_POLICY_SOURCE_H
#define SCRIPT_POLICY_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* One step from a table to a value in it: a name, or (index > 0) a place in a list. */
struct policy_step {
    struct slice name;
    long index;
};

/* The line of the value at `path` below the table that the file returns, or of the nearest table
 * around it that the text shows. 0: nothing of the path was found. */
int policy_source_line(struct slice text, const struct policy_step *path, size_t step_count);

/* The text between the parentheses or quotes of the first string after `path`'s `=`: "NAME" in
 * `api_key = env("NAME")`. Empty when the value is written in another way. */
struct slice policy_source_env_name(struct slice text, const struct policy_step *path,
                                    size_t step_count);

/* A member that one table constructor gives twice (Lua silently takes the last). */
struct policy_duplicate {
    struct slice name;
    int first_line;
    int second_line;
};

/* Looks through the returned table and the tables written inside it. True: one was found. */
bool policy_source_duplicate(struct slice text, struct policy_duplicate *out);

#endif
