/* The words of OpenTelemetry's semantic conventions for generative AI for what we call otherwise
 * (github.com/open-telemetry/semantic-conventions-genai). Pure. */
#ifndef EXCHANGE_GEN_AI_NAMES_H
#define EXCHANGE_GEN_AI_NAMES_H

#include <stdint.h>

#include "base/slice.h"
#include "dialect/dialect_kind.h"

/* gen_ai.operation.name of a call in this dialect. Of the pictures, sounds and lists, for which the
 * conventions have none, the names are ours. */
const char *gen_ai_operation(enum dialect dialect);
/* gen_ai.output.type: "image" or "speech"; NULL: it says nothing. */
const char *gen_ai_output_type(enum dialect dialect);
/* Who answers at an address. */
struct gen_ai_server {
    struct slice host; /* without brackets; a part of the address */
    int64_t port;
    const char *provider; /* gen_ai.provider.name, a literal; NULL: the conventions have none */
};

/* Of an address that policies have checked: http://[::1]:8080/v1 */
struct gen_ai_server gen_ai_server_at(const char *url);

#endif
