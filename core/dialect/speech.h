/* Speech: POST /audio/speech of OpenAI's API. A request is JSON; an answer is sound as it is
 * (opaque_form.h), or, with `stream_format` "sse", events with the sound in base64 and the counts
 * of tokens in the last one. Members as in openai 3.54.0 (PyPI); the events, of which that package
 * has no types, as in OpenAI's API description 2.3.0 (crate openai-client-base 0.12.0). Only for
 * this room. */
#ifndef DIALECT_SPEECH_H
#define DIALECT_SPEECH_H

#include "dialect/dialect_form.h"

extern const struct dialect_form speech_form;

#endif
