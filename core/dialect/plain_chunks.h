/* A plain completion as the stream that was asked for: some providers answer so. */
#ifndef DIALECT_PLAIN_CHUNKS_H
#define DIALECT_PLAIN_CHUNKS_H

#include "base/buffer.h"
#include "dialect/completion.h"

/* Appends its chunks: what each choice says, how each ends, the usage, and [DONE]. What it has that
 * a chunk has not is left out. False: they do not fit. */
bool plain_chunks_write(const struct completion *completion, struct buffer *out);

#endif
