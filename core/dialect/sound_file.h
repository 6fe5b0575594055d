/* How long a file of sound is: WAV (PCM, ADPCM), FLAC, MP3 (MPEG audio), AAC (ADTS), Ogg (Opus,
 * Vorbis), MP4 and M4A (AAC, ALAC), CAF (PCM, IMA, ALAC), WebM and Matroska (Opus). A file's own
 * word for its length is not believed, for who pays by the second would write a short one: frames,
 * packets and samples are counted, as a decoder would find them. What cannot be counted so is not
 * measured. Nothing is decoded. The file may come in any pieces: the length is the same. Time is
 * bounded by the bytes, memory by the longest head (64 KB).
 * Pure functions. */
#ifndef DIALECT_SOUND_FILE_H
#define DIALECT_SOUND_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct sound_file;

struct sound_file *sound_file_new(void);
void sound_file_free(struct sound_file *file); /* NULL is allowed */
/* The next bytes of the file. */
void sound_file_feed(struct sound_file *file, struct slice data);
/* The length of what has come so far, in microseconds, rounded up; of a file whose head has a table
 * of all of it, that of the whole. False: it cannot be measured yet, or at all. */
bool sound_file_so_far(const struct sound_file *file, int64_t *out_us);
/* The length of what has come, in microseconds, rounded up. Returns false if it cannot be measured.
 * Nothing may be fed after it. */
bool sound_file_end(struct sound_file *file, int64_t *out_us);

/* The same of a whole file. */
bool sound_file_us(struct slice file, int64_t *out_us);

#endif
