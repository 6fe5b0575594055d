#include "dialect/error_form.h"

#include <string.h>

/* A member that an object may have, and what it may be. */
struct known {
    const char *name;
    bool (*fits)(const struct json_value *value);
    bool needed;
};

/* Whether the object has the needed ones, each once, and no others than these. */
static bool has_only(const struct json_value *object, const struct known *known, size_t count)
{
    struct json_value value;
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned times = json_find(object, known[i].name, &value);
        if (times > 1 || (times == 0 && known[i].needed) || (times == 1 && !known[i].fits(&value)))
            return false;
        found += times;
    }
    return json_find_all(object, NULL, 0) == found;
}

#define HAS_ONLY(object, known) has_only(object, known, sizeof(known) / sizeof *(known))

static bool is_text(const struct json_value *value)
{
    return value->type == JSON_STRING;
}

static bool is_text_or_null(const struct json_value *value)
{
    return value->type == JSON_STRING || value->type == JSON_NULL;
}

static bool is_number(const struct json_value *value)
{
    return value->type == JSON_NUMBER;
}

static bool is_null(const struct json_value *value)
{
    return value->type == JSON_NULL;
}

/* ---- OpenAI's ---- */

static bool is_openai_error(const struct json_value *error)
{
    static const struct known known[] = {{"message", is_text, true},
                                         {"type", is_text_or_null, true},
                                         {"param", is_text_or_null, true},
                                         {"code", is_text_or_null, true}};
    return HAS_ONLY(error, known);
}

static bool is_openai(const struct json_value *root)
{
    static const struct known known[] = {{"error", is_openai_error, true}};
    return HAS_ONLY(root, known);
}

static bool has_code(const struct json_value *root, const char *code)
{
    struct json_value error;
    struct json_value value;
    return json_find(root, "error", &error) == 1 && json_find(&error, "code", &value) == 1 &&
           json_string_is(&value, code);
}

/* ---- Anthropic's ---- */

static bool is_word_error(const struct json_value *value)
{
    return json_string_is(value, "error");
}

static bool is_anthropic_error(const struct json_value *error)
{
    static const struct known known[] = {
        {"type", is_text, true}, {"message", is_text, true}, {"details", is_null, false}};
    return HAS_ONLY(error, known);
}

static bool is_anthropic(const struct json_value *root)
{
    static const struct known known[] = {{"type", is_word_error, true},
                                         {"error", is_anthropic_error, true},
                                         {"request_id", is_text_or_null, false}};
    return HAS_ONLY(root, known);
}

/* ---- Google's ---- */

static bool is_list_of(const struct json_value *list, bool (*fits)(const struct json_value *))
{
    struct json_walk walk = json_walk(list);
    struct json_item item;
    bool all = list->type == JSON_ARRAY;
    while (all && json_next(&walk, &item))
        all = fits(&item.value);
    return all;
}

static bool is_violation(const struct json_value *violation)
{
    static const struct known known[] = {
        {"field", is_text, false}, {"description", is_text, false}, {"reason", is_text, false}};
    return HAS_ONLY(violation, known);
}

static bool is_violations(const struct json_value *value)
{
    return is_list_of(value, is_violation);
}

static bool is_bad_request(const struct json_value *value)
{
    return json_string_is(value, "type.googleapis.com/google.rpc.BadRequest");
}

/* Others name the project that is billed, or what went on inside. */
static bool is_detail(const struct json_value *detail)
{
    static const struct known known[] = {{"@type", is_bad_request, true},
                                         {"fieldViolations", is_violations, false}};
    return HAS_ONLY(detail, known);
}

static bool is_details(const struct json_value *value)
{
    return is_list_of(value, is_detail);
}

static bool is_google_error(const struct json_value *error)
{
    static const struct known known[] = {{"code", is_number, true},
                                         {"message", is_text, true},
                                         {"status", is_text, true},
                                         {"details", is_details, false}};
    return HAS_ONLY(error, known);
}

static bool is_google(const struct json_value *root, int status)
{
    static const struct known known[] = {{"error", is_google_error, true}};
    struct json_value error;
    struct json_value code;
    int64_t number;
    return HAS_ONLY(root, known) && json_find(root, "error", &error) == 1 &&
           json_find(&error, "code", &code) == 1 && json_int64(&code, &number) && number == status;
}

bool error_form_is_own(enum dialect dialect, int status, const char *code,
                       const struct json_value *root)
{
    if (dialect == DIALECT_ANTHROPIC)
        return is_anthropic(root);
    if (dialect_is_google(dialect))
        return is_google(root, status);
    return is_openai(root) && (code == NULL || has_code(root, code));
}
