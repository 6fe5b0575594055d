/* The translation between two dialects (lua/dialect) on a worker's VM, as exchange/translator.h
 * wants it. The state of a stream is a Lua table that the translator refers to until it is freed.
 * Errors, memory and time of Lua end a call of the translator with false, and nothing else.
 * Worker's thread. */
#ifndef SCRIPT_TRANSLATION_H
#define SCRIPT_TRANSLATION_H

#include <stdbool.h>

#include "base/fault.h"
#include "exchange/translator.h"
#include "script/vm.h"

/* Dialects: conversations ("openai-chat", "openai-responses", "anthropic", "gemini"), or embeddings
 * ("embeddings", "gemini-embeddings", "gemini-embeddings-batch"). Holds a reference to the VM until
 * out->free. On false *fault says why; there is nothing to free. */
bool translation_start(struct vm *vm, const char *client_dialect, const char *provider_dialect,
                       struct translator *out, struct fault *fault);
/* The same from OpenAI's chat to an API that the operator maps (lua/dialect/mapped.lua). */
bool translation_start_mapped(struct vm *vm, const char *provider, struct translator *out,
                              struct fault *fault);

#endif
