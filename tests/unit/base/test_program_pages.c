#include "base/program_pages.h"

#include <stdio.h>

#include "base/support.h"

enum { PAGE = 4096, PAGES = 512 };

/* Constant and not all zeros, so it stands in the file. */
static const char large[PAGES * PAGE] __attribute__((aligned(PAGE))) = {[17] = 'x'};

static const char *const texts[] = {"relocated", "at the start"};
static const char *const *changed = texts;

static long file_pages(void)
{
    long all;
    long shared;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld %ld", &all, &all, &shared), 3);
    fclose(file);
    return shared;
}

static void test_what_was_touched_is_released_and_comes_back(void **unused)
{
    const volatile char *bytes = large;
    int sum = 0;
    (void)unused;
    changed++;
    for (size_t i = 0; i < PAGES; i++)
        sum += bytes[i * PAGE];
    long before = file_pages();
    program_pages_release();
    assert_true(file_pages() <= before - PAGES / 2);
    for (size_t i = 0; i < PAGES; i++)
        sum += bytes[i * PAGE + 17];
    assert_int_equal(sum, 'x');
    assert_string_equal(*changed, "at the start");
    assert_string_equal(texts[0], "relocated");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_touched_is_released_and_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
