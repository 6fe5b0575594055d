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

/* What the body of a request asks for. Call it while the body's index is there (request_begin):
 * later this would read all of the texts once more. */
enum embedding_format embedding_encoding_asked(const struct json_value *root);

/* Appends the answer in the other encoding. Returns false without that when it is right as it
 * stands, or cannot be changed: then it passes as it came. */
bool embedding_encoding_adapt(const struct model_request *request, const struct json_value *answer,
                              struct buffer *out);
/* The same for an answer in Google's form, whose `values` are always numbers. */
bool embedding_encoding_adapt_google(const struct model_request *request,
                                     const struct json_value *answer, struct buffer *out);

#endif
