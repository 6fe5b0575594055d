/* Pictures made from pictures: POST /images/edits and /images/variations of OpenAI's API. The
 * request is a form with files, or of an edit also JSON (image_request.h); answers and streams are
 * those of images.h, but for the names of events. Fields as in openai 3.57.0 (PyPI). Only for this
 * room. */
#ifndef DIALECT_IMAGE_EDITS_H
#define DIALECT_IMAGE_EDITS_H

#include "dialect/dialect_form.h"

extern const struct dialect_form image_edits_form;
extern const struct dialect_form image_variations_form;

#endif
