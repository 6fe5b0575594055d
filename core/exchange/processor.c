#include "exchange/processor.h"

#include <string.h>

#include "base/webhook_signature.h"

bool processor_signed(const struct processor *processor, struct slice prefix, struct slice body,
                      struct slice hex)
{
    bool found = false;
    for (size_t i = 0; i < processor->secret_count; i++)
        found |= webhook_hmac_is(slice_of(processor->webhook_secrets[i]), prefix, body, hex);
    return found;
}
