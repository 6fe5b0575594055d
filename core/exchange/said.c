#include "exchange/said.h"

/* Members that only say what stands beside them. */
static bool is_label(struct slice key)
{
    static const char *const labels[] = {"role", "type", "index", "format"};
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        if (json_key_is(key, labels[i]))
            return true;
    }
    return false;
}

/* Whether there is a string that is not empty somewhere inside. The depth is bounded by the
 * scanner's. */
static bool has_text(const struct json_value *value)
{
    struct json_item item;
    if (value->type == JSON_STRING)
        return value->raw.bytes > 2;
    if (value->type != JSON_ARRAY && value->type != JSON_OBJECT)
        return false;
    struct json_walk walk = json_walk(value);
    while (json_next(&walk, &item)) {
        if (!is_label(item.key) && has_text(&item.value))
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
    for (size_t i = 0; i < MEMBERS; i++) {
        if (has_text(&members[i].value))
            return true;
    }
    return false;
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
