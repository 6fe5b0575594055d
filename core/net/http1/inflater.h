/* Undoes a Content-Encoding (gzip, deflate) as it streams by: of an answer, where nobody asked for
 * it (a provider behind a careless proxy is metered like any other), and of a request. Owned by the
 * message that it decodes (about 60 KB); on the loop's thread. */
#ifndef NET_HTTP1_INFLATER_H
#define NET_HTTP1_INFLATER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct inflater;

struct inflater *inflater_new(void);
void inflater_free(struct inflater *inflater);

/* Decodes from the front of *input, which it advances. *output is what came of it, valid until the
 * next call; empty when all input has been used up and nothing is left over from before. False: it
 * is garbled, or something stands behind its end. */
bool inflater_next(struct inflater *inflater, struct slice *input, struct slice *output);

bool inflater_is_over(const struct inflater *inflater); /* its end was there */

#endif
