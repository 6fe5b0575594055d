#include "base/terminal_text.h"

#include <limits.h>
#include <utf8proc.h>

enum { ROOM_LEAST = 16 }; /* columns: in a narrower one words are not broken apart any better */

/* The first character of a text that has one; its bytes, or -1. */
static utf8proc_ssize_t first_of(struct slice text, utf8proc_int32_t *code)
{
    return utf8proc_iterate((const utf8proc_uint8_t *)text.data, (utf8proc_ssize_t)text.bytes,
                            code);
}

static bool is_plain(utf8proc_int32_t code, bool utf8)
{
    if (code < 0x80)
        return (code >= ' ' && code != 0x7f) || code == '\n';
    switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF: /* also turns the direction of what follows */
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return false;
    default:
        return utf8;
    }
}

void terminal_text_plain(struct buffer *out, struct slice text, bool utf8)
{
    while (text.bytes > 0) {
        utf8proc_int32_t code;
        utf8proc_ssize_t bytes = first_of(text, &code);
        size_t taken = bytes > 0 ? (size_t)bytes : 1;
        if (bytes > 0 && is_plain(code, utf8))
            buffer_append(out, text.data, taken);
        else
            buffer_append_char(out, '?');
        text = (struct slice){text.data + taken, text.bytes - taken};
    }
}

/* Of the text's first bytes those that take at most so many columns; what they take. */
static size_t measure(struct slice text, unsigned columns, unsigned *taken)
{
    size_t at = 0;
    *taken = 0;
    while (at < text.bytes) {
        utf8proc_int32_t code;
        utf8proc_ssize_t bytes = first_of((struct slice){text.data + at, text.bytes - at}, &code);
        unsigned width = bytes > 0 ? (unsigned)utf8proc_charwidth(code) : 1;
        if (*taken + width > columns)
            break;
        *taken += width;
        at += bytes > 0 ? (size_t)bytes : 1;
    }
    return at;
}

struct slice terminal_text_fit(struct slice line, unsigned columns)
{
    unsigned taken;
    return (struct slice){line.data, measure(line, columns, &taken)};
}

void terminal_text_wrap(struct buffer *out, struct slice text, unsigned indent, unsigned columns)
{
    unsigned room = columns > indent + ROOM_LEAST ? columns - indent : ROOM_LEAST;
    unsigned used = 0;
    if (columns == 0) {
        buffer_append_slice(out, text);
        return;
    }
    while (text.bytes > 0) {
        const char *blank = slice_char(text, ' ');
        size_t bytes = blank != NULL ? (size_t)(blank - text.data) : text.bytes;
        unsigned width;
        measure((struct slice){text.data, bytes}, UINT_MAX, &width);
        if (used > 0 && used + 1 + width > room) {
            buffer_printf(out, "\n%*s", (int)indent, "");
            used = 0;
        } else if (used > 0) {
            buffer_append_char(out, ' ');
            used++;
        }
        buffer_append(out, text.data, bytes);
        used += width;
        bytes += blank != NULL;
        text = (struct slice){text.data + bytes, text.bytes - bytes};
    }
}
