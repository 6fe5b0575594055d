#include "dialect/gemini_embed.h"

#include <string.h>

#include "base/money.h"
#include "dialect/embedding_encoding.h"
#include "dialect/gemini.h"
#include "dialect/member_name.h"
#include "dialect/request_edits.h"
#include "dialect/request_members.h"
#include "dialect/text_inputs.h"

static const char *const names[REQUEST_MEMBERS] = {
    [REQUEST_MODEL] = "model", [REQUEST_MESSAGES] = "content"};
static const char *const batch_names[REQUEST_MEMBERS] = {[REQUEST_MESSAGES] = "requests"};

/* ---- requests ---- */

static bool read_content(struct model_request *out, const struct json_value *content,
                         struct request_fault *fault)
{
    if (content->type != JSON_OBJECT)
        return request_refuse(fault, "missing_field", "content",
                              "You must provide a content: an object with parts.");
    return gemini_add_content(out, content, "content", fault);
}

static bool read_one(struct model_request *out, struct request_fault *fault)
{
    const struct json_value none = {.type = JSON_NULL};
    const struct json_value *content = request_member(out, REQUEST_MESSAGES);
    return gemini_check_model(out->model, request_member(out, REQUEST_MODEL), fault) &&
           read_content(out, content != NULL ? content : &none, fault) &&
           text_inputs_count(out, 1, "content", fault);
}

/* The members of an entry that we read. */
enum { ENTRY_MODEL, ENTRY_CONTENT, ENTRY_MEMBERS };

struct entry {
    struct json_value members[ENTRY_MEMBERS]; /* of type JSON_NULL where absent */
};

/* Keeps a member that we read; others count as text. */
static bool take_member(struct model_request *out, const struct json_item *item, struct slice name,
                        struct entry *entry, struct request_fault *fault)
{
    static const char *const wanted[ENTRY_MEMBERS] = {"model", "content"};
    size_t i = 0;
    while (i < ENTRY_MEMBERS && !member_name_reads_as(name, wanted[i], MEMBER_CASE_CAMEL))
        i++;
    if (i == ENTRY_MEMBERS) {
        prompt_add_member(&out->prompt, item->key, &item->value);
        return true;
    }
    if (!request_written_so(name, wanted[i], MEMBER_CASE_CAMEL, fault))
        return false;
    if (entry->members[i].raw.data != NULL)
        return request_fault_twice(fault, wanted[i], name);
    entry->members[i] = item->value;
    return true;
}

static bool read_entry(struct model_request *out, const struct json_value *value,
                       struct request_fault *fault)
{
    struct entry entry = {0};
    struct json_walk walk = json_walk(value);
    struct json_item item;
    if (value->type != JSON_OBJECT)
        return request_refuse(fault, "invalid_value", "requests",
                              "Each of 'requests' must be an object with a content.");
    while (json_next(&walk, &item)) {
        struct buffer room = {0};
        bool good = take_member(out, &item, member_name_decode(item.key, &room), &entry, fault);
        buffer_fini(&room);
        if (!good)
            return false;
    }
    const struct json_value *model = &entry.members[ENTRY_MODEL];
    return gemini_check_model(out->model, model->type != JSON_NULL ? model : NULL, fault) &&
           read_content(out, &entry.members[ENTRY_CONTENT], fault);
}

static bool read_entries(struct model_request *out, struct request_fault *fault)
{
    const struct json_value *list = request_member(out, REQUEST_MESSAGES);
    struct json_item item;
    int64_t count = 0;
    if (list == NULL || list->type != JSON_ARRAY)
        return request_refuse(fault, "missing_field", "requests",
                              "You must provide a list of requests.");
    struct json_walk walk = json_walk(list);
    while (json_next(&walk, &item)) {
        if (!read_entry(out, &item.value, fault))
            return false;
        count++;
    }
    return text_inputs_count(out, count, "requests", fault);
}

typedef bool read_inputs(struct model_request *out, struct request_fault *fault);

static bool read_request(struct slice text, const struct request_address *address, uint64_t seed,
                         const char *const members[REQUEST_MEMBERS], read_inputs *read,
                         struct model_request *out, struct request_fault *fault)
{
    struct json_index index;
    bool good = request_begin(text, seed, &index, out, fault) &&
                gemini_read_address(address, out, fault) &&
                request_members_read(out, members, MEMBER_CASE_CAMEL, fault) && read(out, fault);
    out->usage_asked = true; /* its answers always tell it */
    request_end(out);
    return good;
}

static bool read_single(struct slice text, const struct request_address *address, uint64_t seed,
                        struct model_request *out, struct request_fault *fault)
{
    return read_request(text, address, seed, names, read_one, out, fault);
}

static bool read_batch(struct slice text, const struct request_address *address, uint64_t seed,
                       struct model_request *out, struct request_fault *fault)
{
    return read_request(text, address, seed, batch_names, read_entries, out, fault);
}

/* ---- the provider's copy ---- */

static bool apply_single(const struct model_request *request, const struct request_changes *changes,
                         struct request_copy *out)
{
    (void)changes; /* the address has the provider's model */
    struct request_edits edits = {.count = 0};
    buffer_init(&edits.text, 64);
    if (request->members[REQUEST_MODEL].raw.data != NULL) {
        struct json_edit removal = json_removal(request->text, &request->root, "model");
        request_add_edit(&edits, removal.offset, removal.removed_bytes, 0);
    }
    *out = (struct request_copy){.inserted = edits.text};
    request_cut(request->text, &edits, out);
    return !edits.text.failed;
}

/* Copies the request with the provider's name in each entry that has another one. Returns whether
 * there is any. */
static bool rename_entries(const struct model_request *request, const char *full,
                           struct buffer *out)
{
    const char *copied = request->text.data;
    struct json_walk walk = json_walk(&request->members[REQUEST_MESSAGES]);
    struct json_item entry;
    struct json_value model;
    while (json_next(&walk, &entry)) {
        if (json_find(&entry.value, "model", &model) == 0 || model.type == JSON_NULL ||
            json_string_is(&model, full))
            continue;
        buffer_append(out, copied, (size_t)(model.raw.data - copied));
        json_write_text(out, full);
        copied = model.raw.data + model.raw.bytes;
    }
    bool any = copied != request->text.data;
    const char *end = request->text.data + request->text.bytes;
    buffer_append(out, copied, (size_t)(end - copied));
    return any;
}

static bool apply_batch(const struct model_request *request, const struct request_changes *changes,
                        struct request_copy *out)
{
    enum { NAME_BYTES_MAX = 1024 }; /* as JSON */
    struct buffer full;
    *out = (struct request_copy){.parts = {request->text}, .part_count = 1};
    buffer_init(&out->inserted,
                request->text.bytes + (size_t)request->prompt.input_count * NAME_BYTES_MAX);
    buffer_init(&full, NAME_BYTES_MAX);
    buffer_printf(&full, "models/%s", changes->model);
    buffer_append_char(&full, '\0');
    if (!full.failed && rename_entries(request, full.data, &out->inserted))
        out->parts[0] = buffer_slice(&out->inserted);
    bool done = !full.failed && !out->inserted.failed;
    buffer_fini(&full);
    return done;
}

/* ---- answers ---- */

static bool has_values(const struct json_value *embedding)
{
    struct json_value values;
    return embedding->type == JSON_OBJECT && json_find(embedding, "values", &values) == 1 &&
           !json_is_empty(&values);
}

/* Of one embedding, or of a list of them. */
static int64_t count_results(const struct json_value *results)
{
    struct json_walk walk = json_walk(results);
    struct json_item item;
    int64_t count = 0;
    if (results->type == JSON_OBJECT)
        return has_values(results);
    while (json_next(&walk, &item))
        count += has_values(&item.value);
    return count;
}

static void read_results(const struct json_value *root, const char *results, enum json_type type,
                         struct answer_facts *out)
{
    enum { RESULTS, ERROR, USAGE, MEMBERS };
    struct json_member members[MEMBERS] = {[RESULTS] = {.name = results},
                                           [ERROR] = {.name = "error"},
                                           [USAGE] = {.name = "usageMetadata"}};
    *out = (struct answer_facts){.kind = ANSWER_PASSES, .holder = *root};
    json_find_all(root, members, MEMBERS);
    if (members[ERROR].value.type == JSON_OBJECT) {
        out->kind = ANSWER_FAILS;
        out->error = *root;
        return;
    }
    if (members[RESULTS].count == 1 && members[RESULTS].value.type == type)
        out->result_count = count_results(&members[RESULTS].value);
    out->one_each = true;
    out->said = out->result_count > 0;
    if (out->said)
        out->finish_reason = "stop";
    out->answerless = true;
    out->usage = members[USAGE].value;
    gemini_read_tier(&out->usage, out);
}

static void read_single_answer(const struct json_value *root, struct answer_facts *out)
{
    read_results(root, "embedding", JSON_OBJECT, out);
}

static void read_batch_answer(const struct json_value *root, struct answer_facts *out)
{
    read_results(root, "embeddings", JSON_ARRAY, out);
}

static void write_usage(const struct final_usage *usage, struct buffer *out)
{
    char cost[MONEY_TEXT_BYTES];
    int64_t total_tokens = usage->prompt_tokens + usage->completion_tokens;
    buffer_printf(out, "{\"promptTokenCount\":%lld,\"totalTokenCount\":%lld,\"cost\":%s}",
                  (long long)usage->prompt_tokens, (long long)total_tokens,
                  money_format_short(usage->charge_nusd, cost));
}

const struct dialect_form gemini_embed_form = {
    .read_request = read_single,
    .apply = apply_single,
    .read_answer = read_single_answer,
    .adapt_answer = embedding_encoding_adapt_google,
    .usage_name = "usageMetadata",
    .write_usage = write_usage,
    .keep_alive = "",
    .last_event = "",
};

const struct dialect_form gemini_embed_batch_form = {
    .read_request = read_batch,
    .apply = apply_batch,
    .read_answer = read_batch_answer,
    .adapt_answer = embedding_encoding_adapt_google,
    .usage_name = "usageMetadata",
    .write_usage = write_usage,
    .keep_alive = "",
    .last_event = "",
};
