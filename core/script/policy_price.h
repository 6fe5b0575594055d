/* `llm-gateway price`: what a call costs with the policies in a folder. */
#ifndef SCRIPT_POLICY_PRICE_H
#define SCRIPT_POLICY_PRICE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "base/slice.h"

struct policy_price;

/* Builds a VM of the policies in `folder`. Returns NULL with *fault: "models.lua:12: why". */
struct policy_price *policy_price_new(const char *folder, struct fault *fault);
void policy_price_free(struct policy_price *price);

/* Appends the answer to a question, a line of JSON (lua/policy/price.lua): for people as text; for
 * programs as a line of JSON, which may be an error. False: *fault says what is wrong. */
bool policy_price_ask(struct policy_price *price, struct slice question, bool for_people,
                      struct buffer *out, struct fault *fault);

#endif
