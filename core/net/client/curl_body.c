#include "net/client/curl_body.h"

#include <string.h>

#include "base/check.h"
#include "base/least.h"
#include "net/client/upstream_call.h"

/* ---- a body that comes ---- */

static size_t give_front(struct curl_body *body, char *to, size_t bytes)
{
    size_t given = least_size(bytes, body->front.bytes - body->front_given);
    memcpy(to, body->front.data + body->front_given, given);
    body->front_given += given;
    return given;
}

static size_t on_read(char *to, size_t size, size_t count, void *arg)
{
    struct curl_body *body = arg;
    bool over = false;
    if (*body->cancelled)
        return CURL_READFUNC_ABORT;
    if (body->front_given < body->front.bytes)
        return give_front(body, to, size * count);
    struct slice data = body->tail->peek(&over, body->tail->arg);
    if (body->stopped)
        return 0;
    body->waits = !over && data.bytes == 0;
    if (body->waits)
        return CURL_READFUNC_PAUSE;
    size_t given = least_size(data.bytes, size * count);
    if (given > 0) {
        memcpy(to, data.data, given);
        body->tail->sent(given, body->tail->arg);
    }
    return given;
}

static void set_tail(struct curl_body *body, CURL *easy, struct curl_slist **headers)
{
    curl_off_t bytes = (curl_off_t)body->front.bytes + (curl_off_t)body->tail->bytes;
    bool known = body->tail->bytes >= 0;
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, known ? bytes : (curl_off_t)-1);
    /* What was sent cannot be sent again, as it must be where a kept connection has ended. */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    if (known)
        return;
    *headers = curl_slist_append(*headers, "Transfer-Encoding: chunked"); /* HTTP/2 leaves it out */
    check(*headers != NULL);
}

bool curl_body_stop(struct curl_body *body)
{
    bool waited = body->waits;
    body->stopped = body->tail != NULL;
    body->waits = false;
    return waited;
}

bool curl_body_is_given(const struct curl_body *body)
{
    bool over = false;
    if (body->tail == NULL)
        return true;
    struct slice data = body->tail->peek(&over, body->tail->arg);
    return over && data.bytes == 0;
}

/* ---- any body ---- */

/* Joins the parts: to give them to libcurl one by one takes a callback, which libcurl may also ask
 * to start again. */
static struct slice join(struct curl_body *body, const struct upstream_request *request)
{
    size_t bytes = 0;
    for (size_t i = 0; i < request->body_parts; i++)
        bytes += request->body[i].bytes;
    buffer_init(&body->joined, bytes);
    for (size_t i = 0; i < request->body_parts; i++)
        check(buffer_append_slice(&body->joined, request->body[i]));
    return buffer_slice(&body->joined);
}

/* The method decides how libcurl takes a body. */
void curl_body_set(struct curl_body *body, CURL *easy, const struct upstream_request *request,
                   struct curl_slist **headers, const bool *cancelled)
{
    const char *method = upstream_method(request);
    bool gets = strcmp(method, "GET") == 0;
    body->tail = request->tail;
    body->cancelled = cancelled;
    if (gets || strcmp(method, "DELETE") == 0) {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, gets ? NULL : method);
        return;
    }
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    body->front = request->body_parts == 1 ? request->body[0] : join(body, request);
    if (body->tail != NULL) {
        set_tail(body, easy, headers);
        return;
    }
    if (body->front.bytes == 0) /* libcurl would read one from stdin */
        body->front = (struct slice){"", 0};
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body->front.data);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->front.bytes);
}

void curl_body_unset(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, NULL);
    curl_easy_setopt(easy, CURLOPT_READDATA, NULL);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 0L);
}

void curl_body_fini(struct curl_body *body)
{
    buffer_wipe_fini(&body->joined);
}
