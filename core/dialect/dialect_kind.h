/* Which API a client or a provider uses. The first CONVERSATIONS are conversations, which are
 * translated into each other; so are OpenAI's and Google's embeddings. The others are asked of a
 * provider that speaks them. */
#ifndef DIALECT_DIALECT_KIND_H
#define DIALECT_DIALECT_KIND_H

#include <stdbool.h>

enum dialect {
    DIALECT_CHAT,
    DIALECT_RESPONSES,
    DIALECT_ANTHROPIC,
    DIALECT_GEMINI,
    DIALECT_EMBEDDINGS,
    DIALECT_MODERATIONS,
    DIALECT_RERANK,
    DIALECT_COMPLETIONS,
    DIALECT_DECISIONS,
    DIALECT_GEMINI_EMBED,
    DIALECT_GEMINI_EMBED_BATCH,
    DIALECT_SPEECH,
    DIALECT_IMAGES,
    DIALECT_TRANSCRIPTIONS,
    DIALECT_TRANSLATIONS,
    DIALECT_IMAGE_EDITS,
    DIALECT_IMAGE_VARIATIONS
};
enum { DIALECTS = 17, CONVERSATIONS = 4 };

static inline bool dialect_is_conversation(enum dialect dialect)
{
    return (int)dialect < CONVERSATIONS;
}

/* Whether its answers have choices and its streams chunks: OpenAI's chat and the completions before
 * it. They go a way of their own (exchange/events.c). */
static inline bool dialect_has_chunks(enum dialect dialect)
{
    return dialect == DIALECT_CHAT || dialect == DIALECT_COMPLETIONS;
}

/* Whether it is of Google's API: its address has the model, and errors have Google's form. */
static inline bool dialect_is_google(enum dialect dialect)
{
    return dialect == DIALECT_GEMINI || dialect == DIALECT_GEMINI_EMBED ||
           dialect == DIALECT_GEMINI_EMBED_BATCH;
}

#endif
