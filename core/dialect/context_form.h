/* What servers tell about the context lengths of their models: llama.cpp, vLLM, SGLang, LM Studio,
 * Ollama, OpenRouter, and servers that list models in the same form. Pure functions. */
#ifndef DIALECT_CONTEXT_FORM_H
#define DIALECT_CONTEXT_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* In tokens; 0: not told. A value that is no whole number from 1 to a billion counts as not
 * told. */
struct context_lengths {
    int64_t served;  /* the server's limit for a request and its answer together */
    int64_t trained; /* the model's own limit; the server's may be lower or higher */
};

/* The questions to a server, in this order; only some servers know the later ones. */
enum context_question {
    CONTEXT_OF_MODELS,    /* {base_url}/models */
    CONTEXT_OF_SERVER,    /* /props: llama.cpp */
    CONTEXT_OF_LM_STUDIO, /* /api/v0/models */
    CONTEXT_OF_OLLAMA     /* /api/ps: loaded models only */
};
enum { CONTEXT_QUESTIONS = CONTEXT_OF_OLLAMA + 1 };

/* Writes the address of a question. The later ones stand below the base URL without its final
 * `/v1`. Returns false when `out` is too short. */
bool context_form_url(enum context_question question, const char *base_url, char *out,
                      size_t out_bytes);

/* context_form_read calls it with the lengths of each model name in an answer; an empty name means
 * whatever the server serves. A model with several names is told under each. It returns how many
 * names the answer has, or -1 when the answer has none of the known forms. */
typedef void context_form_teller(const char *model, const struct context_lengths *lengths,
                                 void *arg);
int context_form_read(struct slice answer, context_form_teller *tell, void *arg);

#endif
