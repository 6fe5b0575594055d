/* OpenAI's older completions, which go on with a text: requests as in openai 3.57.0 (PyPI), with
 * `suffix` for text in the middle. Answers have choices and streams have chunks as chat's, with
 * `text` in the place of a message (final_chunk.h). Only for this room. */
#ifndef DIALECT_TEXT_COMPLETIONS_H
#define DIALECT_TEXT_COMPLETIONS_H

#include "dialect/dialect_form.h"

extern const struct dialect_form text_completions_form;

#endif
