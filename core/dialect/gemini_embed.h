/* Embeddings of Google's Gemini API: embedContent (one content) and batchEmbedContents, which all
 * of its SDKs ask for. Members as in google-genai 3.6.1 (PyPI). Only for this room. */
#ifndef DIALECT_GEMINI_EMBED_H
#define DIALECT_GEMINI_EMBED_H

#include "dialect/dialect_form.h"

extern const struct dialect_form gemini_embed_form;
extern const struct dialect_form gemini_embed_batch_form;

#endif
