/* Hands each file that is named to a harness as libFuzzer does: whole, each of its beginnings, and
 * with each of its bytes changed in turn. So each run with ASan tries what is known; what nobody
 * has thought of yet is libFuzzer's to find. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { FILE_BYTES_MAX = 4096, CHANGED_BYTES_MAX = 512 };

/* A copy with nothing behind it, so that ASan sees each byte that is read too many. */
static void try(const uint8_t *data, size_t bytes)
{
    uint8_t *copy = malloc(bytes);
    check(copy != NULL || bytes == 0);
    if (bytes > 0)
        memcpy(copy, data, bytes);
    check(LLVMFuzzerTestOneInput(copy, bytes) == 0);
    free(copy);
}

static void try_changed(uint8_t *data, size_t bytes)
{
    static const uint8_t changes[] = {0x01, 0x80};
    size_t step = 1 + bytes / CHANGED_BYTES_MAX;
    for (size_t at = 0; at < bytes; at += step) {
        try(data, at);
        for (size_t i = 0; i < sizeof changes; i++) {
            data[at] ^= changes[i];
            try(data, bytes);
            data[at] ^= changes[i];
        }
    }
    try(data, bytes);
}

int main(int count, char **paths)
{
    static uint8_t data[FILE_BYTES_MAX];
    for (int i = 1; i < count; i++) {
        FILE *file = fopen(paths[i], "rb");
        check(file != NULL);
        size_t bytes = fread(data, 1, sizeof data, file);
        fclose(file);
        try_changed(data, bytes);
    }
    printf("%d files\n", count - 1);
    return count > 1 ? 0 : 1;
}
