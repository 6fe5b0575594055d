/* OpenAI's chat as one of the dialects. Only for this room. */
#ifndef DIALECT_CHAT_FORM_H
#define DIALECT_CHAT_FORM_H

#include "dialect/dialect_form.h"

extern const struct dialect_form chat_form;

#endif
