/* A request's head: what is found in one piece is found byte by byte; what was read lies in it. */
#include "fuzz.h"

#include <stdlib.h>

#include "base/check.h"
#include "net/http1/head.h"

static ptrdiff_t find_by_bytes(const char *data, size_t bytes, struct refusal *refusal)
{
    ptrdiff_t end = 0;
    for (size_t i = 1; i <= bytes && end == 0; i++)
        end = head_find_end(data, i, i - 1, refusal);
    return end;
}

static void check_head(const struct http_head *head, struct slice text)
{
    check(fuzz_inside(head->method_text, text));
    check(fuzz_inside(head->path, text) && head->path.bytes > 0);
    check(fuzz_inside(head->query, text));
    check(!head->chunked || head->content_length < 0); /* one framing only (RFC 9112, 6.3) */
    for (size_t i = 0; i < head->header_count; i++) {
        check(fuzz_inside(head->headers[i].name, text) && head->headers[i].name.bytes > 0);
        check(fuzz_inside(head->headers[i].value, text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const char *text = (const char *)data;
    struct refusal refusal = {0}, refusal_by_bytes = {0};
    struct http_head head = {0};
    if (bytes == 0)
        return 0;
    ptrdiff_t end = head_find_end(text, bytes, 0, &refusal);
    ptrdiff_t end_by_bytes = find_by_bytes(text, bytes, &refusal_by_bytes);
    check(end == end_by_bytes && refusal.status == refusal_by_bytes.status);
    check((end < 0) == (refusal.status != 0) && end <= (ptrdiff_t)bytes);
    if (end <= 0)
        return 0;
    size_t count = head_count_headers(text, (size_t)end);
    struct http_header *table = calloc(count > 0 ? count : 1, sizeof *table);
    check(table != NULL);
    if (head_parse(text, (size_t)end, table, count, &head, &refusal))
        check_head(&head, (struct slice){text, (size_t)end});
    else
        check(refusal.status >= 400 && refusal.code && refusal.message);
    free(table);
    return 0;
}
