#include "base/common_passwords.h"

#include <string.h>

#include "base/asset.h"
#include "base/support.h"

static void knows_them_all(void **state)
{
    const struct asset *list = &common_password_assets[0];
    const char *at = list->data, *previous = "";
    size_t count = 0;
    (void)state;
    while (*at != '\0') {
        struct slice line = {at, strcspn(at, "\n")};
        assert_true(line.bytes > 0);
        if (!common_passwords_have(line))
            fail_msg("%.*s", (int)line.bytes, line.data);
        assert_true(count == 0 || strcmp(previous, at) < 0); /* sorted by bytes */
        previous = at;
        at += line.bytes + 1;
        count++;
    }
    assert_true(count > 10000);
}

static void knows_what_is_made_of_them(void **state)
{
    static const char *const weak[] = {"password",     "PassWord",         "password123",
                                       "Password123!", "passwordpassword", "PasswordPassword1",
                                       "1q2w3e4r5t",   "llm-gateway",      "sunshine2024"};
    static const char *const good[] = {"",
                                       "correct horse battery staple",
                                       "password-of-the-day",
                                       "k8#Qz!pw0eLm",
                                       "passwordpasswordpassword",
                                       "한국어 비밀번호 문장"};
    char longest[300];
    (void)state;
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
        if (!common_passwords_have(slice_of(weak[i])))
            fail_msg("%s", weak[i]);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (common_passwords_have(slice_of(good[i])))
            fail_msg("%s", good[i]);
    }
    memset(longest, 'a', sizeof longest);
    assert_false(common_passwords_have((struct slice){longest, sizeof longest}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_them_all),
        cmocka_unit_test(knows_what_is_made_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
