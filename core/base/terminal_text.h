/* Text for an operator's terminal: what others have written (models' names, reasons) must not move
 * its cursor, and lines fit its width. Uses utf8proc. */
#ifndef BASE_TERMINAL_TEXT_H
#define BASE_TERMINAL_TEXT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

/* Appends the text with a ? for each byte that is no UTF-8 and each control character but the line
 * feed; `utf8` false: for each character outside of ASCII, too. */
void terminal_text_plain(struct buffer *out, struct slice text, bool utf8);

/* The first part of a plain line that takes at most so many columns: a wide character takes two. */
struct slice terminal_text_fit(struct slice line, unsigned columns);

/* Appends a plain text that begins at column `indent` (from 0), broken between words where it would
 * pass the last column; the next lines begin at `indent`, too. `columns` 0: unbroken. */
void terminal_text_wrap(struct buffer *out, struct slice text, unsigned indent, unsigned columns);

#endif
