#include "dialect/multipart_flow.h"

#include <string.h>

void multipart_flow_init(struct multipart_flow *flow, struct slice boundary)
{
    *flow = (struct multipart_flow){.delimiter = multipart_delimiter_of(boundary)};
}

static enum multipart_step refuse(const struct multipart_flow *flow, enum multipart_flaw flaw,
                                  struct request_fault *fault)
{
    (void)multipart_refuse(flaw, flow->parts, fault);
    return MULTIPART_REFUSED;
}

static enum multipart_step refuse_part(const struct multipart_flow *flow, const char *why,
                                       struct request_fault *fault)
{
    (void)multipart_refuse_part(flow->parts, fault, why);
    return MULTIPART_REFUSED;
}

static enum multipart_step take(struct multipart_flow *flow, size_t bytes,
                                enum multipart_place place, size_t *out_bytes)
{
    flow->place = place;
    *out_bytes = bytes;
    return MULTIPART_TEXT;
}

static enum multipart_step start(struct multipart_flow *flow, struct slice ahead, bool over,
                                 size_t *out_bytes, struct request_fault *fault)
{
    size_t bytes = flow->delimiter.bytes;
    size_t there = ahead.bytes < bytes ? ahead.bytes : bytes;
    if ((there > 0 && memcmp(ahead.data, flow->delimiter.text, there) != 0) ||
        (over && there < bytes))
        return refuse(flow, MULTIPART_FOREIGN, fault);
    return there < bytes ? MULTIPART_LACKS
                         : take(flow, bytes, MULTIPART_BEHIND_DELIMITER, out_bytes);
}

static enum multipart_step pass_delimiter(struct multipart_flow *flow, struct slice ahead,
                                          bool over, size_t *out_bytes, struct request_fault *fault)
{
    if (ahead.bytes < 2 && !over)
        return MULTIPART_LACKS;
    if (slice_starts_with(ahead, "--")) {
        flow->place = MULTIPART_AT_END;
        return MULTIPART_LACKS;
    }
    if (!slice_starts_with(ahead, "\r\n"))
        return refuse(flow, MULTIPART_UNBROKEN, fault);
    if (flow->parts == LIMIT_FORM_PARTS)
        return refuse(flow, MULTIPART_FULL, fault);
    flow->parts++;
    return take(flow, 2, MULTIPART_IN_HEAD, out_bytes);
}

static enum multipart_step pass_head(struct multipart_flow *flow, struct slice ahead, bool over,
                                     size_t *out_bytes, struct request_fault *fault)
{
    struct multipart_part part;
    struct slice length;
    struct slice rest = ahead;
    if (ahead.bytes < LIMIT_FORM_HEAD_BYTES && !over && slice_find(ahead, slice_of("\r\n\r\n")) < 0)
        return MULTIPART_LACKS;
    if (!multipart_take_head(&rest, &flow->delimiter, flow->parts, &part, &length, fault))
        return MULTIPART_REFUSED;
    flow->in_file = part.is_file;
    flow->value_bytes = 0;
    flow->length_stated = length.data != NULL;
    slice_copy(length, flow->length, sizeof flow->length);
    return take(flow, ahead.bytes - rest.bytes, MULTIPART_IN_VALUE, out_bytes);
}

static enum multipart_step pass_value(struct multipart_flow *flow, size_t bytes, size_t *out_bytes)
{
    flow->value_bytes += bytes;
    *out_bytes = bytes;
    return flow->in_file ? MULTIPART_FILE : MULTIPART_TEXT;
}

/* What might be the beginning of a delimiter, with the line break before it, stays ahead. */
static enum multipart_step read_value(struct multipart_flow *flow, struct slice ahead, bool over,
                                      size_t *out_bytes, struct request_fault *fault)
{
    size_t kept_bytes = flow->delimiter.bytes + 1;
    ptrdiff_t found = slice_find(ahead, multipart_delimiter_text(&flow->delimiter));
    size_t at = found < 0 ? 0 : (size_t)found;
    if (found < 0 && over)
        return refuse_part(flow, MULTIPART_ENDLESS, fault);
    if (found < 0)
        return ahead.bytes > kept_bytes ? pass_value(flow, ahead.bytes - kept_bytes, out_bytes)
                                        : MULTIPART_LACKS;
    if (!multipart_is_delimited(ahead, at))
        return refuse_part(flow, MULTIPART_DOUBTFUL, fault);
    if (at > 2)
        return pass_value(flow, at - 2, out_bytes);
    if (flow->length_stated && !multipart_has_length(slice_of(flow->length), flow->value_bytes))
        return refuse_part(flow, MULTIPART_LENGTH, fault);
    return take(flow, 2 + flow->delimiter.bytes, MULTIPART_BEHIND_DELIMITER, out_bytes);
}

/* The end is taken only when all has come, and nothing behind it. */
static enum multipart_step end(struct multipart_flow *flow, struct slice ahead, bool over,
                               size_t *out_bytes, struct request_fault *fault)
{
    static const char text[] = "--\r\n";
    size_t bytes = ahead.bytes < sizeof text - 1 ? ahead.bytes : sizeof text - 1;
    bool good = ahead.bytes == bytes && memcmp(ahead.data, text, bytes) == 0;
    if (!good || (over && bytes == 3))
        return refuse(flow, MULTIPART_TRAILED, fault);
    return over ? take(flow, bytes, MULTIPART_BEHIND_END, out_bytes) : MULTIPART_LACKS;
}

enum multipart_step multipart_flow_step(struct multipart_flow *flow, struct slice ahead, bool over,
                                        size_t *out_bytes, struct request_fault *fault)
{
    enum multipart_step step = MULTIPART_OVER;
    *out_bytes = 0;
    switch (flow->place) {
    case MULTIPART_AT_START:
        return start(flow, ahead, over, out_bytes, fault);
    case MULTIPART_BEHIND_DELIMITER:
        step = pass_delimiter(flow, ahead, over, out_bytes, fault);
        return flow->place == MULTIPART_AT_END ? end(flow, ahead, over, out_bytes, fault) : step;
    case MULTIPART_IN_HEAD:
        return pass_head(flow, ahead, over, out_bytes, fault);
    case MULTIPART_IN_VALUE:
        return read_value(flow, ahead, over, out_bytes, fault);
    case MULTIPART_AT_END:
        return end(flow, ahead, over, out_bytes, fault);
    case MULTIPART_BEHIND_END:
        break;
    }
    return step;
}
