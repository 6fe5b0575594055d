#include "base/csv.h"

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
