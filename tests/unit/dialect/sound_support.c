#include "sound_support.h"

#include "base/support.h"

#include <stdlib.h>
#include <string.h>

#include "dialect/sound_file.h"

/* A file that comes in pieces is as long as a whole one. Long files come in few pieces only. */
static void assert_same_in_pieces(const char *data, size_t bytes, size_t piece, int64_t expected_us)
{
    int64_t us = -1;
    if (bytes > 3000 * piece)
        return;
    struct sound_file *pieces = sound_file_new();
    for (size_t at = 0; at < bytes; at += piece)
        sound_file_feed(pieces, (struct slice){data + at, bytes - at < piece ? bytes - at : piece});
    bool measured = sound_file_end(pieces, &us);
    sound_file_free(pieces);
    assert_int_equal(measured ? us : -1, expected_us);
}

static int64_t length_of(const char *data, size_t bytes)
{
    int64_t us = -1;
    char *exact = malloc(bytes > 0 ? bytes : 1); /* a sanitizer sees what is read beyond it */
    assert_non_null(exact);
    if (bytes > 0)
        memcpy(exact, data, bytes);
    bool measured = sound_file_us((struct slice){exact, bytes}, &us);
    for (size_t piece = 1; piece <= 1000; piece *= 10)
        assert_same_in_pieces(exact, bytes, piece, measured ? us : -1);
    free(exact);
    assert_true(us >= 0);
    return measured ? us : -1;
}

struct buffer sound_made;

int sound_set_up(void **state)
{
    (void)state;
    buffer_init(&sound_made, 1 << 22);
    return 0;
}

int sound_tear_down(void **state)
{
    (void)state;
    buffer_fini(&sound_made);
    return 0;
}

int64_t sound_length(void)
{
    assert_false(sound_made.failed);
    return length_of(sound_made.data, sound_made.bytes);
}

void sound_put(const char *text, size_t bytes)
{
    buffer_append(&sound_made, text, bytes);
}

void sound_put_big(uint64_t number, size_t bytes)
{
    while (bytes-- > 0)
        buffer_append_char(&sound_made, (char)(number >> (8 * bytes)));
}

void sound_put_little(uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        buffer_append_char(&sound_made, (char)(number >> (8 * i)));
}

void sound_put_zeros(size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        buffer_append_char(&sound_made, '\0');
}

size_t sound_begin_box(const char *name)
{
    size_t at = sound_made.bytes;
    sound_put_zeros(4);
    sound_put(name, 4);
    return at;
}

void sound_end_box(size_t at)
{
    size_t bytes = sound_made.bytes - at;
    for (int i = 0; i < 4; i++)
        sound_made.data[at + (size_t)i] = (char)(bytes >> (24 - 8 * i));
}

void sound_assert_safe(void)
{
    const struct buffer *file = &sound_made;
    size_t step = file->bytes / 1500 + 1;
    struct buffer changed;
    for (size_t bytes = 0; bytes < file->bytes; bytes += step)
        (void)length_of(file->data, bytes);
    buffer_init(&changed, file->bytes);
    buffer_append_slice(&changed, buffer_slice(file));
    for (size_t at = 0; at < file->bytes; at += step) {
        char old = changed.data[at];
        changed.data[at] = (char)0xff;
        (void)length_of(changed.data, changed.bytes);
        changed.data[at] = 0;
        (void)length_of(changed.data, changed.bytes);
        changed.data[at] = old;
    }
    buffer_fini(&changed);
}
