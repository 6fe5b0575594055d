/* Writes a plain completion as the stream that was asked for: some providers answer so. Pure
 * functions. */
#ifndef DIALECT_PLAIN_CHUNKS_H
#define DIALECT_PLAIN_CHUNKS_H

#include "base/buffer.h"
#include "dialect/completion.h"
#include "dialect/dialect_kind.h"

/* Appends its chunks: what each choice says, how each ends, the usage, and [DONE]. Members that
 * chunks do not have are left out. Returns false when they do not fit. */
bool plain_chunks_write(enum dialect dialect, const struct completion *completion,
                        struct buffer *out);

#endif
