#include "dialect/kept_objects.h"

#include <stdarg.h>
#include <string.h>

#include "dialect/member_name.h"

enum {
    DEPTH = 24, /* deeper than any part of a request stands */
    URI_BYTES_MAX = 8192
};

static bool refuse(struct request_fault *fault, const char *param, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(struct request_fault *fault, const char *param, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    request_fault_set(fault, "invalid_value", param, format, arguments);
    va_end(arguments);
    return false;
}

/* `name` is as the client wrote it. */
static bool refuse_name(struct request_fault *fault, const char *param, struct slice name)
{
    return refuse(fault, param,
                  "'%.*s' names something that the model's provider keeps for all customers of "
                  "this gateway together, so it cannot be named. Send what it stands for.",
                  (int)name.bytes, name.data);
}

/* Nothing is named by null, "", [] and {}. */
static bool names_something(const struct json_value *value)
{
    struct json_walk walk = json_walk(value);
    struct json_item first;
    if (value->type == JSON_ARRAY || value->type == JSON_OBJECT)
        return json_next(&walk, &first);
    return value->type == JSON_NUMBER || (value->type == JSON_STRING && value->raw.bytes > 2);
}

/* An object counts by its id. */
static bool has_id(const struct json_value *object)
{
    struct json_value id;
    return object->type == JSON_OBJECT && json_find(object, "id", &id) > 0 && names_something(&id);
}

static bool is_text_or_id(const struct json_value *value)
{
    return value->type == JSON_OBJECT ? has_id(value) : names_something(value);
}

static bool is_object(const struct json_value *value)
{
    return value->type == JSON_OBJECT && names_something(value);
}

/* ---- files by their address ---- */

/* Google's servers read their own addresses with the rights of the account. Of others only the
 * usual letters may stand in the host: no escape hides one. */
static bool is_public(const struct slice uri)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:";
    static const char google[] = "googleapis";
    size_t scheme = 0;
    if (uri.bytes > 8 && slice_same_nocase(uri.data, "https://", 8))
        scheme = 8;
    else if (uri.bytes > 7 && slice_same_nocase(uri.data, "http://", 7))
        scheme = 7;
    size_t host = 0;
    const char *at = uri.data + scheme;
    size_t left = uri.bytes - scheme;
    while (host < left && memchr("/?#", at[host], 3) == NULL) {
        bool known = at[host] != '\0' && strchr(letters, at[host]) != NULL;
        bool theirs = left - host >= sizeof google - 1 &&
                      slice_same_nocase(at + host, google, sizeof google - 1);
        if (!known || theirs)
            return false;
        host++;
    }
    return scheme > 0 && host > 0;
}

static bool is_kept_uri(const struct json_value *value)
{
    struct buffer uri;
    if (value->type != JSON_STRING)
        return names_something(value);
    buffer_init(&uri, URI_BYTES_MAX);
    bool kept = !json_decode_string(value, &uri) || !is_public(buffer_slice(&uri));
    buffer_fini(&uri);
    return kept;
}

/* ---- members ---- */

struct kept_member {
    const char *name;
    bool (*names)(const struct json_value *value);
};

/* At the top of a request. */
static const struct kept_member top[] = {
    {"previous_response_id", names_something},
    {"conversation", names_something},
    {"prompt", is_object},
    {"cached_content", names_something},
    {"container", is_text_or_id},
    {"thread", names_something},
    {"user_profile_id", names_something},
    {"continuation_token", names_something},
};

/* At any depth. */
static const struct kept_member inner[] = {
    {"file_id", names_something},
    {"file_ids", names_something},
    {"file_uri", is_kept_uri},
    {"container", is_text_or_id},
    {"container_id", names_something},
    {"vector_store_ids", names_something},
    {"file_search_store_names", names_something},
    {"tunnel_id", names_something},
    {"memory_store_id", names_something},
    {"datastore", names_something},
    {"engine", names_something}, /* Vertex AI's search */
    {"rag_corpora", names_something},
    {"rag_resources", names_something},
    {"previous_message_id", names_something},
    {"comparison_response_id", names_something},
    {"audio", has_id}, /* of an earlier answer */
    {"voice", has_id},
};

/* What the client's own tools take and give has members of any name. */
static bool is_free(struct slice name)
{
    static const char *const list[] = {
        "input",       "arguments",      "args",          "response",
        "parameters",  "input_schema",   "output_schema", "parameters_json_schema",
        "schema",      "input_examples", "metadata",      "response_json_schema",
        "annotations", "citations",      "part_metadata", "structured_content"};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (member_name_reads_as(name, list[i], MEMBER_CASE_CAMEL))
            return true;
    }
    return false;
}

/* Returns our name of a member that names something; NULL: it does not. */
static const char *named_by(const struct kept_member *members, size_t count, struct slice name,
                            const struct json_value *value)
{
    for (size_t i = 0; i < count; i++) {
        if (member_name_reads_as(name, members[i].name, MEMBER_CASE_CAMEL) &&
            members[i].names(value))
            return members[i].name;
    }
    return NULL;
}

/* ---- items of the Responses API ---- */

/* An item that stands for another one, or a picture of which only the id is told. */
static bool is_reference(const struct json_value *item)
{
    enum { TYPE, ROLE, ID, RESULT, MEMBERS };
    struct json_member members[MEMBERS] = {[TYPE] = {.name = "type"},
                                           [ROLE] = {.name = "role"},
                                           [ID] = {.name = "id"},
                                           [RESULT] = {.name = "result"}};
    if (item->type != JSON_OBJECT)
        return false;
    json_find_all(item, members, MEMBERS);
    const struct json_value *type = &members[TYPE].value;
    bool named = names_something(&members[ID].value);
    if (type->type != JSON_STRING)
        return named && members[ROLE].count == 0;
    if (json_string_is(type, "item_reference"))
        return true;
    return named && json_string_is(type, "image_generation_call") &&
           !names_something(&members[RESULT].value);
}

/* ---- walks ---- */

struct search {
    const char *param;
    struct request_fault *fault;
};

static bool allow_in(const struct search *search, const struct json_value *container,
                     unsigned depth)
{
    struct json_walk walk = json_walk(container);
    struct json_item item;
    bool allowed = true;
    while (allowed && json_next(&walk, &item)) {
        bool holds = item.value.type == JSON_ARRAY || item.value.type == JSON_OBJECT;
        struct buffer room = {0};
        struct slice name = member_name_decode(item.key, &room);
        if (named_by(inner, sizeof inner / sizeof inner[0], name, &item.value) != NULL)
            allowed = refuse_name(search->fault, search->param, name);
        else if (holds && depth > 0 && !is_free(name))
            allowed = allow_in(search, &item.value, depth - 1);
        buffer_fini(&room);
    }
    return allowed;
}

bool kept_objects_allow_in(const char *name, const struct json_value *value,
                           struct request_fault *fault)
{
    const struct search search = {name, fault};
    struct json_walk walk = json_walk(value);
    struct json_item item;
    if (value->type != JSON_ARRAY && value->type != JSON_OBJECT)
        return true;
    while (strcmp(name, "input") == 0 && json_next(&walk, &item)) {
        if (is_reference(&item.value))
            return refuse_name(fault, name, slice_of("item_reference"));
    }
    return allow_in(&search, value, DEPTH);
}

/* Members at the top that may name something inside. */
static const char *holder_of(struct slice name)
{
    static const char *const list[] = {
        "tools",  "tool_config", "diagnostics", "prompt_cache_options",
        "system", "audio",       "container"};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (member_name_reads_as(name, list[i], MEMBER_CASE_CAMEL))
            return list[i];
    }
    return NULL;
}

bool kept_objects_allow(struct slice name, const struct json_value *value,
                        struct request_fault *fault)
{
    const char *kept = named_by(top, sizeof top / sizeof top[0], name, value);
    if (kept != NULL)
        return refuse_name(fault, kept, name);
    const char *holder = holder_of(name);
    return holder == NULL || kept_objects_allow_in(holder, value, fault);
}
