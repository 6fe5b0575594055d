#include "dialect/chat.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "dialect/member_name.h"

enum {
    MEMBERS_MAX = 256,
    CHOICES_MAX = 128,
    LARGE_BYTES = 512 /* values from this size on are not read twice */
};

static bool refuse(struct chat_fault *fault, const char *code, const char *param,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

static bool refuse(struct chat_fault *fault, const char *code, const char *param,
                   const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    chat_fault_set(fault, code, param, format, arguments);
    va_end(arguments);
    return false;
}

static const char *const member_names[CHAT_MEMBER_COUNT] = {
    [CHAT_MODEL] = "model",
    [CHAT_MESSAGES] = "messages",
    [CHAT_STREAM] = "stream",
    [CHAT_STREAM_OPTIONS] = "stream_options",
    [CHAT_MAX_TOKENS] = "max_tokens",
    [CHAT_MAX_COMPLETION_TOKENS] = "max_completion_tokens",
    [CHAT_N] = "n",
    [CHAT_USAGE] = "usage",
};

/* Returns the index of the name that a server may read the key `name` as, or `name_count`. */
static size_t name_among(struct slice name, const char *const *names, size_t name_count)
{
    size_t i = 0;
    while (i < name_count && !member_name_reads_as(name, names[i], MEMBER_CASE_FOLDED))
        i++;
    return i;
}

/* Keeps the member, if we read it, or counts it as input. `name` is its key, decoded. */
static bool read_member(struct chat_request *out, const struct json_item *item, struct slice name,
                        struct chat_fault *fault)
{
    size_t member = name_among(name, member_names, CHAT_MEMBER_COUNT);
    if (member == CHAT_MEMBER_COUNT) {
        prompt_add_member(&out->prompt, item->key, &item->value);
        return asked_words_note(&out->asked, item, name, fault) &&
               paid_features_read(&out->paid, name, &item->value, fault);
    }
    if (!slice_equals(name, member_names[member]))
        return chat_fault_disguised(fault, NULL, item->key);
    if (out->members[member].raw.data != NULL)
        return chat_fault_twice(fault, member_names[member], name);
    out->members[member] = item->value;
    out->keys[member] = item->key;
    return true;
}

/* Every top-level member may stand once. Keys are compared as written; the keys that we read,
 * because they decide the price, are also compared with their escapes decoded. */
static bool read_members(struct chat_request *out, struct chat_fault *fault)
{
    struct slice keys[MEMBERS_MAX];
    size_t count = 0;
    struct json_walk walk = json_walk(&out->root);
    struct json_item item;
    while (json_next(&walk, &item)) {
        if (count == MEMBERS_MAX)
            return refuse(fault, "invalid_json", NULL, "The body has more than %d members.",
                          MEMBERS_MAX);
        for (size_t i = 0; i < count; i++) {
            if (keys[i].bytes == item.key.bytes &&
                memcmp(keys[i].data, item.key.data, item.key.bytes) == 0)
                return chat_fault_twice(fault, NULL, item.key);
        }
        keys[count++] = item.key;
        struct buffer room = {0};
        bool good = read_member(out, &item, member_name_decode(item.key, &room), fault);
        buffer_fini(&room);
        if (!good)
            return false;
    }
    return true;
}

/* Returns NULL for a member that is absent or null. */
static const struct json_value *member(const struct chat_request *request, enum chat_member which)
{
    const struct json_value *value = &request->members[which];
    return value->raw.data != NULL && value->type != JSON_NULL ? value : NULL;
}

/* Finds a member of an inner object. 0: absent or null; 1: found; -1: refused. */
static int find(const struct json_value *object, const char *name, struct json_value *out,
                struct chat_fault *fault)
{
    unsigned count = json_find(object, name, out);
    if (count > 1) {
        chat_fault_twice(fault, name, slice_of(name));
        return -1;
    }
    return count == 1 && out->type != JSON_NULL ? 1 : 0;
}

static bool read_model(struct chat_request *out, struct chat_fault *fault)
{
    const struct json_value *value = member(out, CHAT_MODEL);
    if (value == NULL)
        return refuse(fault, "missing_field", "model",
                      "You must provide a model parameter; GET /v1/models lists what there is.");
    if (value->type != JSON_STRING)
        return refuse(fault, "invalid_value", "model", "'model' must be a string.");
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
        return refuse(fault, "invalid_value", "model", "'model' must be a name of 1 to %zu bytes.",
                      sizeof out->model - 1);
    return true;
}

static bool read_flag(const struct json_value *value, const char *name, bool *out,
                      struct chat_fault *fault)
{
    if (value->type != JSON_TRUE && value->type != JSON_FALSE)
        return refuse(fault, "invalid_value", name, "'%s' must be true or false.", name);
    *out = value->type == JSON_TRUE;
    return true;
}

static bool read_count(const struct chat_request *request, enum chat_member which, int64_t max,
                       int64_t *out, struct chat_fault *fault)
{
    const struct json_value *value = member(request, which);
    if (value == NULL)
        return true;
    if (value->type != JSON_NUMBER || !json_int64(value, out) || *out < 1 || *out > max)
        return refuse(fault, "invalid_value", member_names[which],
                      "'%s' must be a whole number from 1 to %lld.", member_names[which],
                      (long long)max);
    return true;
}

/* A disguised include_usage could cancel ours, and with it the counts that we charge by. */
static bool check_options(const struct json_value *options, struct chat_fault *fault)
{
    static const char name[] = "include_usage";
    struct json_walk walk = json_walk(options);
    struct json_item item;
    while (json_next(&walk, &item)) {
        struct buffer room = {0};
        struct slice key = member_name_decode(item.key, &room);
        bool disguised =
            member_name_reads_as(key, name, MEMBER_CASE_FOLDED) && !slice_equals(key, name);
        buffer_fini(&room);
        if (disguised)
            return chat_fault_disguised(fault, name, item.key);
    }
    return true;
}

static bool read_stream(struct chat_request *out, struct chat_fault *fault)
{
    const struct json_value *streamed = member(out, CHAT_STREAM);
    if (streamed != NULL && !read_flag(streamed, "stream", &out->streamed, fault))
        return false;
    const struct json_value *options = member(out, CHAT_STREAM_OPTIONS);
    if (options == NULL)
        return true;
    if (options->type != JSON_OBJECT)
        return refuse(fault, "invalid_value", "stream_options",
                      "'stream_options' must be an object.");
    if (!out->streamed)
        return refuse(fault, "invalid_value", "stream_options",
                      "'stream_options' is only allowed together with \"stream\": true.");
    if (!check_options(options, fault))
        return false;
    struct json_value asked;
    int found = find(options, "include_usage", &asked, fault);
    if (found <= 0)
        return found == 0;
    return read_flag(&asked, "include_usage", &out->usage_optioned, fault);
}

/* OpenRouter's `usage: {include: true}`. Returns false when `usage` has another form. */
static bool find_usage_wish(const struct chat_request *request, struct json_value *out)
{
    const struct json_value *usage = member(request, CHAT_USAGE);
    return usage != NULL && usage->type == JSON_OBJECT && json_find(usage, "include", out) == 1;
}

static void read_usage_wish(struct chat_request *out)
{
    struct json_value wish;
    bool wished = find_usage_wish(out, &wish) && wish.type == JSON_TRUE;
    out->usage_asked = out->usage_optioned || (out->streamed && wished);
}

static bool read_messages(struct chat_request *out, struct chat_fault *fault)
{
    const struct json_value *messages = member(out, CHAT_MESSAGES);
    if (messages == NULL)
        return refuse(fault, "missing_field", "messages", "You must provide a messages parameter.");
    if (messages->type != JSON_ARRAY)
        return refuse(fault, "invalid_value", "messages", "'messages' must be an array.");
    struct json_walk walk = json_walk(messages);
    struct json_item message;
    int64_t count = 0;
    while (json_next(&walk, &message)) {
        if (message.value.type != JSON_OBJECT)
            return refuse(fault, "invalid_value", "messages", "'messages[%lld]' must be an object.",
                          (long long)count);
        const char *twice = prompt_add_message(&out->prompt, &message.value);
        if (twice != NULL)
            return chat_fault_twice(fault, twice, slice_of(twice));
        count++;
    }
    if (count == 0)
        return refuse(fault, "invalid_value", "messages", "'messages' must not be empty.");
    return !out->prompt.may_mark_caches || paid_features_read_marks(&out->paid, messages, fault);
}

static bool read_all(struct chat_request *out, struct chat_fault *fault)
{
    int64_t older = -1;
    if (!read_members(out, fault) || !read_model(out, fault) || !read_messages(out, fault) ||
        !read_stream(out, fault) ||
        !read_count(out, CHAT_MAX_COMPLETION_TOKENS, INT32_MAX, &out->output_tokens, fault) ||
        !read_count(out, CHAT_MAX_TOKENS, INT32_MAX, &older, fault) ||
        !read_count(out, CHAT_N, CHOICES_MAX, &out->choices, fault))
        return false;
    read_usage_wish(out);
    /* The client gives both limits and a provider obeys one: the hold covers the larger. */
    if (older > out->output_tokens)
        out->output_tokens = older;
    return true;
}

bool chat_read(struct slice text, uint64_t seed, struct chat_request *out, struct chat_fault *fault)
{
    struct fault why;
    struct json_index index;
    memset(out, 0, sizeof *out);
    out->text = text;
    out->output_tokens = -1;
    out->choices = 1;
    out->prompt.bytes_most = (int64_t)text.bytes;
    out->prompt.mix.seed = seed;
    out->prompt.mix.whole = seed == 0;
    if (!json_parse_indexed(text, LIMIT_JSON_DEPTH, LARGE_BYTES, &index, &out->root, &why))
        return refuse(fault, "invalid_json", NULL, "The body is not valid JSON: %.200s",
                      why.message);
    if (out->root.type != JSON_OBJECT)
        return refuse(fault, "invalid_json", NULL, "The body must be a JSON object.");
    bool good = read_all(out, fault);
    out->root.index = NULL; /* the index ends with this function */
    for (size_t i = 0; i < CHAT_MEMBER_COUNT; i++)
        out->members[i].index = NULL;
    return good;
}

/* ---- the provider's copy ---- */

/* An edit whose text is given by its offset in edits.text: that buffer may move while it grows. */
struct planned_edit {
    size_t offset;
    size_t removed_bytes;
    size_t text_from;
    size_t text_bytes;
};

struct edits {
    struct planned_edit plan[CHAT_EDITS_MAX];
    size_t count;
    struct buffer text; /* the text of all insertions */
};

static size_t offset_in(struct slice text, const char *place)
{
    return (size_t)(place - text.data);
}

/* Inserts what was appended to edits->text from `text_from` on. */
static void add_edit(struct edits *edits, size_t offset, size_t removed_bytes, size_t text_from)
{
    size_t text_bytes = edits->text.bytes - text_from;
    edits->plan[edits->count++] =
        (struct planned_edit){offset, removed_bytes, text_from, text_bytes};
}

static void replace_value(const struct chat_request *request, const struct json_value *value,
                          struct edits *edits, size_t text_from)
{
    add_edit(edits, offset_in(request->text, value->raw.data), value->raw.bytes, text_from);
}

static void edit_model(const struct chat_request *request, const char *model, struct edits *edits)
{
    if (strcmp(request->model, model) == 0)
        return;
    size_t from = edits->text.bytes;
    json_write_text(&edits->text, model);
    replace_value(request, &request->members[CHAT_MODEL], edits, from);
}

/* The provider says usage unasked, and refuses to be asked. Null is as good as nothing, and never
 * touches the edit of a neighbour. */
static void drop_stream_options(const struct chat_request *request, struct edits *edits)
{
    const struct json_value *options = &request->members[CHAT_STREAM_OPTIONS];
    size_t from = edits->text.bytes;
    if (options->raw.data == NULL || options->type == JSON_NULL)
        return;
    buffer_append_text(&edits->text, "null");
    replace_value(request, options, edits, from);
}

/* We always ask for usage: without it we could only estimate. */
static void edit_stream_options(const struct chat_request *request, struct edits *edits,
                                struct buffer *new_members)
{
    if (!request->streamed || request->usage_optioned)
        return;
    const struct json_value *options = &request->members[CHAT_STREAM_OPTIONS];
    struct json_value asked;
    size_t from = edits->text.bytes;
    if (options->raw.data == NULL) {
        buffer_append_text(new_members, "\"stream_options\":{\"include_usage\":true}");
    } else if (options->type == JSON_NULL) {
        buffer_append_text(&edits->text, "{\"include_usage\":true}");
        replace_value(request, options, edits, from);
    } else if (json_find(options, "include_usage", &asked) > 0) {
        buffer_append_text(&edits->text, "true");
        replace_value(request, &asked, edits, from);
    } else {
        struct json_walk walk = json_walk(options);
        struct json_item first;
        bool more = json_next(&walk, &first);
        buffer_printf(&edits->text, "\"include_usage\":true%s", more ? "," : "");
        add_edit(edits, offset_in(request->text, options->raw.data) + 1, 0, from);
    }
}

static void set_value(const struct chat_request *request, enum chat_member which, int64_t tokens,
                      struct edits *edits)
{
    size_t from = edits->text.bytes;
    if (tokens > 0)
        buffer_append_int(&edits->text, tokens);
    else
        buffer_append_text(&edits->text, "null");
    replace_value(request, &request->members[which], edits, from);
}

/* Adds a limit that the request does not have: in place of a null, or as a new member. */
static void add_limit(const struct chat_request *request, enum chat_member which, int64_t tokens,
                      struct edits *edits, struct buffer *new_members)
{
    if (request->members[which].raw.data != NULL)
        set_value(request, which, tokens, edits);
    else
        buffer_printf(new_members, "%s\"%s\":%lld", new_members->bytes > 0 ? "," : "",
                      member_names[which], (long long)tokens);
}

static int64_t stated_limit(const struct chat_request *request, enum chat_member which)
{
    const struct json_value *value = member(request, which);
    int64_t tokens = 0;
    return value != NULL && json_int64(value, &tokens) ? tokens : 0;
}

/* Returns the limit that is then in force. */
static int64_t lower_limit(const struct chat_request *request, enum chat_member which, int64_t most,
                           struct edits *edits)
{
    int64_t stated = stated_limit(request, which);
    if (most <= 0 || stated <= most)
        return stated;
    set_value(request, which, most, edits);
    return most;
}

/* Moves the client's only limit to the provider's name for it: a server that does not know the
 * other name would apply no limit at all. */
static void move_limit(const struct chat_request *request, enum chat_member from_member,
                       enum chat_member to_member, int64_t most, struct edits *edits)
{
    int64_t stated = stated_limit(request, from_member);
    if (request->members[to_member].raw.data != NULL) { /* its value is null */
        set_value(request, to_member, most > 0 && most < stated ? most : stated, edits);
        set_value(request, from_member, 0, edits);
        return;
    }
    struct slice key = request->keys[from_member];
    size_t from = edits->text.bytes;
    buffer_append_text(&edits->text, member_names[to_member]);
    add_edit(edits, offset_in(request->text, key.data), key.bytes, from);
    (void)lower_limit(request, from_member, most, edits);
}

static void edit_max_tokens(const struct chat_request *request, const struct chat_changes *changes,
                            struct edits *edits, struct buffer *new_members)
{
    const char *newer = member_names[CHAT_MAX_COMPLETION_TOKENS];
    bool both = strcmp(changes->max_tokens_field, "both") == 0;
    bool kept = both || strcmp(changes->max_tokens_field, "any") == 0;
    bool is_newer = strcmp(changes->max_tokens_field, newer) == 0;
    enum chat_member wanted = is_newer ? CHAT_MAX_COMPLETION_TOKENS : CHAT_MAX_TOKENS;
    enum chat_member other = is_newer ? CHAT_MAX_TOKENS : CHAT_MAX_COMPLETION_TOKENS;
    bool has_wanted = stated_limit(request, wanted) > 0;
    bool has_other = stated_limit(request, other) > 0;
    int64_t most = changes->output_tokens_max;
    int64_t tokens = most;
    if (has_other && !has_wanted && !kept) {
        move_limit(request, other, wanted, most, edits);
        return;
    }
    if (has_wanted)
        tokens = lower_limit(request, wanted, most, edits);
    if (has_other) /* a client that gives both limits keeps both */
        tokens = lower_limit(request, other, most, edits);
    if (tokens <= 0)
        return;
    if (!has_wanted)
        add_limit(request, wanted, tokens, edits, new_members);
    if (both && !has_other)
        add_limit(request, other, tokens, edits, new_members);
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

static void add_part(struct chat_copy *copy, const char *data, size_t bytes)
{
    if (bytes > 0)
        copy->parts[copy->part_count++] = (struct slice){data, bytes};
}

static void cut(struct slice text, struct edits *edits, struct chat_copy *out)
{
    size_t done = 0;
    sort_edits(edits);
    for (size_t i = 0; i < edits->count; i++) {
        const struct planned_edit *edit = &edits->plan[i];
        check(edit->offset >= done && edit->offset + edit->removed_bytes <= text.bytes);
        add_part(out, text.data + done, edit->offset - done);
        add_part(out, out->inserted.data + edit->text_from, edit->text_bytes);
        done = edit->offset + edit->removed_bytes;
    }
    add_part(out, text.data + done, text.bytes - done);
}

/* Usage is asked for in OpenAI's way; providers other than OpenRouter refuse a member `usage`. */
static void edit_usage_wish(const struct chat_request *request, struct edits *edits)
{
    struct json_value wish;
    if (!find_usage_wish(request, &wish))
        return;
    struct json_edit removal = json_removal(request->text, &request->root, "usage");
    add_edit(edits, removal.offset, removal.removed_bytes, edits->text.bytes);
}

bool chat_apply(const struct chat_request *request, const struct chat_changes *changes,
                struct chat_copy *out)
{
    struct edits edits = {.count = 0};
    struct buffer new_members;
    buffer_init(&edits.text, 4096);
    buffer_init(&new_members, 1024);
    edit_model(request, changes->model, &edits);
    if (changes->usage_unasked)
        drop_stream_options(request, &edits);
    else
        edit_stream_options(request, &edits, &new_members);
    edit_max_tokens(request, changes, &edits, &new_members);
    if (new_members.bytes > 0) {
        /* Insert behind the opening brace. The object has at least a model, so a comma follows. */
        size_t from = edits.text.bytes;
        buffer_append_slice(&edits.text, buffer_slice(&new_members));
        buffer_append_char(&edits.text, ',');
        add_edit(&edits, offset_in(request->text, request->root.raw.data) + 1, 0, from);
    }
    edit_usage_wish(request, &edits); /* its edit follows the insertion at the same place */
    *out = (struct chat_copy){.inserted = edits.text};
    cut(request->text, &edits, out);
    bool done = !edits.text.failed && !new_members.failed;
    buffer_fini(&new_members);
    return done;
}

void chat_copy_fini(struct chat_copy *copy)
{
    buffer_fini(&copy->inserted);
    copy->part_count = 0;
}
