#include "exchange/chat.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES_MAX = 64, MEMBERS_MAX = 256, CHOICES_MAX = 128, EDITS_MAX = 6 };

static bool refuse(struct chat_fault *fault, const char *code, const char *param,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

static bool refuse(struct chat_fault *fault, const char *code, const char *param,
                   const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fault->code = code;
    fault->param = param;
    vsnprintf(fault->message, sizeof fault->message, format, arguments);
    va_end(arguments);
    return false;
}

/* Some servers match names without case (Go's encoding/json) and take the last: "Model" beside
 * "model" would be another model than the one we price. */
static bool is_disguise(struct slice key)
{
    static const char *const names[] = {"model",
                                        "messages",
                                        "n",
                                        "max_tokens",
                                        "stream",
                                        "stream_options",
                                        "service_tier",
                                        "max_completion_tokens"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slice_equals_nocase(key, names[i]) && !slice_equals(key, names[i]))
            return true;
    }
    return false;
}

static bool is_disguised(struct slice raw_key)
{
    const struct json_value quoted = {JSON_STRING, {raw_key.data - 1, raw_key.bytes + 2}};
    if (memchr(raw_key.data, '\\', raw_key.bytes) == NULL)
        return is_disguise(raw_key);
    struct buffer key;
    buffer_init(&key, NAME_BYTES_MAX); /* a longer one is none of them */
    bool found = json_decode_string(&quoted, &key) && is_disguise(buffer_slice(&key));
    buffer_fini(&key);
    return found;
}

/* Every top-level member at most once. Keys are compared as written; the members that decide the
 * price are looked up with their escapes decoded, too (see find). */
static bool check_members(const struct json_value *root, struct chat_fault *fault)
{
    struct slice keys[MEMBERS_MAX];
    size_t count = 0;
    struct json_walk walk = json_walk(root);
    struct json_item item;
    while (json_next(&walk, &item)) {
        if (count == MEMBERS_MAX)
            return refuse(fault, "invalid_json", NULL, "The body has more than %d members.",
                          MEMBERS_MAX);
        for (size_t i = 0; i < count; i++) {
            if (keys[i].bytes == item.key.bytes &&
                memcmp(keys[i].data, item.key.data, item.key.bytes) == 0)
                return refuse(fault, "invalid_value", NULL,
                              "The member '%.*s' occurs twice; send it once.",
                              (int)(item.key.bytes < 60 ? item.key.bytes : 60), item.key.data);
        }
        if (is_disguised(item.key))
            return refuse(fault, "invalid_value", NULL,
                          "The member '%.*s' must be written in lower case.",
                          (int)(item.key.bytes < 60 ? item.key.bytes : 60), item.key.data);
        keys[count++] = item.key;
    }
    return true;
}

/* 0: absent or null, 1: there, -1: refused. */
static int find(const struct json_value *object, const char *name, struct json_value *out,
                struct chat_fault *fault)
{
    unsigned count = json_find(object, name, out);
    if (count > 1) {
        refuse(fault, "invalid_value", name, "The member '%s' occurs twice; send it once.", name);
        return -1;
    }
    return count == 1 && out->type != JSON_NULL ? 1 : 0;
}

static bool read_model(struct chat_request *out, struct chat_fault *fault)
{
    struct json_value value;
    int found = find(&out->root, "model", &value, fault);
    if (found < 0)
        return false;
    if (found == 0)
        return refuse(fault, "missing_field", "model",
                      "You must provide a model parameter; GET /v1/models lists what there is.");
    if (value.type != JSON_STRING)
        return refuse(fault, "invalid_value", "model", "'model' must be a string.");
    struct buffer name;
    buffer_init(&name, sizeof out->model - 1);
    bool fits = json_decode_string(&value, &name);
    bool plain = fits && name.bytes > 0 && memchr(name.data, '\0', name.bytes) == NULL;
    if (plain) {
        memcpy(out->model, name.data, name.bytes);
        out->model[name.bytes] = '\0';
    }
    buffer_fini(&name);
    if (!plain)
        return refuse(fault, "invalid_value", "model", "'model' must be a name of 1 to %zu bytes.",
                      sizeof out->model - 1);
    return true;
}

static bool read_flag(const struct json_value *object, const char *name, bool *out,
                      struct chat_fault *fault)
{
    struct json_value value;
    int found = find(object, name, &value, fault);
    if (found < 0)
        return false;
    if (found == 0)
        return true;
    if (value.type != JSON_TRUE && value.type != JSON_FALSE)
        return refuse(fault, "invalid_value", name, "'%s' must be true or false.", name);
    *out = value.type == JSON_TRUE;
    return true;
}

static bool read_count(struct chat_request *request, const char *name, int64_t max, int64_t *out,
                       struct chat_fault *fault)
{
    struct json_value value;
    int found = find(&request->root, name, &value, fault);
    if (found <= 0)
        return found == 0;
    if (value.type != JSON_NUMBER || !json_int64(&value, out) || *out < 1 || *out > max)
        return refuse(fault, "invalid_value", name, "'%s' must be a whole number from 1 to %lld.",
                      name, (long long)max);
    return true;
}

static bool read_stream(struct chat_request *out, struct chat_fault *fault)
{
    if (!read_flag(&out->root, "stream", &out->streamed, fault))
        return false;
    struct json_value options;
    int found = find(&out->root, "stream_options", &options, fault);
    if (found <= 0)
        return found == 0;
    if (options.type != JSON_OBJECT)
        return refuse(fault, "invalid_value", "stream_options",
                      "'stream_options' must be an object.");
    if (!out->streamed)
        return refuse(fault, "invalid_value", "stream_options",
                      "'stream_options' is only allowed together with \"stream\": true.");
    return read_flag(&options, "include_usage", &out->usage_asked, fault);
}

enum part_kind { PART_TEXT, PART_IMAGE, PART_OPAQUE };

/* What a content part is to the meter. Whatever is neither text nor image may stand for any number
 * of tokens (a file by its id, a page of a PDF). False: refused. */
static bool read_part(const struct json_value *part, enum part_kind *kind, struct json_value *image,
                      struct chat_fault *fault)
{
    static const char *const measured[] = {"text", "refusal", "input_audio"};
    struct json_value type;
    int found = find(part, "type", &type, fault);
    if (found < 0)
        return false;
    *kind = PART_OPAQUE;
    if (found == 0 || type.type != JSON_STRING)
        return true;
    for (size_t i = 0; i < sizeof measured / sizeof measured[0]; i++) {
        if (json_string_is(&type, measured[i]))
            *kind = PART_TEXT;
    }
    if (!json_string_is(&type, "image_url"))
        return true;
    found = find(part, "image_url", image, fault);
    if (found > 0)
        *kind = PART_IMAGE;
    return found >= 0;
}

static bool count_message(struct chat_request *out, const struct json_value *message,
                          struct chat_fault *fault)
{
    out->input_text_bytes += (int64_t)json_text_bytes(message);
    struct json_value content;
    int found = find(message, "content", &content, fault);
    if (found < 0)
        return false;
    if (found == 0 || content.type != JSON_ARRAY)
        return true;
    struct json_walk walk = json_walk(&content);
    struct json_item part;
    while (json_next(&walk, &part)) {
        struct json_value image;
        enum part_kind kind;
        if (!read_part(&part.value, &kind, &image, fault))
            return false;
        if (kind == PART_OPAQUE)
            out->opaque_count++;
        if (kind != PART_IMAGE)
            continue;
        out->image_count++;
        out->input_bytes -= (int64_t)image.raw.bytes;
        out->input_text_bytes -= (int64_t)json_text_bytes(&image);
    }
    return true;
}

static bool read_messages(struct chat_request *out, struct chat_fault *fault)
{
    struct json_value messages;
    int found = find(&out->root, "messages", &messages, fault);
    if (found < 0)
        return false;
    if (found == 0)
        return refuse(fault, "missing_field", "messages", "You must provide a messages parameter.");
    if (messages.type != JSON_ARRAY)
        return refuse(fault, "invalid_value", "messages", "'messages' must be an array.");
    struct json_walk walk = json_walk(&messages);
    struct json_item message;
    int64_t count = 0;
    while (json_next(&walk, &message)) {
        if (message.value.type != JSON_OBJECT)
            return refuse(fault, "invalid_value", "messages", "'messages[%lld]' must be an object.",
                          (long long)count);
        if (!count_message(out, &message.value, fault))
            return false;
        count++;
    }
    if (count == 0)
        return refuse(fault, "invalid_value", "messages", "'messages' must not be empty.");
    return true;
}

/* A tier that costs more than the price in the policy, which is for the standard one. */
static bool check_service_tier(const struct chat_request *request, struct chat_fault *fault)
{
    struct json_value value;
    int found = find(&request->root, "service_tier", &value, fault);
    if (found <= 0)
        return found == 0;
    if (value.type == JSON_STRING && json_string_is(&value, "priority"))
        return refuse(fault, "invalid_value", "service_tier",
                      "The service tier 'priority' is not sold here; leave it out.");
    return true;
}

bool chat_read(struct slice text, struct chat_request *out, struct chat_fault *fault)
{
    struct fault why;
    memset(out, 0, sizeof *out);
    out->text = text;
    out->output_tokens = -1;
    out->choices = 1;
    out->input_bytes = (int64_t)text.bytes;
    if (!json_parse(text, LIMIT_JSON_DEPTH, &out->root, &why))
        return refuse(fault, "invalid_json", NULL, "The body is not valid JSON: %.200s",
                      why.message);
    if (out->root.type != JSON_OBJECT)
        return refuse(fault, "invalid_json", NULL, "The body must be a JSON object.");
    int64_t older = -1;
    if (!check_members(&out->root, fault) || !read_model(out, fault) ||
        !read_messages(out, fault) || !read_stream(out, fault) || !check_service_tier(out, fault) ||
        !read_count(out, "max_completion_tokens", INT32_MAX, &out->output_tokens, fault) ||
        !read_count(out, "max_tokens", INT32_MAX, &older, fault) ||
        !read_count(out, "n", CHOICES_MAX, &out->choices, fault))
        return false;
    /* Both: a provider obeys one of them; the hold is for the larger. */
    if (older > out->output_tokens)
        out->output_tokens = older;
    return true;
}

/* ---- the provider's copy ---- */

/* An edit whose text is known by its place in edits.text, for that buffer may move while it
 * grows. */
struct planned_edit {
    size_t offset;
    size_t removed_bytes;
    size_t text_from;
    size_t text_bytes;
};

struct edits {
    struct planned_edit plan[EDITS_MAX];
    size_t count;
    struct buffer text; /* what is inserted */
};

static size_t offset_in(struct slice text, const char *place)
{
    return (size_t)(place - text.data);
}

/* The text inserted is what was appended to edits->text since `text_from`. */
static void add_edit(struct edits *edits, size_t offset, size_t removed_bytes, size_t text_from)
{
    size_t text_bytes = edits->text.bytes - text_from;
    edits->plan[edits->count++] =
        (struct planned_edit){offset, removed_bytes, text_from, text_bytes};
}

static void edit_model(const struct chat_request *request, const char *model, struct edits *edits)
{
    struct json_value value;
    if (strcmp(request->model, model) == 0)
        return;
    json_find(&request->root, "model", &value);
    size_t from = edits->text.bytes;
    json_write_text(&edits->text, model);
    add_edit(edits, offset_in(request->text, value.raw.data), value.raw.bytes, from);
}

/* Usage is always asked for: without it we could only estimate. */
static void edit_stream_options(const struct chat_request *request, struct edits *edits,
                                struct buffer *new_members)
{
    if (!request->streamed || request->usage_asked)
        return;
    struct json_value options;
    struct json_value asked;
    size_t from = edits->text.bytes;
    if (json_find(&request->root, "stream_options", &options) == 0) {
        buffer_append_text(new_members, "\"stream_options\":{\"include_usage\":true}");
    } else if (options.type == JSON_NULL) {
        buffer_append_text(&edits->text, "{\"include_usage\":true}");
        add_edit(edits, offset_in(request->text, options.raw.data), options.raw.bytes, from);
    } else if (json_find(&options, "include_usage", &asked) > 0) {
        buffer_append_text(&edits->text, "true");
        add_edit(edits, offset_in(request->text, asked.raw.data), asked.raw.bytes, from);
    } else {
        struct json_walk walk = json_walk(&options);
        struct json_item first;
        bool more = json_next(&walk, &first);
        buffer_printf(&edits->text, "\"include_usage\":true%s", more ? "," : "");
        add_edit(edits, offset_in(request->text, options.raw.data) + 1, 0, from);
    }
}

/* Where the client has a limit of his own in either member, that one is lowered; a second one
 * beside it would be refused. */
static void edit_max_tokens(const struct chat_request *request, const struct chat_changes *changes,
                            struct edits *edits, struct buffer *new_members)
{
    static const char *const names[] = {"max_tokens", "max_completion_tokens"};
    struct json_value value;
    int64_t most = changes->output_tokens_max;
    bool replaced = false;
    if (most <= 0)
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_find(&request->root, names[i], &value) == 0 || value.type == JSON_NULL)
            continue;
        replaced = true;
        int64_t asked;
        if (json_int64(&value, &asked) && asked <= most)
            continue;
        size_t from = edits->text.bytes;
        buffer_append_int(&edits->text, most);
        add_edit(edits, offset_in(request->text, value.raw.data), value.raw.bytes, from);
    }
    if (replaced)
        return;
    if (json_find(&request->root, changes->max_tokens_field, &value) == 0) {
        buffer_printf(new_members, "%s\"%s\":%lld", new_members->bytes > 0 ? "," : "",
                      changes->max_tokens_field, (long long)most);
        return;
    }
    size_t from = edits->text.bytes; /* there, and null */
    buffer_append_int(&edits->text, most);
    add_edit(edits, offset_in(request->text, value.raw.data), value.raw.bytes, from);
}

static void sort_edits(struct edits *edits)
{
    for (size_t i = 1; i < edits->count; i++) {
        for (size_t j = i; j > 0 && edits->plan[j].offset < edits->plan[j - 1].offset; j--) {
            struct planned_edit other = edits->plan[j];
            edits->plan[j] = edits->plan[j - 1];
            edits->plan[j - 1] = other;
        }
    }
}

static bool apply(struct slice text, struct edits *edits, struct buffer *out)
{
    struct json_edit ready[EDITS_MAX];
    sort_edits(edits);
    for (size_t i = 0; i < edits->count; i++) {
        const struct planned_edit *plan = &edits->plan[i];
        ready[i] = (struct json_edit){plan->offset,
                                      plan->removed_bytes,
                                      {edits->text.data + plan->text_from, plan->text_bytes}};
    }
    return edits->count == 0 || json_apply_edits(text, ready, edits->count, out);
}

bool chat_apply(const struct chat_request *request, const struct chat_changes *changes,
                struct buffer *out)
{
    struct edits edits = {.count = 0};
    struct buffer new_members;
    buffer_init(&edits.text, 4096);
    buffer_init(&new_members, 1024);
    edit_model(request, changes->model, &edits);
    edit_stream_options(request, &edits, &new_members);
    edit_max_tokens(request, changes, &edits, &new_members);
    if (new_members.bytes > 0) {
        /* Behind the opening brace: the object has at least a model, so a comma follows. */
        size_t from = edits.text.bytes;
        buffer_append_slice(&edits.text, buffer_slice(&new_members));
        buffer_append_char(&edits.text, ',');
        add_edit(&edits, offset_in(request->text, request->root.raw.data) + 1, 0, from);
    }
    bool done = !edits.text.failed && !new_members.failed && apply(request->text, &edits, out);
    buffer_fini(&edits.text);
    buffer_fini(&new_members);
    return done;
}
