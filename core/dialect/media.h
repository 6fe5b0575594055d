/* Pictures, sound, films and files stand as base64 in the JSON of requests and answers: a second of
 * sound is as long as a book. Such data must never be measured as text. Its place differs by
 * provider, so it is recognised by its form and its member's name. Pure functions. */
#ifndef DIALECT_MEDIA_H
#define DIALECT_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

/* What a value holds, by kind. */
struct media_sizes {
    int64_t text_bytes;    /* decoded length of the strings that are text */
    int64_t image_count;   /* pictures, and other data that is neither text nor sound */
    int64_t preview_count; /* pictures of a stream that are not complete */
    int64_t audio_bytes;   /* of base64 */
    int64_t audio_ms;      /* how long the sound is, where its form tells; 0: it does not */
};

enum {
    MEDIA_BYTES_MIN = 256,      /* shorter strings are measured as text, whatever they hold */
    MEDIA_PIECE_BYTES_MIN = 64, /* no token is that long, so such a piece may be data */
    MEDIA_PREVIEW_TOKENS = 100  /* of output, of a picture that is not complete (OpenAI's guide to
                                 * image generation, 2026-11) */
};

/* A data: URL that comes in pieces, in the deltas of a stream. Start with zeros. */
struct media_run {
    /* How much of ";base64," the last piece ended with; all of it while data follows. */
    unsigned mark_bytes;
    int64_t bytes; /* of base64 so far; the first MEDIA_BYTES_MIN count as text */
};

/* Returns whether a string is data: a data: URL, or nothing but base64. */
bool media_is_data(const struct json_value *string);

/* Adds the sizes of a value in an answer; `name` is the member of the message that has it. */
void media_measure(struct slice name, const struct json_value *value, struct media_sizes *sizes);

/* The same for the next piece of a message's text: a data: URL may continue in it. */
void media_measure_piece(struct media_run *run, const struct json_value *string,
                         struct media_sizes *sizes);
/* Returns whether a piece, as it stands in JSON, may begin or continue such a URL. Runs on every
 * piece of a stream; the spaces in most text end it quickly. */
bool media_may_be_piece(struct slice text);

/* The decoded bytes of all strings in a value, whatever they hold, without labels. */
int64_t media_text_bytes(const struct json_value *value);

#endif
