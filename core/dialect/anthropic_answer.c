#include <string.h>

#include "dialect/answer_state.h"
#include "dialect/anthropic.h"

/* What decides prices stands in the usage, and in what the answer is. */
static void read_holder(const struct json_value *holder, struct answer_facts *out)
{
    enum { USAGE, MODEL, MEMBERS };
    struct json_member members[MEMBERS] = {
        [USAGE] = {.name = "usage"}, [MODEL] = {.name = "model"}};
    json_find_all(holder, members, MEMBERS);
    out->holder = *holder;
    out->usage = members[USAGE].value;
    out->model = members[MODEL].value;
}

static const char *finish_of(const struct json_value *reason)
{
    static const struct {
        const char *theirs;
        const char *ours;
    } words[] = {{"end_turn", "stop"},         {"stop_sequence", "stop"},
                 {"pause_turn", "stop"},       {"tool_use", "tool_calls"},
                 {"max_tokens", "length"},     {"model_context_window_exceeded", "length"},
                 {"refusal", "content_filter"}};
    if (reason->type != JSON_STRING || reason->raw.bytes == 2)
        return NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (json_string_is(reason, words[i].theirs))
            return words[i].ours;
    }
    return "stop"; /* a word of tomorrow */
}

static void read_stop_reason(const struct json_value *object, struct answer_facts *out)
{
    struct json_member reason = {.name = "stop_reason"};
    json_find_all(object, &reason, 1);
    out->finish_reason = finish_of(&reason.value);
    out->said = out->said || out->finish_reason != NULL;
}

/* Members of a block, or of a delta of one, that the model has not generated. */
static bool is_aside(struct slice key)
{
    static const char *const names[] = {"type",      "id",          "index",  "signature",
                                        "citations", "tool_use_id", "caller", "citation"};
    return json_key_is_one_of(key, names, sizeof names / sizeof names[0]);
}

/* Whether a block holds what a tool of the provider has found: it says something, but the model
 * has not generated it. */
static bool is_result(const struct json_value *type)
{
    static const char end[] = "_tool_result\"";
    size_t bytes = sizeof end - 1;
    return type->type == JSON_STRING && type->raw.bytes >= bytes &&
           memcmp(type->raw.data + type->raw.bytes - bytes, end, bytes) == 0;
}

/* Measures a block, or a delta of one. */
static void read_block(const struct json_value *block, struct answer_facts *out)
{
    struct json_member type = {.name = "type"};
    struct json_walk walk = json_walk(block);
    struct json_item item;
    if (block->type != JSON_OBJECT)
        return;
    json_find_all(block, &type, 1);
    bool result = is_result(&type.value);
    out->said = out->said || result;
    while (!result && json_next(&walk, &item)) {
        if (is_aside(item.key))
            continue;
        int64_t bytes = media_text_bytes(&item.value);
        out->sizes.text_bytes += bytes;
        out->said = out->said || bytes > 0;
        if (item.value.type == JSON_STRING && item.value.raw.bytes > 2)
            out->text = (struct slice){item.value.raw.data + 1, item.value.raw.bytes - 2};
    }
}

static void read_content(const struct json_value *content, struct answer_facts *out)
{
    struct json_walk walk = json_walk(content);
    struct json_item block;
    while (content->type == JSON_ARRAY && json_next(&walk, &block))
        read_block(&block.value, out);
}

void anthropic_read_answer(const struct json_value *root, struct answer_facts *out)
{
    enum { TYPE, CONTENT, ERROR, MEMBERS };
    struct json_member members[MEMBERS] = {
        [TYPE] = {.name = "type"}, [CONTENT] = {.name = "content"}, [ERROR] = {.name = "error"}};
    *out = (struct answer_facts){.kind = ANSWER_PASSES};
    json_find_all(root, members, MEMBERS);
    if (json_string_is(&members[TYPE].value, "error") || members[ERROR].value.type == JSON_OBJECT) {
        out->kind = ANSWER_FAILS;
        out->error = *root;
        return;
    }
    read_holder(root, out);
    read_stop_reason(root, out);
    read_content(&members[CONTENT].value, out);
}

/* ---- events ---- */

static void start_block(struct answer_state *state, const struct json_value *root,
                        struct answer_facts *out)
{
    enum { INDEX, BLOCK, MEMBERS };
    struct json_member members[MEMBERS] = {
        [INDEX] = {.name = "index"}, [BLOCK] = {.name = "content_block"}};
    json_find_all(root, members, MEMBERS);
    read_block(&members[BLOCK].value, out);
    tool_calls_count_block(&members[BLOCK].value, &out->calls);
    if (state == NULL)
        return;
    state->block_open = true;
    state->block_opened = true;
    if (!json_int64(&members[INDEX].value, &state->block_index))
        state->block_index++;
}

static void read_inner(const struct json_value *root, const char *name,
                       void (*read)(const struct json_value *, struct answer_facts *),
                       struct answer_facts *out)
{
    struct json_member inner = {.name = name};
    json_find_all(root, &inner, 1);
    if (inner.value.type == JSON_OBJECT)
        read(&inner.value, out);
}

/* Counts may come more than once; the answer closes with its reason. */
static void read_message_delta(const struct json_value *root, struct answer_facts *out)
{
    read_holder(root, out);
    read_inner(root, "delta", read_stop_reason, out);
    if (out->finish_reason != NULL)
        out->kind = ANSWER_CLOSES;
}

void anthropic_note_text(struct answer_state *state, struct slice text)
{
    (void)text;
    state->block_opened = false;
}

/* Its content is empty, or has come already. */
static void read_message(const struct json_value *message, struct answer_facts *out)
{
    struct json_member content = {.name = "content"};
    read_holder(message, out);
    json_find_all(message, &content, 1);
    read_content(&content.value, out);
}

void anthropic_read_event(struct answer_state *state, const struct json_value *root,
                          struct answer_facts *out)
{
    struct json_member type = {.name = "type"};
    *out = (struct answer_facts){.kind = ANSWER_PASSES};
    json_find_all(root, &type, 1);
    if (state != NULL)
        state->block_opened = false;
    const struct json_value *word = &type.value;
    if (word->type != JSON_STRING) {
        out->kind = ANSWER_IGNORED;
        return;
    }
    if (json_string_is(word, "content_block_delta")) {
        read_inner(root, "delta", read_block, out);
    } else if (json_string_is(word, "content_block_start")) {
        start_block(state, root, out);
    } else if (json_string_is(word, "content_block_stop")) {
        if (state != NULL)
            state->block_open = false;
    } else if (json_string_is(word, "message_start")) {
        read_inner(root, "message", read_message, out);
        if (state != NULL)
            state->begun = true;
    } else if (json_string_is(word, "message_delta")) {
        read_message_delta(root, out);
    } else if (json_string_is(word, "message_stop")) {
        out->kind = ANSWER_ENDS;
    } else if (json_string_is(word, "ping")) {
        out->kind = ANSWER_IGNORED;
    } else if (json_string_is(word, "error")) {
        out->kind = ANSWER_FAILS;
        out->error = *root;
    } else { /* of tomorrow: what it says is not free */
        read_inner(root, "delta", read_block, out);
        read_inner(root, "content_block", read_block, out);
    }
}
