#include "dialect/chat.h"

#include <string.h>

#include "dialect/dropped_members.h"
#include "dialect/request_edits.h"
#include "dialect/request_members.h"
#include "dialect/stream_wish.h"

enum { CHOICES_MAX = 128 };

static const char *const member_names[REQUEST_MEMBERS] = {
    [REQUEST_MODEL] = "model",
    [REQUEST_MESSAGES] = "messages",
    [REQUEST_STREAM] = "stream",
    [REQUEST_STREAM_OPTIONS] = "stream_options",
    [REQUEST_MAX_TOKENS] = "max_tokens",
    [REQUEST_MAX_COMPLETION_TOKENS] = "max_completion_tokens",
    [REQUEST_N] = "n",
    [REQUEST_USAGE] = "usage",
    [REQUEST_PROVIDER] = "provider",
    [REQUEST_MODELS] = "models",
    [REQUEST_ROUTE] = "route",
};

/* The limit of one member, for each choice. */
static bool read_limit(const struct model_request *request, enum request_field which, int64_t *out,
                       struct request_fault *fault)
{
    return request_read_count(request_member(request, which), member_names[which], INT32_MAX, out,
                              fault);
}

static bool read_all(struct model_request *out, struct request_fault *fault)
{
    int64_t older = -1;
    if (!request_members_read(out, member_names, MEMBER_CASE_FOLDED, fault) ||
        !request_read_model(out, fault) ||
        !request_read_messages(out, member_names[REQUEST_MESSAGES], fault) ||
        !stream_wish_read(out, fault) ||
        !read_limit(out, REQUEST_MAX_COMPLETION_TOKENS, &out->output_tokens, fault) ||
        !read_limit(out, REQUEST_MAX_TOKENS, &older, fault) ||
        !request_read_count(request_member(out, REQUEST_N), "n", CHOICES_MAX, &out->choices, fault))
        return false;
    /* The client gives both limits and a provider obeys one: the hold covers the larger. */
    if (older > out->output_tokens)
        out->output_tokens = older;
    return true;
}

bool chat_read(struct slice text, uint64_t seed, struct model_request *out,
               struct request_fault *fault)
{
    struct json_index index;
    bool good = request_begin(text, seed, &index, out, fault) && read_all(out, fault);
    request_end(out);
    return good;
}

/* ---- the provider's copy ---- */

static void set_value(const struct model_request *request, enum request_field which, int64_t tokens,
                      struct request_edits *edits)
{
    size_t from = edits->text.bytes;
    if (tokens > 0)
        buffer_append_int(&edits->text, tokens);
    else
        buffer_append_text(&edits->text, "null");
    request_replace(request, &request->members[which], edits, from);
}

/* Adds a limit that the request does not have: in place of a null, or as a new member. */
static void add_limit(const struct model_request *request, enum request_field which, int64_t tokens,
                      struct request_edits *edits, struct buffer *new_members)
{
    if (request->members[which].raw.data != NULL)
        set_value(request, which, tokens, edits);
    else
        buffer_printf(new_members, "%s\"%s\":%lld", new_members->bytes > 0 ? "," : "",
                      member_names[which], (long long)tokens);
}

static int64_t stated_limit(const struct model_request *request, enum request_field which)
{
    const struct json_value *value = request_member(request, which);
    int64_t tokens = 0;
    return value != NULL && json_int64(value, &tokens) ? tokens : 0;
}

/* Returns the limit that is then in force. */
static int64_t lower_limit(const struct model_request *request, enum request_field which,
                           int64_t most, struct request_edits *edits)
{
    int64_t stated = stated_limit(request, which);
    if (most <= 0 || stated <= most)
        return stated;
    set_value(request, which, most, edits);
    return most;
}

/* Moves the client's only limit to the provider's name for it: a server that does not know the
 * other name would apply no limit at all. */
static void move_limit(const struct model_request *request, enum request_field from_member,
                       enum request_field to_member, int64_t most, struct request_edits *edits)
{
    int64_t stated = stated_limit(request, from_member);
    if (request->members[to_member].raw.data != NULL) { /* its value is null */
        set_value(request, to_member, most > 0 && most < stated ? most : stated, edits);
        set_value(request, from_member, 0, edits);
        return;
    }
    struct slice key = request->keys[from_member];
    size_t from = edits->text.bytes;
    buffer_append_text(&edits->text, member_names[to_member]);
    request_add_edit(edits, request_offset(request->text, key.data), key.bytes, from);
    (void)lower_limit(request, from_member, most, edits);
}

static void edit_max_tokens(const struct model_request *request,
                            const struct request_changes *changes, struct request_edits *edits,
                            struct buffer *new_members)
{
    const char *newer = member_names[REQUEST_MAX_COMPLETION_TOKENS];
    bool both = strcmp(changes->max_tokens_field, "both") == 0;
    bool kept = both || strcmp(changes->max_tokens_field, "any") == 0;
    bool is_newer = strcmp(changes->max_tokens_field, newer) == 0;
    enum request_field wanted = is_newer ? REQUEST_MAX_COMPLETION_TOKENS : REQUEST_MAX_TOKENS;
    enum request_field other = is_newer ? REQUEST_MAX_TOKENS : REQUEST_MAX_COMPLETION_TOKENS;
    bool has_wanted = stated_limit(request, wanted) > 0;
    bool has_other = stated_limit(request, other) > 0;
    int64_t most = changes->output_tokens_max;
    int64_t tokens = most;
    if (has_other && !has_wanted && !kept) {
        move_limit(request, other, wanted, most, edits);
        return;
    }
    if (has_wanted)
        tokens = lower_limit(request, wanted, most, edits);
    if (has_other) /* a client that gives both limits keeps both */
        tokens = lower_limit(request, other, most, edits);
    if (tokens <= 0)
        return;
    if (!has_wanted)
        add_limit(request, wanted, tokens, edits, new_members);
    if (both && !has_other)
        add_limit(request, other, tokens, edits, new_members);
}

bool chat_apply(const struct model_request *request, const struct request_changes *changes,
                struct request_copy *out)
{
    struct request_edits edits = {.count = 0};
    struct buffer new_members;
    buffer_init(&edits.text, 4096);
    buffer_init(&new_members, 1024);
    request_edit_model(request, changes->model, &edits);
    stream_wish_edit(request, changes->usage_unasked, &edits, &new_members);
    edit_max_tokens(request, changes, &edits, &new_members);
    request_add_members(request, &new_members, &edits);
    dropped_members_cut(request, &edits);
    *out = (struct request_copy){.inserted = edits.text};
    request_cut(request->text, &edits, out);
    bool done = !edits.text.failed && !new_members.failed;
    buffer_fini(&new_members);
    return done;
}
