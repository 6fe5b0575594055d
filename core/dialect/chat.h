/* Reads a chat completion request, and makes the few edits for the provider's copy. See
 * https://platform.openai.com/docs/api-reference/chat/create */
#ifndef DIALECT_CHAT_H
#define DIALECT_CHAT_H

#include "dialect/model_request.h"

/* Reads `text`. `seed`: a number that the client cannot know (text_mix.h); 0: no samples.
 * Returns false with *fault. Duplicate members are refused, because the provider
 * might obey the one that we did not price. */
bool chat_read(struct slice text, uint64_t seed, struct model_request *out,
               struct request_fault *fault);

/* Returns false when there is no memory. */
bool chat_apply(const struct model_request *request, const struct request_changes *changes,
                struct request_copy *out);

#endif
