/* The Responses API: one meaning of a request and its copy; streams that end anywhere. */
#include "fuzz_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    fuzz_dialect(DIALECT_RESPONSES, (struct slice){(const char *)data, bytes});
    return 0;
}
