/* The chunks at the end of a stream, in OpenAI's form: the last usage with its cost, why the answer
 * is short, and the error by which it has failed. All are appended to `out` as whole events; a
 * failure is kept by the buffer. `head` is what final_chunk_head has written. Pure functions. */
#ifndef DIALECT_FINAL_CHUNK_H
#define DIALECT_FINAL_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/json.h"

/* How a chunk of the stream begins to which `chunk` belongs: its id, time and model, as the
 * provider wrote them, without the closing brace. */
void final_chunk_head(const struct json_value *chunk, struct buffer *out);

/* finish_reason "length" for each of so many choices whose bit in `finished` is not set. `metadata`
 * is a JSON object that says why; empty: nothing does. */
void final_chunk_length(struct slice head, int64_t choices, const uint64_t finished[2],
                        struct slice metadata, struct buffer *out);

/* The counts that were charged, and what the customer paid. */
struct final_usage {
    int64_t prompt_tokens; /* `cached_tokens` among them */
    int64_t cached_tokens;
    int64_t completion_tokens;
    int64_t charge_nusd;
};
void final_chunk_usage(struct slice head, const struct final_usage *usage, struct buffer *out);
/* The provider's own event of usage, of one line of data, with the cost. False: its counts are not
 * those that were charged, or it cannot be edited. */
bool final_chunk_priced(struct slice event, const struct final_usage *usage, struct buffer *out);

/* An error, alone in its event: beside other members some clients do not see it. */
void final_chunk_error(const char *message, const char *type, const char *code, struct buffer *out);

#endif
