/* A candidate: its texts are its own, and it lives as long as somebody has it. */
#include "base/support.h"

#include <string.h>

#include "exchange/provider.h"

static void its_texts_are_its_own(void **state)
{
    (void)state;
    char provider[] = "openai";
    char base_url[] = "https://x.example/v1";
    char api_key[] = "sk-1";
    char headers[] = "X-A: 1\nX-B: 2\n";
    struct candidate_terms terms = provider_terms();
    terms.provider = provider;
    terms.base_url = base_url;
    terms.api_key = api_key;
    terms.headers = headers;
    struct candidate *candidate = candidate_new(&terms);
    memset(provider, 'x', sizeof provider - 1);
    memset(base_url, 'x', sizeof base_url - 1);
    memset(api_key, 'x', sizeof api_key - 1);
    memset(headers, 'x', sizeof headers - 1);
    assert_string_equal(candidate->terms.provider, "openai");
    assert_string_equal(candidate->terms.base_url, "https://x.example/v1");
    assert_string_equal(candidate_url(candidate, DIALECT_CHAT, false),
                        "https://x.example/v1/chat/completions");
    assert_string_equal(candidate->terms.api_key, "sk-1");
    assert_string_equal(candidate_key(candidate, DIALECT_CHAT), "Authorization: Bearer sk-1");
    assert_int_equal(candidate->header_count, 2);
    assert_string_equal(candidate->headers[0], "X-A: 1");
    assert_string_equal(candidate->headers[1], "X-B: 2");
    candidate_unref(candidate);
}

static void assert_url(struct candidate_terms terms, enum dialect dialect, const char *url)
{
    terms.dialects = 1U << dialect;
    struct candidate *candidate = candidate_new(&terms);
    assert_string_equal(candidate_url(candidate, dialect, true), url);
    candidate_unref(candidate);
}

static void each_dialect_may_have_a_path_of_its_own(void **state)
{
    (void)state;
    struct candidate_terms terms = provider_terms();
    terms.base_url = "https://x.example";
    terms.model = "a b";
    terms.paths[DIALECT_CHAT] = "/openai/deployments/{model}";
    terms.paths[DIALECT_ANTHROPIC] = "/anthropic";
    assert_url(terms, DIALECT_CHAT, "https://x.example/openai/deployments/a%20b/chat/completions");
    assert_url(terms, DIALECT_ANTHROPIC, "https://x.example/anthropic/v1/messages");
    assert_url(terms, DIALECT_RERANK, "https://x.example/rerank");
    terms.query = "api-version=1";
    assert_url(terms, DIALECT_CHAT,
               "https://x.example/openai/deployments/a%20b/chat/completions?api-version=1");
    assert_url(terms, DIALECT_GEMINI,
               "https://x.example/v1beta/models/a%20b:streamGenerateContent?alt=sse&api-version=1");
    terms.query = "";
    terms.base_url = "https://x.example/v1/projects/p/publishers/google";
    assert_url(terms, DIALECT_GEMINI,
               "https://x.example/v1/projects/p/publishers/google/models/"
               "a%20b:streamGenerateContent?alt=sse");
}

static void all_addresses_of_the_longest_names_fit(void **state)
{
    (void)state;
    char base[CANDIDATE_BASE_URL_BYTES];
    char name[CANDIDATE_MODEL_BYTES];
    char path[CANDIDATE_PATH_BYTES];
    char query[CANDIDATE_QUERY_BYTES];
    struct candidate_terms terms = provider_terms();
    memset(base, 'b', sizeof base);
    memset(name, ' ', sizeof name);
    memset(path, 'p', sizeof path);
    memset(query, 'q', sizeof query);
    base[sizeof base - 1] = name[sizeof name - 1] = path[sizeof path - 1] = '\0';
    query[sizeof query - 1] = '\0';
    memcpy(path, "/{model}", 8);
    terms.base_url = base;
    terms.model = name;
    terms.query = query;
    terms.compacts = true;
    terms.dialects = (1U << DIALECTS) - 1;
    for (size_t i = 0; i < DIALECTS; i++)
        terms.paths[i] = path;
    struct candidate *candidate = candidate_new(&terms);
    for (int dialect = 0; dialect < DIALECTS; dialect++) {
        const char *url = candidate_url(candidate, (enum dialect)dialect, true);
        assert_non_null(url);
        assert_memory_equal(url, base, sizeof base - 1);
    }
    candidate_unref(candidate);
}

static void a_key_goes_in_the_field_that_the_entry_names(void **state)
{
    (void)state;
    struct candidate_terms terms = provider_terms();
    terms.api_key = "k";
    terms.key_header = "api-key";
    struct candidate *candidate = candidate_new(&terms);
    assert_string_equal(candidate_key(candidate, DIALECT_CHAT), "api-key: k");
    assert_string_equal(candidate_key(candidate, DIALECT_ANTHROPIC), "api-key: k");
    candidate_unref(candidate);
    terms.key_header = "authorization";
    candidate = candidate_new(&terms);
    assert_string_equal(candidate_key(candidate, DIALECT_ANTHROPIC), "Authorization: Bearer k");
    candidate_unref(candidate);
}

static void without_a_key_nothing_is_authorized(void **state)
{
    (void)state;
    struct candidate_terms terms = provider_terms();
    struct candidate *candidate = candidate_new(&terms);
    assert_null(candidate_key(candidate, DIALECT_CHAT));
    assert_int_equal(candidate->header_count, 0);
    assert_int_equal(candidate->answers_as.bytes, 0);
    candidate_unref(candidate);
}

/* As long as a name may be, and each of its bytes an escape. */
static void the_name_in_answers_is_a_json_string(void **state)
{
    (void)state;
    char name[CANDIDATE_MODEL_BYTES];
    struct candidate_terms terms = provider_terms();
    terms.answers_as = "a \"b\"";
    struct candidate *candidate = candidate_new(&terms);
    assert_true(slice_equals(candidate->answers_as, "\"a \\\"b\\\"\""));
    candidate_unref(candidate);
    memset(name, '\x01', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    terms.answers_as = name;
    candidate = candidate_new(&terms);
    assert_int_equal(candidate->answers_as.bytes, 2 + 6 * (sizeof name - 1));
    candidate_unref(candidate);
}

static void who_has_a_reference_keeps_it(void **state)
{
    (void)state;
    struct candidate_terms terms = provider_terms();
    terms.provider = "openai";
    struct candidate *candidate = candidate_new(&terms);
    assert_ptr_equal(candidate_ref(candidate), candidate);
    candidate_unref(candidate);
    assert_string_equal(candidate->terms.provider, "openai");
    assert_int_equal(candidate->references, 1);
    candidate_unref(candidate);
    candidate_unref(NULL);
}

static void take_too_many_headers(void)
{
    char headers[4 * (CANDIDATE_HEADERS + 1) + 1] = "";
    struct candidate_terms terms = provider_terms();
    for (int i = 0; i <= CANDIDATE_HEADERS; i++)
        strcat(headers, "A:b\n");
    terms.headers = headers;
    candidate_new(&terms);
}

static void too_many_headers_are_a_fault_of_ours(void **state)
{
    (void)state;
    assert_true(aborts(take_too_many_headers));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_texts_are_its_own),
        cmocka_unit_test(each_dialect_may_have_a_path_of_its_own),
        cmocka_unit_test(all_addresses_of_the_longest_names_fit),
        cmocka_unit_test(a_key_goes_in_the_field_that_the_entry_names),
        cmocka_unit_test(without_a_key_nothing_is_authorized),
        cmocka_unit_test(the_name_in_answers_is_a_json_string),
        cmocka_unit_test(who_has_a_reference_keeps_it),
        cmocka_unit_test(too_many_headers_are_a_fault_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
