/* Writes the JSON of results: members with their commas, money as decimal strings in USD, times as
 * RFC 3339. The buffer keeps a failure; the caller checks it once, at the end. */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* What stands before each value: a comma unless it is the first of its container, then its name. A
 * NULL name opens an element of an array, or the root. */
void json_writer_begin(struct buffer *out, const char *name);
void json_writer_object(struct buffer *out, const char *name);
void json_writer_object_end(struct buffer *out);
void json_writer_array(struct buffer *out, const char *name);
void json_writer_array_end(struct buffer *out);

void json_writer_text(struct buffer *out, const char *name, const char *text);
void json_writer_text_or_null(struct buffer *out, const char *name,
                              const char *text); /* "" is written as null */
void json_writer_int(struct buffer *out, const char *name, int64_t number);
void json_writer_int_or_null(struct buffer *out, const char *name, bool known, int64_t number);
void json_writer_bool(struct buffer *out, const char *name, bool value);
void json_writer_null(struct buffer *out, const char *name);
void json_writer_money(struct buffer *out, const char *name, int64_t nusd);
void json_writer_money_number(struct buffer *out, const char *name,
                              int64_t nusd); /* a JSON number, not a string */
void json_writer_time(struct buffer *out, const char *name, int64_t wall_ms);
void json_writer_time_or_null(struct buffer *out, const char *name,
                              int64_t wall_ms); /* 0 is written as null */
/* Writes a value that is already JSON. */
void json_writer_json(struct buffer *out, const char *name, const char *json);
void json_writer_day(struct buffer *out, const char *name, int32_t day);

#endif
