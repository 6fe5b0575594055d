/* The chunks at the end of a stream: the provider's last usage, and those that are ours. All are
 * appended to `out` as whole events. On the exchange's worker. */
#ifndef EXCHANGE_FINAL_CHUNK_H
#define EXCHANGE_FINAL_CHUNK_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/json.h"

struct exchange;

/* How a chunk of the stream begins to which `chunk` belongs: its id, time and model, as the
 * provider wrote them, without the closing brace. */
void final_chunk_head(const struct json_value *chunk, struct buffer *out);
/* finish_reason "length" for each choice that has not ended, and why. */
void final_chunk_out_of_funds(const struct exchange *exchange, struct buffer *out);
/* What was settled, in OpenAI's form, with the cost. */
void final_chunk_usage(const struct exchange *exchange, struct buffer *out);
/* The event with usage that was held back for it, with what the customer paid. False: none was, or
 * its counts are not those that were charged. */
bool final_chunk_priced(const struct exchange *exchange, struct buffer *out);
/* The error by which the stream has failed, alone in its event: beside other members some clients
 * do not see it. It says what was charged. */
void final_chunk_error(const struct exchange *exchange, struct buffer *out);

#endif
