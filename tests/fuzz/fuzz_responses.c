/* The Responses API: one meaning of a request and its copy; streams that end anywhere; requests
 * that are made whole. */
#include "dialect/kept_turn.h"
#include "dialect/whole_request.h"
#include "fuzz_form.h"

enum { BYTES_MAX = 1024 * 1024 };

static bool find_empty(void *arg, struct slice id, struct slice *item)
{
    (void)arg;
    *item = slice_of("{}");
    return id.bytes > 0 && id.data[0] == 'm';
}

/* The result is a request again, and continues nothing. */
static void check_whole(struct buffer *whole)
{
    struct json_member names[] = {{.name = "previous_response_id"}, {.name = "conversation"}};
    struct json_value root;
    struct fault fault;
    check(json_parse(buffer_slice(whole), LIMIT_JSON_DEPTH + 4, &root, &fault));
    json_find_all(&root, names, 2);
    check(names[0].count == 0 && names[1].count == 0);
}

/* What a turn of the text holds can be listed, and each list is JSON. */
static void list_turn(struct slice text)
{
    struct kept_turn turns[2];
    struct kept_turn_item item;
    struct buffer out;
    if (!kept_turn_read(text, &turns[0]))
        return;
    turns[1] = turns[0];
    struct kept_removals removals;
    kept_removals_init(&removals, turns, 2);
    struct kept_turn_walk walk = kept_turn_walk(turns, 2, &removals);
    buffer_init(&out, BYTES_MAX);
    while (kept_turn_next(&walk, &item)) {
        struct json_value value;
        struct fault fault;
        buffer_reset(&out);
        kept_turn_put(&item, &out);
        check(out.failed || json_parse(buffer_slice(&out), LIMIT_JSON_DEPTH + 4, &value, &fault));
    }
    buffer_fini(&out);
    kept_removals_fini(&removals);
}

static void make_whole(struct slice text)
{
    struct json_value root;
    struct fault fault;
    struct buffer items;
    struct buffer whole;
    if (!json_parse(text, LIMIT_JSON_DEPTH, &root, &fault) || root.type != JSON_OBJECT)
        return;
    buffer_init(&items, BYTES_MAX);
    buffer_init(&whole, BYTES_MAX);
    whole_request_own_items(&root, find_empty, NULL, &items);
    whole_request_write(&root, buffer_slice(&items), &whole);
    if (!items.failed && !whole.failed)
        check_whole(&whole);
    buffer_fini(&items);
    buffer_fini(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct slice text = {(const char *)data, bytes};
    fuzz_dialect(DIALECT_RESPONSES, text);
    make_whole(text);
    list_turn(text);
    return 0;
}
