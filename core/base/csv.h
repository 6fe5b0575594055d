/* CSV fields (RFC 4180) that are safe in spreadsheets. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/buffer.h"

/* Appends one field, always in quotes. A text that a spreadsheet would take for a formula gets an
 * apostrophe in front: https://owasp.org/www-community/attacks/CSV_Injection */
void csv_text(struct buffer *out, const char *text);

#endif
