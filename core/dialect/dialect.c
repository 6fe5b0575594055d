#include "dialect/dialect.h"

#include <string.h>

#include "dialect/anthropic.h"
#include "dialect/chat_form.h"
#include "dialect/gemini.h"
#include "dialect/gemini_embed.h"
#include "dialect/image_edits.h"
#include "dialect/images.h"
#include "dialect/input_lists.h"
#include "dialect/responses.h"
#include "dialect/speech.h"
#include "dialect/text_completions.h"
#include "dialect/transcriptions.h"

static const struct dialect_form *const forms[DIALECTS] = {
    [DIALECT_CHAT] = &chat_form,
    [DIALECT_RESPONSES] = &responses_form,
    [DIALECT_ANTHROPIC] = &anthropic_form,
    [DIALECT_GEMINI] = &gemini_form,
    [DIALECT_EMBEDDINGS] = &embeddings_form,
    [DIALECT_MODERATIONS] = &moderations_form,
    [DIALECT_RERANK] = &rerank_form,
    [DIALECT_COMPLETIONS] = &text_completions_form,
    [DIALECT_DECISIONS] = &decisions_form,
    [DIALECT_GEMINI_EMBED] = &gemini_embed_form,
    [DIALECT_GEMINI_EMBED_BATCH] = &gemini_embed_batch_form,
    [DIALECT_SPEECH] = &speech_form,
    [DIALECT_IMAGES] = &images_form,
    [DIALECT_TRANSCRIPTIONS] = &transcriptions_form,
    [DIALECT_TRANSLATIONS] = &translations_form,
    [DIALECT_IMAGE_EDITS] = &image_edits_form,
    [DIALECT_IMAGE_VARIATIONS] = &image_variations_form,
};

const struct dialect_form *dialect_form(enum dialect dialect)
{
    return forms[dialect];
}

static const char *const names[DIALECTS] = {
    [DIALECT_CHAT] = "openai-chat",
    [DIALECT_RESPONSES] = "openai-responses",
    [DIALECT_ANTHROPIC] = "anthropic",
    [DIALECT_GEMINI] = "gemini",
    [DIALECT_EMBEDDINGS] = "embeddings",
    [DIALECT_MODERATIONS] = "moderations",
    [DIALECT_RERANK] = "rerank",
    [DIALECT_COMPLETIONS] = "completions",
    [DIALECT_DECISIONS] = "decisions",
    [DIALECT_GEMINI_EMBED] = "gemini-embeddings",
    [DIALECT_GEMINI_EMBED_BATCH] = "gemini-embeddings-batch",
    [DIALECT_SPEECH] = "speech",
    [DIALECT_IMAGES] = "images",
    [DIALECT_TRANSCRIPTIONS] = "transcriptions",
    [DIALECT_TRANSLATIONS] = "translations",
    [DIALECT_IMAGE_EDITS] = "image_edits",
    [DIALECT_IMAGE_VARIATIONS] = "image_variations",
};

const char *dialect_name(enum dialect dialect)
{
    return names[dialect];
}

static const char *const input_names[DIALECTS] = {
    [DIALECT_CHAT] = "messages",
    [DIALECT_RESPONSES] = "input",
    [DIALECT_ANTHROPIC] = "messages",
    [DIALECT_GEMINI] = "contents",
    [DIALECT_EMBEDDINGS] = "input",
    [DIALECT_MODERATIONS] = "input",
    [DIALECT_RERANK] = "documents",
    [DIALECT_COMPLETIONS] = "prompt",
    [DIALECT_DECISIONS] = "input",
    [DIALECT_GEMINI_EMBED] = "content",
    [DIALECT_GEMINI_EMBED_BATCH] = "requests",
    [DIALECT_SPEECH] = "input",
    [DIALECT_IMAGES] = "prompt",
    [DIALECT_TRANSCRIPTIONS] = "file",
    [DIALECT_TRANSLATIONS] = "file",
    [DIALECT_IMAGE_EDITS] = "image",
    [DIALECT_IMAGE_VARIATIONS] = "image",
};

const char *dialect_input_name(enum dialect dialect)
{
    return input_names[dialect];
}

bool dialect_of_name(const char *name, enum dialect *out)
{
    size_t i = 0;
    while (i < DIALECTS && strcmp(name, names[i]) != 0)
        i++;
    *out = i < DIALECTS ? (enum dialect)i : DIALECT_CHAT;
    return i < DIALECTS;
}

/* The bit of the dialect that a segment of the path names, or 0. */
static unsigned named_by(struct slice segment)
{
    if (slice_equals(segment, "messages"))
        return 1U << DIALECT_ANTHROPIC;
    if (slice_equals(segment, "responses") || slice_equals(segment, "conversations"))
        return 1U << DIALECT_RESPONSES;
    return slice_equals(segment, "v1beta") ? 1U << DIALECT_GEMINI : 0;
}

/* The dialects that segments of the path name; a bit for each. */
static unsigned named_in(struct slice path)
{
    unsigned found = 0;
    for (const char *slash; (slash = slice_char(path, '/')) != NULL;) {
        size_t bytes = (size_t)(slash - path.data);
        found |= named_by((struct slice){path.data, bytes});
        path = (struct slice){slash + 1, path.bytes - bytes - 1};
    }
    return found | named_by(path);
}

/* Whether the path ends with a method of Gemini's API: behind a colon, which models' names may have
 * as well. */
static bool has_method(struct slice path)
{
    const char *colon = path.bytes > 0 ? memrchr(path.data, ':', path.bytes) : NULL;
    if (colon == NULL)
        return false;
    struct slice method = {colon + 1, (size_t)(path.data + path.bytes - colon - 1)};
    return slice_equals(method, "generateContent") ||
           slice_equals(method, "streamGenerateContent") || slice_equals(method, "countTokens") ||
           slice_equals(method, "embedContent") || slice_equals(method, "batchEmbedContents");
}

enum dialect dialect_of_path(struct slice path, bool versioned)
{
    unsigned named = named_in(path);
    if ((named >> DIALECT_ANTHROPIC & 1) != 0)
        return DIALECT_ANTHROPIC;
    if ((named >> DIALECT_RESPONSES & 1) != 0)
        return DIALECT_RESPONSES;
    if ((named >> DIALECT_GEMINI & 1) != 0 || has_method(path))
        return DIALECT_GEMINI;
    return versioned && slice_find(path, slice_of("/models")) >= 0 ? DIALECT_ANTHROPIC
                                                                   : DIALECT_CHAT;
}
