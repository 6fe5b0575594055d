/* Writes the JSON of results: members with their commas, money as decimal strings in USD, times as
 * RFC 3339. A failure is kept by the buffer and looked at once, at the end. */
#ifndef STORE_OPERATIONS_REPLY_H
#define STORE_OPERATIONS_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* A NULL name opens an element of an array, or the root. */
void reply_object(struct buffer *out, const char *name);
void reply_object_end(struct buffer *out);
void reply_array(struct buffer *out, const char *name);
void reply_array_end(struct buffer *out);

void reply_text(struct buffer *out, const char *name, const char *text);
void reply_text_or_null(struct buffer *out, const char *name, const char *text); /* "" is null */
void reply_int(struct buffer *out, const char *name, int64_t number);
void reply_bool(struct buffer *out, const char *name, bool value);
void reply_null(struct buffer *out, const char *name);
void reply_money(struct buffer *out, const char *name, int64_t nusd);
void reply_money_number(struct buffer *out, const char *name, int64_t nusd); /* a JSON number */
void reply_time(struct buffer *out, const char *name, int64_t wall_ms);
/* What is JSON already. */
void reply_json(struct buffer *out, const char *name, const char *json);
void reply_day(struct buffer *out, const char *name, int32_t day);

#endif
