/* Files of sound that tests write byte by byte. */
#ifndef TESTS_DIALECT_SOUND_SUPPORT_H
#define TESTS_DIALECT_SOUND_SUPPORT_H

#include "base/buffer.h"

/* The file that a test makes. Empty at its beginning. */
extern struct buffer sound_made;

int sound_set_up(void **state);
int sound_tear_down(void **state);

#define WITH_SOUND(test) cmocka_unit_test_setup_teardown(test, sound_set_up, sound_tear_down)

/* Its length in microseconds; -1: it is not measured. */
int64_t sound_length(void);

void sound_put(const char *text, size_t bytes);
#define SOUND_PUT(literal) sound_put(literal, sizeof(literal) - 1)
void sound_put_big(uint64_t number, size_t bytes);
void sound_put_little(uint64_t number, size_t bytes);
void sound_put_zeros(size_t bytes);
/* A box of MP4; what follows is in it until it ends. */
size_t sound_begin_box(const char *name);
void sound_end_box(size_t at);

/* No part of the file, and no changed byte of it, is read beyond its end or never ends. */
void sound_assert_safe(void);

#endif
