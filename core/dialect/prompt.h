/* What a request brings to the model, by kind: from the whole of its body, for a provider bills
 * tools, schemas and whatever else it is sent as text like the messages. Pure functions. */
#ifndef DIALECT_PROMPT_H
#define DIALECT_PROMPT_H

#include <stdint.h>

#include "base/json.h"
#include "base/text_mix.h"

struct prompt {
    /* An upper bound of its text's tokens, for none is shorter than a byte: the body without the
     * data of pictures, sound and files. */
    int64_t bytes_most;
    int64_t text_bytes;  /* for estimates: of the messages' strings, and of other members as sent */
    struct text_mix mix; /* of a sample of that */
    int64_t message_count;
    int64_t image_count;
    int64_t audio_count;
    int64_t audio_bytes;  /* of base64 */
    int64_t file_count;   /* opaque ones */
    int64_t opaque_count; /* content parts whose tokens cannot be foreseen: files, films */
};

/* No second of sound in a usual form has more tokens than one to so many bytes of its base64
 * (speech at 6 kbit/s, 32 tokens a second); and about so many have one, for estimates. */
enum { PROMPT_AUDIO_BYTES_MIN = 30, PROMPT_AUDIO_BYTES = 400 };

/* Adds a message. Returns the name of a member that is there twice, though the price hangs on
 * it, or NULL. */
const char *prompt_add_message(struct prompt *prompt, const struct json_value *message);
/* What a model's template adds to the text, about. */
int64_t prompt_template_tokens(const struct prompt *prompt);
/* Adds another member of the body, such as `tools`. */
void prompt_add_member(struct prompt *prompt, struct slice key, const struct json_value *value);

#endif
