/* Calls to providers with libcurl's multi interface: https, and HTTP/2 over it. (http_client.h has
 * http://.) The rules of upstream.h hold for each call; its other functions reach this file through
 * upstream_call.h.
 *
 * On the loop's thread. Events come from inside libcurl, where no call may be started. */
#ifndef NET_CLIENT_CURL_CLIENT_H
#define NET_CLIENT_CURL_CLIENT_H

#include "net/client/upstream.h"
#include "net/loop/loop.h"

struct curl_client;

struct curl_client *curl_client_new(struct loop *loop);
void curl_client_free(struct curl_client *client); /* cancels the running calls */

struct upstream_call *curl_client_start(struct curl_client *client,
                                        const struct upstream_request *request,
                                        const struct upstream_events *events);

#endif
