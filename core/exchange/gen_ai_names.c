#include "exchange/gen_ai_names.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *gen_ai_operation(enum dialect dialect)
{
    static const char *const names[DIALECTS] = {[DIALECT_CHAT] = "chat",
                                                [DIALECT_RESPONSES] = "chat",
                                                [DIALECT_ANTHROPIC] = "chat",
                                                [DIALECT_GEMINI] = "generate_content",
                                                [DIALECT_EMBEDDINGS] = "embeddings",
                                                [DIALECT_MODERATIONS] = "moderation",
                                                [DIALECT_RERANK] = "rerank",
                                                [DIALECT_COMPLETIONS] = "text_completion",
                                                [DIALECT_DECISIONS] = "decision",
                                                [DIALECT_GEMINI_EMBED] = "embeddings",
                                                [DIALECT_GEMINI_EMBED_BATCH] = "embeddings",
                                                [DIALECT_SPEECH] = "speech",
                                                [DIALECT_IMAGES] = "image_generation",
                                                [DIALECT_TRANSCRIPTIONS] = "transcription",
                                                [DIALECT_TRANSLATIONS] = "translation",
                                                [DIALECT_IMAGE_EDITS] = "image_edit",
                                                [DIALECT_IMAGE_VARIATIONS] = "image_variation"};
    return names[dialect];
}

const char *gen_ai_output_type(enum dialect dialect)
{
    switch (dialect) {
    case DIALECT_IMAGES:
    case DIALECT_IMAGE_EDITS:
    case DIALECT_IMAGE_VARIATIONS:
        return "image";
    case DIALECT_SPEECH:
        return "speech";
    default:
        return NULL;
    }
}

/* Whether the host is this name, or lies below it; a name that begins with a dot or a hyphen has no
 * host of its own. */
static bool lies_at(struct slice host, const char *name)
{
    size_t bytes = strlen(name);
    if (host.bytes < bytes || !slice_same_nocase(host.data + host.bytes - bytes, name, bytes))
        return false;
    return host.bytes == bytes || name[0] == '.' || name[0] == '-' ||
           host.data[host.bytes - bytes - 1] == '.';
}

static const char *provider_at(struct slice host)
{
    static const char *const known[][2] = {{"api.openai.com", "openai"},
                                           {"api.anthropic.com", "anthropic"},
                                           {"generativelanguage.googleapis.com", "gcp.gemini"},
                                           {"aiplatform.googleapis.com", "gcp.vertex_ai"},
                                           {"-aiplatform.googleapis.com", "gcp.vertex_ai"},
                                           {".openai.azure.com", "azure.ai.openai"},
                                           {".services.ai.azure.com", "azure.ai.inference"},
                                           {".models.ai.azure.com", "azure.ai.inference"},
                                           {"api.groq.com", "groq"},
                                           {"api.mistral.ai", "mistral_ai"},
                                           {"api.deepseek.com", "deepseek"},
                                           {"api.x.ai", "x_ai"},
                                           {"api.moonshot.ai", "moonshot_ai"},
                                           {"api.perplexity.ai", "perplexity"},
                                           {"api.cohere.com", "cohere"},
                                           {"api.cohere.ai", "cohere"},
                                           {".ml.cloud.ibm.com", "ibm.watsonx.ai"}};
    if (host.bytes == 0 || isalpha((unsigned char)host.data[host.bytes - 1]) == 0)
        return NULL; /* an address, not a name */
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (lies_at(host, known[i][0]))
            return known[i][1];
    }
    return host.bytes > 16 && slice_same_nocase(host.data, "bedrock", 7) &&
                   lies_at(host, ".amazonaws.com")
               ? "aws.bedrock"
               : NULL;
}

struct gen_ai_server gen_ai_server_at(const char *url)
{
    bool secure = slice_starts_with(slice_of(url), "https");
    const char *at = strstr(url, "://");
    struct gen_ai_server server = {.port = secure ? 443 : 80};
    if (at == NULL)
        return server;
    at += 3;
    bool bracket = *at == '[';
    at += bracket ? 1 : 0;
    server.host = (struct slice){at, strcspn(at, bracket ? "]" : ":/")};
    at += server.host.bytes + (bracket && at[server.host.bytes] == ']' ? 1 : 0);
    if (*at == ':')
        server.port = strtol(at + 1, NULL, 10);
    server.provider = provider_at(server.host);
    return server;
}
