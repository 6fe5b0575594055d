/* Texts in HTML. Pure. */
#ifndef BASE_HTML_H
#define BASE_HTML_H

#include "base/buffer.h"
#include "base/slice.h"

/* Appends the text so that it is text in an element and in a quoted attribute: & < > " ' are
 * written as references. */
void html_append(struct slice text, struct buffer *out);

#endif
