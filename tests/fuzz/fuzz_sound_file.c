/* The length of a file of sound: a number that the file's bytes can hold. */
#include "fuzz.h"

#include "base/check.h"
#include "dialect/sound_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    int64_t us = -1;
    bool measured = sound_file_us((struct slice){(const char *)data, bytes}, &us);
    check(us >= 0);
    check(!measured || (us > 0 && bytes > 0));
    return 0;
}
