#include "dialect/raw_predict.h"

/* What is 2023-06-01 elsewhere. Newer versions have one name everywhere. */
static const char oldest[] = "vertex-2023-10-16";

static bool is_oldest(struct slice version)
{
    return version.bytes == 0 || slice_equals(version, "2023-06-01");
}

static void write_member(struct slice version, struct buffer *out)
{
    buffer_append_text(out, "\"anthropic_version\":");
    json_write_string(out, is_oldest(version) ? slice_of(oldest) : version);
}

/* From the quote before the key to the end of the value. */
static bool find_model(struct slice body, struct json_edit *out)
{
    struct json_value root;
    struct json_item item;
    struct fault fault;
    if (!json_parse(body, LIMIT_JSON_DEPTH, &root, &fault))
        return false;
    struct json_walk walk = json_walk(&root);
    while (json_next(&walk, &item)) {
        if (!json_key_is(item.key, "model"))
            continue;
        const char *from = item.key.data - 1;
        const char *end = item.value.raw.data + item.value.raw.bytes;
        *out = (struct json_edit){(size_t)(from - body.data), (size_t)(end - from), slice_of("")};
        return true;
    }
    return false;
}

static bool write_body(struct slice version, struct slice body, struct buffer *out)
{
    struct json_edit edit;
    struct buffer member;
    buffer_init(&member, 4096);
    write_member(version, &member);
    bool found = !member.failed && find_model(body, &edit);
    edit.inserted = buffer_slice(&member);
    bool done = found && json_apply_edits(body, &edit, 1, out);
    buffer_fini(&member);
    return done;
}

bool raw_predict_change(struct slice version, struct request_copy *copy)
{
    struct buffer joined;
    struct buffer changed;
    buffer_init(&joined, 2 * LIMIT_UPSTREAM_BODY_BYTES);
    buffer_init(&changed, 2 * LIMIT_UPSTREAM_BODY_BYTES);
    for (size_t i = 0; i < copy->part_count; i++)
        buffer_append_slice(&joined, copy->parts[i]);
    bool done = !joined.failed && write_body(version, buffer_slice(&joined), &changed);
    buffer_fini(&joined);
    if (!done) {
        buffer_fini(&changed);
        return false;
    }
    request_copy_fini(copy);
    *copy = (struct request_copy){.parts = {buffer_slice(&changed)}, .part_count = 1};
    copy->inserted = changed;
    return true;
}
