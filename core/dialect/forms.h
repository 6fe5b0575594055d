/* The table of each dialect. Only for dialect.c. */
#ifndef DIALECT_FORMS_H
#define DIALECT_FORMS_H

#include "dialect/dialect.h"

extern const struct dialect_form chat_form;
extern const struct dialect_form anthropic_form;

#endif
