/* The chunks at the end of a stream, in OpenAI's form: the last usage with its cost, the reason for
 * a short answer, and the error of a failed stream. All append whole events to `out`; the buffer
 * keeps a failure. `head` is the text from final_chunk_head. Pure functions. */
#ifndef DIALECT_FINAL_CHUNK_H
#define DIALECT_FINAL_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/json.h"
#include "dialect/dialect_kind.h"

/* Writes the beginning of a chunk like `chunk`: its id, time and model, as the provider wrote them,
 * without the closing brace. `dialect`: the client's, which has chunks. */
void final_chunk_head(enum dialect dialect, const struct json_value *chunk, struct buffer *out);

/* Writes finish_reason "length" for each of the `choices` whose bit in `finished` is not set.
 * `metadata` is a JSON object that says why; empty: no metadata. */
void final_chunk_length(enum dialect dialect, struct slice head, int64_t choices,
                        const uint64_t finished[2], struct slice metadata, struct buffer *out);

/* The counts that were charged, and what the customer paid. */
struct final_usage {
    int64_t prompt_tokens; /* includes `cached_tokens` */
    int64_t cached_tokens;
    int64_t completion_tokens;
    int64_t charge_nusd;
    int64_t seconds; /* of sound, where that is charged; 0: nothing */
};
void final_chunk_usage(struct slice head, const struct final_usage *usage, struct buffer *out);
/* Writes the provider's own usage event (one line of data) with our cost. Returns false when its
 * counts are not the charged ones, or it cannot be edited. */
bool final_chunk_priced(struct slice event, const struct final_usage *usage, struct buffer *out);

/* Writes an error alone in its event: some clients do not see it beside other members. */
void final_chunk_error(const char *message, const char *type, const char *code, struct buffer *out);

#endif
