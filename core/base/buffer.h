/* A growing run of bytes whose maximum is given to buffer_init. The caller of buffer_init owns it;
 * one thread at a time uses it. When an append would pass the maximum, or memory runs out, the
 * buffer sets `failed`, keeps its content and the append returns false. `failed` stays set until
 * buffer_reset, so a caller that appends many times may check once at the end; `no_memory` says
 * why. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

struct buffer {
    char *data; /* NULL until something is appended; not NUL-terminated */
    size_t bytes;
    size_t capacity_bytes;
    size_t bytes_max;
    bool failed;
    bool no_memory; /* it has failed below its maximum */
};

void buffer_init(struct buffer *buffer, size_t bytes_max);
/* Frees the memory; the buffer may be initialised again. */
void buffer_fini(struct buffer *buffer);
/* Empties the buffer, keeps its memory, clears `failed` and `no_memory`. */
void buffer_reset(struct buffer *buffer);
/* Private: buffer_append calls it when there is no room left. */
bool buffer_append_growing(struct buffer *buffer, const void *data, size_t bytes);
/* Makes room for `bytes` more and returns where they go; NULL (and `failed`) when there is no room.
 * The caller adds to `bytes` what it writes there. */
char *buffer_reserve(struct buffer *buffer, size_t bytes);
bool buffer_append_int(struct buffer *buffer, int64_t n);
bool buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Removes the first `bytes` bytes (fewer if it has fewer) and moves the rest down. */
void buffer_consume(struct buffer *buffer, size_t bytes);
struct slice buffer_slice(const struct buffer *buffer);
/* Overwrites the content with zeros before it frees the memory: for secrets. */
void buffer_wipe_fini(struct buffer *buffer);

/* ---- appending: inline, because most appends are a few bytes that fit ---- */

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
