#include "exchange/mapped_api.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/limits.h"
#include "dialect/sse.h"

struct mapped_api {
    struct translator mapper;
    struct sse sse;
    struct buffer *out; /* while bytes are fed */
    bool failed;
};

struct mapped_api *mapped_api_new(const struct translator *mapper)
{
    struct mapped_api *api = calloc(1, sizeof *api);
    check(api != NULL);
    api->mapper = *mapper;
    sse_init(&api->sse);
    return api;
}

void mapped_api_free(struct mapped_api *api)
{
    if (api == NULL)
        return;
    api->mapper.free(api->mapper.arg);
    sse_fini(&api->sse);
    free(api);
}

bool mapped_api_request(struct mapped_api *api, struct slice chat_body,
                        const struct translator_wish *wish, struct buffer *out,
                        struct request_fault *fault)
{
    return api->mapper.request(api->mapper.arg, chat_body, wish, out, fault);
}

static void take_event(struct slice event, void *arg)
{
    struct mapped_api *api = arg;
    struct translator *mapper = &api->mapper;
    struct buffer joined;
    if (api->failed)
        return;
    buffer_init(&joined, LIMIT_EVENT_BYTES);
    struct slice data = sse_data(event, &joined);
    if (slice_equals(data, "[DONE]"))
        api->failed = !mapper->end(mapper->arg, api->out);
    else if (data.data != NULL)
        api->failed = !mapper->event(mapper->arg, sse_event_name(event), data, api->out);
    buffer_fini(&joined);
}

bool mapped_api_feed(struct mapped_api *api, struct slice data, struct buffer *out)
{
    api->out = out;
    bool fits = sse_feed(&api->sse, data, take_event, api);
    api->out = NULL;
    return fits && !api->failed;
}

bool mapped_api_end(struct mapped_api *api, struct buffer *out)
{
    struct slice rest = sse_rest(&api->sse);
    api->out = out;
    if (rest.bytes > 0)
        take_event(rest, api);
    api->out = NULL;
    return !api->failed && api->mapper.end(api->mapper.arg, out);
}

bool mapped_api_body(struct mapped_api *api, struct slice body, struct buffer *out)
{
    return api->mapper.body(api->mapper.arg, body, out);
}

const char *mapped_api_why(struct mapped_api *api)
{
    return api->mapper.why(api->mapper.arg);
}
