#include "dialect/text_inputs.h"

#include "base/limits.h"
#include "dialect/request_members.h"

/* Each input has the model's context for itself. */
bool text_inputs_count(struct model_request *out, int64_t count, const char *name,
                       struct request_fault *fault)
{
    if (count == 0)
        return request_refuse(fault, "invalid_value", name, "'%s' must not be empty.", name);
    if (count > LIMIT_INPUTS)
        return request_refuse(fault, "invalid_value", name, "'%s' must have at most %d entries.",
                              name, LIMIT_INPUTS);
    out->prompt.input_count = count;
    out->prompt.message_count = count;
    return true;
}

static bool is_whole_number(const struct json_value *value)
{
    int64_t number;
    return value->type == JSON_NUMBER && json_int64(value, &number) && number >= 0;
}

/* A list of tokens, or a text. */
static bool is_input(const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item token;
    bool tokens = value->type == JSON_ARRAY;
    while (tokens && json_next(&walk, &token))
        tokens = is_whole_number(&token.value);
    return tokens || value->type == JSON_STRING;
}

/* Texts, and tokens that come as numbers: so many, and no text. */
static void add_inputs(struct prompt *prompt, struct slice key, const struct json_value *input)
{
    struct json_walk walk = json_walk(input);
    struct json_item item;
    if (input->type == JSON_STRING)
        prompt_add_member(prompt, key, input);
    while (input->type == JSON_ARRAY && json_next(&walk, &item)) {
        if (item.value.type == JSON_NUMBER)
            prompt->token_count++;
        else
            add_inputs(prompt, key, &item.value);
    }
}

/* A text, a list of texts, a list of tokens, or a list of such lists. */
bool text_inputs_read(struct model_request *out, const struct json_value *input, const char *name,
                      struct request_fault *fault)
{
    struct json_walk walk = json_walk(input);
    struct json_item item;
    int64_t count = 0;
    bool tokens = false;
    while (input->type == JSON_ARRAY && json_next(&walk, &item)) {
        bool number = is_whole_number(&item.value);
        if ((count > 0 && number != tokens) || (!number && !is_input(&item.value)))
            return request_refuse(fault, "invalid_value", name,
                                  "'%s[%lld]' must be a text or a list of tokens, like the "
                                  "entries before it.",
                                  name, (long long)count);
        tokens = number;
        count++;
    }
    add_inputs(&out->prompt, out->keys[REQUEST_MESSAGES], input);
    if (input->type == JSON_STRING || (tokens && count > 0))
        return text_inputs_count(out, 1, name, fault);
    if (input->type == JSON_ARRAY)
        return text_inputs_count(out, count, name, fault);
    return request_refuse(fault, "invalid_value", name, "'%s' must be a text or a list.", name);
}
