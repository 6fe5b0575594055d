/* Calls to providers over plain HTTP/1.1: kept-alive connections, head and body in one write,
 * answers read into one buffer of the worker and handed on from there. (https:// goes by libcurl,
 * curl_client.h; what upstream.h says holds for both.) Of a stream that waits there is little more
 * here than its socket.
 *
 * - A connection is kept only after an answer that ended where it said, when all of the request was
 *   sent and nothing came behind the answer.
 * - A request over a kept connection that ends within seconds and before a byte of the answer came
 *   is sent once more, over a new connection: the provider had closed the old one meanwhile. It is
 *   no attempt of its own. Later the provider has worked on it, and the call is broken.
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
void http_client_free(struct http_client *client); /* cancels what runs */

/* NULL with *fault when the URL is none. */
struct upstream_call *http_client_start(struct http_client *client,
                                        const struct upstream_request *request,
                                        const struct upstream_events *events, struct fault *fault);

#endif
