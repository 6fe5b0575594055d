/* How an answer in Anthropic's form is ended: an open block is stopped once, and only if its start
 * was sent. */
#include "base/support.h"

#include "dialect/forms.h"
#include "dialect/parsed.h"

#define DIALECT DIALECT_ANTHROPIC

static const struct final_usage usage = {
    .prompt_tokens = 10, .cached_tokens = 4, .completion_tokens = 3, .charge_nusd = 1500};

#define USAGE                                                                                      \
    "{\"input_tokens\":6,\"cache_read_input_tokens\":4,\"output_tokens\":3,\"cost\":0.0000015}"
#define END                                                                                        \
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"          \
    "\"max_tokens\",\"stop_sequence\":null},\"usage\":" USAGE "}\n\n"                              \
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
#define STOP(index)                                                                                \
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":" index "}\n\n"
#define STARTED "{\"type\":\"message_start\",\"message\":{}}"
#define BLOCK(index) "{\"type\":\"content_block_start\",\"index\":" index ",\"content_block\":{}}"
#define DELTA "{\"type\":\"content_block_delta\",\"delta\":{}}"
#define STOPPED(index) "{\"type\":\"content_block_stop\",\"index\":" index "}"

static void check_end(const char *const *events, const char *expected)
{
    struct answer_state *answer = answer_state_new();
    struct buffer out;
    buffer_init(&out, 4096);
    for (; *events != NULL; events++)
        (void)form_event(DIALECT, answer, *events);
    dialect_form(DIALECT)->write_length(answer, &usage, &out);
    assert_written(&out, expected);
    buffer_fini(&out);
    answer_state_free(answer);
}

#define CHECK(expected, ...) check_end((const char *const[]){__VA_ARGS__, NULL}, expected)

static void an_open_block_is_stopped(void **state)
{
    (void)state;
    CHECK(STOP("0") END, STARTED, BLOCK("0"), DELTA, DELTA);
    CHECK(STOP("1") END, STARTED, BLOCK("0"), DELTA, STOPPED("0"), BLOCK("1"), DELTA);
    CHECK(END, STARTED, BLOCK("0"), DELTA, STOPPED("0"), DELTA);
    CHECK(END, STARTED);
}

/* The event for which there is no money has not been sent. */
static void a_block_that_was_not_sent_is_not_stopped(void **state)
{
    (void)state;
    CHECK(END, STARTED, BLOCK("0"), DELTA, STOPPED("0"), BLOCK("1"));
}

static void blocks_without_numbers_are_counted(void **state)
{
    (void)state;
    CHECK(STOP("3") END, BLOCK("2"), STOPPED("2"),
          "{\"type\":\"content_block_start\",\"content_block\":{}}", DELTA);
}

static void nothing_has_come(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 4096);
    dialect_form(DIALECT)->write_length(NULL, &usage, &out);
    assert_written(&out, END);
    buffer_fini(&out);
}

static void an_error_has_an_event_of_its_own(void **state)
{
    (void)state;
    const struct error_body error = {
        .status = 529, .code = "provider_overloaded", .message = "busy", .request_id = "req_1"};
    struct buffer out;
    buffer_init(&out, 4096);
    dialect_form(DIALECT)->write_failure(NULL, &error, &usage, &out);
    assert_written(&out,
                   "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"
                   "\"overloaded_error\",\"message\":\"busy\",\"details\":{\"error_code\":"
                   "\"provider_overloaded\"},\"param\":null,\"code\":\"provider_overloaded\"},"
                   "\"request_id\":\"req_1\"}\n\n");
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_block_is_stopped),
        cmocka_unit_test(a_block_that_was_not_sent_is_not_stopped),
        cmocka_unit_test(blocks_without_numbers_are_counted),
        cmocka_unit_test(nothing_has_come),
        cmocka_unit_test(an_error_has_an_event_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
