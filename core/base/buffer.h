/* A growing run of bytes that is given its maximum when it is made. The owner is whoever called
 * buffer_init; one thread at a time. Appending beyond the maximum or without memory sets `failed`,
 * leaves what was there and returns false; `failed` is sticky until buffer_reset, so a caller that
 * appends many times may look once at the end. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

struct buffer {
    char *data; /* NULL while empty and never grown; not NUL-terminated */
    size_t bytes;
    size_t capacity_bytes;
    size_t bytes_max;
    bool failed;
};

void buffer_init(struct buffer *buffer, size_t bytes_max);
void buffer_fini(struct buffer *buffer);  /* frees; the buffer may be initialised again */
void buffer_reset(struct buffer *buffer); /* empties, keeps the memory, clears `failed` */
/* For buffer_append, which looks first whether there is room. */
bool buffer_append_growing(struct buffer *buffer, const void *data, size_t bytes);
/* Makes room for `bytes` more and returns where they go, or NULL and `failed`. What the caller puts
 * there it adds to `bytes` itself. */
char *buffer_reserve(struct buffer *buffer, size_t bytes);
bool buffer_append_int(struct buffer *buffer, int64_t n);
bool buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Removes the first `bytes` bytes (at most what is there) by moving the rest down. */
void buffer_consume(struct buffer *buffer, size_t bytes);
struct slice buffer_slice(const struct buffer *buffer);
/* Overwrites the content with zeros before freeing: for secrets. */
void buffer_wipe_fini(struct buffer *buffer);

/* ---- appending: inline, for most of it is a few bytes, and there is room ---- */

static inline bool buffer_append(struct buffer *buffer, const void *data, size_t bytes)
{
    if (bytes == 0 || bytes > buffer->capacity_bytes - buffer->bytes || buffer->failed)
        return buffer_append_growing(buffer, data, bytes);
    memcpy(buffer->data + buffer->bytes, data, bytes);
    buffer->bytes += bytes;
    return true;
}

static inline bool buffer_append_slice(struct buffer *buffer, struct slice slice)
{
    return buffer_append(buffer, slice.data, slice.bytes);
}

static inline bool buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

static inline bool buffer_append_char(struct buffer *buffer, char c)
{
    return buffer_append(buffer, &c, 1);
}

#endif
