/* docs/DIALECTS.md says what the tables of the translation say. To write it anew:
 *   build/unit/script_test_dialects_page write */
#include <lauxlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "policy_fixture.h"
#include "script/modules.h"
#include "script/translation.h"

static const char page[] = "docs/DIALECTS.md";

/* make(light userdata: struct buffer *) */
static int make(lua_State *state)
{
    struct buffer *out = lua_touserdata(state, 1);
    size_t bytes;
    modules_require(state, "dialect.document");
    lua_call(state, 0, 1);
    const char *text = lua_tolstring(state, -1, &bytes);
    buffer_append(out, text, bytes);
    return 0;
}

static struct buffer made_page(void)
{
    struct buffer out;
    struct fault fault;
    struct translator translator;
    struct vm *vm = fixture_vm_with(NULL, NULL);
    buffer_init(&out, 1024 * 1024);
    if (!translation_start(vm, "anthropic", "gemini", &translator, &fault) ||
        !vm_call(vm, make, &out, &fault))
        fail_msg("%s", fault.message);
    translator.free(translator.arg);
    vm_unref(vm);
    return out;
}

static void test_page_is_made_of_the_tables(void **unused)
{
    (void)unused;
    struct buffer made = made_page();
    char *written = calloc(1, made.bytes + 2);
    FILE *file = fopen(page, "r");
    assert_non_null(file);
    size_t bytes = fread(written, 1, made.bytes + 1, file);
    fclose(file);
    if (bytes != made.bytes || memcmp(written, made.data, bytes) != 0)
        fail_msg("%s differs from the tables: build/unit/script_test_dialects_page write", page);
    free(written);
    buffer_fini(&made);
}

static int write_page(void)
{
    struct buffer made = made_page();
    FILE *file = fopen(page, "w");
    if (file == NULL)
        return 1;
    size_t written = fwrite(made.data, 1, made.bytes, file);
    buffer_fini(&made);
    return fclose(file) == 0 && written > 0 ? 0 : 1;
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_is_made_of_the_tables),
    };
    if (count == 2 && strcmp(arguments[1], "write") == 0)
        return write_page();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
