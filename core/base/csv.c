#include "base/csv.h"

#include <stdbool.h>
#include <string.h>

/* Whether a spreadsheet may take the text for a formula. East Asian spreadsheets also accept the
 * wide forms of =, +, - and @. */
static bool begins_formula(const char *text)
{
    static const char *const wide[] = {"\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D",
                                       "\xEF\xBC\xA0"};
    if (*text && strchr("=+-@\t\r\n|%", *text) != NULL)
        return true;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        if (strncmp(text, wide[i], 3) == 0)
            return true;
    }
    return false;
}

void csv_text(struct buffer *out, const char *text)
{
    /* Spaces before a formula do not make it safe, nor do the wide space (U+3000) and the no-break
     * space (U+00A0). Skipping their bytes skips a little more than needed, which does no harm. */
    const char *first = text + strspn(text, " \v\f\xE3\x80\xC2\xA0");
    buffer_append_char(out, '"');
    if (begins_formula(first))
        buffer_append_char(out, '\'');
    for (const char *at = text; *at; at++) {
        if (*at == '"')
            buffer_append_char(out, '"');
        buffer_append_char(out, *at);
    }
    buffer_append_char(out, '"');
}

/* The end of the field that begins at `at`: a separator, the end of its line, or `bytes`. */
static size_t field_end(const char *rows, size_t bytes, size_t at)
{
    bool quoted = false;
    for (; at < bytes; at++) {
        if (rows[at] == '"') /* a doubled one opens again at once */
            quoted = !quoted;
        else if (!quoted && (rows[at] == ',' || rows[at] == '\r' || rows[at] == '\n'))
            break;
    }
    return at;
}

/* Returns the place of the point of a field like -12.50; `bytes`: it is no decimal. */
static size_t decimal_point(const char *field, size_t bytes)
{
    size_t point = bytes;
    for (size_t i = 0; i < bytes; i++) {
        bool digit = field[i] >= '0' && field[i] <= '9';
        if (field[i] == '.' && i > 0 && point == bytes)
            point = i;
        else if (!digit && !(field[i] == '-' && i == 0))
            return bytes;
    }
    return point;
}

void csv_use_comma(char *rows, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        size_t end = field_end(rows, bytes, at);
        size_t point = decimal_point(rows + at, end - at);
        if (point < end - at)
            rows[at + point] = ',';
        if (end < bytes && rows[end] == ',')
            rows[end] = ';';
        at = end + 1;
    }
}
