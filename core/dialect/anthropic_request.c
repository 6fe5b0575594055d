#include "dialect/anthropic.h"
#include "dialect/dropped_members.h"
#include "dialect/request_edits.h"
#include "dialect/request_members.h"

static const char *const names[REQUEST_MEMBERS] = {
    [REQUEST_MODEL] = "model",       [REQUEST_MESSAGES] = "messages",
    [REQUEST_STREAM] = "stream",     [REQUEST_MAX_TOKENS] = "max_tokens",
    [REQUEST_PROVIDER] = "provider", [REQUEST_MODELS] = "models",
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

/* The least that the API takes. */
enum { THINKING_TOKENS_MIN = 1024 };

/* A budget of thoughts must be below the limit of the answer: it shrinks with that, and where too
 * little is left, there are no thoughts. */
static void lower_thinking(const struct model_request *request, int64_t most,
                           struct request_edits *edits)
{
    struct json_value thinking;
    struct json_value budget;
    int64_t tokens = 0;
    if (json_find(&request->root, "thinking", &thinking) != 1 || thinking.type != JSON_OBJECT ||
        json_find(&thinking, "budget_tokens", &budget) != 1 || budget.type != JSON_NUMBER ||
        !json_int64(&budget, &tokens) || tokens < most || tokens > INT32_MAX)
        return;
    size_t from = edits->text.bytes;
    int64_t lowered = most * tokens / request->output_tokens;
    lowered = lowered < most ? lowered : most - 1;
    if (most <= THINKING_TOKENS_MIN) {
        buffer_append_text(&edits->text, "{\"type\":\"disabled\"}");
        request_replace(request, &thinking, edits, from);
        return;
    }
    buffer_append_int(&edits->text, lowered > THINKING_TOKENS_MIN ? lowered : THINKING_TOKENS_MIN);
    request_replace(request, &budget, edits, from);
}

/* A request has one tool for searches, since two of one name are refused; more than these are left
 * as they are. */
static void lower_searches(const struct model_request *request, int64_t most,
                           struct request_edits *edits)
{
    enum { SEARCH_TOOLS_MAX = 4 };
    struct json_value tools;
    struct json_value type;
    struct json_item tool;
    size_t count = 0;
    if (most <= 0 || json_find(&request->root, "tools", &tools) != 1 || tools.type != JSON_ARRAY)
        return;
    struct json_walk walk = json_walk(&tools);
    while (count < SEARCH_TOOLS_MAX && json_next(&walk, &tool)) {
        if (json_find(&tool.value, "type", &type) != 1 ||
            !slice_starts_with(type.raw, "\"web_search"))
            continue;
        request_lower(request, &tool.value, "max_uses", most, edits);
        count++;
    }
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
        lower_thinking(request, most, &edits);
    }
    lower_searches(request, changes->searches_max, &edits);
    dropped_members_cut(request, &edits);
    *out = (struct request_copy){.inserted = edits.text};
    request_cut(request->text, &edits, out);
    return !edits.text.failed;
}
