/* The size of a request's input to the model, by kind (prompt.h measures it). */
#ifndef DIALECT_PROMPT_SIZE_H
#define DIALECT_PROMPT_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/text_mix.h"

struct prompt {
    /* An upper bound of the text's tokens, for no token is shorter than a byte: the body without
     * the data of pictures, sound and files. */
    int64_t bytes_most;
    int64_t text_bytes;  /* for estimates: the messages' strings, and other members as sent */
    struct text_mix mix; /* of a sample of that text */
    int64_t message_count;
    int64_t input_count;  /* above 1: so many texts, each of which has the context for itself */
    int64_t search_count; /* of a ranking: the searches that its documents are, at least */
    int64_t token_count;  /* of tokens that stand as numbers, beside the text */
    int64_t image_count;
    int64_t audio_count;
    int64_t audio_bytes; /* of base64 */
    /* Of a file of sound: its length, at least a second; 0: there is none. Not measured: the
     * longest that so many bytes can be. */
    int64_t sound_seconds;
    bool sound_measured;
    bool sound_coming;       /* it will be measured when all of it has come */
    int64_t file_count;      /* files of unknown content */
    int64_t opaque_count;    /* content parts whose tokens cannot be foreseen: files, films */
    bool may_mark_caches;    /* a message may hold a mark: `cache_control` or OpenAI's */
    bool may_add_tools;      /* a message may bring tools with it */
    bool compacts;           /* an item asks for a summary of the conversation */
    bool may_name_kept;      /* a message may name something that the provider keeps */
    bool may_stand_for_kept; /* or stand for it as a whole */
    /* What the request names of it, as its provider has it. Not in the body: core/exchange sets it
     * when the store has answered (named_objects.h). */
    bool names_kept;
    bool kept_grows;     /* it may be longer by now: at most the context */
    int64_t kept_tokens; /* of input */
};

/* In the usual forms of sound a token stands for at least PROMPT_AUDIO_BYTES_MIN bytes of base64
 * (speech at 6 kbit/s, 32 tokens a second). Estimates take PROMPT_AUDIO_BYTES to a token. */
enum { PROMPT_AUDIO_BYTES_MIN = 30, PROMPT_AUDIO_BYTES = 400 };

/* No usual file of sound has fewer bytes to a second (Opus at 6 kbit/s). Models that read one count
 * 10 to 32 tokens a second (OpenAI, Google). */
enum { PROMPT_SOUND_BYTES_MIN = 750, PROMPT_SOUND_TOKENS = 10, PROMPT_SOUND_TOKENS_MOST = 32 };

/* Cohere's search unit is a question about so many documents (its page of prices, 2026-11). */
enum { PROMPT_SEARCH_DOCUMENTS = 100 };

/* The tokens of the sound: estimated, and at most. */
static inline int64_t prompt_sound_tokens(const struct prompt *prompt)
{
    return prompt->audio_bytes / PROMPT_AUDIO_BYTES + prompt->sound_seconds * PROMPT_SOUND_TOKENS;
}

static inline int64_t prompt_sound_tokens_most(const struct prompt *prompt)
{
    return prompt->audio_bytes / PROMPT_AUDIO_BYTES_MIN +
           prompt->sound_seconds * PROMPT_SOUND_TOKENS_MOST;
}

#endif
