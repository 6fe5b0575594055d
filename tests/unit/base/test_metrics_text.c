#include "base/metrics_text.h"

#include <string.h>

#include "base/support.h"

static struct metrics_text begun(struct buffer *out, enum metrics_format format)
{
    buffer_init(out, 65536);
    return (struct metrics_text){.out = out, .format = format};
}

static void assert_written(struct buffer *out, const char *text)
{
    buffer_append_char(out, '\0');
    assert_false(out->failed);
    assert_string_equal(out->data, text);
    buffer_fini(out);
}

static void writes_a_counter_in_both_forms(void **state)
{
    const struct metrics_label labels[] = {{"model", "gpt-5"}, {"unit", "input"}, {NULL, NULL}};
    struct buffer out;
    struct metrics_text text = begun(&out, METRICS_PROMETHEUS);
    (void)state;
    metrics_family(&text, METRICS_COUNTER, "gw_tokens", "", "What \"was\" used.");
    metrics_int(&text, labels, 12);
    metrics_text_end(&text);
    assert_written(&out, "# HELP gw_tokens_total What \"was\" used.\n"
                         "# TYPE gw_tokens_total counter\n"
                         "gw_tokens_total{model=\"gpt-5\",unit=\"input\"} 12\n");
    text = begun(&out, METRICS_OPENMETRICS);
    metrics_family(&text, METRICS_COUNTER, "gw_charged_dollars", "dollars", "What \"was\" used.");
    metrics_dollars(&text, NULL, INT64_C(1000000001));
    metrics_text_end(&text);
    assert_written(&out, "# HELP gw_charged_dollars What \\\"was\\\" used.\n"
                         "# TYPE gw_charged_dollars counter\n"
                         "# UNIT gw_charged_dollars dollars\n"
                         "gw_charged_dollars_total 1.000000001\n"
                         "# EOF\n");
}

static void writes_exact_decimals(void **state)
{
    static const struct {
        int64_t nusd;
        const char *text;
    } cases[] = {{0, "g 0.0\n"},
                 {1, "g 0.000000001\n"},
                 {-1, "g -0.000000001\n"},
                 {INT64_C(9007199254740993), "g 9007199.254740993\n"},
                 {INT64_MAX, "g 9223372036.854775807\n"},
                 {INT64_MIN, "g -9223372036.854775808\n"},
                 {INT64_C(2500000000), "g 2.5\n"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        struct metrics_text text = begun(&out, METRICS_PROMETHEUS);
        metrics_family(&text, METRICS_GAUGE, "g", "", "");
        buffer_reset(&out);
        metrics_dollars(&text, NULL, cases[i].nusd);
        assert_written(&out, cases[i].text);
    }
}

static void escapes_what_labels_hold(void **state)
{
    static const struct {
        const char *value, *text;
    } cases[] = {{"a\"b\\c\nd", "g{l=\"a\\\"b\\\\c\\nd\"} 1\n"},
                 {"", "g{l=\"\"} 1\n"},
                 {"\xed\x95\x9c", "g{l=\"\xed\x95\x9c\"} 1\n"},
                 {"x\xff\xc3y", "g{l=\"x??y\"} 1\n"}}; /* no UTF-8 */
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct metrics_label labels[] = {{"l", cases[i].value}, {NULL, NULL}};
        struct buffer out;
        struct metrics_text text = begun(&out, METRICS_OPENMETRICS);
        metrics_family(&text, METRICS_GAUGE, "g", "", "");
        buffer_reset(&out);
        metrics_int(&text, labels, 1);
        assert_written(&out, cases[i].text);
    }
}

/* Returns the line that begins so; the text ends with a NUL. */
static const char *line_of(const struct buffer *out, const char *beginning, char *line,
                           size_t line_bytes)
{
    const char *at = strstr(out->data, beginning);
    assert_non_null(at);
    slice_copy((struct slice){at, strcspn(at, "\n")}, line, line_bytes);
    return line;
}

static void writes_cumulative_buckets_with_exemplars(void **state)
{
    const struct metrics_label labels[] = {{"model", "m"}, {NULL, NULL}};
    struct metrics_sums sums = {
        .buckets = {[0] = 2, [3] = 1, [METRICS_BOUNDS] = 4},
        .sum_us = 1500000,
        .exemplars = {[3] = {{0xabc, 0x1, INT64_C(1764662400007)}, 900}},
    };
    struct buffer out;
    char line[200];
    (void)state;
    for (int format = METRICS_PROMETHEUS; format <= METRICS_OPENMETRICS; format++) {
        struct metrics_text text = begun(&out, (enum metrics_format)format);
        metrics_family(&text, METRICS_HISTOGRAM, "h_seconds", "seconds", "h");
        metrics_times(&text, labels, metrics_short_us, &sums);
        buffer_append_char(&out, '\0');
        assert_string_equal(line_of(&out, "h_seconds_bucket{model=\"m\",le=\"0.0001\"", line, 200),
                            "h_seconds_bucket{model=\"m\",le=\"0.0001\"} 2");
        assert_string_equal(line_of(&out, "h_seconds_bucket{model=\"m\",le=\"0.001\"", line, 200),
                            format == METRICS_OPENMETRICS
                                ? "h_seconds_bucket{model=\"m\",le=\"0.001\"} 3 # "
                                  "{trace_id=\"0000000000000abc0000000000000001\"} 0.0009 "
                                  "1764662400.007"
                                : "h_seconds_bucket{model=\"m\",le=\"0.001\"} 3");
        line_of(&out, "h_seconds_bucket{model=\"m\",le=\"1.0\"} 3", line, 200);
        line_of(&out, "h_seconds_bucket{model=\"m\",le=\"+Inf\"} 7", line, 200);
        assert_string_equal(line_of(&out, "h_seconds_sum", line, 200),
                            "h_seconds_sum{model=\"m\"} 1.5");
        assert_string_equal(line_of(&out, "h_seconds_count", line, 200),
                            "h_seconds_count{model=\"m\"} 7");
        buffer_fini(&out);
    }
}

static void finds_the_format_that_a_reader_prefers(void **state)
{
    static const struct {
        const char *accept;
        enum metrics_format format;
    } cases[] = {
        {"", METRICS_PROMETHEUS},
        {"*/*", METRICS_PROMETHEUS},
        {"text/html", METRICS_PROMETHEUS},
        {"text/plain", METRICS_PROMETHEUS},
        {"application/openmetrics-text", METRICS_OPENMETRICS},
        /* Prometheus 3 (v0.316.0 of its module), 2.42, and 3 with protobuf first */
        {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
         "application/openmetrics-text;version=0.0.1;q=0.5,"
         "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
         "*/*;q=0.2",
         METRICS_OPENMETRICS},
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
         "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         METRICS_OPENMETRICS},
        {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
         "encoding=delimited;q=0.7,application/openmetrics-text;version=1.0.0;escaping="
         "allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
         METRICS_OPENMETRICS},
        /* who wants the classic form more, or a version that we do not write */
        {"text/plain;version=0.0.4;q=0.9, application/openmetrics-text;version=1.0.0;q=0.5",
         METRICS_PROMETHEUS},
        {"application/openmetrics-text;version=2.0.0;q=0.6,text/plain;version=0.0.4;q=0.3",
         METRICS_PROMETHEUS},
        {"application/openmetrics-text; version=1.0.0; q=0", METRICS_PROMETHEUS},
        {"Application/OpenMetrics-Text ; Version=1.0.0 ; Q=0.001 , text/plain;q=0",
         METRICS_OPENMETRICS},
        {";;;,,q=;=;version", METRICS_PROMETHEUS},
        {"application/openmetrics-text;q=x", METRICS_PROMETHEUS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(metrics_format_of(slice_of(cases[i].accept)), cases[i].format);
    assert_non_null(strstr(metrics_content_type(METRICS_OPENMETRICS), "version=1.0.0"));
    assert_non_null(strstr(metrics_content_type(METRICS_PROMETHEUS), "version=0.0.4"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_counter_in_both_forms),
        cmocka_unit_test(writes_exact_decimals),
        cmocka_unit_test(escapes_what_labels_hold),
        cmocka_unit_test(writes_cumulative_buckets_with_exemplars),
        cmocka_unit_test(finds_the_format_that_a_reader_prefers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
