/* The ends of a stream's lines. A line may end with LF, CRLF or a lone CR (WHATWG HTML, 9.2.5), but
 * many clients know no lone CR; where a provider writes one, what follows is given on with LF.
 *
 * Part of a relay; the worker's thread. */
#ifndef DIALECT_LINE_ENDS_H
#define DIALECT_LINE_ENDS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

struct line_ends {
    bool held_cr;      /* the last byte was a CR: what follows says which kind of end it is */
    bool translating;  /* a lone CR has been seen */
    struct buffer out; /* what is given on instead */
};

void line_ends_init(struct line_ends *ends);
void line_ends_fini(struct line_ends *ends);

/* Whether the next bytes are given on as they come, unless they have a lone CR. */
static inline bool line_ends_are_kept(const struct line_ends *ends)
{
    return !ends->held_cr && !ends->translating;
}

/* The next bytes of the stream, as they are to be read: `data` itself, where it has no lone CR. The
 * result is good until the next call. False: they are more than an event may have. */
bool line_ends_take(struct line_ends *ends, struct slice data, struct slice *out);

#endif
