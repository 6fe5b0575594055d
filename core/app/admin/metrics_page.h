/* The page /metrics: everything that docs/METRICS.md lists, in one of Prometheus's text formats. */
#ifndef APP_ADMIN_METRICS_PAGE_H
#define APP_ADMIN_METRICS_PAGE_H

#include "app/admin/admin_view.h"
#include "base/buffer.h"
#include "base/metrics_text.h"

enum { METRICS_PAGE_BYTES = 32 * 1024 * 1024 }; /* LIMIT_METRICS_PAIRS are less than 4 MB */

/* Appends the page. Reads the disk (store/figures.h), so it is for no event loop of clients: the
 * admin thread's, one at a time. out->failed: there is no room or memory. */
void metrics_page_render(const struct admin_view *view, enum metrics_format format,
                         struct buffer *out);

#endif
