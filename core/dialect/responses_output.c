#include "dialect/responses_output.h"

#include "dialect/foreign_marks.h"

static struct json_value type_of(const struct json_value *item)
{
    struct json_member type = {.name = "type"};
    json_find_all(item, &type, 1);
    return type.value;
}

static void add(int64_t bytes, struct answer_facts *out)
{
    out->sizes.text_bytes += bytes;
    out->said = out->said || bytes > 0;
}

/* Parts of a content, or of a summary: their citations and probabilities are not text. */
static void read_parts(const struct json_value *parts, struct answer_facts *out)
{
    enum { TEXT, REFUSAL, TRANSCRIPT, MEMBERS };
    struct json_walk walk = json_walk(parts);
    struct json_item part;
    while (parts->type == JSON_ARRAY && json_next(&walk, &part)) {
        struct json_member members[MEMBERS] = {[TEXT] = {.name = "text"},
                                               [REFUSAL] = {.name = "refusal"},
                                               [TRANSCRIPT] = {.name = "transcript"}};
        json_find_all(&part.value, members, MEMBERS);
        for (size_t i = 0; i < MEMBERS; i++) {
            if (members[i].value.type == JSON_STRING)
                add(media_text_bytes(&members[i].value), out);
        }
    }
}

/* What a call asks for; what its tool has found is not generated. */
static bool is_asked(struct slice key)
{
    static const char *const names[] = {"name", "arguments", "input",
                                        "code", "action",    "operation"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_key_is(key, names[i]))
            return true;
    }
    return false;
}

/* An answer that is a summary repeats what users have said. */
static bool is_repeated(const struct json_value *item)
{
    struct json_member role = {.name = "role"};
    json_find_all(item, &role, 1);
    return json_string_is(&role.value, "user");
}

void responses_output_read_item(const struct json_value *item, struct answer_facts *out)
{
    static const char *const quiet[] = {"message", "reasoning"};
    struct json_value type = type_of(item);
    struct json_walk walk = json_walk(item);
    struct json_item member;
    if (item->type != JSON_OBJECT)
        return;
    if (!json_string_is_one_of(&type, quiet, sizeof quiet / sizeof quiet[0]))
        out->said = true;
    else if (json_string_is(&type, "message") && is_repeated(item))
        return;
    if (json_string_is(&type, "image_generation_call")) {
        out->sizes.image_count++;
        return;
    }
    while (json_next(&walk, &member)) {
        if (json_key_is(member.key, "content") || json_key_is(member.key, "summary"))
            read_parts(&member.value, out);
        else if (is_asked(member.key))
            add(media_text_bytes(&member.value), out);
    }
}

void responses_output_read_begun(const struct json_value *item, struct answer_facts *out)
{
    static const char *const quiet[] = {"message", "reasoning"};
    struct json_value type = type_of(item);
    struct json_member name = {.name = "name"};
    if (item->type != JSON_OBJECT ||
        json_string_is_one_of(&type, quiet, sizeof quiet / sizeof quiet[0]))
        return;
    json_find_all(item, &name, 1);
    out->said = true;
    if (name.value.type == JSON_STRING)
        add(media_text_bytes(&name.value), out);
}

bool responses_output_calls(const struct json_value *output)
{
    static const char *const calls[] = {
        "function_call",    "custom_tool_call", "local_shell_call", "shell_call",
        "apply_patch_call", "computer_call",    "tool_search_call", "mcp_approval_request"};
    struct json_walk walk = json_walk(output);
    struct json_item item;
    while (output->type == JSON_ARRAY && json_next(&walk, &item)) {
        struct json_value type = type_of(&item.value);
        if (json_string_is_one_of(&type, calls, sizeof calls / sizeof calls[0]))
            return true;
    }
    return false;
}

void responses_output_read_summary(const struct json_value *item, struct answer_facts *out)
{
    static const char mark[] = "\"" FOREIGN_MARKS_SUMMARY;
    struct json_member text = {.name = "encrypted_content"};
    json_find_all(item, &text, 1);
    if (text.value.type == JSON_STRING && slice_starts_with(text.value.raw, mark))
        add(media_text_bytes(&text.value) - (int64_t)(sizeof mark - 2), out);
}
