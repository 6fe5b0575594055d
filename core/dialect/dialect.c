#include "dialect/dialect.h"

#include <string.h>

#include "dialect/anthropic.h"
#include "dialect/chat_form.h"
#include "dialect/gemini.h"
#include "dialect/input_lists.h"
#include "dialect/responses.h"

static const struct dialect_form *const forms[DIALECTS] = {
    [DIALECT_CHAT] = &chat_form,
    [DIALECT_RESPONSES] = &responses_form,
    [DIALECT_ANTHROPIC] = &anthropic_form,
    [DIALECT_GEMINI] = &gemini_form,
    [DIALECT_EMBEDDINGS] = &embeddings_form,
    [DIALECT_MODERATIONS] = &moderations_form,
    [DIALECT_RERANK] = &rerank_form,
};

const struct dialect_form *dialect_form(enum dialect dialect)
{
    return forms[dialect];
}

static const char *const names[DIALECTS] = {
    [DIALECT_CHAT] = "openai-chat",      [DIALECT_RESPONSES] = "openai-responses",
    [DIALECT_ANTHROPIC] = "anthropic",   [DIALECT_GEMINI] = "gemini",
    [DIALECT_EMBEDDINGS] = "embeddings", [DIALECT_MODERATIONS] = "moderations",
    [DIALECT_RERANK] = "rerank",
};

const char *dialect_name(enum dialect dialect)
{
    return names[dialect];
}

bool dialect_of_name(const char *name, enum dialect *out)
{
    size_t i = 0;
    while (i < DIALECTS && strcmp(name, names[i]) != 0)
        i++;
    *out = i < DIALECTS ? (enum dialect)i : DIALECT_CHAT;
    return i < DIALECTS;
}

/* The dialects that segments of the path name; a bit for each. */
static unsigned named_in(struct slice path)
{
    static const struct {
        const char *segment;
        enum dialect dialect;
    } segments[] = {{"messages", DIALECT_ANTHROPIC},
                    {"responses", DIALECT_RESPONSES},
                    {"conversations", DIALECT_RESPONSES},
                    {"v1beta", DIALECT_GEMINI}};
    unsigned found = 0;
    while (path.bytes > 0) {
        const char *slash = slice_char(path, '/');
        struct slice segment = {path.data,
                                slash != NULL ? (size_t)(slash - path.data) : path.bytes};
        for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
            if (slice_equals(segment, segments[i].segment))
                found |= 1U << segments[i].dialect;
        }
        size_t taken = segment.bytes + (slash != NULL ? 1 : 0);
        path.data += taken;
        path.bytes -= taken;
    }
    return found;
}

/* Whether the path ends with a method of Gemini's API: behind a colon, which models' names may have
 * as well. */
static bool has_method(struct slice path)
{
    static const char *const methods[] = {":generateContent", ":streamGenerateContent",
                                          ":countTokens", ":embedContent", ":batchEmbedContents"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        size_t bytes = strlen(methods[i]);
        if (path.bytes >= bytes && memcmp(path.data + path.bytes - bytes, methods[i], bytes) == 0)
            return true;
    }
    return false;
}

enum dialect dialect_of_path(struct slice path)
{
    unsigned named = named_in(path);
    if ((named >> DIALECT_ANTHROPIC & 1) != 0)
        return DIALECT_ANTHROPIC;
    if ((named >> DIALECT_RESPONSES & 1) != 0)
        return DIALECT_RESPONSES;
    if ((named >> DIALECT_GEMINI & 1) != 0 || has_method(path))
        return DIALECT_GEMINI;
    return DIALECT_CHAT;
}
