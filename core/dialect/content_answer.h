/* What a provider answers, in the form of OpenTelemetry's conventions (content_text.h): of a whole
 * answer or of the events of a stream, whose pieces are put together as they come. It keeps at most
 * so many bytes, and drops what comes behind them. One thread. */
#ifndef DIALECT_CONTENT_ANSWER_H
#define DIALECT_CONTENT_ANSWER_H

#include "dialect/content_text.h"
#include "dialect/dialect_kind.h"

struct content_answer;

/* `dialect`: one for which the conventions have a form (content_dialect). */
struct content_answer *content_answer_new(enum dialect dialect, size_t bytes_max);
void content_answer_free(struct content_answer *answer); /* NULL is allowed */

/* Bytes of a stream, as they come. Does nothing if `answer` is NULL. */
void content_answer_feed(struct content_answer *answer, struct slice bytes);
/* A whole answer; the first one counts. Does nothing if `answer` is NULL. */
void content_answer_take(struct content_answer *answer, const struct json_value *root);

/* Appends the list of messages, one for each choice; nothing, if nothing was said. It is over. */
void content_answer_write(struct content_answer *answer, struct content_text *out);

#endif
