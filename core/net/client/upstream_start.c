#include "net/client/upstream.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "net/client/curl_client.h"
#include "net/client/http_client.h"
#include "net/client/upstream_call.h"
#include "net/client/upstream_tail.h"

struct upstream {
    struct curl_client *curl;
    struct http_client *http;
};

struct upstream *upstream_new(struct loop *loop)
{
    struct upstream *upstream = calloc(1, sizeof *upstream);
    check(upstream != NULL);
    upstream->curl = curl_client_new(loop);
    upstream->http = http_client_new(loop);
    return upstream;
}

void upstream_free(struct upstream *upstream)
{
    curl_client_free(upstream->curl);
    http_client_free(upstream->http);
    free(upstream);
}

const char *upstream_method(const struct upstream_request *request)
{
    if (request->method != NULL)
        return request->method;
    return request->body_parts > 0 ? "POST" : "GET";
}

struct upstream_call *upstream_start(struct upstream *upstream,
                                     const struct upstream_request *request,
                                     const struct upstream_events *events, struct fault *fault)
{
    check(request->body_parts <= UPSTREAM_PARTS_MAX);
    for (size_t i = 0; i < request->header_count; i++) {
        if (strpbrk(request->headers[i], "\r\n") != NULL) {
            fault_set(fault, "invalid_value", "a header for the provider has a line break in it");
            return NULL;
        }
    }
    if (strncasecmp(request->url, "http://", 7) == 0)
        return http_client_start(upstream->http, request, events, fault);
    return curl_client_start(upstream->curl, request, events);
}

bool upstream_is_sent(const struct upstream_call *call)
{
    return call->ops->is_sent(call);
}

void upstream_more(struct upstream_call *call)
{
    call->ops->more(call);
}

void upstream_cancel(struct upstream_call *call)
{
    call->ops->cancel(call);
}

void upstream_pause(struct upstream_call *call)
{
    call->ops->pause(call);
}

void upstream_rebind(struct upstream_call *call, const struct slice *body, void *arg)
{
    call->ops->rebind(call, body, arg);
}

void upstream_resume(struct upstream_call *call)
{
    call->ops->resume(call);
}
