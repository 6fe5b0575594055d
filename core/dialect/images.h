/* Generated pictures: POST /images/generations of OpenAI's API. A plain answer is JSON with the
 * pictures in base64, or their addresses; a stream has previews, and one picture. Members as in
 * openai 3.54.0 (PyPI). Only for this room. */
#ifndef DIALECT_IMAGES_H
#define DIALECT_IMAGES_H

#include "dialect/dialect_form.h"

extern const struct dialect_form images_form;

/* What edits share (image_edits.h); as in dialect_form. */
void images_read_answer(const struct json_value *root, struct answer_facts *out);
void images_read_event(struct answer_state *state, const struct json_value *root,
                       struct answer_facts *out);
void images_write_usage(const struct final_usage *usage, struct buffer *out);
/* Writes the first picture as the event, of this type, that completes a stream. */
void images_write_completed(const char *type, const struct json_value *answer, struct buffer *out);

#endif
