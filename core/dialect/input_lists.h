/* The dialects that answer a list of inputs with a list of results, never streamed: OpenAI's
 * embeddings, moderations and decisions (questions about one input), and the rerank of Cohere (v2)
 * and Jina. Members as in openai 3.57.0 and cohere 7.3.1 (PyPI) and https://api.jina.ai. Only for
 * this room. */
#ifndef DIALECT_INPUT_LISTS_H
#define DIALECT_INPUT_LISTS_H

#include "dialect/dialect_form.h"

extern const struct dialect_form embeddings_form;
extern const struct dialect_form moderations_form;
extern const struct dialect_form rerank_form;
extern const struct dialect_form decisions_form;

#endif
