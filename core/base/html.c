#include "base/html.h"

#include <stddef.h>

static const char *reference_of(char c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_append(struct slice text, struct buffer *out)
{
    for (size_t i = 0; i < text.bytes; i++) {
        const char *reference = reference_of(text.data[i]);
        if (reference != NULL)
            buffer_append_text(out, reference);
        else
            buffer_append_char(out, text.data[i]);
    }
}
