#include "dialect/kept_objects.h"

#include <string.h>

#include "dialect/kept_items.h"
#include "dialect/member_name.h"

enum {
    DEPTH = 24, /* deeper than any part of a request stands */
    URI_BYTES_MAX = 8192
};

/* An object counts by its id. */
static bool has_id(const struct json_value *object)
{
    struct json_value id;
    return object->type == JSON_OBJECT && json_find(object, "id", &id) > 0 && kept_names_fills(&id);
}

static bool is_text_or_id(const struct json_value *value)
{
    return value->type == JSON_OBJECT ? has_id(value) : kept_names_fills(value);
}

static bool is_object(const struct json_value *value)
{
    return value->type == JSON_OBJECT && kept_names_fills(value);
}

static bool is_there(const struct json_value *value)
{
    return value->type != JSON_NULL;
}

/* Skills that every account has ("pptx", "openai-…") are named otherwise than the operator's. */
static bool is_kept_skill(const struct json_value *value)
{
    return value->type != JSON_STRING || slice_char(value->raw, '\\') != NULL ||
           slice_starts_with(value->raw, "\"skill_");
}

/* Google signs in the operator's name at any address that the request gives. */
static bool is_operator_auth(const struct json_value *value)
{
    return json_string_is(value, "GOOGLE_SERVICE_ACCOUNT_AUTH");
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
        return kept_names_fills(value);
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
    {"previous_response_id", kept_names_fills},
    {"conversation", kept_names_fills},
    {"prompt", is_object},
    {"cached_content", kept_names_fills},
    {"container", is_text_or_id},
    {"thread", kept_names_fills},
    {"user_profile_id", kept_names_fills},
    {"continuation_token", kept_names_fills},
};

/* At any depth. */
static const struct kept_member inner[] = {
    {"file_id", kept_names_fills},
    {"file_ids", kept_names_fills},
    {"file_uri", is_kept_uri},
    {"container", is_text_or_id},
    {"container_id", kept_names_fills},
    {"vector_store_ids", kept_names_fills},
    {"file_search_store_names", kept_names_fills},
    {"tunnel_id", kept_names_fills},
    {"memory_store_id", kept_names_fills},
    {"datastore", kept_names_fills},
    {"engine", kept_names_fills}, /* Vertex AI's search */
    {"rag_corpora", kept_names_fills},
    {"rag_resources", kept_names_fills},
    {"previous_message_id", kept_names_fills},
    {"comparison_response_id", kept_names_fills},
    {"audio", has_id}, /* of an earlier answer */
    {"voice", has_id},
    {"skill_id", is_kept_skill},
    /* what the operator's project at Google may sign with */
    {"auth_type", is_operator_auth},
    {"google_service_account_config", is_there},
    {"service_account", kept_names_fills},
    {"api_key_secret", kept_names_fills},
    {"api_key_secret_version", kept_names_fills},
    {"credential_secret", kept_names_fills},
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

/* ---- walks ---- */

struct search {
    const char *param;
    struct kept_names *names;
    struct request_fault *fault;
};

/* A member that names something: ours is its name in this room. What an account may own is added
 * to the names, the rest is refused. */
static bool take(const struct search *search, const char *ours, struct slice name,
                 const struct json_value *value)
{
    struct kept_name kept = {.param = search->param, .kind = KEPT_RESPONSE, .brings = true};
    struct json_value id = *value;
    bool written_so = slice_equals(name, ours);
    if (strcmp(ours, "conversation") == 0)
        kept.kind = KEPT_CONVERSATION;
    else if (strcmp(ours, "comparison_response_id") == 0)
        kept.brings = false;
    else if (strcmp(ours, "previous_response_id") != 0)
        written_so = false;
    if (search->names == NULL || !written_so)
        return kept_names_refuse_kept(search->param, name, search->fault);
    if (value->type == JSON_OBJECT && kept.kind == KEPT_CONVERSATION &&
        !kept_items_find_id(value, search->param, &id, search->fault))
        return false;
    return kept_names_add(search->names, kept, &id, search->fault);
}

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
        const char *kept = named_by(inner, sizeof inner / sizeof inner[0], name, &item.value);
        if (kept != NULL)
            allowed = take(search, kept, name, &item.value);
        else if (holds && depth > 0 && !is_free(name))
            allowed = allow_in(search, &item.value, depth - 1);
        buffer_fini(&room);
    }
    return allowed;
}

bool kept_objects_allow_in(const char *name, const struct json_value *value,
                           struct kept_names *names, struct request_fault *fault)
{
    const struct search search = {name, names, fault};
    return (value->type != JSON_ARRAY && value->type != JSON_OBJECT) ||
           allow_in(&search, value, DEPTH);
}

/* Members at the top that may name something inside. */
static const char *holder_of(struct slice name)
{
    static const char *const list[] = {
        "tools",  "tool_config", "diagnostics", "prompt_cache_options",
        "system", "audio",       "container",   "instructions"};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (member_name_reads_as(name, list[i], MEMBER_CASE_CAMEL))
            return list[i];
    }
    return NULL;
}

bool kept_objects_allow(struct slice name, const struct json_value *value, struct kept_names *names,
                        struct request_fault *fault)
{
    const char *kept = named_by(top, sizeof top / sizeof top[0], name, value);
    const struct search search = {kept, names, fault};
    if (kept != NULL)
        return take(&search, kept, name, value);
    const char *holder = holder_of(name);
    return holder == NULL || kept_objects_allow_in(holder, value, names, fault);
}
