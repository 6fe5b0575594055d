/* Anthropic's Messages API. See https://docs.claude.com/en/api/messages and
 * https://docs.claude.com/en/docs/build-with-claude/streaming; the members are those of the SDKs of
 * October 2026 (anthropic 2.14.0 on PyPI). Only for this room. */
#ifndef DIALECT_ANTHROPIC_H
#define DIALECT_ANTHROPIC_H

#include "dialect/dialect.h"

bool anthropic_read_request(struct slice text, const struct request_address *address, uint64_t seed,
                            struct chat_request *out, struct chat_fault *fault);
bool anthropic_apply(const struct chat_request *request, const struct chat_changes *changes,
                     struct chat_copy *out);

void anthropic_read_event(struct answer_state *state, const struct json_value *root,
                          struct answer_facts *out);
void anthropic_read_answer(const struct json_value *root, struct answer_facts *out);

void anthropic_write_usage(const struct final_usage *usage, struct buffer *out);
void anthropic_write_length(struct answer_state *state, const struct final_usage *usage,
                            struct buffer *out);
void anthropic_write_failure(struct answer_state *state, const struct error_body *error,
                             const struct final_usage *usage, struct buffer *out);

#endif
