#include <string.h>

#include "dialect/gemini.h"
#include "dialect/kept_objects.h"
#include "dialect/request_edits.h"
#include "dialect/request_members.h"

#define WHOLE_REQUEST "generateContentRequest"

enum { CHOICES_MAX = 128 };

static const char *const names[REQUEST_MEMBERS] = {
    [REQUEST_MODEL] = "model",
    [REQUEST_MESSAGES] = "contents",
    [REQUEST_SYSTEM] = "system_instruction",
    [REQUEST_GENERATION] = "generation_config",
};

/* The members of generationConfig that we read; they stand among the request's. */
static const char *const inner_names[REQUEST_MEMBERS] = {
    [REQUEST_MAX_TOKENS] = "max_output_tokens",
    [REQUEST_N] = "candidate_count",
};

/* ---- the model: the address has it ---- */

bool gemini_read_address(const struct request_address *address, struct model_request *out,
                         struct request_fault *fault)
{
    struct slice model = address->model;
    bool fits = model.bytes > 0 && model.bytes < sizeof out->model &&
                memchr(model.data, '\0', model.bytes) == NULL;
    if (!fits)
        return request_refuse(fault, "invalid_value", "model",
                              "The address must name a model of 1 to %zu bytes.",
                              sizeof out->model - 1);
    slice_copy(model, out->model, sizeof out->model);
    out->streamed = address->streamed;
    out->as_array = address->as_array;
    return true;
}

bool gemini_check_model(const char *model, const struct json_value *value,
                        struct request_fault *fault)
{
    static const char folder[] = "models/";
    char full[sizeof folder + LIMIT_MODEL_NAME_BYTES];
    if (value == NULL)
        return true;
    (void)stpcpy(stpcpy(full, folder), model);
    if (value->type == JSON_STRING && (json_string_is(value, model) || json_string_is(value, full)))
        return true;
    return request_refuse(fault, "invalid_value", "model",
                          "'model' must be the model of the address.");
}

/* ---- what is generated ---- */

/* Notes a member of generationConfig, if we read it. */
static bool note_inner(struct model_request *out, const struct json_item *item, struct slice name,
                       struct request_fault *fault)
{
    size_t i = 0;
    while (i < REQUEST_MEMBERS && (inner_names[i] == NULL ||
                                   !member_name_reads_as(name, inner_names[i], MEMBER_CASE_CAMEL)))
        i++;
    if (i == REQUEST_MEMBERS)
        return true;
    if (!request_written_so(name, inner_names[i], MEMBER_CASE_CAMEL, fault))
        return false;
    if (out->members[i].raw.data != NULL)
        return request_fault_twice(fault, "generationConfig", name);
    out->members[i] = item->value;
    out->keys[i] = item->key;
    return true;
}

/* The size under the name that prices have: the enum of responseFormat has others. */
static struct slice size_of(struct slice word)
{
    static const char *const sizes[][2] = {{"IMAGE_SIZE_UNSPECIFIED", ""},
                                           {"IMAGE_SIZE_FIVE_TWELVE", "512"},
                                           {"IMAGE_SIZE_ONE_K", "1K"},
                                           {"IMAGE_SIZE_TWO_K", "2K"},
                                           {"IMAGE_SIZE_FOUR_K", "4K"}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (slice_equals_nocase(word, sizes[i][0]))
            return slice_of(sizes[i][1]);
    }
    return word;
}

/* The size of pictures decides what they cost. */
static bool note_size(struct model_request *out, const struct json_item *member, struct slice name,
                      struct request_fault *fault)
{
    const struct json_value *size = &member->value;
    if (!member_name_reads_as(name, "image_size", MEMBER_CASE_CAMEL) || size->type == JSON_NULL)
        return true;
    if (!request_written_so(name, "image_size", MEMBER_CASE_CAMEL, fault))
        return false;
    if (size->type != JSON_STRING) /* an enum may be written as its number */
        return request_refuse(fault, "invalid_value", "generationConfig",
                              "'imageSize' must be a string.");
    if (out->asked.size.bytes > 0)
        return request_fault_twice(fault, "generationConfig", member->key);
    out->asked.size = size_of((struct slice){size->raw.data + 1, size->raw.bytes - 2});
    return true;
}

/* What has the size: an object, or in responseFormat one within it, or a list of such. */
static bool note_sizes(struct model_request *out, const struct json_value *container, bool formats,
                       struct request_fault *fault)
{
    struct json_walk walk = json_walk(container);
    struct json_item item;
    bool good = true;
    while (good && container->type >= JSON_ARRAY && json_next(&walk, &item)) {
        struct buffer room = {0};
        struct slice name = member_name_decode(item.key, &room);
        if (!formats)
            good = note_size(out, &item, name, fault);
        else if (container->type == JSON_ARRAY)
            good = note_sizes(out, &item.value, true, fault);
        else if (member_name_reads_as(name, "image", MEMBER_CASE_FOLDED))
            good = note_sizes(out, &item.value, false, fault);
        buffer_fini(&room);
    }
    return good;
}

static bool note_pictures(struct model_request *out, const struct json_item *item,
                          struct slice name, struct request_fault *fault)
{
    if (member_name_reads_as(name, "image_config", MEMBER_CASE_CAMEL))
        return note_sizes(out, &item->value, false, fault);
    return !member_name_reads_as(name, "response_format", MEMBER_CASE_CAMEL) ||
           note_sizes(out, &item->value, true, fault);
}

static bool read_config(struct model_request *out, const struct json_value *config,
                        struct request_fault *fault)
{
    struct json_walk walk = json_walk(config);
    struct json_item item;
    while (json_next(&walk, &item)) {
        struct buffer room = {0};
        struct slice name = member_name_decode(item.key, &room);
        bool good = note_inner(out, &item, name, fault) && note_pictures(out, &item, name, fault);
        buffer_fini(&room);
        if (!good)
            return false;
    }
    return request_read_count(request_member(out, REQUEST_MAX_TOKENS), "maxOutputTokens", INT32_MAX,
                              &out->output_tokens, fault) &&
           request_read_count(request_member(out, REQUEST_N), "candidateCount", CHOICES_MAX,
                              &out->choices, fault);
}

static bool read_generation(struct model_request *out, struct request_fault *fault)
{
    const struct json_value *config = request_member(out, REQUEST_GENERATION);
    struct slice key = out->keys[REQUEST_GENERATION];
    if (config == NULL)
        return true;
    if (config->type != JSON_OBJECT)
        return request_refuse(fault, "invalid_value", "generationConfig",
                              "'generationConfig' must be an object.");
    const char *written = slice_char(key, '_') != NULL ? "generation_config" : "generationConfig";
    prompt_add_member(&out->prompt, key, config);
    return paid_features_read(&out->paid, slice_of(written), config, fault) &&
           read_config(out, config, fault);
}

/* ---- the input ---- */

bool gemini_add_content(struct model_request *out, const struct json_value *content,
                        const char *param, struct request_fault *fault)
{
    const char *twice = prompt_add_content(&out->prompt, content);
    if (twice != NULL)
        return request_fault_twice(fault, twice, slice_of(twice));
    return !out->prompt.may_name_kept || kept_objects_allow_in(param, content, NULL, fault);
}

/* Its contents have no marks of caches and bring no tools. */
static const char *add_entry(struct prompt *prompt, const struct json_value *content)
{
    const char *twice = prompt_add_content(prompt, content);
    prompt->may_mark_caches = false;
    prompt->may_add_tools = false;
    return twice;
}

/* One content may stand without its list. */
static bool read_contents(struct model_request *out, struct request_fault *fault)
{
    const struct json_value *contents = request_member(out, REQUEST_MESSAGES);
    if (contents != NULL && contents->type == JSON_OBJECT)
        return gemini_add_content(out, contents, "contents", fault);
    return request_read_list(out, "contents", add_entry, fault);
}

static bool read_system(struct model_request *out, struct request_fault *fault)
{
    const struct json_value *system = request_member(out, REQUEST_SYSTEM);
    if (system == NULL)
        return true;
    if (system->type == JSON_OBJECT)
        return gemini_add_content(out, system, "contents", fault);
    prompt_add_member(&out->prompt, out->keys[REQUEST_SYSTEM], system);
    return kept_objects_allow_in("contents", system, NULL, fault);
}

/* A count may be of a whole request, which stands in a member of its own. */
static bool begin(struct slice text, const struct request_address *address, uint64_t seed,
                  struct json_index *index, struct model_request *out, struct request_fault *fault)
{
    struct json_value whole;
    if (!request_begin(text, seed, index, out, fault))
        return false;
    if (!address->counted)
        return true;
    unsigned count = json_find(&out->root, WHOLE_REQUEST, &whole) +
                     json_find(&out->root, "generate_content_request", &whole);
    if (count != 1 || whole.type != JSON_OBJECT)
        return true;
    bool good = request_begin(whole.raw, seed, index, out, fault);
    out->wrapped = true;
    return good;
}

bool gemini_read_request(struct slice text, const struct request_address *address, uint64_t seed,
                         struct model_request *out, struct request_fault *fault)
{
    struct json_index index;
    bool good = begin(text, address, seed, &index, out, fault) &&
                gemini_read_address(address, out, fault) &&
                request_members_read(out, names, MEMBER_CASE_CAMEL, fault) &&
                gemini_check_model(out->model, request_member(out, REQUEST_MODEL), fault) &&
                read_contents(out, fault) && read_system(out, fault) && read_generation(out, fault);
    out->dialect = DIALECT_GEMINI;
    out->usage_asked = true; /* its answers always tell it */
    request_end(out);
    return good;
}

/* ---- the provider's copy ---- */

/* Inserts text behind the opening brace of an object; a comma follows if it has members. */
static void insert_first(const struct model_request *request, const struct json_value *object,
                         size_t text_from, struct request_edits *edits)
{
    struct json_walk walk = json_walk(object);
    struct json_item first;
    if (json_next(&walk, &first))
        buffer_append_char(&edits->text, ',');
    request_add_edit(edits, request_offset(request->text, object->raw.data) + 1, 0, text_from);
}

/* Writes a limit where there is none: in place of a null, as a member, or with its object. */
static void add_limit(const struct model_request *request, int64_t tokens,
                      struct request_edits *edits)
{
    const struct json_value *config = &request->members[REQUEST_GENERATION];
    const struct json_value *limit = &request->members[REQUEST_MAX_TOKENS];
    size_t from = edits->text.bytes;
    if (limit->raw.data != NULL) {
        buffer_append_int(&edits->text, tokens);
        request_replace(request, limit, edits, from);
    } else if (config->type == JSON_OBJECT) {
        buffer_printf(&edits->text, "\"maxOutputTokens\":%lld", (long long)tokens);
        insert_first(request, config, from, edits);
    } else if (config->raw.data != NULL) {
        buffer_printf(&edits->text, "{\"maxOutputTokens\":%lld}", (long long)tokens);
        request_replace(request, config, edits, from);
    } else {
        buffer_printf(&edits->text, "\"generationConfig\":{\"maxOutputTokens\":%lld}",
                      (long long)tokens);
        insert_first(request, &request->root, from, edits);
    }
}

/* Puts it back into its member, with the provider's name of the model. */
static void wrap(const struct model_request *request, const char *model,
                 struct request_edits *edits)
{
    const struct json_value *own = &request->members[REQUEST_MODEL];
    struct buffer full;
    size_t from = edits->text.bytes;
    buffer_init(&full, 4096);
    buffer_append_text(&full, "models/");
    buffer_append_text(&full, model);
    buffer_append_text(&edits->text, "{\"" WHOLE_REQUEST "\":{\"model\":");
    json_write_string(&edits->text, buffer_slice(&full));
    buffer_fini(&full);
    struct json_walk walk = json_walk(&request->root);
    struct json_item first;
    bool more = json_next(&walk, &first) && (own->raw.data == NULL || json_next(&walk, &first));
    buffer_append_text(&edits->text, more ? "," : "");
    request_add_edit(edits, 0, 1, from);
    from = edits->text.bytes;
    buffer_append_char(&edits->text, '}');
    request_add_edit(edits, request->text.bytes, 0, from);
}

bool gemini_apply(const struct model_request *request, const struct request_changes *changes,
                  struct request_copy *out)
{
    struct request_edits edits = {.count = 0};
    int64_t most = changes->output_tokens_max;
    buffer_init(&edits.text, 4096);
    if (most > 0 && (request->output_tokens < 0 || request->output_tokens > most))
        add_limit(request, most, &edits);
    if (request->wrapped)
        wrap(request, changes->model, &edits);
    if (request->members[REQUEST_MODEL].raw.data != NULL) { /* the address has the provider's */
        struct json_edit removal = json_removal(request->text, &request->root, "model");
        request_add_edit(&edits, removal.offset, removal.removed_bytes, edits.text.bytes);
    }
    *out = (struct request_copy){.inserted = edits.text};
    request_cut(request->text, &edits, out);
    return !edits.text.failed;
}
