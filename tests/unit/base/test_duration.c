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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes_as_openai_does)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
