/* The body of a request through libcurl: given at once, or, with a tail (upstream.h), as it asks
 * for it. Only for this room. */
#ifndef NET_CLIENT_CURL_BODY_H
#define NET_CLIENT_CURL_BODY_H

#include <curl/curl.h>

#include "base/buffer.h"
#include "net/client/upstream.h"
#include "net/client/upstream_tail.h"

struct curl_body {        /* starts zeroed */
    struct buffer joined; /* what came in parts */
    const struct upstream_tail *tail;
    struct slice front; /* what goes before the tail */
    size_t front_given;
    const bool *cancelled; /* the call is */
    bool waits;            /* libcurl is told to wait for more of the tail */
    bool stopped;          /* it gets no more of it */
};

/* Sets the request's method and body. May add to the headers. `cancelled` outlives the call. */
void curl_body_set(struct curl_body *body, CURL *easy, const struct upstream_request *request,
                   struct curl_slist **headers, const bool *cancelled);
/* The handle keeps nothing of the body. */
void curl_body_unset(CURL *easy);
/* The provider has answered and wants no more of the tail: without this a call whose sending waits
 * would never end. Returns whether sending must be continued (curl_easy_pause). */
bool curl_body_stop(struct curl_body *body);
/* Whether libcurl has all of the tail; also if there is none. */
bool curl_body_is_given(const struct curl_body *body);
void curl_body_fini(struct curl_body *body);

#endif
