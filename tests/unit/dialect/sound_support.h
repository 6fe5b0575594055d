/* Files of sound that tests write byte by byte. */
#ifndef TESTS_DIALECT_SOUND_SUPPORT_H
#define TESTS_DIALECT_SOUND_SUPPORT_H

#include "base/buffer.h"

/* Its length in microseconds; -1: it is not measured. */
int64_t sound_length_of(const struct buffer *file);

void sound_put_big(struct buffer *file, uint64_t number, size_t bytes);
void sound_put_little(struct buffer *file, uint64_t number, size_t bytes);
void sound_put_zeros(struct buffer *file, size_t bytes);
/* A box of MP4; what follows is in it until it ends. */
size_t sound_begin_box(struct buffer *file, const char *name);
void sound_end_box(struct buffer *file, size_t at);

/* No part of a file, and no changed byte of it, is read beyond its end or never ends. */
void sound_assert_safe(const struct buffer *file);

#endif
