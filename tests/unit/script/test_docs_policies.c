/* Every Lua example in docs/POLICIES.md and docs/PAYMENTS.md is loaded. An example begins with a
 * line that names its file, "-- models.lua", and may go on with further files; what it does not
 * replace is as shipped, but that examples.lua is empty. "-- models.lua, refused" is refused with
 * the message in the text below. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_fixture.h"

enum { TEXT_BYTES_MAX = 128 * 1024, FILES_MAX = 6 };

static char *read_document(const char *path)
{
    static char text[TEXT_BYTES_MAX];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t bytes = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    assert_true(bytes > 0 && bytes < sizeof text - 1);
    text[bytes] = '\0';
    return text;
}

/* Cuts the block out that begins at `fence` ("```lua\n"); *after is behind it. */
static char *cut_block(char *at, const char *fence, char **after)
{
    char *start = at + strlen(fence);
    char *end = strstr(start, "\n```\n");
    assert_non_null(end);
    end[1] = '\0';
    *after = end + 5;
    return start;
}

/* A line that begins a file: gives its name, and whether it is to be refused. */
static bool is_heading(const char *line, const char **name, bool *refused)
{
    static const char *const names[] = {"providers.lua", "models.lua",  "margins.lua",
                                        "routes.lua",    "limits.lua",  "examples.lua",
                                        "catalog.lua",   "payments.lua"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t bytes = strlen(names[i]);
        if (strncmp(line, "-- ", 3) != 0 || strncmp(line + 3, names[i], bytes) != 0)
            continue;
        *name = names[i];
        *refused = strncmp(line + 3 + bytes, ", refused\n", 10) == 0;
        return *refused || line[3 + bytes] == '\n';
    }
    return false;
}

/* Splits a block into its files. Line numbers count from the line below the heading. */
static size_t split_files(char *block, struct fixture_file files[FILES_MAX + 2], bool *refused)
{
    size_t count = 0;
    const char *name = NULL;
    bool has_examples = false;
    *refused = false;
    for (char *line = block; *line;) {
        char *next = strchr(line, '\n') + 1;
        bool marked;
        if (is_heading(line, &name, &marked)) {
            assert_true(count < FILES_MAX);
            *refused = *refused || marked;
            has_examples = has_examples || strcmp(name, "examples.lua") == 0;
            *line = '\0'; /* ends the file before */
            files[count++] = (struct fixture_file){name, next};
        } else if (count == 0) {
            fail_msg("an example names no file: %.60s", block);
        }
        line = next;
    }
    if (!has_examples)
        files[count++] = (struct fixture_file){"examples.lua", "return {}"};
    files[count] = (struct fixture_file){NULL, NULL};
    return count;
}

static void check_example(char *block, const char *expected_text)
{
    struct fixture_file files[FILES_MAX + 2];
    struct fault fault;
    bool refused;
    split_files(block, files, &refused);
    struct vm *vm = fixture_vm(files, &fault);
    if (!refused) {
        if (vm == NULL)
            fail_msg("%s\n%s", fault.message, files[0].text);
        vm_unref(vm);
        return;
    }
    assert_null(vm);
    assert_non_null(expected_text);
    char expected[1024];
    snprintf(expected, sizeof expected, "%s", expected_text);
    expected[strcspn(expected, "\n")] = '\0';
    assert_string_equal(fault.message, expected);
}

static void check_document(const char *path, size_t least)
{
    size_t count = 0;
    char *at = read_document(path);
    while ((at = strstr(at, "```lua\n")) != NULL) {
        char *after;
        char *block = cut_block(at, "```lua\n", &after);
        const char *expected = NULL;
        if (strncmp(after, "\n```text\n", 9) == 0)
            expected = cut_block(after, "\n```text\n", &after);
        check_example(block, expected);
        count++;
        at = after;
    }
    assert_true(count >= least);
}

static void test_examples_of_the_manuals(void **unused)
{
    (void)unused;
    check_document("docs/POLICIES.md", 15);
    check_document("docs/PAYMENTS.md", 1);
}

int main(void)
{
    unsetenv("OPENAI_API_KEY");
    unsetenv("OPENAI_BASE_URL");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_of_the_manuals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
