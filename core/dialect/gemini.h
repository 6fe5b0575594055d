/* Google's Gemini API: generateContent and streamGenerateContent. See
 * https://ai.google.dev/api/generate-content; the members are those of the SDK of October 2026
 * (google-genai 3.6.1 on PyPI). Its servers read every name in camel case and in snake case. Only
 * for this room. */
#ifndef DIALECT_GEMINI_H
#define DIALECT_GEMINI_H

#include "dialect/dialect_form.h"

bool gemini_read_request(struct slice text, const struct request_address *address, uint64_t seed,
                         struct model_request *out, struct request_fault *fault);
bool gemini_apply(const struct model_request *request, const struct request_changes *changes,
                  struct request_copy *out);

/* For gemini_embed.c. The model, which the address has. */
bool gemini_read_address(const struct request_address *address, struct model_request *out,
                         struct request_fault *fault);
/* A body may repeat the model, but never name another one. NULL: it does not. */
bool gemini_check_model(const char *model, const struct json_value *value,
                        struct request_fault *fault);
/* Measures a content of the member `param`. */
bool gemini_add_content(struct model_request *out, const struct json_value *content,
                        const char *param, struct request_fault *fault);

void gemini_read_event(struct answer_state *state, const struct json_value *root,
                       struct answer_facts *out);
void gemini_read_answer(const struct json_value *root, struct answer_facts *out);

/* Reads the tier of a usage, in the words that requests have. */
void gemini_read_tier(const struct json_value *usage, struct answer_facts *out);

void gemini_write_usage(const struct final_usage *usage, struct buffer *out);
void gemini_write_length(const struct answer_state *state, const struct final_usage *usage,
                         struct buffer *out);
void gemini_write_failure(const struct answer_state *state, const struct error_body *error,
                          const struct final_usage *usage, struct buffer *out);

extern const struct dialect_form gemini_form;

#endif
