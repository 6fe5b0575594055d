/* JSON: what is accepted can be walked to its last byte, and an index changes nothing. */
#include "fuzz.h"

#include <string.h>

#include "base/check.h"
#include "base/json.h"
#include "base/limits.h"

static void check_value(const struct json_value *value, struct slice text, unsigned depth);

static void check_string(const struct json_value *value)
{
    struct buffer decoded, again;
    struct json_value back;
    struct fault fault;
    buffer_init(&decoded, value->raw.bytes * 3 + 1); /* a lone surrogate becomes U+FFFD */
    buffer_init(&again, value->raw.bytes * 6 + 3);
    check(json_decode_string(value, &decoded));
    check(json_write_string(&again, buffer_slice(&decoded)));
    check(json_parse(buffer_slice(&again), 1, &back, &fault) && back.type == JSON_STRING);
    buffer_fini(&decoded);
    buffer_fini(&again);
}

static void check_items(const struct json_value *value, struct slice text, unsigned depth)
{
    struct json_walk walk = json_walk(value);
    struct json_item item;
    size_t items = 0;
    while (json_next(&walk, &item)) {
        check(value->type == JSON_OBJECT || item.key.bytes == 0);
        check(fuzz_inside(item.key, text));
        check_value(&item.value, text, depth + 1);
        items++;
    }
    if (value->type == JSON_OBJECT)
        check(json_find_all(value, NULL, 0) == items);
}

static void check_value(const struct json_value *value, struct slice text, unsigned depth)
{
    int64_t number;
    check(depth <= LIMIT_JSON_DEPTH);
    check(fuzz_inside(value->raw, text) && value->raw.bytes > 0);
    if (value->type == JSON_STRING)
        check_string(value);
    else if (value->type == JSON_NUMBER)
        (void)json_int64(value, &number);
    else if (value->type == JSON_ARRAY || value->type == JSON_OBJECT)
        check_items(value, text, depth);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct json_index index;
    struct slice text = {(const char *)data, bytes};
    struct json_value root = {0}, indexed = {0};
    struct fault fault = {0};
    bool is_json = json_parse(text, LIMIT_JSON_DEPTH, &root, &fault);
    check(is_json == json_parse_indexed(text, LIMIT_JSON_DEPTH, 16, &index, &indexed, &fault));
    check(is_json || strcmp(fault.code, "invalid_json") == 0);
    if (!is_json)
        return 0;
    check(root.type == indexed.type && root.raw.data == indexed.raw.data);
    check(root.raw.bytes == indexed.raw.bytes);
    check(json_text_bytes(&root) == json_text_bytes(&indexed));
    check_value(&root, text, 0);
    check_value(&indexed, text, 0);
    return 0;
}
