/* What becomes of a record: packed, taken out again, and JSON whatever its texts are. (What a
 * collector makes of it: tests/e2e/test_traces.py, tests/clients/test_collector.py.) */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "exchange/candidate.h"
#include "exchange/gen_ai_names.h"
#include "exchange/otlp_json.h"
#include "exchange/provider.h"
#include "exchange/trace_record.h"

static const struct otlp_resource resource = {"gateway \"1\"", "1.0", "id"};

static struct trace_record *make(size_t attempts, const char *base_url, const char *text)
{
    struct trace_record *record = trace_record_new();
    struct candidate_terms terms = provider_terms();
    terms.base_url = base_url;
    terms.provider = "test";
    struct candidate *candidate = candidate_new(&terms);
    strcpy(record->context.trace_id, "0af7651916cd43dd8448eb211c80319c");
    strcpy(record->context.span_id, "b7ad6b7169203331");
    record->created_ms = 1700000000123;
    record->started_us = 5000;
    record->ended_us = 6001;
    record->charged = true;
    record->charge_nusd = 1000000001;
    trace_texts_set(&record->texts, EXCHANGE_METHOD, slice_of("POST"));
    trace_texts_set(&record->texts, EXCHANGE_PATH, slice_of(text));
    trace_texts_set(&record->texts, EXCHANGE_MODEL, slice_of(text));
    for (size_t i = 0; i < attempts; i++) {
        struct attempt_span *span = attempt_span_new(candidate);
        strcpy(span->span_id, "00000000000000a0");
        span->number = (int)i + 1;
        span->started_us = span->ended_us = 5500;
        trace_texts_set(&span->texts, ATTEMPT_RESPONSE_ID, slice_of(text));
        trace_record_add(record, span);
    }
    candidate_unref(candidate);
    return record;
}

/* The body of so many such records; they are freed. */
static void write(struct trace_record *const *records, size_t count, size_t spans,
                  struct buffer *out)
{
    struct buffer packed;
    size_t written = 0, some;
    buffer_init(&packed, 1 << 20);
    buffer_init(out, 1 << 20);
    for (size_t i = 0; i < count; i++) {
        assert_true(trace_record_pack(records[i], &packed));
        trace_record_free(records[i]);
    }
    struct slice left = buffer_slice(&packed);
    otlp_json_begin(&resource, out);
    while ((some = otlp_json_add(&left, out)) > 0)
        written += some;
    otlp_json_end(out);
    assert_int_equal(left.bytes, 0);
    assert_int_equal(written, spans);
    buffer_fini(&packed);
}

static void assert_json(const struct buffer *body)
{
    struct json_value root;
    struct fault fault;
    assert_false(body->failed);
    if (!json_parse(buffer_slice(body), 32, &root, &fault))
        fail_msg("%s: %.*s", fault.message, (int)body->bytes, body->data);
}

static bool has(const struct buffer *body, const char *text)
{
    return slice_find(buffer_slice(body), slice_of(text)) >= 0;
}

static void records_follow_each_other(void **state)
{
    struct trace_record *records[] = {make(0, "http://h/v1", "a"), make(2, "http://h/v1", "bc"),
                                      make(1, "http://h/v1", "")};
    struct buffer body;
    (void)state;
    write(records, 3, 6, &body);
    assert_json(&body);
    buffer_fini(&body);
}

static void a_hedge_has_attempts_only(void **state)
{
    struct trace_record *record = make(1, "http://h/v1", "a");
    struct buffer body;
    (void)state;
    record->beside = true;
    write(&record, 1, 1, &body);
    assert_json(&body);
    assert_false(has(&body, "\"kind\":2"));
    assert_true(has(&body, "\"parentSpanId\":\"b7ad6b7169203331\""));
    buffer_fini(&body);
}

static void times_and_money_are_exact(void **state)
{
    struct trace_record *record = make(1, "http://h/v1", "a");
    struct buffer body;
    (void)state;
    write(&record, 1, 2, &body);
    assert_true(has(&body, "\"startTimeUnixNano\":\"1700000000123000000\",\"endTimeUnixNano\":"
                           "\"1700000000124001000\""));
    assert_true(has(&body, "\"startTimeUnixNano\":\"1700000000123500000\""));
    assert_true(has(&body, "\"llm_gateway.charge_usd\",\"value\":{\"doubleValue\":1.000000001}"));
    buffer_fini(&body);
}

static void any_bytes_become_json(void **state)
{
    char text[128];
    (void)state;
    for (int c = 1; c < 256; c++) {
        for (size_t bytes = 1; bytes < 20; bytes += 6) { /* around a run of eight */
            struct buffer body;
            memset(text, 'a', bytes);
            text[bytes - 1] = (char)c;
            text[bytes] = '\0';
            struct trace_record *record = make(1, "http://h/v1", text);
            write(&record, 1, 2, &body);
            assert_json(&body);
            buffer_fini(&body);
        }
    }
}

/* Each byte of all texts needs six. */
static void the_longest_texts_have_room(void **state)
{
    char text[TRACE_TEXTS_BYTES * 2];
    struct buffer body;
    (void)state;
    memset(text, 1, sizeof text);
    text[sizeof text - 1] = '\0';
    struct trace_record *record = make(16, "http://h/v1", text);
    write(&record, 1, 17, &body);
    assert_json(&body);
    buffer_fini(&body);
}

static void servers(void **state)
{
    static const struct {
        const char *url, *address, *port, *provider;
    } cases[] = {{"https://api.openai.com/v1", "\"api.openai.com\"", "\"443\"", "\"openai\""},
                 {"http://[::1]:8080/v1", "\"::1\"", "\"8080\"", "\"test\""},
                 {"http://127.0.0.1/v1", "\"127.0.0.1\"", "\"80\"", "\"test\""},
                 {"https://us-east5-aiplatform.googleapis.com/v1",
                  "\"us-east5-aiplatform.googleapis.com\"", "\"443\"", "\"gcp.vertex_ai\""},
                 {"https://bedrock-runtime.us-east-1.amazonaws.com", "amazonaws.com\"", "\"443\"",
                  "\"aws.bedrock\""},
                 {"https://api.openai.com.evil.example/v1", "\"api.openai.com.evil.example\"",
                  "\"443\"", "\"test\""},
                 {"https://notapi.openai.com/v1", "\"notapi.openai.com\"", "\"443\"", "\"test\""},
                 {"https://x.openai.azure.com/v1", "\"x.openai.azure.com\"", "\"443\"",
                  "\"azure.ai.openai\""}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trace_record *record = make(1, cases[i].url, "a");
        struct buffer body;
        char provider[200];
        write(&record, 1, 2, &body);
        snprintf(provider, sizeof provider,
                 "\"gen_ai.provider.name\",\"value\":{\"stringValue\":%s}", cases[i].provider);
        if (!has(&body, cases[i].address) || !has(&body, cases[i].port) || !has(&body, provider))
            fail_msg("%s: %.*s", cases[i].url, (int)body.bytes, body.data);
        buffer_fini(&body);
    }
}

static void what_an_answer_says(void **state)
{
    static const struct {
        const char *text, *id, *model;
    } cases[] = {{"{\"id\":\"a\",\"model\":\"m\",\"x\":1}", "a", "m"},
                 {"{\"responseId\":\"a\\u00e9\",\"model\":null}", "a\xc3\xa9", ""},
                 {"{\"id\":5,\"id\":\"b\",\"model\":\"\"}", "b", ""},
                 {"[]", "", ""}};
    struct candidate_terms terms = provider_terms();
    struct candidate *candidate = candidate_new(&terms);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct attempt_span *span = attempt_span_new(candidate);
        struct json_value root;
        struct fault fault;
        assert_true(json_parse(slice_of(cases[i].text), 8, &root, &fault));
        attempt_span_note_chunk(span, &root);
        assert_string_equal(trace_text(&span->texts, ATTEMPT_RESPONSE_ID), cases[i].id);
        assert_string_equal(trace_text(&span->texts, ATTEMPT_RESPONSE_MODEL), cases[i].model);
        attempt_span_free(span);
    }
    candidate_unref(candidate);
}

static void a_partial_success(void **state)
{
    (void)state;
    assert_int_equal(otlp_json_rejected("{\"partialSuccess\":{\"rejectedSpans\":\"3\"}}"), 3);
    assert_int_equal(otlp_json_rejected("{ \"partialSuccess\": {\"rejectedSpans\" : 12, \"err"),
                     12);
    assert_int_equal(otlp_json_rejected("{\"partialSuccess\":{}}"), 0);
    assert_int_equal(otlp_json_rejected("{\"errorMessage\":\"\\\"rejectedSpans\\\":9\"}"), 0);
    assert_int_equal(otlp_json_rejected("{\"rejectedSpans\":\"x\"}"), 0);
    assert_int_equal(otlp_json_rejected(""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_follow_each_other),   cmocka_unit_test(a_hedge_has_attempts_only),
        cmocka_unit_test(times_and_money_are_exact),   cmocka_unit_test(any_bytes_become_json),
        cmocka_unit_test(the_longest_texts_have_room), cmocka_unit_test(servers),
        cmocka_unit_test(what_an_answer_says),         cmocka_unit_test(a_partial_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
