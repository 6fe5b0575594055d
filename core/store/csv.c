#include "store/csv.h"

#include <string.h>

void csv_text(struct buffer *out, const char *text)
{
    const char *first = text + strspn(text, " \v\f");

    buffer_append_char(out, '"');
    if (*first && strchr("=+-@\t\r\n|%", *first))
        buffer_append_char(out, '\'');
    for (const char *at = text; *at; at++) {
        if (*at == '"')
            buffer_append_char(out, '"');
        buffer_append_char(out, *at);
    }
    buffer_append_char(out, '"');
}
