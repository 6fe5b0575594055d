/* Puts embeddings into the encoding that the client has asked for: lists of numbers, or base64 of
 * 32-bit floats. Some servers ignore `encoding_format`, and openai for Node (6.49.0),
 * which asks for base64, reads a list of numbers as a quarter as many wrong ones. Only for this
 * room. Pure functions. */
#ifndef DIALECT_EMBEDDING_ENCODING_H
#define DIALECT_EMBEDDING_ENCODING_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/json.h"
#include "dialect/model_request.h"

/* Appends the answer in the other encoding. Returns false without that when it is right as it
 * stands, or cannot be changed: then it passes as it came. */
bool embedding_encoding_adapt(const struct model_request *request, const struct json_value *answer,
                              struct buffer *out);

#endif
