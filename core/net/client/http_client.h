/* Calls to providers over plain HTTP/1.1: with kept connections, and head and body in one write.
 * All answers are read into one buffer of the worker and passed on from there, so a waiting stream
 * costs little more than its socket. (curl_client.h has https://; the rules of upstream.h hold for
 * both.)
 *
 * - A connection is kept only after a whole request and an answer with a definite end and nothing
 *   behind it.
 * - The provider may close a kept connection while we send. If the connection ends within seconds
 *   and before a byte of the answer, the request is sent once more over a new connection; one that
 *   may be sent `once` only if nothing of it was sent, else its call is stale. After that time the
 *   provider may have worked on the request, and the call is broken.
 * - The addresses of a name are tried in order, each for its share of connect_timeout_ms.
 *
 * On the loop's thread. No event comes from inside a function of this file or of upstream.h. */
#ifndef NET_CLIENT_HTTP_CLIENT_H
#define NET_CLIENT_HTTP_CLIENT_H

#include "base/fault.h"
#include "net/client/upstream.h"
#include "net/loop/loop.h"

struct http_client;

struct http_client *http_client_new(struct loop *loop);
void http_client_free(struct http_client *client); /* cancels the running calls */

/* Returns NULL with *fault when the URL is not valid. */
struct upstream_call *http_client_start(struct http_client *client,
                                        const struct upstream_request *request,
                                        const struct upstream_events *events, struct fault *fault);

#endif
