/* Files that operators name in their settings, read whole: only regular ones, so that a pipe or a
 * device under such a name holds nothing up. Any thread. */
#ifndef BASE_REGULAR_FILE_H
#define BASE_REGULAR_FILE_H

#include <stddef.h>

#include "base/buffer.h"

enum file_outcome {
    FILE_READ,
    FILE_NOT_OPENED, /* errno says why */
    FILE_UNREADABLE, /* or no regular file, or there is no memory for it */
    FILE_TOO_LARGE
};

/* Appends the file. `out` must have room for bytes_max + 1. Unless it is FILE_READ nothing is
 * appended. */
enum file_outcome regular_file_read(const char *path, size_t bytes_max, struct buffer *out);

#endif
