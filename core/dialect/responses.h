/* OpenAI's Responses API, and the open one that is made from it (openresponses.org). See
 * https://platform.openai.com/docs/api-reference/responses; the members are those of the SDK of
 * November 2026 (openai 3.57.0 on PyPI). Only for this room. */
#ifndef DIALECT_RESPONSES_H
#define DIALECT_RESPONSES_H

#include "dialect/dialect_form.h"

bool responses_read_request(struct slice text, const struct request_address *address, uint64_t seed,
                            struct model_request *out, struct request_fault *fault);
bool responses_apply(const struct model_request *request, const struct request_changes *changes,
                     struct request_copy *out);

void responses_read_event(struct answer_state *state, const struct json_value *root,
                          struct answer_facts *out);
void responses_note_text(struct answer_state *state, struct slice text);
void responses_read_answer(const struct json_value *root, struct answer_facts *out);

void responses_write_usage(const struct final_usage *usage, struct buffer *out);
void responses_write_length(const struct answer_state *state, const struct final_usage *usage,
                            struct buffer *out);
void responses_write_failure(const struct answer_state *state, const struct error_body *error,
                             const struct final_usage *usage, struct buffer *out);

extern const struct dialect_form responses_form;

#endif
