/* OpenAI's transcriptions and translations of sound: a form with one file, answered by JSON, by a
 * plain text or subtitles, or by a stream of `transcript.*` events. Members as in openai 3.54.0
 * (PyPI) and 6.49.0 (npm). Only for this room. */
#ifndef DIALECT_TRANSCRIPTIONS_H
#define DIALECT_TRANSCRIPTIONS_H

#include "dialect/dialect_form.h"

extern const struct dialect_form transcriptions_form;
extern const struct dialect_form translations_form;

#endif
