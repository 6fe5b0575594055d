#include <string.h>

#include "dialect/dropped_members.h"
#include "dialect/kept_items.h"
#include "dialect/paid_finder.h"
#include "dialect/request_edits.h"
#include "dialect/request_members.h"
#include "dialect/responses.h"

static const char *const names[REQUEST_MEMBERS] = {
    [REQUEST_MODEL] = "model",       [REQUEST_MESSAGES] = "input",
    [REQUEST_STREAM] = "stream",     [REQUEST_MAX_TOKENS] = "max_output_tokens",
    [REQUEST_PROVIDER] = "provider", [REQUEST_MODELS] = "models",
};

/* ---- the input ---- */

/* A text, or a list of items. */
static bool read_input(struct model_request *out, struct request_fault *fault)
{
    const struct json_value *input = request_member(out, REQUEST_MESSAGES);
    if (input == NULL || input->type != JSON_STRING)
        return request_read_list(out, "input", prompt_add_item, fault) &&
               (!out->prompt.may_stand_for_kept ||
                kept_items_read("input", input, out->kept, fault));
    out->prompt.message_count++;
    prompt_add_member(&out->prompt, out->keys[REQUEST_MESSAGES], input);
    return true;
}

/* ---- what decides prices of tools ---- */

static bool keep_word(const struct json_value *value, struct slice *word,
                      struct request_fault *fault)
{
    struct slice text = {value->raw.data + 1, value->raw.bytes - 2};
    if (value->type != JSON_STRING)
        return true;
    bool other = word->bytes > 0 &&
                 (word->bytes != text.bytes || memcmp(word->data, text.data, text.bytes) != 0);
    *word = text;
    return !other || request_refuse(fault, "invalid_value", "tools",
                                    "Tools of one request must agree on what decides their price.");
}

static bool note_tool(const struct json_value *tool, struct asked_words *asked,
                      struct request_fault *fault)
{
    enum { TYPE, CONTEXT, SIZE, QUALITY, MEMBERS };
    struct json_member members[MEMBERS] = {[TYPE] = {.name = "type"},
                                           [CONTEXT] = {.name = "search_context_size"},
                                           [SIZE] = {.name = "size"},
                                           [QUALITY] = {.name = "quality"}};
    json_find_all(tool, members, MEMBERS);
    const struct json_value *type = &members[TYPE].value;
    if (type->type != JSON_STRING)
        return true;
    if (slice_starts_with(type->raw, "\"web_search"))
        return keep_word(&members[CONTEXT].value, &asked->search_context, fault);
    return !json_string_is(type, "image_generation") ||
           (keep_word(&members[SIZE].value, &asked->size, fault) &&
            keep_word(&members[QUALITY].value, &asked->quality, fault));
}

static const char bound_name[] = "max_tool_calls";

/* It is lowered where it is too high, so it must not hide. */
static bool check_bound(struct model_request *out, struct request_fault *fault)
{
    static const struct paid_member member = {.name = bound_name};
    const struct paid_finder finder = {&out->paid, &member, fault, false};
    struct json_value bound;
    return paid_finder_read_inner(&finder, &out->root, bound_name, &bound);
}

static bool note_tools(struct model_request *out, struct request_fault *fault)
{
    struct json_member tools = {.name = "tools"};
    struct json_item tool;
    json_find_all(&out->root, &tools, 1);
    struct json_walk walk = json_walk(&tools.value);
    while (tools.value.type == JSON_ARRAY && json_next(&walk, &tool)) {
        if (!note_tool(&tool.value, &out->asked, fault))
            return false;
    }
    return true;
}

/* ---- all of it ---- */

static bool read_all(struct model_request *out, bool compacted, struct request_fault *fault)
{
    if (!request_members_read(out, names, MEMBER_CASE_FOLDED, fault) ||
        !request_read_model(out, fault) || !read_input(out, fault) ||
        !request_read_count(request_member(out, REQUEST_MAX_TOKENS), names[REQUEST_MAX_TOKENS],
                            INT32_MAX, &out->output_tokens, fault))
        return false;
    /* Without a paid feature there is nothing that such words decide. */
    if (out->paid.count > 0 && (!note_tools(out, fault) || !check_bound(out, fault)))
        return false;
    const struct json_value *streamed = request_member(out, REQUEST_STREAM);
    if (streamed != NULL && !request_read_flag(streamed, "stream", &out->streamed, fault))
        return false;
    out->in_background = paid_features_use(&out->paid, "background");
    if (out->in_background && !out->streamed)
        return request_refuse(fault, "invalid_value", "background",
                              "Work in the background can only be streamed here: nothing else "
                              "tells what it has cost. Add \"stream\": true, or leave it out.");
    return !(compacted && out->streamed) ||
           request_refuse(fault, "invalid_value", "stream", "A compaction cannot be streamed.");
}

bool responses_read_request(struct slice text, const struct request_address *address, uint64_t seed,
                            struct model_request *out, struct request_fault *fault)
{
    struct json_index index;
    bool good = request_begin(text, seed, &index, out, fault);
    out->kept = address->kept;
    good = good && read_all(out, address->compacted, fault);
    out->dialect = DIALECT_RESPONSES;
    if (address->compacted)
        out->compaction = COMPACTION_BY_PATH;
    else if (out->prompt.compacts)
        out->compaction = COMPACTION_BY_ITEM;
    out->usage_asked = true; /* its answers always tell it */
    request_end(out);
    return good;
}

/* ---- the provider's copy ---- */

static void edit_limit(const struct model_request *request, int64_t most,
                       struct request_edits *edits)
{
    const struct json_value *limit = &request->members[REQUEST_MAX_TOKENS];
    size_t from = edits->text.bytes;
    if (most <= 0 || request->compaction == COMPACTION_BY_PATH ||
        (request->output_tokens >= 0 && request->output_tokens <= most))
        return;
    if (limit->raw.data != NULL) {
        buffer_append_int(&edits->text, most);
        request_replace(request, limit, edits, from);
        return;
    }
    /* Behind the opening brace. The object has at least a model, so a comma follows. */
    buffer_printf(&edits->text, "\"%s\":%lld,", names[REQUEST_MAX_TOKENS], (long long)most);
    request_add_edit(edits, request_offset(request->text, request->root.raw.data) + 1, 0, from);
}

static void edit_searches(const struct model_request *request, int64_t most,
                          struct request_edits *edits)
{
    if (most > 0)
        request_lower(request, &request->root, bound_name, most, edits);
}

bool responses_apply(const struct model_request *request, const struct request_changes *changes,
                     struct request_copy *out)
{
    struct request_edits edits = {.count = 0};
    buffer_init(&edits.text, 4096);
    request_edit_model(request, changes->model, &edits);
    edit_limit(request, changes->output_tokens_max, &edits);
    edit_searches(request, changes->searches_max, &edits);
    dropped_members_cut(request, &edits);
    *out = (struct request_copy){.inserted = edits.text};
    request_cut(request->text, &edits, out);
    return !edits.text.failed;
}
