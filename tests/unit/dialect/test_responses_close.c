/* How an answer of the Responses API is ended: what is open is done, and the object of the answer
 * has what came. tests/e2e/test_stream_ends.py has the types of the SDKs read the same. */
#include "base/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/forms.h"
#include "dialect/parsed.h"

static const struct final_usage usage = {
    .prompt_tokens = 10, .cached_tokens = 4, .completion_tokens = 3, .charge_nusd = 1500};
static const struct error_body failure = {
    .status = 500, .code = "provider_error", .message = "It \"broke\"."};

#define USAGE                                                                                      \
    "{\"input_tokens\":10,\"input_tokens_details\":{\"cached_tokens\":4,"                          \
    "\"cache_write_tokens\":0},"                                                                   \
    "\"output_tokens\":3,\"output_tokens_details\":{\"reasoning_tokens\":0},"                      \
    "\"total_tokens\":13,"                                                                         \
    "\"cost\":0.0000015}"
#define EVENT(number, type, members)                                                               \
    "{\"type\":\"response." type "\",\"sequence_number\":" number members "}"
#define SENT(number, type, members)                                                                \
    "event: response." type "\ndata: " EVENT(number, type, members) "\n\n"
#define CREATED                                                                                    \
    EVENT("0", "created",                                                                          \
          ",\"response\":{\"id\":\"r\",\"status\":\"in_progress\",\"model\":\"m\",\"output\":[]}")
#define ADDED(number, index, item)                                                                 \
    EVENT(number, "output_item.added", ",\"output_index\":" index ",\"item\":" item)
#define DONE(number, index, item)                                                                  \
    EVENT(number, "output_item.done", ",\"output_index\":" index ",\"item\":" item)
#define TEXT(number, text)                                                                         \
    EVENT(number, "output_text.delta",                                                             \
          ",\"output_index\":0,\"content_index\":0,\"delta\":\"" text "\"")
#define PART(number)                                                                               \
    EVENT(number, "content_part.added",                                                            \
          ",\"output_index\":0,\"content_index\":0,\"part\":{\"type\":\"output_text\"}")
#define MESSAGE                                                                                    \
    "{\"id\":\"i\",\"type\":\"message\",\"status\":\"in_progress\",\"role\":\"assistant\","        \
    "\"content\":[]}"
#define INCOMPLETE(number, output)                                                                 \
    SENT(number, "incomplete",                                                                     \
         ",\"response\":{\"id\":\"r\",\"model\":\"m\",\"status\":\"incomplete\",\"error\":null,"   \
         "\"incomplete_details\":{\"reason\":\"max_output_tokens\"},\"output\":[" output           \
         "],\"usage\":" USAGE "}")
#define LAST(number) EVENT(number, "output_text.annotation.added", "")

static struct answer_state *after(const char *const *events)
{
    struct answer_state *answer = answer_state_new();
    for (; *events != NULL; events++)
        (void)form_event(DIALECT_RESPONSES, answer, *events);
    return answer;
}

static void check_end(const char *const *events, const char *expected)
{
    struct answer_state *answer = after(events);
    struct buffer out;
    buffer_init(&out, 1 << 20);
    dialect_form(DIALECT_RESPONSES)->write_length(answer, &usage, &out);
    assert_written(&out, expected);
    buffer_fini(&out);
    answer_state_free(answer);
}

#define END(expected, ...) check_end((const char *const[]){__VA_ARGS__, NULL}, expected)

#define CLOSED(text)                                                                               \
    "{\"id\":\"i\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[{"                     \
    "\"type\":\"output_text\",\"text\":\"" text                                                    \
    "\",\"annotations\":[],\"logprobs\":[]}],\"status\":\"incomplete\"}"
#define PLACE ",\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,"

static void what_is_open_is_done(void **state)
{
    (void)state;
    END(SENT("5", "output_text.done", PLACE "\"text\":\"ab\\n\",\"logprobs\":[]")
            SENT("6", "content_part.done",
                 PLACE "\"part\":{\"type\":\"output_text\",\"text\":\"ab\\n\",\"annotations\":[],"
                       "\"logprobs\":[]}")
                SENT("7", "output_item.done", ",\"output_index\":0,\"item\":" CLOSED("ab\\n"))
                    INCOMPLETE("8", CLOSED("ab\\n")),
        CREATED, ADDED("1", "0", MESSAGE), PART("2"), TEXT("3", "a"), TEXT("4", "b\\n"), LAST("5"));
}

/* The event for which there is no money has not been sent: neither its text nor its number. */
static void the_last_event_has_not_been_sent(void **state)
{
    (void)state;
    END(SENT("4", "output_text.done", PLACE "\"text\":\"a\",\"logprobs\":[]") SENT(
            "5", "content_part.done",
            PLACE
            "\"part\":{\"type\":\"output_text\",\"text\":\"a\",\"annotations\":[],\"logprobs\":[]}")
            SENT("6", "output_item.done", ",\"output_index\":0,\"item\":" CLOSED("a"))
                INCOMPLETE("7", CLOSED("a")),
        CREATED, ADDED("1", "0", MESSAGE), PART("2"), TEXT("3", "a"), TEXT("4", "b"));
    END(INCOMPLETE("1", ""), CREATED, ADDED("1", "0", MESSAGE));
    /* an item whose end was not sent is still open */
    END(SENT("2", "output_item.done",
             ",\"output_index\":0,\"item\":{\"id\":\"i\",\"type\":\"function_call\","
             "\"arguments\":\"\",\"status\":\"incomplete\"}")
            INCOMPLETE("3", "{\"id\":\"i\",\"type\":\"function_call\",\"arguments\":\"\","
                            "\"status\":\"incomplete\"}"),
        CREATED, ADDED("1", "0", "{\"id\":\"i\",\"type\":\"function_call\"}"),
        DONE("2", "0", "{\"id\":\"i\",\"type\":\"function_call\",\"arguments\":\"{}\"}"));
}

static void what_is_done_is_repeated(void **state)
{
    (void)state;
    END(INCOMPLETE("5", "{\"id\":\"a\"},{\"id\":\"b\"}"), CREATED,
        ADDED("1", "0", "{\"id\":\"a\"}"), DONE("2", "0", "{\"id\":\"a\"}"),
        ADDED("3", "1", "{\"id\":\"b\"}"), DONE("4", "1", "{\"id\":\"b\"}"), LAST("5"));
    /* parts of the open item, too */
    END(SENT("5", "output_item.done",
             ",\"output_index\":0,\"item\":{\"id\":\"i\",\"type\":\"reasoning\",\"summary\":[{"
             "\"text\":\"a\"}],\"status\":\"incomplete\"}")
            INCOMPLETE("6", "{\"id\":\"i\",\"type\":\"reasoning\",\"summary\":[{\"text\":\"a\"}],"
                            "\"status\":\"incomplete\"}"),
        CREATED,
        ADDED(
            "1", "0",
            "{\"id\":\"i\",\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"QUJD\"}"),
        EVENT("2", "reasoning_summary_part.added", ",\"output_index\":0,\"summary_index\":0"),
        EVENT("3", "reasoning_summary_text.delta",
              ",\"output_index\":0,\"summary_index\":0,\"delta\":\"a\""),
        EVENT("4", "reasoning_summary_part.done", ",\"output_index\":0,\"part\":{\"text\":\"a\"}"),
        LAST("5"));
}

/* A text that is done is not done twice. */
static void a_done_text_stays_done(void **state)
{
    (void)state;
    END(SENT(
            "5", "content_part.done",
            PLACE
            "\"part\":{\"type\":\"output_text\",\"text\":\"a\",\"annotations\":[],\"logprobs\":[]}")
            SENT("6", "output_item.done", ",\"output_index\":0,\"item\":" CLOSED("a"))
                INCOMPLETE("7", CLOSED("a")),
        CREATED, ADDED("1", "0", MESSAGE), PART("2"), TEXT("3", "a"),
        EVENT("4", "output_text.done", ",\"output_index\":0,\"text\":\"a\""), LAST("5"));
}

/* Half of a script may run; half of a JSON text does not. */
static void calls_with_free_text_are_left_open(void **state)
{
    (void)state;
    END(INCOMPLETE("3", ""), CREATED,
        ADDED("1", "0", "{\"id\":\"i\",\"type\":\"custom_tool_call\"}"),
        EVENT("2", "custom_tool_call_input.delta", ",\"output_index\":0,\"delta\":\"rm -r /tmp\""),
        LAST("3"));
}

static void events_without_numbers_are_counted(void **state)
{
    (void)state;
    END(INCOMPLETE("1", ""),
        "{\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"model\":\"m\"}}",
        "{\"type\":\"response.output_text.annotation.added\"}");
}

static void the_answer_has_the_client_s_name_of_the_model(void **state)
{
    (void)state;
    struct answer_state *answer = answer_state_new();
    struct buffer out;
    buffer_init(&out, 1 << 20);
    answer_state_answer_as(answer, slice_of("\"ours\""));
    (void)form_event(DIALECT_RESPONSES, answer, CREATED);
    dialect_form(DIALECT_RESPONSES)->write_length(answer, &usage, &out);
    buffer_append_char(&out, '\0');
    assert_non_null(strstr(out.data, "\"model\":\"ours\""));
    assert_null(strstr(out.data, "\"m\""));
    buffer_fini(&out);
    answer_state_free(answer);
}

static void a_failure_tells_what_was_charged(void **state)
{
    (void)state;
    const struct dialect_form *form = dialect_form(DIALECT_RESPONSES);
    struct answer_state *answer = after((const char *const[]){
        CREATED, ADDED("1", "0", "{\"id\":\"a\"}"), DONE("2", "0", "{\"id\":\"a\"}"), NULL});
    struct buffer out;
    buffer_init(&out, 1 << 20);
    form->write_failure(answer, &failure, &usage, &out);
    assert_written(&out,
                   SENT("3", "failed",
                        ",\"response\":{\"id\":\"r\",\"model\":\"m\",\"status\":\"failed\","
                        "\"incomplete_details\":null,"
                        "\"error\":{\"code\":\"server_error\",\"message\":\"It \\\"broke\\\".\"},"
                        "\"output\":[{\"id\":\"a\"}],\"usage\":" USAGE "}"));
    form->write_failure(NULL, &failure, &usage, &out);
    assert_written(
        &out,
        "event: error\ndata: {\"type\":\"error\",\"sequence_number\":0,\"code\":\"provider_error\","
        "\"message\":\"It \\\"broke\\\".\",\"param\":null,\"error\":{"
        "\"type\":\"server_error\",\"code\":\"provider_error\","
        "\"message\":\"It \\\"broke\\\".\",\"param\":null}}\n\n");
    buffer_fini(&out);
    answer_state_free(answer);
}

/* Codes of the form: others are no valid answer. */
static void a_failure_has_a_known_code(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *code;
    } cases[] = {{400, "invalid_prompt"},      {402, "rate_limit_exceeded"},
                 {429, "rate_limit_exceeded"}, {500, "server_error"},
                 {504, "server_error"},        {529, "server_error"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer_state *answer = after((const char *const[]){CREATED, NULL});
        struct error_body error = failure;
        struct buffer out;
        buffer_init(&out, 1 << 20);
        error.status = cases[i].status;
        dialect_form(DIALECT_RESPONSES)->write_failure(answer, &error, &usage, &out);
        buffer_append_char(&out, '\0');
        assert_non_null(strstr(out.data, cases[i].code));
        buffer_fini(&out);
        answer_state_free(answer);
    }
}

/* Nothing of it is repeated, and the end is still whole. */
static void an_answer_that_is_too_large_is_not_repeated(void **state)
{
    (void)state;
    enum { BYTES = 1024 * 1024, TIMES = 5 };
    struct answer_state *answer =
        after((const char *const[]){CREATED, ADDED("1", "0", MESSAGE), NULL});
    struct buffer out;
    char *event = malloc(BYTES + 200);
    assert_non_null(event);
    int start =
        sprintf(event, "{\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"");
    memset(event + start, 'a', BYTES);
    strcpy(event + start + BYTES, "\"}");
    for (int i = 0; i < TIMES; i++)
        assert_int_equal(form_event(DIALECT_RESPONSES, answer, event).sizes.text_bytes, BYTES);
    free(event);
    (void)form_event(DIALECT_RESPONSES, answer, DONE("9", "0", "{\"id\":\"i\"}"));
    (void)form_event(DIALECT_RESPONSES, answer, LAST("10"));
    buffer_init(&out, 1 << 20);
    dialect_form(DIALECT_RESPONSES)->write_length(answer, &usage, &out);
    assert_written(&out, INCOMPLETE("10", ""));
    buffer_fini(&out);
    answer_state_free(answer);
}

static void nothing_has_come(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 4096);
    dialect_form(DIALECT_RESPONSES)->write_length(NULL, &usage, &out);
    assert_written(&out,
                   SENT("0", "incomplete",
                        ",\"response\":{\"id\":\"\",\"object\":\"response\",\"created_at\":0,"
                        "\"parallel_tool_calls\":true,\"tool_choice\":\"auto\",\"tools\":[],"
                        "\"model\":\"\",\"status\":\"incomplete\",\"error\":null,"
                        "\"incomplete_details\":{\"reason\":\"max_output_tokens\"},\"output\":[],"
                        "\"usage\":" USAGE "}"));
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_open_is_done),
        cmocka_unit_test(the_last_event_has_not_been_sent),
        cmocka_unit_test(what_is_done_is_repeated),
        cmocka_unit_test(a_done_text_stays_done),
        cmocka_unit_test(calls_with_free_text_are_left_open),
        cmocka_unit_test(events_without_numbers_are_counted),
        cmocka_unit_test(the_answer_has_the_client_s_name_of_the_model),
        cmocka_unit_test(a_failure_tells_what_was_charged),
        cmocka_unit_test(a_failure_has_a_known_code),
        cmocka_unit_test(an_answer_that_is_too_large_is_not_repeated),
        cmocka_unit_test(nothing_has_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
