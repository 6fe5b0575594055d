#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

enum { FIRST_CAPACITY_BYTES = 256, PRINTF_TEXT_BYTES = 512 };

void buffer_init(struct buffer *buffer, size_t bytes_max)
{
    *buffer = (struct buffer){.bytes_max = bytes_max};
}

void buffer_fini(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){.bytes_max = buffer->bytes_max};
}

void buffer_reset(struct buffer *buffer)
{
    buffer->bytes = 0;
    buffer->failed = false;
    buffer->no_memory = false;
}

/* The first time, as much as is needed: many get all at once, and some are kept for long. Then it
 * doubles the capacity, up to the maximum: n appends of one byte then cost O(n). */
static bool grow(struct buffer *buffer, size_t needed_bytes)
{
    size_t capacity = buffer->capacity_bytes;
    if (capacity == 0)
        capacity = needed_bytes > FIRST_CAPACITY_BYTES ? needed_bytes : FIRST_CAPACITY_BYTES;
    while (capacity < needed_bytes)
        capacity = capacity > SIZE_MAX / 2 ? SIZE_MAX : capacity * 2;
    if (capacity > buffer->bytes_max)
        capacity = buffer->bytes_max;
    char *data = realloc(buffer->data, capacity);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity_bytes = capacity;
    return true;
}

char *buffer_reserve(struct buffer *buffer, size_t bytes)
{
    if (buffer->failed)
        return NULL;
    if (bytes > buffer->bytes_max - buffer->bytes) {
        buffer->failed = true;
        return NULL;
    }
    if (bytes > buffer->capacity_bytes - buffer->bytes && !grow(buffer, buffer->bytes + bytes)) {
        buffer->failed = buffer->no_memory = true;
        return NULL;
    }
    return buffer->data + buffer->bytes;
}

bool buffer_append_growing(struct buffer *buffer, const void *data, size_t bytes)
{
    if (bytes == 0)
        return !buffer->failed;
    char *to = buffer_reserve(buffer, bytes);
    if (to == NULL)
        return false;
    memcpy(to, data, bytes);
    buffer->bytes += bytes;
    return true;
}

bool buffer_append_int(struct buffer *buffer, int64_t n)
{
    char text[DECIMAL_BYTES];
    return buffer_append(buffer, text, (size_t)(decimal_put(text, n) - text));
}

/* vsnprintf needs one byte more than the text, for its NUL, and the buffer may not have that byte.
 * So a text that does not fit into a small array is formatted in memory of its own. */
static bool print_long(struct buffer *buffer, size_t bytes, const char *format, va_list args)
{
    if (buffer->failed || bytes > buffer->bytes_max - buffer->bytes) {
        buffer->failed = true;
        return false;
    }
    char *text = malloc(bytes + 1);
    if (text == NULL) {
        buffer->failed = buffer->no_memory = true;
        return false;
    }
    vsnprintf(text, bytes + 1, format, args);
    bool done = buffer_append(buffer, text, bytes);
    free(text);
    return done;
}

bool buffer_printf(struct buffer *buffer, const char *format, ...)
{
    char text[PRINTF_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (wanted < 0) {
        buffer->failed = true;
        return false;
    }
    if ((size_t)wanted < sizeof text)
        return buffer_append(buffer, text, (size_t)wanted);
    va_start(args, format);
    bool done = print_long(buffer, (size_t)wanted, format, args);
    va_end(args);
    return done;
}

void buffer_consume(struct buffer *buffer, size_t bytes)
{
    if (bytes >= buffer->bytes) {
        buffer->bytes = 0;
        return;
    }
    if (bytes == 0)
        return;
    memmove(buffer->data, buffer->data + bytes, buffer->bytes - bytes);
    buffer->bytes -= bytes;
}

struct slice buffer_slice(const struct buffer *buffer)
{
    return (struct slice){buffer->data != NULL ? buffer->data : "", buffer->bytes};
}

void buffer_wipe_fini(struct buffer *buffer)
{
    /* Wipe the whole capacity, because consume and reset leave old bytes behind the end. A buffer
     * that has grown may also have left a copy in freed memory: give a secret's buffer its full
     * size at once. */
    if (buffer->data != NULL)
        explicit_bzero(buffer->data, buffer->capacity_bytes);
    buffer_fini(buffer);
}
