#include "dialect/foreign_marks.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/limits.h"

/* In Gemini's dialect marks are base64. */
#define MARK FOREIGN_MARKS_MARK
#define MARK_BASE64 "Z3cxL"
#define UNSIGNED "\"" FOREIGN_MARKS_UNSIGNED "\""

/* ---- searching ---- */

/* A rare character is searched for: a body may have megabytes. */
static bool has_mark(struct slice body)
{
    const char *end = body.data + body.bytes;
    const char *at = body.data;
    while (body.bytes > 0 && (at = memchr(at, '1', (size_t)(end - at))) != NULL) {
        if (at - body.data >= 3 && end - at >= 2 && at[-2] == 'g' && at[-1] == 'w' &&
            at[1] == '.' && (at[-3] == '"' || at[-3] == '~'))
            return true;
        at++;
    }
    return false;
}

bool foreign_marks_stand_in(enum dialect dialect, struct slice body)
{
    if (!dialect_is_conversation(dialect)) /* nothing of it was ever translated */
        return false;
    return dialect == DIALECT_GEMINI ? slice_find(body, slice_of("\"" MARK_BASE64)) >= 0
                                     : has_mark(body);
}

static bool begins(const struct json_value *value, const char *mark)
{
    size_t bytes = strlen(mark);
    return value->type == JSON_STRING && value->raw.bytes >= bytes + 2 &&
           memcmp(value->raw.data + 1, mark, bytes) == 0;
}

/* ---- edits ---- */

struct removal {
    struct slice text;
    struct buffer edits; /* of struct json_edit, in any order */
    size_t count;
    bool thoughtless; /* the last message of the assistant has lost thoughts */
};

static void add_edit(struct removal *removal, const char *from, const char *to,
                     struct slice inserted)
{
    const struct json_edit edit = {.offset = (size_t)(from - removal->text.data),
                                   .removed_bytes = (size_t)(to - from),
                                   .inserted = inserted};
    buffer_append(&removal->edits, &edit, sizeof edit);
    removal->count++;
}

static void forget_edits(struct removal *removal, size_t count)
{
    removal->count = count;
    removal->edits.bytes = count * sizeof(struct json_edit);
}

static const char *end_of(const struct json_value *value)
{
    return value->raw.data + value->raw.bytes;
}

static void replace(struct removal *removal, const struct json_value *value, const char *text)
{
    add_edit(removal, value->raw.data, end_of(value), slice_of(text));
}

/* Takes elements out of an array, with their commas: those for which `goes` says so, which may make
 * edits inside others. Returns how many are left. */
static size_t filter(struct removal *removal, const struct json_value *array,
                     bool (*goes)(struct removal *, const struct json_value *))
{
    struct json_walk walk = json_walk(array);
    struct json_item item;
    const char *kept_end = NULL;  /* of the last one that stays */
    const char *run_start = NULL; /* of those that go, when none before them stays */
    size_t left = 0;
    while (array->type == JSON_ARRAY && json_next(&walk, &item)) {
        size_t count = removal->count;
        const char *start = item.value.raw.data;
        if (goes(removal, &item.value)) {
            forget_edits(removal, count);
            if (kept_end != NULL)
                add_edit(removal, kept_end, end_of(&item.value), (struct slice){0});
            else if (run_start == NULL)
                run_start = start;
            kept_end = kept_end != NULL ? end_of(&item.value) : NULL;
            continue;
        }
        if (run_start != NULL)
            add_edit(removal, run_start, start, (struct slice){0});
        run_start = NULL;
        kept_end = end_of(&item.value);
        left++;
    }
    if (run_start != NULL)
        add_edit(removal, run_start, end_of(array) - 1, (struct slice){0});
    return left;
}

/* ---- what goes ---- */

static bool find(const struct json_value *object, const char *name, struct json_value *out)
{
    return object->type == JSON_OBJECT && json_find(object, name, out) > 0;
}

/* A signature may stand behind the id of a call: "call_1~gw1.gemini.TEXT". */
static void cut_id(struct removal *removal, const struct json_value *object, const char *name)
{
    struct json_value id;
    if (!find(object, name, &id) || id.type != JSON_STRING)
        return;
    ptrdiff_t at = slice_find(id.raw, slice_of("~" MARK));
    if (at >= 0)
        add_edit(removal, id.raw.data + at, end_of(&id) - 1, (struct slice){0});
}

static bool block_goes(struct removal *removal, const struct json_value *block)
{
    struct json_value type;
    struct json_value opaque;
    if (!find(block, "type", &type))
        return false;
    bool thinks = json_string_is(&type, "thinking");
    if (thinks || json_string_is(&type, "redacted_thinking")) {
        bool goes = find(block, thinks ? "signature" : "data", &opaque) && begins(&opaque, MARK);
        removal->thoughtless = removal->thoughtless || goes;
        return goes;
    }
    cut_id(removal, block, json_string_is(&type, "tool_result") ? "tool_use_id" : "id");
    return false;
}

static bool message_goes(struct removal *removal, const struct json_value *message)
{
    struct json_value content;
    struct json_value role;
    if (!find(message, "content", &content) || content.type != JSON_ARRAY)
        return false;
    if (find(message, "role", &role) && json_string_is(&role, "assistant"))
        removal->thoughtless = false;
    return filter(removal, &content, block_goes) == 0 && removal->thoughtless;
}

static bool item_goes(struct removal *removal, const struct json_value *item)
{
    struct json_value type;
    struct json_value opaque;
    if (!find(item, "encrypted_content", &opaque) || !begins(&opaque, MARK) ||
        !find(item, "type", &type))
        return false;
    if (!json_string_is(&type, "compaction") || !begins(&opaque, FOREIGN_MARKS_SUMMARY))
        return true;
    /* The text stands behind a quote and the mark. */
    const char *text = opaque.raw.data + sizeof FOREIGN_MARKS_SUMMARY;
    add_edit(removal, item->raw.data, text,
             slice_of("{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":"
                      "\"input_text\",\"text\":\"" FOREIGN_MARKS_BEGINNING));
    add_edit(removal, end_of(&opaque) - 1, end_of(item), slice_of("\"}]}"));
    return false;
}

static bool part_goes(struct removal *removal, const struct json_value *part)
{
    static const char *const names[] = {"thoughtSignature", "thought_signature"};
    struct json_value signature;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (find(part, names[i], &signature) && begins(&signature, MARK_BASE64))
            replace(removal, &signature, UNSIGNED);
    }
    return false;
}

static bool content_goes(struct removal *removal, const struct json_value *content)
{
    struct json_value parts;
    if (find(content, "parts", &parts))
        (void)filter(removal, &parts, part_goes);
    return false;
}

static bool detail_goes(struct removal *removal, const struct json_value *detail)
{
    struct json_value opaque;
    (void)removal;
    return (find(detail, "signature", &opaque) && begins(&opaque, MARK)) ||
           (find(detail, "data", &opaque) && begins(&opaque, MARK));
}

static bool call_goes(struct removal *removal, const struct json_value *call)
{
    cut_id(removal, call, "id");
    return false;
}

static bool chat_message_goes(struct removal *removal, const struct json_value *message)
{
    struct json_value list;
    if (find(message, "tool_calls", &list))
        (void)filter(removal, &list, call_goes);
    if (find(message, "reasoning_details", &list))
        (void)filter(removal, &list, detail_goes);
    cut_id(removal, message, "tool_call_id");
    return false;
}

/* ---- all of it ---- */

static const struct {
    const char *list;
    bool (*goes)(struct removal *removal, const struct json_value *entry);
} forms[CONVERSATIONS] = {
    [DIALECT_CHAT] = {"messages", chat_message_goes},
    [DIALECT_RESPONSES] = {"input", item_goes},
    [DIALECT_ANTHROPIC] = {"messages", message_goes},
    [DIALECT_GEMINI] = {"contents", content_goes},
};

/* A turn that goes on without its thoughts is refused where thinking has a budget. */
static void stop_thinking(struct removal *removal, const struct json_value *root)
{
    struct json_value thinking;
    struct json_value type;
    if (!removal->thoughtless || !find(root, "thinking", &thinking) ||
        !find(&thinking, "type", &type) || !json_string_is(&type, "enabled"))
        return;
    replace(removal, &thinking, "{\"type\":\"disabled\"}");
}

static int by_offset(const void *a, const void *b)
{
    size_t first = ((const struct json_edit *)a)->offset;
    size_t second = ((const struct json_edit *)b)->offset;
    return first < second ? -1 : first > second;
}

static bool apply(enum dialect dialect, struct removal *removal, struct buffer *out)
{
    struct json_value root;
    struct json_value list;
    struct fault fault;
    check(json_parse(removal->text, LIMIT_JSON_DEPTH, &root, &fault));
    if (find(&root, forms[dialect].list, &list))
        (void)filter(removal, &list, forms[dialect].goes);
    if (dialect == DIALECT_ANTHROPIC)
        stop_thinking(removal, &root);
    if (removal->edits.failed)
        return false;
    if (removal->count > 0) /* else the array is NULL */
        qsort(removal->edits.data, removal->count, sizeof(struct json_edit), by_offset);
    return json_apply_edits(removal->text, (const struct json_edit *)(void *)removal->edits.data,
                            removal->count, out);
}

bool foreign_marks_remove(enum dialect dialect, struct request_copy *copy)
{
    struct buffer joined;
    struct buffer cleaned;
    buffer_init(&joined, LIMIT_UPSTREAM_BODY_BYTES);
    buffer_init(&cleaned, LIMIT_UPSTREAM_BODY_BYTES);
    for (size_t i = 0; i < copy->part_count; i++)
        buffer_append_slice(&joined, copy->parts[i]);
    struct removal removal = {.text = buffer_slice(&joined)};
    buffer_init(&removal.edits, LIMIT_FOREIGN_MARKS * sizeof(struct json_edit));
    bool done = !joined.failed && apply(dialect, &removal, &cleaned);
    buffer_fini(&removal.edits);
    buffer_fini(&joined);
    if (!done) {
        buffer_fini(&cleaned);
        return false;
    }
    request_copy_fini(copy);
    *copy = (struct request_copy){.parts = {buffer_slice(&cleaned)}, .part_count = 1};
    copy->inserted = cleaned;
    return true;
}
