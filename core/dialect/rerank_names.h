/* Providers of reranking that have Cohere's and Jina's form but for some names: Voyage takes top_k
 * for top_n, only texts as documents, and gives its results as `data`, with documents that are
 * texts. Pure functions. */
#ifndef DIALECT_RERANK_NAMES_H
#define DIALECT_RERANK_NAMES_H

#include <stdbool.h>

#include "base/buffer.h"
#include "dialect/model_request.h"

enum { RERANK_NAME_BYTES = 32 }; /* with NUL */

/* Their names for these members; "": the usual one. */
struct rerank_names {
    char top_n[RERANK_NAME_BYTES];
    char results[RERANK_NAME_BYTES];
};

/* Makes the provider's copy of a request; as dialect_form.apply. */
bool rerank_names_apply(const struct model_request *request, const struct request_changes *changes,
                        const struct rerank_names *names, struct request_copy *out);

/* Appends the answer in the usual form; `root` is an object. */
bool rerank_names_write(const struct rerank_names *names, const struct json_value *root,
                        struct buffer *out);

#endif
