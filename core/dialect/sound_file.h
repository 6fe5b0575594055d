/* How long a file of sound is: WAV (PCM, ADPCM), FLAC, MP3 (MPEG audio), AAC (ADTS), Ogg (Opus,
 * Vorbis), MP4 and M4A (AAC, ALAC), CAF (PCM, IMA, ALAC), WebM and Matroska (Opus). A file's own
 * word for its length is not believed, for who pays by the second would write a short one: frames,
 * packets and samples are counted, as a decoder would find them. What cannot be counted so is not
 * measured. Nothing is decoded; time and memory are bounded by the file's bytes. Pure functions. */
#ifndef DIALECT_SOUND_FILE_H
#define DIALECT_SOUND_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* In microseconds, rounded up. Returns false if it cannot be measured. */
bool sound_file_us(struct slice file, int64_t *out_us);

#endif
