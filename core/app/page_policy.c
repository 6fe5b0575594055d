#include "app/page_policy.h"

#include <string.h>

#include "base/sha256.h"

static struct slice behind(struct slice text, size_t bytes)
{
    return (struct slice){text.data + bytes, text.bytes - bytes};
}

/* CSP 3, 2.3.1: 'sha256-BASE64' of all that stands between the two tags. */
static void write_hashes(struct slice page, const char *begin, const char *end, struct buffer *out)
{
    ptrdiff_t at;
    while ((at = slice_find(page, slice_of(begin))) >= 0) {
        page = behind(page, (size_t)at + strlen(begin));
        ptrdiff_t bytes = slice_find(page, slice_of(end));
        if (bytes < 0)
            return;
        char hash[SHA256_BASE64_BYTES];
        sha256_base64((struct slice){page.data, (size_t)bytes}, hash);
        buffer_printf(out, " 'sha256-%s'", hash);
        page = behind(page, (size_t)bytes);
    }
}

void page_policy_write(struct slice page, struct buffer *out)
{
    buffer_append_text(out, "default-src 'none'; script-src 'self'");
    write_hashes(page, "<script>", "</script>", out);
    buffer_append_text(out, "; style-src 'self'");
    write_hashes(page, "<style>", "</style>", out);
    buffer_append_text(out, "; img-src 'self' data:; media-src blob:; font-src 'self'; "
                            "connect-src 'self'; form-action 'self'; base-uri 'none'; "
                            "frame-ancestors 'none'");
    buffer_append_char(out, '\0');
}
