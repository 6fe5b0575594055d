#include "dialect/first_bytes.h"

#include <string.h>

static const char byte_order_mark[] = "\xef\xbb\xbf";
enum { MARK_BYTES = sizeof byte_order_mark - 1 };

static void skip(struct slice *data, size_t bytes)
{
    data->data += bytes;
    data->bytes -= bytes;
}

static void skip_blanks(struct slice *data)
{
    size_t at = 0;
    while (at < data->bytes && memchr(" \t\r\n", data->data[at], 4) != NULL)
        at++;
    skip(data, at);
}

enum first_bytes first_bytes_judge(struct slice *data, bool labelled)
{
    skip_blanks(data);
    size_t mark = data->bytes < MARK_BYTES ? data->bytes : MARK_BYTES;
    if (mark > 0 && memcmp(data->data, byte_order_mark, mark) == 0) {
        if (mark < MARK_BYTES)
            return FIRST_BYTES_TOO_FEW;
        skip(data, MARK_BYTES);
        skip_blanks(data);
    }
    if (data->bytes == 0)
        return FIRST_BYTES_TOO_FEW;
    char first = data->data[0];
    if (first == '{' || first == '[' || first == '<')
        return FIRST_BYTES_PLAIN;
    /* The first letters of a comment and of an event's four fields. */
    return labelled || memchr(":deir", first, 5) != NULL ? FIRST_BYTES_STREAM : FIRST_BYTES_PLAIN;
}
