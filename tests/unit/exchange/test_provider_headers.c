/* The head of a request to a provider: of the client's fields only those that the provider's entry
 * lets through, and never in place of its own. */
#include "base/support.h"

#include <string.h>

#include "dialect/model_request.h"
#include "exchange/provider.h"
#include "exchange/provider_headers.h"
#include "exchange/trace_context.h"
#include "net/http1/head.h"

enum { ALL = (1 << PASSED_HEADERS) - 1 };

static struct provider_headers headers;
static const struct trace_lines *trace; /* of ours */
static const struct model_request chat = {.dialect = DIALECT_CHAT};

/* With these fields of a client, a pair each; NULL: it has left. The lines point into it. */
static struct candidate *fill(const struct candidate_terms *terms, const char *const fields[][2],
                              size_t count)
{
    static struct http_header table[8];
    struct http_head head = {.headers = table, .header_count = count};
    assert_true(count <= 8);
    for (size_t i = 0; i < count; i++)
        table[i] = (struct http_header){slice_of(fields[i][0]), slice_of(fields[i][1])};
    struct candidate *candidate = candidate_new(terms);
    provider_headers_fill(candidate, NULL, DIALECT_CHAT, &chat, fields != NULL ? &head : NULL,
                          trace, &headers);
    return candidate;
}

static void assert_lines(const char *const *lines, size_t count)
{
    assert_int_equal(headers.count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(headers.lines[i], lines[i]);
}

static const char *const client[][2] = {
    {"Host", "x"},           {"Authorization", "Bearer llm_sk_1"}, {"Cookie", "a"},
    {"Traceparent", "00-1"}, {"openai-organization", "org-1"},     {"OpenAI-Project", "proj_1"}};
enum { CLIENT_FIELDS = sizeof client / sizeof *client };

static void ours_stand_before_the_entry_s(void **state)
{
    (void)state;
    static const char *const lines[] = {"Content-Type: application/json",
                                        "User-Agent: llm-gateway/1", "Authorization: Bearer sk-1",
                                        "X-A: 1", "X-B: 2"};
    struct candidate_terms terms = provider_terms();
    terms.api_key = "sk-1";
    terms.headers = "X-A: 1\nX-B: 2\n";
    struct candidate *candidate = fill(&terms, client, CLIENT_FIELDS);
    assert_lines(lines, 5);
    candidate_unref(candidate);
}

static void an_entry_s_user_agent_is_the_only_one(void **state)
{
    (void)state;
    static const char *const lines[] = {"Content-Type: application/json", "user-AGENT: mine"};
    struct candidate_terms terms = provider_terms();
    terms.headers = "user-AGENT: mine\n";
    struct candidate *candidate = fill(&terms, NULL, 0);
    assert_lines(lines, 2);
    candidate_unref(candidate);
}

static void passes_what_is_let_through(void **state)
{
    (void)state;
    static const char *const lines[] = {"Content-Type: application/json",
                                        "User-Agent: llm-gateway/1", "traceparent: 00-1",
                                        "openai-project: proj_1"};
    struct candidate_terms terms = provider_terms();
    terms.pass_headers = 1U << 0 | 1U << 1 | 1U << 3; /* no tracestate has come */
    struct candidate *candidate = fill(&terms, client, CLIENT_FIELDS);
    assert_lines(lines, 4);
    candidate_unref(candidate);
    candidate = fill(&terms, NULL, 0); /* the client has left */
    assert_lines(lines, 2);
    candidate_unref(candidate);
}

static void what_the_entry_sets_is_not_the_client_s(void **state)
{
    (void)state;
    static const char *const lines[] = {"Content-Type: application/json",
                                        "User-Agent: llm-gateway/1",
                                        "OpenAI-Organization: ours",
                                        "Openai-Project-X: 1",
                                        "traceparent: 00-1",
                                        "openai-project: proj_1"};
    struct candidate_terms terms = provider_terms();
    terms.headers = "OpenAI-Organization: ours\nOpenai-Project-X: 1\n";
    terms.pass_headers = ALL;
    struct candidate *candidate = fill(&terms, client, CLIENT_FIELDS);
    assert_lines(lines, 6);
    candidate_unref(candidate);
}

static void a_line_that_does_not_fit_is_left_out(void **state)
{
    (void)state;
    enum { FITS = PASSED_HEADER_BYTES - sizeof "traceparent: " };
    char value[FITS + 2];
    const char *const fields[][2] = {{"traceparent", value}};
    struct candidate_terms terms = provider_terms();
    terms.pass_headers = ALL;
    memset(value, 'v', sizeof value);
    value[FITS] = '\0';
    struct candidate *candidate = fill(&terms, fields, 1);
    assert_int_equal(headers.count, 3);
    assert_int_equal(strlen(headers.lines[2]), PASSED_HEADER_BYTES - 1);
    candidate_unref(candidate);
    value[FITS] = 'v';
    value[FITS + 1] = '\0';
    candidate = fill(&terms, fields, 1);
    assert_int_equal(headers.count, 2);
    candidate_unref(candidate);
}

static void a_value_with_a_nul_is_left_out(void **state)
{
    (void)state;
    struct http_header field = {slice_of("traceparent"), {"a\0b", 3}};
    const struct http_head head = {.headers = &field, .header_count = 1};
    struct candidate_terms terms = provider_terms();
    terms.pass_headers = ALL;
    struct candidate *candidate = candidate_new(&terms);
    provider_headers_fill(candidate, NULL, DIALECT_CHAT, &chat, &head, NULL, &headers);
    assert_int_equal(headers.count, 2);
    candidate_unref(candidate);
}

static void our_own_trace_goes_in_place_of_the_client_s(void **state)
{
    (void)state;
    static const char *const lines[] = {"Content-Type: application/json",
                                        "User-Agent: llm-gateway/1", "traceparent: 00-2",
                                        "tracestate: a=1", "openai-project: proj_1"};
    static const char *const without[] = {"Content-Type: application/json",
                                          "User-Agent: llm-gateway/1", "Traceparent: 00-3",
                                          "openai-project: proj_1"};
    static const struct trace_lines ours = {"traceparent: 00-2", "tracestate: a=1"};
    struct candidate_terms terms = provider_terms();
    terms.pass_headers = 1U << 0 | 1U << 1 | 1U << 3 | PASSES_OWN_TRACE;
    trace = &ours;
    struct candidate *candidate = fill(&terms, client, CLIENT_FIELDS);
    assert_lines(lines, 5);
    candidate_unref(candidate);
    terms.headers = "Traceparent: 00-3\n"; /* the operator's, whatever else is set */
    candidate = fill(&terms, client, CLIENT_FIELDS);
    trace = NULL;
    assert_lines(without, 4);
    candidate_unref(candidate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ours_stand_before_the_entry_s),
        cmocka_unit_test(an_entry_s_user_agent_is_the_only_one),
        cmocka_unit_test(passes_what_is_let_through),
        cmocka_unit_test(what_the_entry_sets_is_not_the_client_s),
        cmocka_unit_test(a_line_that_does_not_fit_is_left_out),
        cmocka_unit_test(a_value_with_a_nul_is_left_out),
        cmocka_unit_test(our_own_trace_goes_in_place_of_the_client_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
