/* Pictures, sound, films and files stand as base64 in the JSON of requests and answers: a second of
 * sound is as long as a book. What is such data is never measured as text; where it stands differs
 * by provider, so it is known by what it looks like and by what it is called. Pure functions. */
#ifndef DIALECT_MEDIA_H
#define DIALECT_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

/* What a value holds, by kind. */
struct media_sizes {
    int64_t text_bytes;  /* decoded, of the strings that are text */
    int64_t image_count; /* pictures, and whatever else is neither text nor sound */
    int64_t audio_bytes; /* of base64 */
};

enum {
    MEDIA_BYTES_MIN = 256,     /* what is shorter is measured as text, whatever it looks like */
    MEDIA_PIECE_BYTES_MIN = 64 /* no token is that long: such a piece may be one of data */
};

/* A data: URL that comes in pieces, in the deltas of a stream. Zeros: none has begun. */
struct media_run {
    unsigned
        mark_bytes; /* of ";base64,", which the last piece ended with, or with data behind it */
    int64_t bytes;  /* of base64, seen so far; the first MEDIA_BYTES_MIN count as text */
};

/* Whether a string is data and no text: a data: URL, or base64 and nothing else. */
bool media_is_data(const struct json_value *string);

/* Adds what a value in an answer (of a message's member of this name) holds. */
void media_measure(struct slice name, const struct json_value *value, struct media_sizes *sizes);

/* The same of a text that is the next piece of a message: a data: URL goes on in it. */
void media_measure_piece(struct media_run *run, const struct json_value *string,
                         struct media_sizes *sizes);
/* Whether a piece, as it stands in JSON, may begin or continue such a URL. Quick, for every piece
 * of a stream; most text is told apart by its spaces. */
bool media_may_be_piece(struct slice text);

/* The decoded bytes of all strings in a value, labels left out, whatever they look like. */
int64_t media_text_bytes(const struct json_value *value);

#endif
