/* The events of a stream are mostly alike: the same members at the same places, and one string that
 * differs, what the model says. Where all but the inside of that string is, byte for byte, what it
 * was in an event that has been read, it means the same, and only the string is read.
 *
 * Part of a relay; the worker's thread. */
#ifndef EXCHANGE_ALIKE_H
#define EXCHANGE_ALIKE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "exchange/completion.h"

enum { ALIKE_BYTES_MAX = 1024 }; /* larger events are read each time */

struct alike {
    struct buffer event; /* one that was read; empty: none */
    size_t head_bytes;   /* of it, in front of the inside of the string */
    size_t tail_bytes;   /* and behind that */
    int64_t other_bytes; /* that it counts as generated besides the string */
    unsigned in_vain;    /* events learned since one was like it */
};

void alike_init(struct alike *alike);
void alike_fini(struct alike *alike);

/* Learns an event that went to the client as it came and was counted as `bytes` generated, if it is
 * one that says a string and nothing else; `chunk` points into it. */
void alike_learn(struct alike *alike, struct slice event, const struct completion *chunk,
                 int64_t bytes);

/* What an event that is like the one learned counts as generated; -1: it is not, and must be
 * read. */
int64_t alike_bytes(struct alike *alike, struct slice event);

#endif
