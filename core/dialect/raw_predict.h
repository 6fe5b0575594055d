/* Anthropic's models on Vertex: the address has the model, and the body the version that elsewhere
 * is a header (anthropic 2.14.0, lib/vertex; @ai-sdk/google-vertex 4.0.208). Pure functions. */
#ifndef DIALECT_RAW_PREDICT_H
#define DIALECT_RAW_PREDICT_H

#include <stdbool.h>

#include "dialect/model_request.h"

/* Puts the version in the place of the model of the provider's copy. `version`: that of the client;
 * empty: it names none. Returns false without memory. */
bool raw_predict_change(struct slice version, struct request_copy *copy);

#endif
