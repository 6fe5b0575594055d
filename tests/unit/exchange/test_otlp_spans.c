/* What becomes of a record: Protobuf in UTF-8, whatever its texts are.
 * (What a collector makes of it: tests/e2e/test_traces.py, tests/clients/test_collector.py.) */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/protobuf.h"
#include "base/text.h"
#include "dialect/completion.h"
#include "exchange/candidate.h"
#include "exchange/otlp_answer.h"
#include "exchange/otlp_attribute.h"
#include "exchange/otlp_body.h"
#include "exchange/otlp_spans.h"
#include "exchange/provider.h"
#include "exchange/trace_record.h"

static struct trace_pool pool;
static const struct otlp_resource resource = {"gateway \"1\"", "1.0", "id"};

/* An exchange: its record, and what is told of it at its end. */
struct made {
    struct trace_record *record;
    struct exchange_facts facts;
};

static struct attempt_span *attempt_of(const char *base_url)
{
    struct candidate_terms terms = provider_terms();
    terms.base_url = base_url;
    terms.provider = "test";
    struct candidate *candidate = candidate_new(&terms);
    struct attempt_span *span = attempt_span_new(&pool, candidate);
    candidate_unref(candidate);
    return span;
}

/* `text` must outlive it. */
static struct made make(size_t attempts, const char *base_url, const char *text)
{
    struct made made = {.record = trace_record_new(&pool)};
    struct trace_record *record = made.record;
    record->context.trace_id =
        (struct trace_id){UINT64_C(0x0af7651916cd43dd), UINT64_C(0x8448eb211c80319c)};
    record->context.span_id = UINT64_C(0xb7ad6b7169203331);
    record->created_ms = 1700000000123;
    record->started_us = 5000;
    trace_text_set(&record->route, slice_of(text));
    made.facts = (struct exchange_facts){.request_id = slice_of("req_1"),
                                         .method = slice_of("POST"),
                                         .path = slice_of(text),
                                         .model = slice_of(text),
                                         .error = slice_of(text),
                                         .failed = true,
                                         .charged = true,
                                         .ended_us = 6001,
                                         .charge_nusd = 1000000001};
    for (size_t i = 0; i < attempts; i++) {
        struct attempt_span *span = attempt_of(base_url);
        span->span_id = 0xa0;
        span->number = (int)i + 1;
        span->choices = 1;
        span->started_us = span->ended_us = 5500;
        trace_text_set(&span->response_id, slice_of(text));
        trace_text_set(&span->finish_reason, slice_of(text));
        trace_record_add(record, span);
    }
    return made;
}

/* ---- reading what was written ---- */

/* The field of that number, the n-th of them; fails if there is none. */
static struct protobuf_field field_of(struct slice message, uint64_t number, size_t nth)
{
    struct protobuf_field field;
    while (message.bytes > 0) {
        assert_true(protobuf_next(&message, &field));
        if (field.number == number && nth-- == 0)
            return field;
    }
    fail_msg("there is no field %d", (int)number);
    return field;
}

static size_t count_fields(struct slice message, uint64_t number)
{
    struct protobuf_field field;
    size_t count = 0;
    while (message.bytes > 0) {
        assert_true(protobuf_next(&message, &field));
        count += field.number == number;
    }
    return count;
}

enum { RESOURCE_SPANS = 1, SCOPE_SPANS = 2, SPANS = 2 };
enum { PARENT_ID = 4, NAME = 5, KIND = 6, START = 7, END = 8, ATTRIBUTES = 9 };
enum { TEXT = 1, INT = 3, DOUBLE = 4 };

struct written {
    struct buffer body;
    struct slice scope_spans;
};

/* The body of so many such records; they are freed. */
static struct written write(const struct made *made, size_t count, size_t spans)
{
    struct written written;
    size_t added = 0;
    buffer_init(&written.body, 1 << 20);
    otlp_body_begin(&written.body);
    for (size_t i = 0; i < count; i++) {
        added += otlp_spans_add(made[i].record, &made[i].facts, &written.body);
        trace_record_free(made[i].record);
    }
    struct slice body = otlp_body_end(&resource, &written.body);
    assert_int_equal(added, spans);
    struct slice resource_spans = field_of(body, RESOURCE_SPANS, 0).inner;
    written.scope_spans = field_of(resource_spans, SCOPE_SPANS, 0).inner;
    assert_int_equal(count_fields(written.scope_spans, SPANS), spans);
    return written;
}

static struct slice span_of(const struct written *written, size_t nth)
{
    return field_of(written->scope_spans, SPANS, nth).inner;
}

/* Its value; fails if it is not there. All attributes are read. */
static struct protobuf_field attribute(struct slice span, const char *key)
{
    struct protobuf_field found = {.number = 0};
    for (size_t i = 0; i < count_fields(span, ATTRIBUTES); i++) {
        struct slice pair = field_of(span, ATTRIBUTES, i).inner;
        struct slice value = field_of(pair, 2, 0).inner;
        struct protobuf_field one;
        assert_true(protobuf_next(&value, &one));
        assert_int_equal(value.bytes, 0);
        if (one.number == TEXT)
            assert_true(text_is_utf8(one.inner));
        if (slice_equals(field_of(pair, 1, 0).inner, key))
            found = one;
    }
    if (found.number == 0)
        fail_msg("there is no %s", key);
    return found;
}

static void assert_text(struct slice span, const char *key, const char *text)
{
    struct slice found = attribute(span, key).inner;
    if (!slice_equals(found, text))
        fail_msg("%s is %.*s, not %s", key, (int)found.bytes, found.data, text);
}

/* ---- tests ---- */

static void records_follow_each_other(void **state)
{
    const struct made made[] = {make(0, "http://h/v1", "a"), make(2, "http://h/v1", "bc"),
                                make(1, "http://h/v1", "")};
    (void)state;
    struct written written = write(made, 3, 6);
    assert_text(span_of(&written, 0), "url.path", "a");
    assert_text(span_of(&written, 2), "gen_ai.response.id", "bc");
    assert_int_equal(attribute(span_of(&written, 3), "llm_gateway.attempt").value, 2);
    assert_text(span_of(&written, 5), "llm_gateway.provider", "test");
    buffer_fini(&written.body);
}

static void a_hedge_has_attempts_only(void **state)
{
    static const char parent[] = {'\xb7', '\xad', '\x6b', '\x71', '\x69', '\x20', '\x33', '\x31'};
    struct made made = make(1, "http://h/v1", "a");
    struct buffer out;
    (void)state;
    buffer_init(&out, 1 << 20);
    assert_int_equal(otlp_spans_add(made.record, NULL, &out), 1);
    struct slice span = field_of(buffer_slice(&out), SPANS, 0).inner;
    assert_int_equal(field_of(span, KIND, 0).value, 3);
    struct slice id = field_of(span, PARENT_ID, 0).inner;
    assert_int_equal(id.bytes, sizeof parent);
    assert_memory_equal(id.data, parent, sizeof parent);
    trace_record_free(made.record);
    buffer_fini(&out);
}

static void times_and_money_are_exact(void **state)
{
    struct made made = make(1, "http://h/v1", "a");
    double usd;
    (void)state;
    struct written written = write(&made, 1, 2);
    struct slice span = span_of(&written, 0);
    assert_true(field_of(span, START, 0).value == UINT64_C(1700000000123000000));
    assert_true(field_of(span, END, 0).value == UINT64_C(1700000000124001000));
    assert_true(field_of(span_of(&written, 1), START, 0).value == UINT64_C(1700000000123500000));
    struct protobuf_field charge = attribute(span, "llm_gateway.charge_usd");
    assert_int_equal(charge.number, DOUBLE);
    memcpy(&usd, &charge.value, sizeof usd);
    assert_true(usd == 1.000000001);
    buffer_fini(&written.body);
}

static void any_bytes_become_utf8(void **state)
{
    char text[128], path[256];
    (void)state;
    for (int c = 1; c < 256; c++) {
        for (size_t bytes = 1; bytes < 20; bytes += 6) { /* around a run of eight */
            memset(text, 'a', bytes);
            text[bytes - 1] = (char)c;
            text[bytes] = '\0';
            snprintf(path, sizeof path, "%.*s%s", (int)bytes - 1, text,
                     c < 128 ? text + bytes - 1 : "\xef\xbf\xbd");
            struct made made = make(1, "http://h/v1", text);
            struct written written = write(&made, 1, 2);
            assert_text(span_of(&written, 0), "url.path", path);
            attribute(span_of(&written, 1), "gen_ai.response.id");
            buffer_fini(&written.body);
        }
    }
}

static void other_letters_stay(void **state)
{
    struct made made = make(1, "http://h/v1", "\xea\xb0\x80\xf0\x9f\x98\x80\xea\xb0");
    (void)state;
    struct written written = write(&made, 1, 2);
    assert_text(span_of(&written, 0), "url.path",
                "\xea\xb0\x80\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd");
    buffer_fini(&written.body);
}

/* A span's length takes one to three bytes before it. */
static void lengths_of_all_sizes(void **state)
{
    static char text[OTLP_TEXT_BYTES_MAX * 2];
    (void)state;
    for (size_t bytes = 0; bytes < sizeof text; bytes += bytes < 300 ? 1 : 61) {
        memset(text, bytes % 2 ? 'a' : '\xff', bytes);
        text[bytes] = '\0';
        struct made made = make(2, "http://h/v1", text);
        struct written written = write(&made, 1, 3);
        attribute(span_of(&written, 0), "http.request.method");
        attribute(span_of(&written, 2), "llm_gateway.attempt");
        buffer_fini(&written.body);
    }
}

/* Each byte of all texts needs three. */
static void the_longest_texts_have_room(void **state)
{
    char text[OTLP_TEXT_BYTES_MAX * 2];
    (void)state;
    memset(text, '\xff', sizeof text);
    text[sizeof text - 1] = '\0';
    struct made made = make(16, "http://h/v1", text);
    struct written written = write(&made, 1, 17);
    attribute(span_of(&written, 16), "llm_gateway.attempt");
    buffer_fini(&written.body);
}

/* Nothing of it is written, and what was there stays. */
static void a_record_without_room(void **state)
{
    struct made made = make(3, "http://h/v1", "a");
    struct buffer out;
    (void)state;
    for (size_t room = 0;; room += 1000) {
        buffer_init(&out, room);
        size_t count = otlp_spans_add(made.record, &made.facts, &out);
        if (count > 0) {
            assert_int_equal(count, 4);
            assert_true(room > 4000);
            buffer_fini(&out);
            break;
        }
        assert_int_equal(out.bytes, 0);
        assert_false(out.failed);
        buffer_fini(&out);
    }
    trace_record_free(made.record);
}

/* More than it keeps. */
static void a_pool(void **state)
{
    enum { RECORDS = 300 };
    struct trace_record *records[RECORDS];
    struct trace_pool own = {0};
    (void)state;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < RECORDS; i++) {
            records[i] = trace_record_new(&own);
            assert_null(records[i]->first);
            trace_text_set(&records[i]->route, slice_of("m"));
            strcpy(records[i]->state, "a=b");
        }
        for (size_t i = 0; i < RECORDS; i++)
            trace_record_free(records[i]);
        assert_int_equal(own.records.count, 256);
    }
    struct trace_record *again = trace_record_new(&own);
    assert_int_equal(again->route.bytes, 0);
    assert_string_equal(again->state, "");
    trace_record_free(again);
    trace_pool_fini(&own);
    assert_int_equal(own.records.count, 0);
}

static void servers(void **state)
{
    static const struct {
        const char *url, *address, *provider;
        uint64_t port;
    } cases[] = {
        {"https://api.openai.com/v1", "api.openai.com", "openai", 443},
        {"http://[::1]:8080/v1", "::1", "test", 8080},
        {"http://127.0.0.1/v1", "127.0.0.1", "test", 80},
        {"https://us-east5-aiplatform.googleapis.com/v1", "us-east5-aiplatform.googleapis.com",
         "gcp.vertex_ai", 443},
        {"https://bedrock-runtime.us-east-1.amazonaws.com",
         "bedrock-runtime.us-east-1.amazonaws.com", "aws.bedrock", 443},
        {"https://api.openai.com.evil.example/v1", "api.openai.com.evil.example", "test", 443},
        {"https://notapi.openai.com/v1", "notapi.openai.com", "test", 443},
        {"https://x.openai.azure.com/v1", "x.openai.azure.com", "azure.ai.openai", 443}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct made made = make(1, cases[i].url, "a");
        struct written written = write(&made, 1, 2);
        struct slice span = span_of(&written, 1);
        assert_text(span, "server.address", cases[i].address);
        assert_text(span, "gen_ai.provider.name", cases[i].provider);
        assert_true(attribute(span, "server.port").value == cases[i].port);
        buffer_fini(&written.body);
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
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct attempt_span *span = attempt_of("http://h/v1");
        struct json_value root;
        struct fault fault;
        assert_true(json_parse(slice_of(cases[i].text), 8, &root, &fault));
        attempt_span_note_answer(span, &root, &(struct json_value){.type = JSON_NULL});
        assert_true(slice_equals(trace_text_slice(&span->response_id), cases[i].id));
        assert_true(slice_equals(trace_text_slice(&span->response_model), cases[i].model));
        attempt_span_free(span);
    }
}

static void what_a_completion_says(void **state)
{
    static const struct {
        const char *text, *id, *model;
    } cases[] = {{"{\"id\":\"a\",\"model\":\"m\",\"x\":1}", "a", "m"},
                 {"{\"model\":\"a\\u00e9\",\"id\":null}", "", "a\xc3\xa9"},
                 {"{\"id\":5,\"model\":{\"id\":\"b\"}}", "", ""}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct attempt_span *span = attempt_of("http://h/v1");
        struct completion completion;
        assert_true(completion_read(slice_of(cases[i].text), &completion));
        attempt_span_note_completion(span, &completion);
        attempt_span_note_completion(NULL, &completion);
        assert_true(slice_equals(trace_text_slice(&span->response_id), cases[i].id));
        assert_true(slice_equals(trace_text_slice(&span->response_model), cases[i].model));
        attempt_span_free(span);
    }
}

static int64_t rejected(const char *answer, size_t bytes, char words[OTLP_WORDS_BYTES])
{
    return otlp_answer_rejected((struct slice){answer, bytes}, words);
}

#define REJECTED(literal, words) rejected((literal), sizeof(literal) - 1, (words))

static void a_partial_success(void **state)
{
    char words[OTLP_WORDS_BYTES];
    (void)state;
    assert_int_equal(REJECTED("\x0a\x0b\x08\x83\x01\x12\x06"
                              "longer",
                              words),
                     131);
    assert_string_equal(words, "longer");
    assert_int_equal(REJECTED("\x0a\x02\x08\x03", words), 3);
    assert_int_equal(REJECTED("\x0a\x00", words), 0);
    assert_int_equal(REJECTED("", words), 0);
    assert_int_equal(REJECTED("\x0a\x05\x08", words), 0); /* cut off */
    assert_int_equal(REJECTED("ok", words), 0);
    assert_string_equal(words, "");
    assert_int_equal(REJECTED("{\"partialSuccess\":{\"rejectedSpans\":\"3\"}}", words), 3);
    assert_int_equal(REJECTED("{ \"partialSuccess\": {\"rejectedSpans\" : 12, \"errorMessage\":"
                              " \"too old\"}}",
                              words),
                     12);
    assert_string_equal(words, "too old");
    assert_int_equal(REJECTED("{\"partialSuccess\":{}}", words), 0);
    assert_int_equal(
        REJECTED("{\"partialSuccess\":{\"errorMessage\":\"\\\"rejectedSpans\\\":9\"}}", words), 0);
    assert_int_equal(REJECTED("{\"rejectedSpans\":\"x\"}", words), 0);
}

static void a_refusal(void **state)
{
    static const char status[] = "\x08\x03\x12\x0a"
                                 "no tenant!";
    char words[OTLP_WORDS_BYTES];
    (void)state;
    otlp_answer_refusal((struct slice){status, sizeof status - 1}, words);
    assert_string_equal(words, "no tenant!");
    otlp_answer_refusal(slice_of("no such tenant\n"), words);
    assert_string_equal(words, "no such tenant");
    otlp_answer_refusal(slice_of(""), words);
    assert_string_equal(words, "");
}

static int end_pool(void **state)
{
    (void)state;
    trace_pool_fini(&pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_follow_each_other),
        cmocka_unit_test(a_hedge_has_attempts_only),
        cmocka_unit_test(times_and_money_are_exact),
        cmocka_unit_test(any_bytes_become_utf8),
        cmocka_unit_test(other_letters_stay),
        cmocka_unit_test(lengths_of_all_sizes),
        cmocka_unit_test(the_longest_texts_have_room),
        cmocka_unit_test(a_record_without_room),
        cmocka_unit_test(a_pool),
        cmocka_unit_test(servers),
        cmocka_unit_test(what_an_answer_says),
        cmocka_unit_test(what_a_completion_says),
        cmocka_unit_test(a_partial_success),
        cmocka_unit_test(a_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, end_pool);
}
