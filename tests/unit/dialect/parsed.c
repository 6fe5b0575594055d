#include "dialect/parsed.h"

#include "base/limits.h"
#include "base/support.h"

struct json_value parsed(const char *text)
{
    struct json_value root;
    struct fault fault;
    if (!json_parse(slice_of(text), LIMIT_JSON_DEPTH, &root, &fault))
        fail_msg("%s: %s", fault.message, text);
    return root;
}

void assert_written(struct buffer *buffer, const char *text)
{
    assert_false(buffer->failed);
    assert_true(buffer_append_char(buffer, '\0'));
    assert_string_equal(buffer->data, text);
    buffer_reset(buffer);
}
