/* The line ends of a stream. A line may end with LF, CRLF or a lone CR (WHATWG HTML, 9.2.5), but
 * many clients do not know the lone CR. From a provider's first lone CR on, every line end becomes
 * LF.
 *
 * Part of a relay; the worker's thread. */
#ifndef DIALECT_LINE_ENDS_H
#define DIALECT_LINE_ENDS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

struct line_ends {
    bool held_cr;      /* the last byte was a CR; the next one decides which line end it is */
    bool translating;  /* a lone CR has been seen */
    struct buffer out; /* the translated bytes */
};

void line_ends_init(struct line_ends *ends);
void line_ends_fini(struct line_ends *ends);

/* Returns whether the next bytes pass unchanged, unless they have a lone CR. */
static inline bool line_ends_are_kept(const struct line_ends *ends)
{
    return !ends->held_cr && !ends->translating;
}

/* Takes the next bytes of the stream and gives the bytes to read: `data` itself while there is no
 * lone CR. *out is valid until the next call. Returns false when they are more than an event may
 * have. */
bool line_ends_take(struct line_ends *ends, struct slice data, struct slice *out);

#endif
