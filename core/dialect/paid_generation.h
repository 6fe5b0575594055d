/* The paid features of Gemini's generationConfig: what it has the model generate beside text, and
 * other models than the one that is asked. Only for the paid_*.c of this room. Pure functions. */
#ifndef DIALECT_PAID_GENERATION_H
#define DIALECT_PAID_GENERATION_H

#include "dialect/paid_finder.h"

bool paid_generation_find(const struct paid_finder *finder, const struct json_value *value);

#endif
