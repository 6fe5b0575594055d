/* What servers say of the context lengths of their models: llama.cpp, vLLM, SGLang, LM Studio,
 * Ollama, OpenRouter and whoever lists models as these do. Pure functions. */
#ifndef DIALECT_CONTEXT_FORM_H
#define DIALECT_CONTEXT_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* In tokens; 0: not said. What is no whole number from 1 to a billion is not said either. */
struct context_lengths {
    int64_t served;  /* what the server takes of a request and its answer together */
    int64_t trained; /* what the model was made for; the server may take less, or more */
};

/* What a server is asked, one after the other; only some know the later ones. */
enum context_question {
    CONTEXT_OF_MODELS,    /* {base_url}/models */
    CONTEXT_OF_SERVER,    /* /props: llama.cpp */
    CONTEXT_OF_LM_STUDIO, /* /api/v0/models */
    CONTEXT_OF_OLLAMA     /* /api/ps: of models that are loaded */
};
enum { CONTEXT_QUESTIONS = CONTEXT_OF_OLLAMA + 1 };

/* Writes the address of a question: of the later ones it is the base URL without a `/v1` at its
 * end. False: `out` is too short. */
bool context_form_url(enum context_question question, const char *base_url, char *out,
                      size_t out_bytes);

/* Tells all lengths that an answer has, by the name of the model; an empty name: of whatever the
 * server serves. A model with several names is told under each. Returns how many names the answer
 * has; -1: it is none of these. */
typedef void context_form_teller(const char *model, const struct context_lengths *lengths,
                                 void *arg);
int context_form_read(struct slice answer, context_form_teller *tell, void *arg);

#endif
