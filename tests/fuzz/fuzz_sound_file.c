/* The length of a file of sound: a number that the file's bytes can hold, in whatever pieces it
 * comes. */
#include "fuzz.h"

#include <string.h>

#include "base/check.h"
#include "dialect/sound_file.h"

/* Pieces of 1 to 251 bytes, and now and then a long one. */
static bool measure_in_pieces(struct slice file, size_t piece, int64_t *out_us)
{
    struct sound_file *pieces = sound_file_new();
    while (file.bytes > 0) {
        size_t bytes = piece % 7 == 0 ? 40 * piece : piece;
        bytes = bytes < file.bytes ? bytes : file.bytes;
        sound_file_feed(pieces, (struct slice){file.data, bytes});
        file.data += bytes;
        file.bytes -= bytes;
        piece = piece * 31 % 251 + 1;
    }
    bool measured = sound_file_end(pieces, out_us);
    sound_file_free(pieces);
    return measured;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const struct slice file = {(const char *)data, bytes};
    int64_t us = -1;
    int64_t again_us = -1;
    bool measured = sound_file_us(file, &us);
    check(us >= 0);
    check(!measured || (us > 0 && bytes > 0));
    for (size_t piece = 1; piece <= 100; piece *= 10) {
        check(measure_in_pieces(file, piece, &again_us) == measured);
        check(again_us == us);
    }
    return 0;
}
