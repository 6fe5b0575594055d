/* The parts of messages: what a client sends and a provider answers, in each dialect, as one object
 * of the conventions' JSON (content_text.h). Of pictures, sounds and files only their kind and size
 * are told. Of what the conventions do not know, only its type. Pure functions. */
#ifndef DIALECT_CONTENT_PARTS_H
#define DIALECT_CONTENT_PARTS_H

#include "dialect/content_text.h"

/* Writes a part, or a message. */
typedef void content_put(struct content_text *text, const struct json_value *value);

/* ---- parts, whatever the dialect ---- */

/* "text", "reasoning", or another kind of text; `inner` as in content_string. */
void content_put_text(struct content_text *text, const char *type, struct slice inner);
/* A call of a tool. `arguments`: an object, a string that holds one, or another string. */
void content_put_call(struct content_text *text, struct slice id, struct slice name,
                      const struct json_value *arguments);
/* What a tool of the client's has found: any value, or a list of parts, of which each is `put`. */
void content_put_result(struct content_text *text, struct slice id,
                        const struct json_value *response, content_put *put);
/* A picture, sound or file that stands in the request itself: `base64_bytes` of it. */
void content_put_blob(struct content_text *text, const char *modality, struct slice mime,
                      size_t base64_bytes);
/* An address; as a blob, if it is a data URL. `mime`: empty if it is not told. */
void content_put_uri(struct content_text *text, const char *modality, struct slice mime,
                     struct slice uri);
void content_put_file(struct content_text *text, const char *modality, struct slice id);
/* A tool that the provider itself runs. `call`: what has its details. */
void content_put_server_call(struct content_text *text, struct slice id, struct slice name,
                             const struct json_value *call);
void content_put_server_result(struct content_text *text, struct slice id, struct slice type);
/* Anything else. */
void content_put_other(struct content_text *text, struct slice type);

/* ---- parts as a dialect has them ---- */

/* Of OpenAI: an element of `content`, in chat or in Responses. */
void content_put_openai_part(struct content_text *text, const struct json_value *part);
/* The parts of a chat message, or of an answer's: its content, reasoning and calls. */
void content_put_chat_parts(struct content_text *text, const struct json_value *message);
/* The parts of an item of Responses. */
void content_put_item_parts(struct content_text *text, const struct json_value *item);
/* A block of Anthropic's. */
void content_put_block(struct content_text *text, const struct json_value *block);
/* A part of Gemini's. */
void content_put_gemini_part(struct content_text *text, const struct json_value *part);

/* Content that is a string or a list. Parts that lie too deep in others are left out. */
void content_put_parts(struct content_text *text, const struct json_value *content,
                       content_put *put);

#endif
