/* CSV fields (RFC 4180) that are safe in spreadsheets. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stddef.h>

#include "base/buffer.h"

/* Appends one field, always in quotes. A text that a spreadsheet would take for a formula gets an
 * apostrophe in front: https://owasp.org/www-community/attacks/CSV_Injection */
void csv_text(struct buffer *out, const char *text);

/* Rewrites whole rows in place for spreadsheets of languages that write 1,5: fields are separated
 * by semicolons, and a field that is a decimal and not in quotes has a comma. */
void csv_use_comma(char *rows, size_t bytes);

#endif
