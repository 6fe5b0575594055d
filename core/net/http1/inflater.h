/* Decodes a Content-Encoding (gzip, deflate) as its bytes come in: of a request, or of an answer
 * whose encoding nobody asked for (so that we can meter a provider behind a careless proxy). The
 * message that it decodes owns it (about 60 KB); on the loop's thread. */
#ifndef NET_HTTP1_INFLATER_H
#define NET_HTTP1_INFLATER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct inflater;

struct inflater *inflater_new(void);
void inflater_free(struct inflater *inflater);

/* Decodes from the front of *input, which it advances. *output holds the result, valid until the
 * next call. Call it until input and output are both empty: either may be empty while the other is
 * not. Returns false when the input is garbled, or bytes follow its end. */
bool inflater_next(struct inflater *inflater, struct slice *input, struct slice *output);

bool inflater_is_over(const struct inflater *inflater); /* the encoded end has been read */

#endif
