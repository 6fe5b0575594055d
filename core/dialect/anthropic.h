/* Anthropic's Messages API. See https://docs.claude.com/en/api/messages and
 * https://docs.claude.com/en/docs/build-with-claude/streaming; the members are those of the SDKs of
 * October 2026 (anthropic 2.14.0 on PyPI). Only for this room. */
#ifndef DIALECT_ANTHROPIC_H
#define DIALECT_ANTHROPIC_H

#include "dialect/dialect_form.h"

bool anthropic_read_request(struct slice text, const struct request_address *address, uint64_t seed,
                            struct model_request *out, struct request_fault *fault);
bool anthropic_apply(const struct model_request *request, const struct request_changes *changes,
                     struct request_copy *out);

void anthropic_read_event(struct answer_state *state, const struct json_value *root,
                          struct answer_facts *out);
void anthropic_note_text(struct answer_state *state, struct slice text);
void anthropic_read_answer(const struct json_value *root, struct answer_facts *out);

void anthropic_write_usage(const struct final_usage *usage, struct buffer *out);
void anthropic_write_length(const struct answer_state *state, const struct final_usage *usage,
                            struct buffer *out);
void anthropic_write_failure(const struct answer_state *state, const struct error_body *error,
                             const struct final_usage *usage, struct buffer *out);

extern const struct dialect_form anthropic_form;

#endif
