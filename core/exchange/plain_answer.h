/* A plain answer in the client's dialect: in the form and under the name of the model that the
 * client has asked for. Worker's thread. */
#ifndef EXCHANGE_PLAIN_ANSWER_H
#define EXCHANGE_PLAIN_ANSWER_H

#include <stdbool.h>

#include "base/buffer.h"
#include "dialect/dialect_form.h"
#include "dialect/rerank_names.h"

/* Reads the body as an object, once: it may hold pictures of many megabytes. The index must outlive
 * what is read from *root, or be ended (answer_facts_end). False: it is no JSON object. */
bool plain_answer_open(const struct buffer *body, struct json_index *index,
                       struct json_value *root);
/* Gives an opened body of reranking the usual names. False: it has not changed. `names` may be
 * NULL. */
bool plain_answer_name(const struct rerank_names *names, struct buffer *body,
                       const struct json_value *root);
/* Reads an opened body into *facts, which point into it; where it differs from what was asked for,
 * another text takes its place first. `answers_as`: the model's name as JSON; empty: the
 * provider's. */
void plain_answer_read(const struct model_request *asks, struct slice answers_as,
                       struct buffer *body, struct json_value *root, struct json_index *index,
                       struct answer_facts *facts);
/* Writes the events of a stream that came as a list of them: Google's other form. The caller frees
 * them. False: nothing is to be freed, it is no list of objects, or no stream was asked for. */
bool plain_answer_list(const struct model_request *asks, enum dialect dialect,
                       const struct buffer *body, struct buffer *events);
/* Reads one that was asked for as a text. False: it is JSON all the same, or a web page. */
bool plain_answer_read_text(struct slice body, struct answer_facts *facts);

#endif
