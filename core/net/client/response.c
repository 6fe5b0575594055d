#include "net/client/response.h"

#include <string.h>

#include "base/limits.h"

void response_init(struct response *response)
{
    memset(response, 0, sizeof *response);
    buffer_init(&response->head_bytes, LIMIT_UPSTREAM_HEAD_BYTES);
}

void response_fini(struct response *response)
{
    buffer_fini(&response->head_bytes);
    inflater_free(response->inflater);
    response->inflater = NULL;
}

static enum response_step broken(struct response *response, const char *why)
{
    response->why = why;
    return RESPONSE_BROKEN;
}

/* ---- the head ---- */

/* Decides how the body is framed: RFC 9112, 6.3. */
static enum response_step begin_body(struct response *response)
{
    struct response_head *head = &response->head;
    response->head_is_over = true;
    if (head->coding == CODING_OTHER)
        return broken(response, "the answer has a Content-Encoding that nobody asked for");
    if (head->status == 204 || head->status == 304) {
        response->framing = BODY_NONE;
        /* These have no body (RFC 9112, 6.3). If the head announces one, this connection carries no
         * further answer. */
        head->close = head->close || head->chunked || head->content_length > 0;
    } else if (head->chunked) {
        response->framing = BODY_CHUNKED;
        chunked_init(&response->chunked);
    } else if (head->content_length >= 0) {
        response->framing = BODY_SIZED;
        response->left_bytes = (uint64_t)head->content_length;
    } else {
        response->framing = BODY_UNTIL_CLOSE;
        head->close = true;
    }
    if (head->coding == CODING_ZLIB && response->framing != BODY_NONE)
        response->inflater = inflater_new();
    return RESPONSE_HEAD;
}

/* Takes a whole head: of the answer, or of an informational one, after which another head
 * begins. */
static enum response_step take_head(struct response *response, const char *data, size_t bytes)
{
    const char *why;
    if (!response_head_parse(data, bytes, &response->head, &why))
        return broken(response, why);
    if (response->head.status >= 200)
        return begin_body(response);
    if (response->head.status == 101)
        return broken(response, "the provider switches protocols, for which nobody asked");
    response->passed_bytes += bytes;
    return RESPONSE_WANTS_MORE;
}

/* Looks for the end of the head in the bytes kept so far and in *input, which it advances. */
static enum response_step next_head(struct response *response, struct slice *input)
{
    struct buffer *kept = &response->head_bytes;
    const char *why;
    size_t room = LIMIT_UPSTREAM_HEAD_BYTES - response->passed_bytes;
    size_t before = kept->bytes;
    size_t added = input->bytes < room - before ? input->bytes : room - before;
    struct slice looked_at = {input->data, added};
    if (before > 0) {
        if (!buffer_append(kept, input->data, added))
            return broken(response, "there is no memory for the head of the answer");
        looked_at = buffer_slice(kept);
    }
    ptrdiff_t end = response_head_find_end(looked_at.data, looked_at.bytes, before, &why);
    if (end < 0)
        return broken(response, why);
    if (end == 0 && looked_at.bytes == room)
        return broken(response, "the head of the answer is larger than 64 KB");
    size_t used = end > 0 ? (size_t)end - before : added;
    if (end == 0 && before == 0 && !buffer_append(kept, input->data, added))
        return broken(response, "there is no memory for the head of the answer");
    input->data += used;
    input->bytes -= used;
    if (end == 0)
        return RESPONSE_WANTS_MORE;
    enum response_step step = take_head(response, looked_at.data, (size_t)end);
    if (step == RESPONSE_WANTS_MORE)
        buffer_reset(kept);
    return step;
}

/* ---- the body ---- */

/* Removes the framing at the front of *input and returns how many bytes of body follow. */
static size_t body_run(struct response *response, struct slice *input)
{
    struct refusal refusal = {0};
    if (response->why != NULL)
        return 0;
    switch (response->framing) {
    case BODY_NONE:
        return 0;
    case BODY_SIZED:
        return input->bytes < response->left_bytes ? input->bytes : (size_t)response->left_bytes;
    case BODY_UNTIL_CLOSE:
        return input->bytes;
    case BODY_CHUNKED:
        break;
    }
    size_t used = chunked_skip(&response->chunked, input->data, input->bytes, &refusal);
    input->data += used;
    input->bytes -= used;
    if (refusal.status != 0)
        response->why = refusal.message;
    return chunked_run(&response->chunked, input->bytes);
}

static void body_take(struct response *response, struct slice *input, size_t bytes)
{
    input->data += bytes;
    input->bytes -= bytes;
    if (response->framing == BODY_SIZED)
        response->left_bytes -= bytes;
    else if (response->framing == BODY_CHUNKED)
        chunked_take(&response->chunked, bytes);
}

static bool body_is_over(const struct response *response)
{
    switch (response->framing) {
    case BODY_NONE:
        return true;
    case BODY_SIZED:
        return response->left_bytes == 0;
    case BODY_CHUNKED:
        return response->chunked.state == CHUNKED_END;
    case BODY_UNTIL_CLOSE:
        break;
    }
    return false;
}

static enum response_step over(struct response *response)
{
    if (response->inflater != NULL && !inflater_is_over(response->inflater))
        return broken(response, "the encoded answer is not whole");
    return RESPONSE_OVER;
}

/* Decodes from the first `run` bytes of *input; returns false when they are garbled. */
static bool inflate_some(struct response *response, struct slice *input, size_t run,
                         struct slice *data)
{
    struct slice encoded = {input->data, run};
    bool good = inflater_next(response->inflater, &encoded, data);
    if (run > encoded.bytes)
        body_take(response, input, run - encoded.bytes);
    return good;
}

/* Moves the data of the following chunks up to the end of *data, so that the receiver gets one
 * piece. */
static void join_chunks(struct response *response, struct slice *input, struct slice *data)
{
    char *end = (char *)(uintptr_t)data->data + data->bytes;
    for (;;) {
        size_t run = body_run(response, input);
        if (run == 0)
            return;
        memmove(end, input->data, run);
        end += run;
        data->bytes += run;
        body_take(response, input, run);
    }
}

static enum response_step next_of_body(struct response *response, struct slice *input,
                                       struct slice *data)
{
    for (;;) {
        size_t run = body_run(response, input);
        if (response->why != NULL)
            return RESPONSE_BROKEN;
        if (response->inflater != NULL && !inflate_some(response, input, run, data))
            return broken(response, "the encoded answer is garbled");
        if (response->inflater == NULL && run > 0) {
            *data = (struct slice){input->data, run};
            body_take(response, input, run);
            if (response->framing == BODY_CHUNKED)
                join_chunks(response, input, data);
        }
        if (data->bytes > 0)
            return RESPONSE_DATA;
        if (body_is_over(response))
            return over(response);
        if (input->bytes == 0)
            return RESPONSE_WANTS_MORE;
    }
}

/* ---- the outside ---- */

enum response_step response_next(struct response *response, struct slice *input, struct slice *data)
{
    *data = (struct slice){0};
    if (response->head_is_over) {
        buffer_fini(&response->head_bytes);
        return next_of_body(response, input, data);
    }
    enum response_step step = RESPONSE_WANTS_MORE;
    while (step == RESPONSE_WANTS_MORE && input->bytes > 0)
        step = next_head(response, input);
    return step;
}

enum response_step response_at_close(struct response *response)
{
    if (!response->head_is_over)
        return broken(response, "the provider closed the connection before its answer");
    if (response->framing != BODY_UNTIL_CLOSE)
        return broken(response, "the provider closed the connection in the middle of its answer");
    return over(response);
}

bool response_allows_another(const struct response *response)
{
    return !response->head.close;
}
