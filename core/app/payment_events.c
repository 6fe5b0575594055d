#include "app/payment_events.h"

#include <stdio.h>

enum { EVENT_BYTES_MAX = 1024 * 1024 };

bool payment_events_admit(const char *processor, const struct http_head *head)
{
    char wanted[64];
    struct slice path = {wanted, 0};
    if (processor == NULL || head->chunked || head->content_length > EVENT_BYTES_MAX ||
        head_header(head, "content-encoding") != NULL)
        return false; /* packed, it would have no bound */
    path.bytes = (size_t)snprintf(wanted, sizeof wanted, "/api/payment-events/%s", processor);
    return slice_same(path, head->path);
}
