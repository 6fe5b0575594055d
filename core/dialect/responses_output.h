/* The items of an answer of the Responses API. Only for the responses_*.c of this room. Pure
 * functions. */
#ifndef DIALECT_RESPONSES_OUTPUT_H
#define DIALECT_RESPONSES_OUTPUT_H

#include "dialect/answer.h"

/* Adds what an item says, and what of it the model has generated. */
void responses_output_read_item(const struct json_value *item, struct answer_facts *out);
/* The same for an item that has only begun. */
void responses_output_read_begun(const struct json_value *item, struct answer_facts *out);
/* Adds the text of a summary of ours; a provider's is encrypted, of any length. */
void responses_output_read_summary(const struct json_value *item, struct answer_facts *out);
/* Whether a client must answer one of the items. */
bool responses_output_calls(const struct json_value *output);

#endif
