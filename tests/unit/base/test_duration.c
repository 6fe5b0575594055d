/* As OpenAI's headers have it: https://platform.openai.com/docs/guides/rate-limits */
#include "base/duration.h"

#include "base/support.h"

static void writes_as_openai_does(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {6, "6ms"},        {999, "999ms"},
        {1000, "1s"},      {1001, "2s"},
        {60000, "1m0s"},   {104000, "1m44s"},
        {103001, "1m44s"}, {360000, "6m0s"},
        {0, "0s"},         {3600000, "1h0m0s"},
        {-5, "0s"},        {86400000, "24h0m0s"},
        {59999, "1m0s"},   {INT64_MAX, "2562047788015h12m56s"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[DURATION_TEXT_BYTES];
        assert_string_equal(duration_format(cases[i].ms, text), cases[i].text);
    }
}

static void reads_what_providers_write(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: it is none */
    } cases[] = {
        {"6ms", 6},
        {"1s", 1000},
        {"6m0s", 360000},
        {"24h0m0s", 86400000},
        {"2m59.56s", 179560},
        {"7.66s", 7660},
        {"1.5ms", 2},
        {"900us", 1},
        {"0s", 0},
        {"0", 0},
        {"55", 55000},
        {"0.25", 250},
        {"1d2h", 93600000},
        {"0.0001s", 1},
        {"", -1},
        {"s", -1},
        {"-1", -1},
        {"1x", -1},
        {"1s ", -1},
        {"1m5", -1},
        {".5s", -1},
        {"99999999999s", -1},
        {"3661d", -1},
        {"9999999999h", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ms = -1;
        assert_int_equal(duration_parse(slice_of(cases[i].text), &ms), cases[i].ms >= 0);
        assert_int_equal(ms, cases[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes_as_openai_does),
                                       cmocka_unit_test(reads_what_providers_write)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
