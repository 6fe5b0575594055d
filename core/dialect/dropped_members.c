#include "dialect/dropped_members.h"

#include "dialect/stream_wish.h"

enum { DROPPED_MAX = 4 };

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static const char *behind_space(const char *at)
{
    while (is_space(*at))
        at++;
    return at;
}

/* Behind the last byte before `at` that is no space. The body is an object: there is one. */
static const char *before_space(const char *at)
{
    while (is_space(at[-1]))
        at--;
    return at;
}

static size_t add(const struct model_request *request, enum request_field field,
                  enum request_field out[DROPPED_MAX], size_t count)
{
    size_t at = count;
    if (request->members[field].raw.data == NULL)
        return count;
    for (; at > 0 && request->keys[out[at - 1]].data > request->keys[field].data; at--)
        out[at] = out[at - 1];
    out[at] = field;
    return count + 1;
}

/* Another `route`, without `models`, is none of our words: it passes as it came. */
static bool is_our_route(const struct model_request *request)
{
    const struct json_value *route = &request->members[REQUEST_ROUTE];
    return request->members[REQUEST_MODELS].raw.data != NULL || route->type == JSON_NULL ||
           json_string_is(route, "fallback");
}

/* The members to take out, in the order of the text. */
static size_t find(const struct model_request *request, enum request_field out[DROPPED_MAX])
{
    struct json_value wish;
    size_t count = 0;
    if (stream_wish_find_usage(request, &wish))
        count = add(request, REQUEST_USAGE, out, count);
    count = add(request, REQUEST_PROVIDER, out, count);
    count = add(request, REQUEST_MODELS, out, count);
    return is_our_route(request) ? add(request, REQUEST_ROUTE, out, count) : count;
}

/* A member goes with the comma before it; those at the beginning go with the one behind. So two
 * neighbours never take the same comma. The messages stay: a comma is always there. */
void dropped_members_cut(const struct model_request *request, struct request_edits *edits)
{
    enum request_field fields[DROPPED_MAX];
    size_t count = find(request, fields);
    const char *first = count > 0 ? behind_space(request->root.raw.data + 1) : NULL;
    for (size_t i = 0; i < count; i++) {
        struct slice value = request->members[fields[i]].raw;
        const char *from = request->keys[fields[i]].data - 1; /* the quote */
        const char *to = value.data + value.bytes;
        if (from == first) {
            to = behind_space(behind_space(to) + 1);
            first = to;
        } else {
            from = before_space(from) - 1;
        }
        request_add_edit(edits, request_offset(request->text, from), (size_t)(to - from),
                         edits->text.bytes);
    }
}
