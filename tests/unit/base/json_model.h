/* Another reading of JSON, to hold base/json against: slow, recursive, byte by byte, and sharing
 * no code with it. Both tell what a text means in the same notation: `[` `]` and `{` `}` around
 * items, a string as its decoded bytes in hex between quotes, anything else as it stands. */
#ifndef TESTS_BASE_JSON_MODEL_H
#define TESTS_BASE_JSON_MODEL_H

#include "base/buffer.h"
#include "base/json.h"
#include "base/slice.h"
#include "base/support.h"

/* Whether the text is valid JSON of at most that depth; if so, appends its meaning to *meaning and
 * adds the decoded length of its strings that are no keys to *text_bytes. (A full buffer changes
 * nothing about validity.) */
bool model_read(struct slice text, unsigned depth_max, struct buffer *meaning, size_t *text_bytes);

/* The meaning of a value as base/json walks and decodes it. */
void model_walk(const struct json_value *value, struct buffer *meaning);

/* Both readings of a text agree on whether it is valid, and if so on all that it means. */
void model_assert_agrees(struct slice text, unsigned depth_max);

/* Appends a random valid value of at most that depth, with white space around. */
void model_write(struct dice *dice, unsigned depth, struct buffer *out);
void model_write_space(struct dice *dice, struct buffer *out);
/* Appends a random string in quotes, with escapes of every kind. */
void model_write_string(struct dice *dice, struct buffer *out);

#endif
