#include "base/logo_type.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static struct slice behind(struct slice text, size_t bytes)
{
    return (struct slice){text.data + bytes, text.bytes - bytes};
}

static bool begins(struct slice file, const char *bytes, size_t count)
{
    return file.bytes >= count && memcmp(file.data, bytes, count) == 0;
}

static bool ends(struct slice file, const char *bytes, size_t count)
{
    return file.bytes >= count && memcmp(file.data + file.bytes - count, bytes, count) == 0;
}

/* ---- PNG and WebP ---- */

static const char *type_of_png(struct slice file, const char **why)
{
    static const char last_chunk[] = "\0\0\0\0IEND\xae\x42\x60\x82";
    *why = "it is a PNG without its end: it was cut off";
    return ends(file, last_chunk, sizeof last_chunk - 1) ? "image/png" : NULL;
}

static uint64_t little_endian(const char *data)
{
    const unsigned char *byte = (const unsigned char *)data;
    return byte[0] | (uint64_t)byte[1] << 8 | (uint64_t)byte[2] << 16 | (uint64_t)byte[3] << 24;
}

static const char *type_of_webp(struct slice file, const char **why)
{
    enum { OUTSIDE_BYTES = 8, HEAD_BYTES = 16 };
    *why = "it is a WebP without its end: it was cut off";
    bool whole = file.bytes >= HEAD_BYTES &&
                 file.bytes - OUTSIDE_BYTES == little_endian(file.data + 4) &&
                 memcmp(file.data + 12, "VP8", 3) == 0;
    return whole ? "image/webp" : NULL;
}

/* ---- SVG ---- */

/* Skips `<?...?>`, comments and the document type that stand before the root. False: one of them
 * does not end, or defines entities. */
static bool skip_prolog(struct slice *text)
{
    static const char *const kinds[][2] = {{"<?", "?>"}, {"<!--", "-->"}, {"<!DOCTYPE", ">"}};
    bool found = true;
    while (found) {
        found = false;
        *text = slice_trim(*text);
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !found; i++) {
            if (!slice_starts_with(*text, kinds[i][0]))
                continue;
            ptrdiff_t at = slice_find(*text, slice_of(kinds[i][1]));
            if (at < 0 || (i == 2 && slice_char((struct slice){text->data, (size_t)at}, '[')))
                return false;
            *text = behind(*text, (size_t)at + strlen(kinds[i][1]));
            found = true;
        }
    }
    return true;
}

static const char *type_of_svg(struct slice file, const char **why)
{
    struct slice text = file;
    if (begins(text, BYTE_ORDER_MARK, sizeof BYTE_ORDER_MARK - 1))
        text = behind(text, sizeof BYTE_ORDER_MARK - 1);
    *why = "it must be a picture: SVG, PNG or WebP";
    if (!text_is_utf8(text) || !skip_prolog(&text) || !slice_starts_with(text, "<svg") ||
        text.bytes < 5 || strchr(" \t\r\n>", text.data[4]) == NULL)
        return NULL;
    *why = "it is an SVG without its end: it was cut off";
    const char *close = slice_char(text, '>');
    if (close == NULL || (!ends(text, "</svg>", 6) && close + 1 != text.data + text.bytes))
        return NULL;
    const struct slice root = {text.data, (size_t)(close - text.data)};
    *why = "its <svg ...> needs xmlns=\"http://www.w3.org/2000/svg\": without it browsers show "
           "nothing";
    return slice_find(root, slice_of("http://www.w3.org/2000/svg")) >= 0 ? "image/svg+xml" : NULL;
}

const char *logo_type(struct slice file, const char **why)
{
    static const char png[] = "\x89PNG\r\n\x1a\n";
    if (begins(file, png, sizeof png - 1))
        return type_of_png(file, why);
    if (begins(file, "RIFF", 4) && file.bytes >= 12 && memcmp(file.data + 8, "WEBP", 4) == 0)
        return type_of_webp(file, why);
    return type_of_svg(file, why);
}
