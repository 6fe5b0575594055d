/* What has ended is counted by model and provider, in so many series and no more. */
#include "exchange/call_metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/support.h"

enum { SHARDS = 2, PAGE_BYTES = 16 * 1024 * 1024 };

static struct call_metrics *metrics;
static char *page; /* the last one that was rendered */

static int setup(void **state)
{
    (void)state;
    metrics = call_metrics_new(SHARDS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    call_metrics_free(metrics);
    free(page);
    page = NULL;
    return 0;
}

static void render(void)
{
    struct buffer out;
    buffer_init(&out, PAGE_BYTES);
    struct metrics_text text = {.out = &out, .format = METRICS_PROMETHEUS};
    call_metrics_render(metrics, &text);
    buffer_append_char(&out, '\0');
    assert_false(out.failed);
    free(page);
    page = strdup(out.data);
    buffer_fini(&out);
}

/* The value of a series, as it stands in the page; "": it has none. */
static const char *value_of(const char *series)
{
    static char value[64];
    char line[400];
    snprintf(line, sizeof line, "\n%s ", series);
    const char *at = strstr(page, line);
    if (at == NULL)
        return "";
    at += strlen(line);
    assert_null(strstr(at, line)); /* no series twice */
    slice_copy((struct slice){at, strcspn(at, "\n")}, value, sizeof value);
    return value;
}

static struct call_end ended(const char *model, const char *provider)
{
    return (struct call_end){.asks_model = true,
                             .dialect = DIALECT_CHAT,
                             .status = 200,
                             .code = "",
                             .model = model,
                             .provider = provider,
                             .attempts = 1,
                             .total_us = 3000000,
                             .overhead_us = 400,
                             .first_byte_us = -1,
                             .hold_wait_us = -1,
                             .commit_us = -1};
}

static void count(unsigned shard, const struct call_end *end)
{
    call_metrics_count(call_metrics_shard(metrics, shard), end);
}

static void adds_up_the_shards(void **state)
{
    const struct unit_counts units = {.input = 7, .output = 5, .web_search = 2};
    struct call_end end = ended("m", "p");
    (void)state;
    end.units = &units;
    end.charged_nusd = 1;
    end.cost_nusd = INT64_C(9007199254740993); /* no double holds it */
    end.attempts = 3;
    count(0, &end);
    count(1, &end);
    render();
    assert_string_equal(
        value_of("llm_gateway_requests_total{model=\"m\",provider=\"p\",status=\"2xx\"}"), "2");
    assert_string_equal(
        value_of("llm_gateway_requests_total{model=\"m\",provider=\"p\",status=\"5xx\"}"), "0");
    assert_string_equal(
        value_of("llm_gateway_tokens_total{model=\"m\",provider=\"p\",unit=\"input\"}"), "14");
    assert_string_equal(
        value_of("llm_gateway_other_units_total{model=\"m\",provider=\"p\",unit=\"web_search\"}"),
        "4");
    assert_string_equal(
        value_of("llm_gateway_tokens_total{model=\"m\",provider=\"p\",unit=\"web_search\"}"), "");
    assert_string_equal(value_of("llm_gateway_charged_dollars_total{model=\"m\",provider=\"p\"}"),
                        "0.000000002");
    assert_string_equal(value_of("llm_gateway_cost_dollars_total{model=\"m\",provider=\"p\"}"),
                        "18014398.509481986");
    assert_string_equal(value_of("llm_gateway_retries_total{model=\"m\",provider=\"p\"}"), "4");
    assert_string_equal(
        value_of("llm_gateway_request_duration_seconds_sum{model=\"m\",provider=\"p\"}"), "6.0");
    assert_string_equal(
        value_of("llm_gateway_overhead_seconds_bucket{model=\"m\",provider=\"p\",le=\"0.0005\"}"),
        "2");
    assert_string_equal(value_of("llm_gateway_commit_seconds_count{model=\"m\",provider=\"p\"}"),
                        "0");
}

static void tells_how_requests_ended(void **state)
{
    static const struct {
        int status;
        bool broken;
        const char *name;
    } cases[] = {{200, false, "2xx"},   {304, false, "3xx"}, {402, false, "4xx"},
                 {499, false, "left"},  {0, false, "left"},  {503, false, "5xx"},
                 {200, true, "broken"}, {499, true, "left"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char model[16], series[200];
        snprintf(model, sizeof model, "m%zu", i);
        struct call_end end = ended(model, "");
        end.status = cases[i].status;
        end.broken = cases[i].broken;
        count(0, &end);
        render();
        snprintf(series, sizeof series,
                 "llm_gateway_requests_total{model=\"%s\",provider=\"none\",status=\"%s\"}", model,
                 cases[i].name);
        assert_string_equal(value_of(series), "1");
    }
}

static void other_requests_have_no_model(void **state)
{
    struct call_end end = ended("", "");
    (void)state;
    end.asks_model = false;
    end.status = 401;
    end.code = "invalid_api_key";
    count(1, &end);
    render();
    assert_string_equal(value_of("llm_gateway_endpoint_requests_total{endpoint=\"other\",status="
                                 "\"4xx\"}"),
                        "1");
    assert_string_equal(value_of("llm_gateway_errors_total{code=\"invalid_api_key\"}"), "1");
    assert_null(strstr(page, "llm_gateway_requests_total{"));
}

static void bounds_the_pairs(void **state)
{
    char model[16];
    (void)state;
    for (int i = 0; i < LIMIT_METRICS_PAIRS + 50; i++) {
        snprintf(model, sizeof model, "m%d", i);
        const struct call_end end = ended(model, "p");
        count((unsigned)i % SHARDS, &end);
    }
    const struct call_end first = ended("m0", "p"); /* a known one keeps its own */
    count(1, &first);
    render();
    assert_string_equal(
        value_of("llm_gateway_requests_total{model=\"other\",provider=\"other\",status=\"2xx\"}"),
        "50");
    assert_string_equal(
        value_of("llm_gateway_requests_total{model=\"m0\",provider=\"p\",status=\"2xx\"}"), "2");
    assert_string_equal(
        value_of("llm_gateway_requests_total{model=\"m200\",provider=\"p\",status=\"2xx\"}"), "");
}

/* Each would be a second series of the same labels, for which a reader refuses the page. */
static void no_name_makes_a_series_twice(void **state)
{
    static const char *const names[] = {"other", "a\xff", "a\xfe", "", "none"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct call_end end = ended(names[i], names[i]);
        count(0, &end);
    }
    render();
    assert_string_equal(
        value_of("llm_gateway_requests_total{model=\"other\",provider=\"other\",status=\"2xx\"}"),
        "3");
    assert_string_equal(
        value_of("llm_gateway_requests_total{model=\"none\",provider=\"none\",status=\"2xx\"}"),
        "2");
}

static void bounds_the_codes(void **state)
{
    char code[16];
    struct call_end end = ended("m", "p");
    (void)state;
    end.code = code;
    for (int i = 0; i < LIMIT_METRICS_CODES + 7; i++) {
        snprintf(code, sizeof code, "code_%d", i);
        count(0, &end);
    }
    end.code = "not \"a\" word"; /* a provider's */
    count(1, &end);
    end.code = "other";
    count(1, &end);
    end.code = "code_3"; /* in another shard */
    count(1, &end);
    render();
    assert_string_equal(value_of("llm_gateway_errors_total{code=\"other\"}"), "9");
    assert_string_equal(value_of("llm_gateway_errors_total{code=\"code_3\"}"), "2");
    assert_string_equal(value_of("llm_gateway_errors_total{code=\"code_106\"}"), "");
}

static void counts_attempts_and_own_calls(void **state)
{
    struct call_metrics_shard *shard = call_metrics_shard(metrics, 0);
    (void)state;
    call_metrics_count_attempt(shard, "m", "p", ATTEMPT_TIMED_OUT);
    call_metrics_count_attempt(shard, "m", "p", ATTEMPT_ANSWERED);
    call_metrics_count_own(shard, CALL_SHADOW, 5);
    call_metrics_count_own(shard, CALL_SHADOW, -1);
    render();
    assert_string_equal(
        value_of("llm_gateway_attempts_total{model=\"m\",provider=\"p\",outcome=\"timeout\"}"),
        "1");
    assert_string_equal(
        value_of("llm_gateway_attempts_total{model=\"m\",provider=\"p\",outcome=\"answered\"}"),
        "1");
    assert_string_equal(value_of("llm_gateway_own_calls_total{kind=\"shadow\"}"), "2");
    assert_string_equal(value_of("llm_gateway_own_calls_cost_dollars_total{kind=\"shadow\"}"),
                        "0.000000005");
}

static void *count_many(void *arg)
{
    char model[16];
    for (int i = 0; i < 5000; i++) {
        snprintf(model, sizeof model, "m%d", i % 300);
        struct call_end end = ended(model, "p");
        end.code = i % 2 == 0 ? "" : model;
        call_metrics_count(arg, &end);
    }
    return NULL;
}

static void workers_count_while_one_reads(void **state)
{
    pthread_t threads[SHARDS];
    int64_t sum = 0;
    (void)state;
    for (unsigned i = 0; i < SHARDS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, count_many, call_metrics_shard(metrics, i)), 0);
    render();
    for (unsigned i = 0; i < SHARDS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    render();
    for (const char *at = page; (at = strstr(at, "status=\"2xx\"} ")) != NULL; at++)
        sum += atoll(at + strlen("status=\"2xx\"} "));
    assert_int_equal(sum, 2 * 2 * 5000); /* by pair, and by endpoint */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(adds_up_the_shards, setup, teardown),
        cmocka_unit_test_setup_teardown(tells_how_requests_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(other_requests_have_no_model, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_the_pairs, setup, teardown),
        cmocka_unit_test_setup_teardown(no_name_makes_a_series_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_the_codes, setup, teardown),
        cmocka_unit_test_setup_teardown(counts_attempts_and_own_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(workers_count_while_one_reads, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
