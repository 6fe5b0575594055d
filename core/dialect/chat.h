/* Reads the facts that the gateway needs from a chat completion request, without changing the
 * client's bytes, and makes the few edits for the provider's copy. See
 * https://platform.openai.com/docs/api-reference/chat/create */
#ifndef DIALECT_CHAT_H
#define DIALECT_CHAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/limits.h"
#include "dialect/asked_words.h"
#include "dialect/chat_fault.h"
#include "dialect/error_body.h"
#include "dialect/paid_features.h"
#include "dialect/prompt.h"

/* The top-level members that we read. */
enum chat_member {
    CHAT_MODEL,
    CHAT_MESSAGES,
    CHAT_STREAM,
    CHAT_STREAM_OPTIONS,
    CHAT_MAX_TOKENS,
    CHAT_MAX_COMPLETION_TOKENS,
    CHAT_N,
    CHAT_USAGE,
    CHAT_MEMBER_COUNT
};

struct chat_request {
    enum dialect dialect;
    struct slice text; /* the client's body, borrowed */
    struct json_value root;
    /* `raw.data` is NULL where the member is absent */
    struct json_value members[CHAT_MEMBER_COUNT];
    struct slice keys[CHAT_MEMBER_COUNT]; /* their keys, as written */
    char model[LIMIT_MODEL_NAME_BYTES];
    bool streamed;
    bool usage_asked;          /* stream_options.include_usage, or OpenRouter's usage.include */
    bool usage_optioned;       /* by stream_options.include_usage */
    int64_t output_tokens;     /* max_completion_tokens, else max_tokens; -1: not given */
    int64_t choices;           /* n */
    struct prompt prompt;      /* the size of its input to the model */
    struct asked_words asked;  /* what decides prices of its own; of `text` */
    struct paid_features paid; /* what it asks for beside plain tokens; of `text` */
};

/* Reads `text`. `seed`: a number that the client cannot know (text_mix.h); 0: no samples.
 * Returns false with *fault. Duplicate members are refused, because the provider
 * might obey the one that we did not price. */
bool chat_read(struct slice text, uint64_t seed, struct chat_request *out,
               struct chat_fault *fault);

/* The changes for one provider. */
struct chat_changes {
    const char *model;         /* the provider's name for the model */
    int64_t output_tokens_max; /* > 0: the provider is asked for at most so many */
    /* The member in which the provider takes a limit; a limit of the client moves there too.
     * "both": the limit stands in both members. "any": it stands in max_tokens and in the member
     * where the client put it. */
    const char *max_tokens_field;
    bool usage_unasked;
};

enum { CHAT_EDITS_MAX = 7, CHAT_PARTS_MAX = 2 * CHAT_EDITS_MAX + 1 };

/* The provider's copy: slices of the client's text, which is borrowed, with our text between
 * them. */
struct chat_copy {
    struct slice parts[CHAT_PARTS_MAX]; /* only the client's text when nothing differs */
    size_t part_count;
    struct buffer inserted; /* our text */
};

/* Returns false when there is no memory. */
bool chat_apply(const struct chat_request *request, const struct chat_changes *changes,
                struct chat_copy *out);
void chat_copy_fini(struct chat_copy *copy); /* also of a zeroed copy */

#endif
