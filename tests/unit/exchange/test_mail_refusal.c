/* Which refusals of a mail server are about the address. */
#include "base/support.h"

#include "exchange/mail_refusal.h"

static const struct {
    const char *line;
    bool of_receiver, found;
} cases[] = {
    {"550 5.1.1 <x@example.com>: Recipient address rejected: User unknown", true, true},
    {"550-5.1.1 The email account that you tried to reach does not exist.", true, true},
    {"556 5.1.10 Recipient address has null MX", true, true},
    {"550 5.2.1 The account is disabled", true, true},
    {"554 5.1.1 unknown user", false, true}, /* a relay may find it out behind DATA */
    {"550 No such user here", true, true},
    {"553 mailbox name not allowed", true, true},
    {"550 No such user here", false, false},
    {"550 5.7.1 Service unavailable, client host blocked", true, false},
    {"550 5.7.26 This mail has been blocked: SPF", true, false},
    {"552 5.2.2 mailbox full", true, false},
    {"550 5.1.8 sender address rejected", true, false},
    {"554 Transaction failed", true, false},
    {"535 5.7.8 bad credentials", false, false},
    {"450 4.1.1 try later", true, false},
    {"550 4.1.1 try later", true, false},
    {"", true, false},
    {"5", true, false},
    {"Operation timed out", true, false},
};

static void only_what_is_of_the_address(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (mail_refusal_is_of_address(cases[i].line, cases[i].of_receiver) != cases[i].found)
            fail_msg("%s", cases[i].line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_what_is_of_the_address)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
