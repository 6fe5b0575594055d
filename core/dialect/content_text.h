/* What was said in a call, as JSON in the form of OpenTelemetry's semantic conventions for
 * generative AI: gen_ai.input.messages and its like (docs/TRACES.md). A text has a limit: what does
 * not fit is cut or left out, and the JSON stays valid. Strings are copied as they stand in the
 * JSON that was read, and not decoded. */
#ifndef DIALECT_CONTENT_TEXT_H
#define DIALECT_CONTENT_TEXT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/json.h"

/* Below this limit there is no room for the words around a text. */
enum { CONTENT_BYTES_MIN = 1024 };

struct content_text {
    struct buffer out;
    size_t bytes_max;
    struct slice secret; /* must not stand in it: the provider's key */
    bool cut;            /* something does not stand there */
    bool part_cut;       /* likewise, of the object that was opened last */
    unsigned depth;      /* of parts in parts (content_put_parts) */
};

void content_text_init(struct content_text *text, size_t bytes_max, struct slice secret);
void content_text_fini(struct content_text *text);

/* A NULL name opens an element of a list, or the root. */
void content_list(struct content_text *text, const char *name);
void content_list_end(struct content_text *text);
/* Whether there is room for an object; else something is left out. */
bool content_has_room(struct content_text *text);
/* An object of a few members. False: there is no room for it. */
bool content_object(struct content_text *text, const char *name);
/* Says `"truncated": true` in it if a part of it was cut. */
void content_object_end(struct content_text *text);

/* Members of an object. A word is a literal of ours. */
void content_word(struct content_text *text, const char *name, const char *word);
void content_count(struct content_text *text, const char *name, size_t count);
/* `inner`: a string without its quotes, as it stands in JSON. What does not fit is cut off, never
 * inside a character. */
void content_string(struct content_text *text, const char *name, struct slice inner);
/* The same of a string whose end is missing already. */
void content_string_cut(struct content_text *text, const char *name, struct slice inner);
/* The beginning of such a string, in at most so many bytes. */
struct slice content_whole(struct slice inner, size_t bytes_most);
/* Any value; null if it does not fit. */
void content_value(struct content_text *text, const char *name, const struct json_value *value);

/* An element of a list that is written already. False: it has no room. */
bool content_element(struct content_text *text, struct slice json);

/* Overwrites API keys of the gateway, and `secret`, with stars. When all is written. */
void content_hide(struct content_text *text);

/* ---- for those who read ---- */

/* A member of an object; of type JSON_NULL if it is not there. */
struct json_value content_find(const struct json_value *object, const char *name);
/* A string without its quotes; empty if it is none. */
struct slice content_inner(const struct json_value *value);
/* Both. */
struct slice content_find_inner(const struct json_value *object, const char *name);
/* Whether the value is a string that holds the JSON of an object, as arguments of tools do: then
 * `decoded` has that object. */
bool content_decode_object(const struct json_value *value, struct buffer *decoded,
                           struct json_value *out);

#endif
