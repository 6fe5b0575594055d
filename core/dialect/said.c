#include "dialect/said.h"

bool said_is_label(struct slice key)
{
    static const char *const names[] = {"role",   "type",      "index",    "format",    "id",
                                        "object", "mime_type", "mimeType", "media_type"};
    return json_key_is_one_of(key, names, sizeof names / sizeof names[0]);
}

bool said_is_aside(struct slice key)
{
    static const char *const names[] = {"role",
                                        "type",
                                        "index",
                                        "id",
                                        "object",
                                        "name",
                                        "model",
                                        "status",
                                        "annotations",
                                        "citations",
                                        "content_filter_results",
                                        "provider_specific_fields",
                                        "native_finish_reason"};
    return json_key_is_one_of(key, names, sizeof names / sizeof names[0]);
}

/* Returns whether any string inside is not empty. The scanner bounds the depth. */
static bool has_text(const struct json_value *value)
{
    struct json_item item;
    if (value->type == JSON_STRING)
        return value->raw.bytes > 2;
    if (value->type != JSON_ARRAY && value->type != JSON_OBJECT)
        return false;
    struct json_walk walk = json_walk(value);
    while (json_next(&walk, &item)) {
        if (!said_is_label(item.key) && has_text(&item.value))
            return true;
    }
    return false;
}

static bool message_says(const struct json_value *message)
{
    struct json_item item;
    if (message->type != JSON_OBJECT)
        return false;
    struct json_walk walk = json_walk(message);
    while (json_next(&walk, &item)) {
        if (!said_is_aside(item.key) && has_text(&item.value))
            return true;
    }
    return false;
}

static bool choice_says(const struct json_value *choice)
{
    enum { FINISH_REASON, DELTA, MESSAGE, TEXT, MEMBERS };
    struct json_member members[MEMBERS] = {[FINISH_REASON] = {.name = "finish_reason"},
                                           [DELTA] = {.name = "delta"},
                                           [MESSAGE] = {.name = "message"},
                                           [TEXT] = {.name = "text"}};
    json_find_all(choice, members, MEMBERS);
    return has_text(&members[FINISH_REASON].value) || message_says(&members[DELTA].value) ||
           message_says(&members[MESSAGE].value) || has_text(&members[TEXT].value);
}

bool said_something(const struct json_value *choices)
{
    struct json_item choice;
    if (choices->type != JSON_ARRAY)
        return false;
    struct json_walk walk = json_walk(choices);
    while (json_next(&walk, &choice)) {
        if (choice_says(&choice.value))
            return true;
    }
    return false;
}
