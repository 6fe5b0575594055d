/* What the gateway does now, for `llm-gateway status`. On the admin thread. */
#ifndef APP_ADMIN_STATUS_H
#define APP_ADMIN_STATUS_H

#include "app/admin/admin_view.h"
#include "base/buffer.h"

/* docs/ADMIN.md has the members. */
void status_render_json(const struct admin_view *view, struct buffer *out);
/* A screen for people. */
void status_render_text(const struct admin_view *view, struct buffer *out);

#endif
