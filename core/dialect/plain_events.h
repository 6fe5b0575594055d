/* Turns plain answers into the events of a stream, each in its dialect, because a stream was asked
 * for and the provider has answered plainly. (plain_chunks.h does it for OpenAI's chat.) Only for
 * this room. Pure functions. */
#ifndef DIALECT_PLAIN_EVENTS_H
#define DIALECT_PLAIN_EVENTS_H

#include "base/buffer.h"
#include "base/json.h"

/* Each writes the events of a good answer; what is unknown passes as it is. */
void anthropic_write_events(const struct json_value *answer, struct buffer *out);
void gemini_write_events(const struct json_value *answer, struct buffer *out);
void responses_write_events(const struct json_value *answer, struct buffer *out);

/* Ends an event that began at `start`: a line break in JSON is white space, never part of a string,
 * but it would end the event's line. */
void plain_events_end(struct buffer *out, size_t start);
/* Writes an object with some members changed. `edits` are sorted and lie in it. */
void plain_events_edited(const struct json_value *object, const struct json_edit *edits,
                         size_t edit_count, struct buffer *out);
/* Adds the edit that gives a member another value, if it is there; members come in any order. */
void plain_events_replace(const struct json_value *object, const char *name, const char *value,
                          struct json_edit *edits, size_t *edit_count);

#endif
