#include "dialect/request_members.h"

#include <string.h>

#include "base/limits.h"
#include "dialect/kept_objects.h"
#include "dialect/member_name.h"

enum {
    MEMBERS_MAX = 256,
    LARGE_BYTES = 512 /* values from this size on are not read twice */
};

/* Returns which of the names a server may read the key `name` as, or REQUEST_MEMBERS. */
static size_t name_among(struct slice name, const char *const names[REQUEST_MEMBERS],
                         enum member_case read_case)
{
    size_t i = 0;
    while (i < REQUEST_MEMBERS &&
           (names[i] == NULL || !member_name_reads_as(name, names[i], read_case)))
        i++;
    return i;
}

/* Most requests have some of these, and no guard looks for one: so it need not be compared with all
 * that they look for. The most usual ones first. */
enum { PLAIN_SEED = 3, PLAIN_TOP_K = 13 }; /* two of them are told in traces */
static const struct slice plain_names[] = {
    {"temperature", 11},
    {"top_p", 5},
    {"stop", 4},
    [PLAIN_SEED] = {"seed", 4},
    {"response_format", 15},
    {"user", 4},
    {"tool_choice", 11},
    {"reasoning_effort", 16},
    {"parallel_tool_calls", 19},
    {"logprobs", 8},
    {"top_logprobs", 12},
    {"presence_penalty", 16},
    {"frequency_penalty", 17},
    [PLAIN_TOP_K] = {"top_k", 5},
    {"stop_sequences", 14},
};

enum { PLAIN_NAMES = sizeof plain_names / sizeof *plain_names };

struct slice request_plain_name(size_t index)
{
    return index < PLAIN_NAMES ? plain_names[index] : (struct slice){NULL, 0};
}

/* Returns whether it is one of them. */
static bool note_plain(struct model_request *out, struct slice name, const struct json_value *value)
{
    size_t i = 0;
    while (i < PLAIN_NAMES && !slice_same(name, plain_names[i]))
        i++;
    if (i == PLAIN_SEED && value->type == JSON_NUMBER)
        out->seed = value->raw;
    else if (i == PLAIN_TOP_K && value->type == JSON_NUMBER)
        out->top_k = value->raw;
    return i < PLAIN_NAMES;
}

bool request_written_so(struct slice name, const char *ours, enum member_case read_case,
                        struct request_fault *fault)
{
    char camel[MEMBER_NAME_BYTES_MAX + 1];
    if (slice_equals(name, ours))
        return true;
    if (read_case == MEMBER_CASE_FOLDED)
        return request_fault_disguised(fault, NULL, name);
    return slice_equals(name, member_name_camel(ours, camel)) ||
           request_refuse(fault, "invalid_value", NULL, "The member '%.*s' must be written '%s'.",
                          (int)name.bytes, name.data, camel);
}

/* Keeps the member, if we read it, or counts it as input. `name` is its key, decoded. */
static bool read_member(struct model_request *out, const char *const names[REQUEST_MEMBERS],
                        enum member_case read_case, const struct json_item *item, struct slice name,
                        struct request_fault *fault)
{
    size_t member = name_among(name, names, read_case);
    if (member == REQUEST_MEMBERS) {
        prompt_add_member(&out->prompt, item->key, &item->value);
        if (note_plain(out, name, &item->value))
            return true;
        session_name_note(&out->session, name, &item->value);
        return kept_objects_allow(name, &item->value, out->kept, fault) &&
               asked_words_note(&out->asked, item, name, fault) &&
               paid_features_read(&out->paid, name, &item->value, fault);
    }
    if (!request_written_so(name, names[member], read_case, fault))
        return false;
    if (out->members[member].raw.data != NULL)
        return request_fault_twice(fault, names[member], name);
    out->members[member] = item->value;
    out->keys[member] = item->key;
    return true;
}

/* The names are read in Lua (lua/openai/wishes.lua). */
static bool check_models(const struct model_request *request, struct request_fault *fault)
{
    const struct json_value *models = request_member(request, REQUEST_MODELS);
    const struct json_value *route = request_member(request, REQUEST_ROUTE);
    if (models != NULL && route != NULL && !json_string_is(route, "fallback"))
        return request_refuse(fault, "invalid_value", "route",
                              "'route' can only be \"fallback\" beside 'models'; leave it out.");
    return models == NULL ||
           (models->type == JSON_ARRAY && models->raw.bytes <= LIMIT_WISHES_BYTES) ||
           request_refuse(fault, "invalid_value", "models",
                          "'models' must be a list of at most %d names of models.",
                          LIMIT_ASKED_MODELS);
}

/* What is wished is read in Lua (lua/openai/wishes.lua): so it is short. */
static bool check_wishes(const struct model_request *request, struct request_fault *fault)
{
    const struct json_value *wishes = request_member(request, REQUEST_PROVIDER);
    if (wishes == NULL)
        return true;
    if (wishes->type != JSON_OBJECT)
        return request_refuse(fault, "invalid_value", "provider",
                              "'provider' must be an object, such as {\"sort\": \"price\"}.");
    return wishes->raw.bytes <= LIMIT_WISHES_BYTES ||
           request_refuse(fault, "invalid_value", "provider",
                          "'provider' may have at most %d bytes.", LIMIT_WISHES_BYTES);
}

bool request_members_read(struct model_request *out, const char *const names[REQUEST_MEMBERS],
                          enum member_case read_case, struct request_fault *fault)
{
    struct slice keys[MEMBERS_MAX];
    size_t count = 0;
    struct json_walk walk = json_walk(&out->root);
    struct json_item item;
    out->paid.gemini = read_case == MEMBER_CASE_CAMEL;
    while (json_next(&walk, &item)) {
        if (count == MEMBERS_MAX)
            return request_refuse(fault, "invalid_json", NULL, "The body has more than %d members.",
                                  MEMBERS_MAX);
        for (size_t i = 0; i < count; i++) {
            if (slice_same(keys[i], item.key))
                return request_fault_twice(fault, NULL, item.key);
        }
        keys[count++] = item.key;
        struct buffer room = {0};
        bool good =
            read_member(out, names, read_case, &item, member_name_decode(item.key, &room), fault);
        buffer_fini(&room);
        if (!good)
            return false;
    }
    return check_wishes(out, fault) && check_models(out, fault);
}

const struct json_value *request_member(const struct model_request *request,
                                        enum request_field which)
{
    const struct json_value *value = &request->members[which];
    return value->raw.data != NULL && value->type != JSON_NULL ? value : NULL;
}

int request_find(const struct json_value *object, const char *name, struct json_value *out,
                 struct request_fault *fault)
{
    unsigned count = json_find(object, name, out);
    if (count > 1) {
        request_fault_twice(fault, name, slice_of(name));
        return -1;
    }
    return count == 1 && out->type != JSON_NULL ? 1 : 0;
}

/* The first of `models` counts where there is no `model`. */
static const struct json_value *model_of(const struct model_request *request,
                                         struct json_item *first)
{
    const struct json_value *value = request_member(request, REQUEST_MODEL);
    const struct json_value *models = request_member(request, REQUEST_MODELS);
    if (value != NULL || models == NULL || models->type != JSON_ARRAY)
        return value;
    struct json_walk walk = json_walk(models);
    return json_next(&walk, first) ? &first->value : NULL;
}

bool request_read_model(struct model_request *out, struct request_fault *fault)
{
    struct json_item first;
    const struct json_value *value = model_of(out, &first);
    if (value == NULL)
        return request_refuse(
            fault, "missing_field", "model",
            "You must provide a model parameter; GET /v1/models lists what there is.");
    if (value->type != JSON_STRING)
        return request_refuse(fault, "invalid_value", "model", "'model' must be a string.");
    struct buffer name;
    buffer_init(&name, sizeof out->model - 1);
    bool fits = json_decode_string(value, &name);
    bool plain = fits && name.bytes > 0 && memchr(name.data, '\0', name.bytes) == NULL;
    if (plain) {
        memcpy(out->model, name.data, name.bytes);
        out->model[name.bytes] = '\0';
    }
    buffer_fini(&name);
    if (!plain)
        return request_refuse(fault, "invalid_value", "model",
                              "'model' must be a name of 1 to %zu bytes.", sizeof out->model - 1);
    return true;
}

bool request_read_flag(const struct json_value *value, const char *name, bool *out,
                       struct request_fault *fault)
{
    if (value->type != JSON_TRUE && value->type != JSON_FALSE)
        return request_refuse(fault, "invalid_value", name, "'%s' must be true or false.", name);
    *out = value->type == JSON_TRUE;
    return true;
}

bool request_read_count(const struct json_value *value, const char *name, int64_t max, int64_t *out,
                        struct request_fault *fault)
{
    if (value == NULL)
        return true;
    if (value->type != JSON_NUMBER || !json_int64(value, out) || *out < 1 || *out > max)
        return request_refuse(fault, "invalid_value", name,
                              "'%s' must be a whole number from 1 to %lld.", name, (long long)max);
    return true;
}

bool request_read_list(struct model_request *out, const char *name,
                       const char *(*add)(struct prompt *, const struct json_value *),
                       struct request_fault *fault)
{
    const struct json_value *list = request_member(out, REQUEST_MESSAGES);
    if (list == NULL)
        return request_refuse(fault, "missing_field", name, "You must provide a %s parameter.",
                              name);
    if (list->type != JSON_ARRAY)
        return request_refuse(fault, "invalid_value", name, "'%s' must be an array.", name);
    struct json_walk walk = json_walk(list);
    struct json_item message;
    int64_t count = 0;
    while (json_next(&walk, &message)) {
        if (message.value.type != JSON_OBJECT)
            return request_refuse(fault, "invalid_value", name, "'%s[%lld]' must be an object.",
                                  name, (long long)count);
        const char *twice = add(&out->prompt, &message.value);
        if (twice != NULL)
            return request_fault_twice(fault, twice, slice_of(twice));
        count++;
    }
    if (count == 0)
        return request_refuse(fault, "invalid_value", name, "'%s' must not be empty.", name);
    if (out->prompt.may_name_kept && !kept_objects_allow_in(name, list, out->kept, fault))
        return false;
    if (out->prompt.may_add_tools && !paid_features_read_added(&out->paid, name, list, fault))
        return false;
    return !out->prompt.may_mark_caches || paid_features_read_marks(&out->paid, name, list, fault);
}

bool request_read_messages(struct model_request *out, const char *name, struct request_fault *fault)
{
    return request_read_list(out, name, prompt_add_message, fault);
}

bool request_begin(struct slice text, uint64_t seed, struct json_index *index,
                   struct model_request *out, struct request_fault *fault)
{
    struct fault why;
    memset(out, 0, sizeof *out);
    out->text = text;
    out->output_tokens = -1;
    out->choices = 1;
    out->prompt.bytes_most = (int64_t)text.bytes;
    out->prompt.mix.seed = seed;
    out->prompt.mix.whole = seed == 0;
    if (!json_parse_indexed(text, LIMIT_JSON_DEPTH, LARGE_BYTES, index, &out->root, &why))
        return request_refuse(fault, "invalid_json", NULL, "The body is not valid JSON: %.200s",
                              why.message);
    if (out->root.type != JSON_OBJECT)
        return request_refuse(fault, "invalid_json", NULL, "The body must be a JSON object.");
    return true;
}

void request_end(struct model_request *request)
{
    request->root.index = NULL;
    request->session.value.index = NULL;
    for (size_t i = 0; i < REQUEST_MEMBERS; i++)
        request->members[i].index = NULL;
}
