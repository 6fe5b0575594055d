/* The admin server: what the operator's tools ask of the running gateway, over HTTP. A thread of
 * its own, "admin", with its own loop: a worker that hangs does not stop it from saying so.
 *
 *   admin_socket    a Unix socket, for `llm-gateway status`, `top`, `drain` and `log-level`, and
 *                   for `curl --unix-socket`: everything
 *   metrics_listen  an address, for what watches the gateway: what only reads, and names no
 *                   customer
 *
 * It reads what others keep for any thread, and asks workers by jobs. */
#ifndef APP_ADMIN_ADMIN_H
#define APP_ADMIN_ADMIN_H

#include <stdbool.h>

#include "app/admin/admin_view.h"
#include "base/fault.h"

struct admin;

enum { ADMIN_CONNECTIONS = 4 }; /* on each of the two */

/* Listens, and answers from admin_start on. Makes the socket as the present user. NULL: *fault. */
struct admin *admin_new(const struct admin_view *view, struct fault *fault);
bool admin_start(struct admin *admin, struct fault *fault);
/* The port of metrics_listen; 0: it is off. */
int admin_metrics_port(const struct admin *admin);
/* Ends the thread, once its jobs are back: while the workers still take jobs. NULL is allowed. */
void admin_free(struct admin *admin);

#endif
