/* What is known of context lengths, from round to round and from reload to reload. */
#include "exchange/survey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define URL "http://h/v1"

static struct survey_list *list_of(const char *provider, const char *const *models)
{
    const struct candidate_terms terms = {.provider = provider,
                                          .model = "",
                                          .base_url = URL,
                                          .query = "",
                                          .map_path = "",
                                          .key_header = "",
                                          .api_key = "",
                                          .ca_file = "",
                                          .max_tokens_field = "",
                                          .headers = "",
                                          .answers_as = "",
                                          .choice = "",
                                          .sold_features = ""};
    struct candidate *server = candidate_new(&terms);
    struct survey_list *list = survey_list_new();
    survey_list_add(list, server);
    candidate_unref(server);
    for (; *models != NULL; models++)
        survey_list_add_model(list, *models);
    return list;
}

static struct survey *survey_of(const char *const *models)
{
    struct survey *survey = survey_new();
    struct survey_list *list = list_of("own", models);
    survey_take_list(survey, list);
    survey_list_unref(list);
    return survey;
}

static void assert_known(struct survey *survey, const char *model, int64_t served, int64_t trained)
{
    struct context_lengths lengths;
    survey_get(survey, survey_key(URL, model), &lengths);
    assert_int_equal(lengths.served, served);
    assert_int_equal(lengths.trained, trained);
}

static void learn(struct survey *survey, const char *model, int64_t served, int64_t trained)
{
    const struct context_lengths lengths = {.served = served, .trained = trained};
    survey_learn(survey, 0, model, &lengths);
}

static void learns_by_name_and_by_server(void **state)
{
    (void)state;
    static const char *const models[] = {"a", "b", "c", NULL};
    struct survey *survey = survey_of(models);
    survey_begin(survey, 0);
    assert_true(survey_lacks(survey, 0));
    learn(survey, "a", 100, 1000);
    learn(survey, "b", 0, 2000);
    learn(survey, "stranger", 5, 5);
    assert_true(survey_lacks(survey, 0));
    learn(survey, "", 50, 0); /* of all that it has not named */
    assert_false(survey_lacks(survey, 0));
    survey_end(survey, 0, NULL);
    assert_known(survey, "a", 100, 1000);
    assert_known(survey, "b", 50, 2000);
    assert_known(survey, "c", 50, 0);
    assert_known(survey, "stranger", 0, 0);
    survey_begin(survey, 0); /* and in the next round anew */
    assert_true(survey_lacks(survey, 0));
    learn(survey, "", 60, 0);
    assert_known(survey, "a", 60, 1000);
    survey_free(survey);
}

static void keeps_what_both_generations_name(void **state)
{
    (void)state;
    enum { MODELS = 500 };
    static char names[MODELS][16];
    const char *models[MODELS + 1] = {NULL};
    for (size_t i = 0; i < MODELS; i++) {
        snprintf(names[i], sizeof names[i], "m-%zu", i);
        models[i] = names[i];
    }
    struct survey *survey = survey_of(models);
    survey_begin(survey, 0);
    for (size_t i = 0; i < MODELS; i++)
        learn(survey, names[i], (int64_t)i + 1, 0);
    survey_end(survey, 0, NULL);
    struct survey_list *list = list_of("renamed", models + 100);
    survey_take_list(survey, list);
    survey_list_unref(list);
    for (size_t i = 0; i < MODELS; i++)
        assert_known(survey, names[i], i < 100 ? 0 : (int64_t)i + 1, 0);
    survey_free(survey);
}

static void is_never_more_than_was_stated(void **state)
{
    (void)state;
    static const char *const models[] = {"served", "trained", "both", "unknown", NULL};
    struct survey *survey = survey_of(models);
    survey_begin(survey, 0);
    learn(survey, "served", 4000, 0);
    learn(survey, "trained", 0, 4000);
    learn(survey, "both", 6000, 4000);
    static const struct {
        const char *a, *b;
        bool others;
        int64_t stated, expected;
    } cases[] = {
        {"served", NULL, false, 0, 4000},
        {"served", NULL, false, 8192, 4000},
        {"served", NULL, false, 100, 100},
        {"trained", NULL, false, 0, 4000},
        {"trained", NULL, false, 8192, 8192},
        {"both", NULL, false, 0, 6000},
        {"unknown", NULL, false, 0, SURVEY_CONTEXT_ASSUMED},
        {"unknown", NULL, false, 8192, 8192},
        {"served", "both", false, 8192, 6000},
        {"served", "both", false, 5000, 5000},
        {"served", "unknown", false, 8192, 8192},
        {"served", "unknown", false, 0, SURVEY_CONTEXT_ASSUMED},
        {"served", NULL, true, 8192, 8192},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct survey_keys keys = {.count = 1, .others = cases[i].others};
        keys.list[0] = survey_key(URL, cases[i].a);
        if (cases[i].b != NULL)
            keys.list[keys.count++] = survey_key(URL, cases[i].b);
        assert_int_equal(survey_context_tokens(survey, &keys, cases[i].stated), cases[i].expected);
    }
    survey_free(survey);
}

static void assert_renders(struct survey *survey, const char *provider, const char *expected)
{
    struct buffer out;
    buffer_init(&out, 16384);
    survey_render(survey, provider, &out);
    buffer_append_char(&out, '\0');
    assert_false(out.failed);
    assert_non_null(strstr(out.data, expected));
    buffer_fini(&out);
}

static void tells_the_operator(void **state)
{
    (void)state;
    static const char *const models[] = {"a", "b", "c", "d", "e", "f",
                                         "g", "h", "i", "j", "k", NULL};
    struct survey *survey = survey_of(models);
    assert_renders(survey, "other", "null");
    assert_renders(survey, "own", "{\"asked_at\":null,\"error\":null,\"models\":[{\"model\":\"a\"");
    survey_begin(survey, 0);
    learn(survey, "a", 100, 1000);
    survey_end(survey, 0, "it is \"tired\"");
    assert_renders(survey, "own", "\"asked_at\":null,\"error\":\"it is \\\"tired\\\"\"");
    assert_renders(survey, "own", "\"context_length\":100,\"trained_context_length\":1000");
    survey_begin(survey, 0);
    survey_end(survey, 0, NULL);
    assert_renders(survey, "own", "\"error\":null");
    assert_renders(survey, "own", "\"left_out\":1");
    survey_free(survey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_by_name_and_by_server),
        cmocka_unit_test(keeps_what_both_generations_name),
        cmocka_unit_test(is_never_more_than_was_stated),
        cmocka_unit_test(tells_the_operator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
