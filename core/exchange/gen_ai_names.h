/* The words of OpenTelemetry's semantic conventions for generative AI for what we call otherwise
 * (github.com/open-telemetry/semantic-conventions-genai). Pure. */
#ifndef EXCHANGE_GEN_AI_NAMES_H
#define EXCHANGE_GEN_AI_NAMES_H

#include "base/slice.h"
#include "dialect/dialect_kind.h"

/* gen_ai.operation.name of a call in this dialect. Of the pictures, sounds and lists, for which the
 * conventions have none, the names are ours. */
const char *gen_ai_operation(enum dialect dialect);
/* gen_ai.output.type: "image" or "speech"; NULL: it says nothing. */
const char *gen_ai_output_type(enum dialect dialect);
/* gen_ai.provider.name of who answers at this host; NULL: the conventions do not know it. */
const char *gen_ai_provider(struct slice host);

#endif
