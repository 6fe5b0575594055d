/* Pictures, sound, films and files stand as base64 in the JSON of requests and answers: a second of
 * sound is as long as a book. What is such data is never measured as text; where it stands differs
 * by provider, so it is known by what it looks like and by what it is called. Pure functions. */
#ifndef EXCHANGE_MEDIA_H
#define EXCHANGE_MEDIA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

/* What a value holds, by kind. */
struct media_sizes {
    int64_t text_bytes;  /* decoded, of the strings that are text */
    int64_t image_count; /* pictures, and whatever else is neither text nor sound */
    int64_t audio_bytes; /* of base64 */
};

/* What is shorter is measured as text, whatever it looks like. */
enum { MEDIA_BYTES_MIN = 256 };

/* Whether a string is data and no text: a data: URL, or base64 and nothing else. */
bool media_is_data(const struct json_value *string);

/* Adds what a value in an answer (of a message's member of this name) holds. */
void media_measure(struct slice name, const struct json_value *value, struct media_sizes *sizes);

/* The decoded bytes of all strings in a value, labels left out, whatever they look like. */
int64_t media_text_bytes(const struct json_value *value);

#endif
