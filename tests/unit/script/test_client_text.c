/* No function of lua/ that takes a client's text needs more than linear time for it, whatever the
 * text: every route is called with 64 KB in every place (client_text.lua), and what takes long is
 * compared with the same at half of that. Processor time of this thread, and only as a ratio. */
#include <lauxlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "policy_fixture.h"
#include "script/doors.h"
#include "script/policy_files.h"
#include "script/reload_status.h"
#include "script/task.h"

enum { REPEATED = 5 };

/* A sanitizer's times say nothing: there each text is only read, and of one length. */
#ifdef __SANITIZE_ADDRESS__
enum { TIMES_COUNT = 0, TEXT_BYTES = 8 * 1024, FIRST_BYTES = TEXT_BYTES };
#else
enum { TIMES_COUNT = 1, TEXT_BYTES = 64 * 1024, FIRST_BYTES = TEXT_BYTES / 64 };
#endif

static const int64_t quick_ns = 20 * 1000 * 1000; /* the square of 64 KB takes seconds */

struct driver {
    struct vm *vm;
    struct reload_status *reload_status;
    int place; /* in: of a case; 0: asks how many there are */
    size_t bytes;
    int64_t spent_ns; /* out */
    long count;
    char name[256];
    char error[256];
};

#define DRIVER_NAME "test.client_text"

static int load(lua_State *state)
{
    if (luaL_loadfile(state, "tests/unit/script/client_text.lua") != 0)
        return lua_error(state);
    lua_call(state, 0, 1);
    lua_setfield(state, LUA_REGISTRYINDEX, DRIVER_NAME);
    return 0;
}

static int64_t thread_ns(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int run(lua_State *state)
{
    struct driver *driver = lua_touserdata(state, 1);
    lua_getfield(state, LUA_REGISTRYINDEX, DRIVER_NAME);
    if (driver->place == 0) {
        lua_call(state, 0, 1);
        driver->count = (long)lua_tonumber(state, -1);
        return 0;
    }
    lua_pushinteger(state, driver->place);
    lua_pushinteger(state, (lua_Integer)driver->bytes);
    int64_t begun_ns = thread_ns();
    lua_call(state, 2, 2);
    driver->spent_ns = thread_ns() - begun_ns;
    snprintf(driver->name, sizeof driver->name, "%s", lua_tostring(state, -2));
    snprintf(driver->error, sizeof driver->error, "%s",
             lua_isnil(state, -1) ? "" : lua_tostring(state, -1));
    return 0;
}

static struct driver open_driver(void)
{
    struct driver driver = {.reload_status = reload_status_new("policies")};
    const struct doors doors = {.sign_up = "open",
                                .domains = "",
                                .terms_url = "",
                                .terms_version = "1",
                                .privacy_url = "",
                                .credits_max_nusd = -1};
    struct task_settings settings = {.payments = "test",
                                     .mail_events =
                                         "mailgun", /* reads the body before it knows whose it is */
                                     .mail_events_secret = "a secret of the tests",
                                     .brand_name = "Example AI",
                                     .doors = &doors,
                                     .public_url = "http://127.0.0.1",
                                     .version = "1",
                                     .reload_status = driver.reload_status};
    const struct vm_options options = {.install = task_install, .arg = &settings};
    char folder[64];
    struct fault fault;
    fixture_folder(NULL, folder);
    struct policy_files *files = policy_files_read(folder, &fault);
    fixture_remove(folder);
    assert_non_null(files);
    driver.vm = vm_new(files, &options, &fault);
    reload_status_accept(driver.reload_status, files);
    policy_files_unref(files);
    if (driver.vm == NULL || !vm_call(driver.vm, load, NULL, &fault))
        fail_msg("%s", fault.message);
    return driver;
}

static void close_driver(struct driver *driver)
{
    vm_unref(driver->vm);
    reload_status_free(driver->reload_status);
}

/* The least of several times: what else the machine did is not in it. */
static int64_t least_ns(struct driver *driver, int place, size_t bytes, int times)
{
    int64_t least = INT64_MAX;
    struct fault fault;
    driver->place = place;
    driver->bytes = bytes;
    for (int i = 0; i < times; i++) {
        if (!vm_call(driver->vm, run, driver, &fault))
            fail_msg("case %d (after %s): %s", place, driver->name, fault.message);
        if (driver->spent_ns < least)
            least = driver->spent_ns;
    }
    return least;
}

static void check_linear(struct driver *driver, int place, size_t bytes)
{
    int64_t whole_ns = least_ns(driver, place, bytes, 1);
    if (driver->error[0] != '\0')
        fail_msg("%s: %s", driver->name, driver->error);
    if (whole_ns < quick_ns || !TIMES_COUNT)
        return;
    whole_ns = least_ns(driver, place, bytes, REPEATED);
    int64_t half_ns = least_ns(driver, place, bytes / 2, REPEATED);
    if (whole_ns > quick_ns && whole_ns > 3 * half_ns)
        fail_msg("%s: %ld us for %zu bytes, %ld us for half", driver->name, (long)whole_ns / 1000,
                 bytes, (long)half_ns / 1000);
}

static void test_every_route_is_linear(void **unused)
{
    (void)unused;
    struct driver driver = open_driver();
    struct fault fault;
    assert_true(vm_call(driver.vm, run, &driver, &fault));
    long count = driver.count;
    assert_true(count > 1000);
    for (int place = 1; place <= count; place++) {
        /* The short ones first: what is cubic would not end otherwise. */
        for (size_t bytes = FIRST_BYTES; bytes <= TEXT_BYTES; bytes *= 8)
            check_linear(&driver, place, bytes);
    }
    close_driver(&driver);
}

/* The backstop: a pattern over more than is safe raises, wherever it is written. */
static void test_patterns_are_bounded(void **unused)
{
    static const char *const codes[] = {
        "return pcall(string.find, string.rep('1', 3000), '^%d*x')",
        "return pcall(string.match, string.rep('1', 3000), '^%d*x')",
        "return pcall(string.gmatch, string.rep('1', 3000), '%d*x')",
        "return pcall(string.gsub, string.rep('1', 3000), '%d*x', '')",
    };
    (void)unused;
    struct driver driver = open_driver();
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char code[256];
        snprintf(code, sizeof code, "local _, why = (function() %s end)() return why", codes[i]);
        char out[256];
        fixture_run(driver.vm, code, out, sizeof out);
        assert_non_null(strstr(out, "a pattern over more than 2048 bytes"));
    }
    fixture_returns(driver.vm, "return string.find(string.rep('1', 3000) .. 'x', 'x', 1, true)",
                    "3001");
    fixture_returns(driver.vm, "return (string.match(string.rep('1', 3000) .. 'x', '1(x)', -9))",
                    "x");
    fixture_returns(driver.vm, "return (string.gsub('aXbX', 'X', '-'))", "a-b-");
    fixture_returns(driver.vm, "return select(2, string.find('abc', 'b'))", "2");
    close_driver(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_route_is_linear),
        cmocka_unit_test(test_patterns_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
