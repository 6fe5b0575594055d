#include "net/head_feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/support.h"

static char *copy_of(const char *data, size_t bytes)
{
    char *copy = malloc(bytes > 0 ? bytes : 1);
    assert_non_null(copy);
    memcpy(copy, data, bytes);
    return copy;
}

ptrdiff_t head_feed_find_end(const char *data, size_t bytes, size_t scanned,
                             struct refusal *refusal)
{
    char *copy = copy_of(data, bytes);
    ptrdiff_t end = head_find_end(copy, bytes, scanned, refusal);
    free(copy);
    return end;
}

struct verdict head_feed(struct slice data, size_t split)
{
    struct verdict verdict = {.status = HEAD_UNFINISHED};
    struct refusal refusal = {0};
    ptrdiff_t end = head_feed_find_end(data.data, split, 0, &refusal);
    if (end == 0)
        end = head_feed_find_end(data.data, data.bytes, split, &refusal);
    if (end == 0)
        return verdict;
    if (end > 0) {
        verdict.owned = copy_of(data.data, (size_t)end);
        size_t count = head_count_headers(verdict.owned, (size_t)end);
        verdict.table = calloc(count + 1, sizeof *verdict.table);
        assert_non_null(verdict.table);
        if (head_parse(verdict.owned, (size_t)end, verdict.table, count, &verdict.head, &refusal)) {
            verdict.status = 0;
            verdict.used = (size_t)end;
            return verdict;
        }
    }
    verdict.status = refusal.status;
    assert_true(refusal.status >= 400 && refusal.status < 500);
    assert_true(strlen(refusal.code) > 0 && strlen(refusal.message) > 0);
    return verdict;
}

void head_feed_free(struct verdict *verdict)
{
    free(verdict->owned);
    free(verdict->table);
}
