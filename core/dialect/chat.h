/* What the gateway must know of a chat completion request, read from the client's bytes without
 * changing them, and the few edits that the provider's copy gets. See
 * https://platform.openai.com/docs/api-reference/chat/create */
#ifndef DIALECT_CHAT_H
#define DIALECT_CHAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/limits.h"
#include "dialect/prompt.h"

/* The top-level members that we read. */
enum chat_member {
    CHAT_MODEL,
    CHAT_MESSAGES,
    CHAT_STREAM,
    CHAT_STREAM_OPTIONS,
    CHAT_SERVICE_TIER,
    CHAT_MAX_TOKENS,
    CHAT_MAX_COMPLETION_TOKENS,
    CHAT_N,
    CHAT_USAGE,
    CHAT_MEMBER_COUNT
};

struct chat_request {
    struct slice text; /* the client's body, borrowed */
    struct json_value root;
    struct json_value members[CHAT_MEMBER_COUNT]; /* without `raw.data`: not there */
    struct slice keys[CHAT_MEMBER_COUNT];         /* theirs, as written */
    char model[LIMIT_MODEL_NAME_BYTES];
    bool streamed;
    bool usage_asked;      /* stream_options.include_usage, or OpenRouter's usage.include */
    bool usage_optioned;   /* the former */
    int64_t output_tokens; /* max_completion_tokens, else max_tokens; -1: not said */
    int64_t choices;       /* n */
    struct prompt prompt;  /* what it brings to the model */
};

/* Why a request's body is no chat request: an error for the client. */
struct chat_fault {
    const char *code;  /* invalid_json, invalid_value, missing_field */
    const char *param; /* the member, or NULL */
    char message[256];
};

/* Reads `text`. `seed`: a number that the client cannot know (text_mix.h). False with *fault.
 * Duplicate members are refused: whichever one we priced, the
 * provider might obey the other. */
bool chat_read(struct slice text, uint64_t seed, struct chat_request *out,
               struct chat_fault *fault);

/* What is changed on the way to a provider. */
struct chat_changes {
    const char *model;         /* its name there */
    int64_t output_tokens_max; /* > 0: ask for at most that many */
    /* The member in which the provider takes a limit, the client's, too; or "both"; or "any": in
     * max_tokens, and where the client has said it. */
    const char *max_tokens_field;
};

enum { CHAT_EDITS_MAX = 7, CHAT_PARTS_MAX = 2 * CHAT_EDITS_MAX + 1 };

/* The provider's copy: parts of the client's text, which is borrowed, and ours between them. */
struct chat_copy {
    struct slice parts[CHAT_PARTS_MAX]; /* of the client's text alone, when nothing differs */
    size_t part_count;
    struct buffer inserted; /* what is ours */
};

/* False when there is no memory. */
bool chat_apply(const struct chat_request *request, const struct chat_changes *changes,
                struct chat_copy *out);
void chat_copy_fini(struct chat_copy *copy); /* also of a cleared one */

#endif
