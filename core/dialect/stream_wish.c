#include "dialect/stream_wish.h"

#include "dialect/member_name.h"
#include "dialect/request_members.h"

/* A disguised include_usage could cancel ours, and with it the counts that we charge by. */
static bool check_options(const struct json_value *options, struct request_fault *fault)
{
    static const char name[] = "include_usage";
    struct json_walk walk = json_walk(options);
    struct json_item item;
    while (json_next(&walk, &item)) {
        struct buffer room = {0};
        struct slice key = member_name_decode(item.key, &room);
        bool disguised =
            member_name_reads_as(key, name, MEMBER_CASE_FOLDED) && !slice_equals(key, name);
        buffer_fini(&room);
        if (disguised)
            return request_fault_disguised(fault, name, item.key);
    }
    return true;
}

static bool read_stream(struct model_request *out, struct request_fault *fault)
{
    const struct json_value *streamed = request_member(out, REQUEST_STREAM);
    if (streamed != NULL && !request_read_flag(streamed, "stream", &out->streamed, fault))
        return false;
    const struct json_value *options = request_member(out, REQUEST_STREAM_OPTIONS);
    if (options == NULL)
        return true;
    if (options->type != JSON_OBJECT)
        return request_refuse(fault, "invalid_value", "stream_options",
                              "'stream_options' must be an object.");
    if (!out->streamed)
        return request_refuse(fault, "invalid_value", "stream_options",
                              "'stream_options' is only allowed together with \"stream\": true.");
    if (!check_options(options, fault))
        return false;
    struct json_value asked;
    int found = request_find(options, "include_usage", &asked, fault);
    if (found <= 0)
        return found == 0;
    return request_read_flag(&asked, "include_usage", &out->usage_optioned, fault);
}

bool stream_wish_find_usage(const struct model_request *request, struct json_value *out)
{
    const struct json_value *usage = request_member(request, REQUEST_USAGE);
    return usage != NULL && usage->type == JSON_OBJECT && json_find(usage, "include", out) == 1;
}

static void read_usage_wish(struct model_request *out)
{
    struct json_value wish;
    bool wished = stream_wish_find_usage(out, &wish) && wish.type == JSON_TRUE;
    out->usage_asked = out->usage_optioned || (out->streamed && wished);
}

bool stream_wish_read(struct model_request *out, struct request_fault *fault)
{
    if (!read_stream(out, fault))
        return false;
    read_usage_wish(out);
    return true;
}

/* ---- the provider's copy ---- */

/* The provider says usage unasked, and refuses to be asked. Null is as good as nothing, and never
 * touches the edit of a neighbour. */
static void drop_stream_options(const struct model_request *request, struct request_edits *edits)
{
    const struct json_value *options = &request->members[REQUEST_STREAM_OPTIONS];
    size_t from = edits->text.bytes;
    if (options->raw.data == NULL || options->type == JSON_NULL)
        return;
    buffer_append_text(&edits->text, "null");
    request_replace(request, options, edits, from);
}

/* We always ask for usage: without it we could only estimate. */
static void edit_stream_options(const struct model_request *request, struct request_edits *edits,
                                struct buffer *new_members)
{
    if (!request->streamed || request->usage_optioned)
        return;
    const struct json_value *options = &request->members[REQUEST_STREAM_OPTIONS];
    struct json_value asked;
    size_t from = edits->text.bytes;
    if (options->raw.data == NULL) {
        buffer_append_text(new_members, "\"stream_options\":{\"include_usage\":true}");
    } else if (options->type == JSON_NULL) {
        buffer_append_text(&edits->text, "{\"include_usage\":true}");
        request_replace(request, options, edits, from);
    } else if (json_find(options, "include_usage", &asked) > 0) {
        buffer_append_text(&edits->text, "true");
        request_replace(request, &asked, edits, from);
    } else {
        struct json_walk walk = json_walk(options);
        struct json_item first;
        bool more = json_next(&walk, &first);
        buffer_printf(&edits->text, "\"include_usage\":true%s", more ? "," : "");
        request_add_edit(edits, request_offset(request->text, options->raw.data) + 1, 0, from);
    }
}

void stream_wish_edit(const struct model_request *request, bool usage_unasked,
                      struct request_edits *edits, struct buffer *new_members)
{
    if (usage_unasked)
        drop_stream_options(request, edits);
    else
        edit_stream_options(request, edits, new_members);
}
