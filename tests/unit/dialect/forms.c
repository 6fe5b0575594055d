#include "dialect/forms.h"

#include "base/support.h"
#include "dialect/parsed.h"

static const struct request_address address = {.model = {"m", 1}, .streamed = true};

struct model_request form_request(enum dialect dialect, const char *text)
{
    struct model_request request;
    struct request_fault fault = {0};
    if (!dialect_form(dialect)->read_request(slice_of(text), &address, 0, &request, &fault))
        fail_msg("%s: %s", fault.message, text);
    assert_int_equal(request.dialect, dialect);
    assert_true(request.usage_asked);
    return request;
}

const char *form_refused(enum dialect dialect, const char *text)
{
    struct model_request request;
    struct request_fault fault = {0};
    if (dialect_form(dialect)->read_request(slice_of(text), &address, 0, &request, &fault))
        fail_msg("not refused: %s", text);
    assert_non_null(fault.code);
    assert_true(fault.message[0] != '\0');
    return fault.param != NULL ? fault.param : "";
}

void form_assert_copy(enum dialect dialect, const char *text, const struct request_changes *changes,
                      const char *expected)
{
    struct model_request request = form_request(dialect, text);
    struct request_copy copy = {0};
    struct buffer out;
    buffer_init(&out, 1 << 20);
    assert_true(dialect_form(dialect)->apply(&request, changes, &copy));
    for (size_t i = 0; i < copy.part_count; i++)
        assert_true(buffer_append_slice(&out, copy.parts[i]));
    request_copy_fini(&copy);
    assert_true(buffer_append_char(&out, '\0'));
    assert_string_equal(out.data, expected);
    (void)form_request(dialect, out.data);
    buffer_fini(&out);
}

struct answer_facts form_event(enum dialect dialect, struct answer_state *state, const char *text)
{
    struct json_value root = parsed(text);
    struct answer_facts facts;
    dialect_form(dialect)->read_event(state, &root, &facts);
    return facts;
}

struct answer_facts form_answer(enum dialect dialect, const char *text)
{
    struct json_value root = parsed(text);
    struct answer_facts facts;
    dialect_form(dialect)->read_answer(&root, &facts);
    return facts;
}

void form_assert_slice(struct slice slice, const char *expected)
{
    if (!slice_equals(slice, expected))
        fail_msg("'%.*s' is not '%s'", (int)slice.bytes, slice.data, expected);
}
