/* Generated pictures: POST /images/generations of OpenAI's API. A plain answer is JSON with the
 * pictures in base64, or their addresses; a stream has previews, and one picture. Members as in
 * openai 3.54.0 (PyPI). Only for this room. */
#ifndef DIALECT_IMAGES_H
#define DIALECT_IMAGES_H

#include "dialect/dialect_form.h"

extern const struct dialect_form images_form;

#endif
