/* Where customers are sent to: a page of the dashboard. */
#include "base/support.h"

#include <string.h>

#include "exchange/dashboard_url.h"

static void a_page_stands_below_the_dashboard(void **state)
{
    (void)state;
    char url[DASHBOARD_URL_BYTES];
    dashboard_url_format("https://x.example/sub", "keys", url);
    assert_string_equal(url, "https://x.example/sub/dashboard/keys");
}

static void credits_are_a_json_string(void **state)
{
    (void)state;
    struct buffer out;
    buffer_init(&out, 4096);
    dashboard_url_write_topup("https://x.example/\"a", &out);
    assert_true(slice_equals(buffer_slice(&out), "\"https://x.example/\\\"a/dashboard/credits\""));
    buffer_fini(&out);
}

static void a_long_address_is_cut(void **state)
{
    (void)state;
    char public_url[2 * DASHBOARD_URL_BYTES];
    char url[DASHBOARD_URL_BYTES];
    memset(public_url, 'x', sizeof public_url - 1);
    public_url[sizeof public_url - 1] = '\0';
    dashboard_url_format(public_url, "keys", url);
    assert_int_equal(strlen(url), DASHBOARD_URL_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_stands_below_the_dashboard),
        cmocka_unit_test(credits_are_a_json_string),
        cmocka_unit_test(a_long_address_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
