#include "dialect/completion.h"

#include "base/limits.h"

enum { LARGE_BYTES = 256 }; /* values from this size on are not read twice */

static struct slice string_of(const struct json_member *member)
{
    return member->value.type == JSON_STRING ? member->value.raw : (struct slice){"", 0};
}

void completion_find(const struct json_value *root, struct completion *out)
{
    enum { ID, MODEL, ERROR, CHOICES, USAGE, SERVICE_TIER, TOOLS, OUTPUT, CANDIDATES, MEMBERS };
    struct json_member members[MEMBERS] = {[ID] = {.name = "id"},
                                           [MODEL] = {.name = "model"},
                                           [ERROR] = {.name = "error"},
                                           [CHOICES] = {.name = "choices"},
                                           [USAGE] = {.name = "usage"},
                                           [SERVICE_TIER] = {.name = "service_tier"},
                                           [TOOLS] = {.name = "tool_usage"},
                                           [OUTPUT] = {.name = "output"},
                                           [CANDIDATES] = {.name = "candidates"}};
    json_find_all(root, members, MEMBERS);
    out->root = *root;
    out->id = string_of(&members[ID]);
    out->model = string_of(&members[MODEL]);
    out->error = members[ERROR].value;
    out->choices = members[CHOICES].value;
    out->usage = members[USAGE].value;
    out->service_tier = members[SERVICE_TIER].value;
    out->beside = (struct usage_beside){.tool_usage = members[TOOLS].value,
                                        .output = members[OUTPUT].value,
                                        .candidates = members[CANDIDATES].value};
    out->error_count = members[ERROR].count;
    out->usage_count = members[USAGE].count;
}

bool completion_read(struct slice text, struct completion *out)
{
    struct json_value root;
    struct fault fault;
    *out = (struct completion){0};
    if (!json_parse(text, LIMIT_JSON_DEPTH, &root, &fault) || root.type != JSON_OBJECT)
        return false;
    completion_find(&root, out);
    return true;
}

bool completion_read_indexed(struct slice text, struct json_index *index, struct completion *out)
{
    struct json_value root;
    struct fault fault;
    *out = (struct completion){0};
    if (!json_parse_indexed(text, LIMIT_JSON_DEPTH, LARGE_BYTES, index, &root, &fault) ||
        root.type != JSON_OBJECT)
        return false;
    completion_find(&root, out);
    return true;
}

void completion_end(struct completion *completion)
{
    struct json_value *const values[] = {
        &completion->root,          &completion->error,
        &completion->choices,       &completion->usage,
        &completion->service_tier,  &completion->beside.tool_usage,
        &completion->beside.output, &completion->beside.candidates,
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        values[i]->index = NULL;
}

bool completion_has_choices(const struct completion *completion)
{
    struct json_item first;
    if (completion->choices.type != JSON_ARRAY)
        return false;
    struct json_walk walk = json_walk(&completion->choices);
    return json_next(&walk, &first);
}

bool completion_find_text(const struct completion *chunk, struct json_value *text)
{
    enum { FINISH_REASON, DELTA, TEXT, MEMBERS };
    struct json_member members[MEMBERS] = {[FINISH_REASON] = {.name = "finish_reason"},
                                           [DELTA] = {.name = "delta"},
                                           [TEXT] = {.name = "text"}};
    struct json_item choice;
    struct json_item second;
    if (chunk->choices.type != JSON_ARRAY)
        return false;
    struct json_walk walk = json_walk(&chunk->choices);
    if (!json_next(&walk, &choice) || json_next(&walk, &second))
        return false;
    json_find_all(&choice.value, members, MEMBERS);
    if (members[FINISH_REASON].value.type == JSON_STRING || members[DELTA].count > 1)
        return false;
    if (members[DELTA].count == 1)
        return json_find(&members[DELTA].value, "content", text) == 1 && text->type == JSON_STRING;
    *text = members[TEXT].value;
    return members[TEXT].count == 1 && text->type == JSON_STRING;
}

bool completion_find_padding(const struct completion *chunk, struct json_value *padding)
{
    return json_find(&chunk->root, "obfuscation", padding) == 1 && padding->type == JSON_STRING;
}

bool completion_is_error(const struct completion *completion)
{
    const struct json_value *error = &completion->error;
    struct json_item first;
    int64_t number;
    switch (error->type) {
    case JSON_NULL:
    case JSON_FALSE:
        return false;
    case JSON_NUMBER:
        return !json_int64(error, &number) || number != 0;
    case JSON_STRING:
        return error->raw.bytes > 2;
    case JSON_ARRAY:
    case JSON_OBJECT: {
        struct json_walk walk = json_walk(error);
        return json_next(&walk, &first);
    }
    case JSON_TRUE:
        break;
    }
    return true;
}
