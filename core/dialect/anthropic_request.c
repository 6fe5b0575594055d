#include "dialect/anthropic.h"
#include "dialect/request_edits.h"
#include "dialect/request_members.h"

static const char *const names[REQUEST_MEMBERS] = {
    [REQUEST_MODEL] = "model",
    [REQUEST_MESSAGES] = "messages",
    [REQUEST_STREAM] = "stream",
    [REQUEST_MAX_TOKENS] = "max_tokens",
};

static bool read_limit(struct model_request *out, bool counted, struct request_fault *fault)
{
    const struct json_value *limit = request_member(out, REQUEST_MAX_TOKENS);
    if (limit == NULL && counted)
        return true;
    if (limit == NULL)
        return request_refuse(fault, "missing_field", "max_tokens", "max_tokens: Field required");
    return request_read_count(limit, "max_tokens", INT32_MAX, &out->output_tokens, fault);
}

static bool read_all(struct model_request *out, bool counted, struct request_fault *fault)
{
    if (!request_members_read(out, names, MEMBER_CASE_FOLDED, fault) ||
        !request_read_model(out, fault) || !request_read_messages(out, "messages", fault) ||
        !read_limit(out, counted, fault))
        return false;
    const struct json_value *streamed = request_member(out, REQUEST_STREAM);
    return streamed == NULL || request_read_flag(streamed, "stream", &out->streamed, fault);
}

bool anthropic_read_request(struct slice text, const struct request_address *address, uint64_t seed,
                            struct model_request *out, struct request_fault *fault)
{
    struct json_index index;
    bool good =
        request_begin(text, seed, &index, out, fault) && read_all(out, address->counted, fault);
    out->dialect = DIALECT_ANTHROPIC;
    out->usage_asked = true; /* its answers always tell it */
    request_end(out);
    return good;
}

bool anthropic_apply(const struct model_request *request, const struct request_changes *changes,
                     struct request_copy *out)
{
    struct request_edits edits = {.count = 0};
    buffer_init(&edits.text, 4096);
    request_edit_model(request, changes->model, &edits);
    int64_t most = changes->output_tokens_max;
    if (most > 0 && most < request->output_tokens) {
        size_t from = edits.text.bytes;
        buffer_append_int(&edits.text, most);
        request_replace(request, &request->members[REQUEST_MAX_TOKENS], &edits, from);
    }
    *out = (struct request_copy){.inserted = edits.text};
    request_cut(request->text, &edits, out);
    return !edits.text.failed;
}
