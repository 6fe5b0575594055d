/* A request to a model, whatever its dialect: the facts that the gateway needs from it, and the
 * provider's copy. The client's bytes are never changed. */
#ifndef DIALECT_MODEL_REQUEST_H
#define DIALECT_MODEL_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/limits.h"
#include "dialect/asked_media.h"
#include "dialect/asked_words.h"
#include "dialect/dialect_kind.h"
#include "dialect/paid_features.h"
#include "dialect/prompt.h"
#include "dialect/request_fault.h"
#include "dialect/session_name.h"

struct kept_names;

/* The top-level members that we read. */
enum request_field {
    REQUEST_MODEL,
    REQUEST_MESSAGES,
    REQUEST_STREAM,
    REQUEST_STREAM_OPTIONS,
    REQUEST_MAX_TOKENS,
    REQUEST_MAX_COMPLETION_TOKENS,
    REQUEST_N,
    REQUEST_BEST_OF,
    REQUEST_ECHO,
    REQUEST_USAGE,
    REQUEST_SYSTEM,
    REQUEST_GENERATION,
    REQUEST_PROVIDER, /* what the client wishes of the choice of a provider; ours to read */
    REQUEST_MODELS,   /* further models, where the ones before do not answer; likewise ours */
    REQUEST_ROUTE,    /* "fallback": the same wish; else it is none of ours */
    /* What means something else, with a price, in a conversation: */
    REQUEST_MODERATION,
    REQUEST_BACKGROUND,
    REQUEST_SPEED,
    /* Of an edit of pictures: */
    REQUEST_PICTURES,
    REQUEST_MASK,
    REQUEST_MARKUP,
    REQUEST_MEMBERS
};

/* Whether a summary is asked for, which a later request has in place of the conversation. */
enum compaction {
    COMPACTION_NONE,
    COMPACTION_BY_ITEM, /* the last item of the input says so */
    COMPACTION_BY_PATH  /* it is all that is asked for; nothing may be added to the request */
};

/* How embeddings are to be written. */
enum embedding_format {
    EMBEDDING_AS_IT_COMES, /* in a way that we cannot make of another */
    EMBEDDING_NUMBERS,
    EMBEDDING_BASE64 /* of 32-bit floats */
};

struct model_request {
    enum dialect dialect;
    struct slice text; /* the client's body, borrowed */
    struct json_value root;
    struct slice boundary; /* of a form, in `text`; empty: the body is JSON */
    bool text_answer;      /* a good answer is no JSON, but a text */
    bool wrapped;          /* a count of Gemini's: `text` is the request in the client's body */
    /* `raw.data` is NULL where the member is absent */
    struct json_value members[REQUEST_MEMBERS];
    struct slice keys[REQUEST_MEMBERS]; /* their keys, as written */
    char model[LIMIT_MODEL_NAME_BYTES];
    enum compaction compaction;
    enum embedding_format embedding_format;
    struct asked_media media; /* sound and pictures */
    bool streamed;
    bool in_background;
    bool as_array;               /* the stream is one JSON array: Gemini's other form */
    bool usage_asked;            /* stream_options.include_usage, or OpenRouter's usage.include */
    bool usage_optioned;         /* by stream_options.include_usage */
    int64_t output_tokens;       /* max_completion_tokens, else max_tokens; -1: not given */
    int64_t usual_tokens;        /* the most that we put in; 0: any */
    int64_t choices;             /* n, for all prompts */
    int64_t echoed_bytes;        /* of the prompts, that come back */
    struct prompt prompt;        /* the size of its input to the model */
    struct asked_words asked;    /* what decides prices of its own; of `text` */
    struct slice seed, top_k;    /* numbers of `text`, for traces; may be empty */
    struct session_name session; /* of `text` */
    struct paid_features paid;   /* what it asks for beside plain tokens; of `text` */
    struct kept_names *kept;     /* takes what it names of what the provider keeps; NULL: nothing */
};

/* The changes for one provider. */
struct request_changes {
    const char *model;         /* the provider's name for the model */
    int64_t output_tokens_max; /* > 0: the provider is asked for at most so many */
    int64_t searches_max;      /* > 0: its own tools may search so often, where it takes a bound */
    /* The member in which the provider takes a limit; a limit of the client moves there too.
     * "both": the limit stands in both members. "any": it stands in max_tokens and in the member
     * where the client put it. */
    const char *max_tokens_field;
    bool usage_unasked;
};

enum { REQUEST_EDITS_MAX = 12, REQUEST_PARTS_MAX = 2 * REQUEST_EDITS_MAX + 1 };

/* The provider's copy: slices of the client's text, which is borrowed, with our text between
 * them. */
struct request_copy {
    struct slice parts[REQUEST_PARTS_MAX]; /* only the client's text when nothing differs */
    size_t part_count;
    struct buffer inserted; /* our text */
};

void request_copy_fini(struct request_copy *copy); /* also of a zeroed copy */

#endif
