/* Sign-ups: an invitation, a proof of work and a first credit are used up with the account, or not
 * at all. */
#include "store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define HOUR_MS (INT64_C(3600) * 1000)
#define DAY_MS (24 * HOUR_MS)
enum { DIGEST_CHARS = 64 };

static struct fixture f;

#define ASK(...) fixture_ask(f.store, &f.reply_queue, __VA_ARGS__)

/* A digest of its own for each letter. */
static const char *digest(char letter)
{
    static char texts[128][DIGEST_CHARS + 1];
    char *text = texts[(unsigned char)letter];
    memset(text, letter, DIGEST_CHARS);
    return text;
}

/* What a sign-up is made with; NULL and 0: nothing. */
struct attempt {
    const char *email;
    char mailbox, invitation, proof;
    const char *terms;
    int64_t must_verify;
    int64_t credit_nusd;
    int64_t day_max_nusd;
};

static struct store_value digest_or_null(char letter)
{
    return letter ? bind_text(digest(letter)) : bind_null();
}

/* The user as JSON, or NULL with the code in fixture_code. */
static const char *sign_up(const struct attempt *with)
{
    static char json[4096];
    const struct store_value args[] = {
        bind_text(with->email),
        bind_null(),
        bind_text("(no password)"),
        bind_int(with->must_verify),
        bind_text(digest(with->mailbox)),
        digest_or_null(with->invitation),
        with->terms != NULL ? bind_text(with->terms) : bind_null(),
        digest_or_null(with->proof),
        with->proof ? bind_int(clock_wall_ms() + HOUR_MS) : bind_null(),
        with->credit_nusd > 0 ? bind_int(with->credit_nusd) : bind_null(),
        with->day_max_nusd > 0 ? bind_int(with->day_max_nusd) : bind_null()};
    struct store_call call;
    struct fault fault;
    assert_true(store_call_init(&call, "user.sign_up", args, sizeof args / sizeof args[0], &fault));
    call.job.reply_queue = &f.reply_queue;
    assert_true(store_call_post(f.store, &call));
    fixture_wait(&f.reply_queue, 1);
    bool ok = call.ok;
    snprintf(fixture_code, sizeof fixture_code, "%s", call.fault.code);
    snprintf(json, sizeof json, "%.*s", ok ? (int)call.result.bytes : 0,
             ok ? call.result.data : "");
    store_call_fini(&call);
    return ok ? json : NULL;
}

#define SIGN_UP(...) sign_up(&(const struct attempt){__VA_ARGS__})

static void has_balance(const char *user, const char *balance)
{
    const char *account = fixture_member(user, "account_id");
    assert_string_equal(fixture_member(ASK("balance.get", "t", account), "balance"), balance);
}

/* A link for whoever has it; credit_nusd -1: without one. */
static void invite(char letter, int64_t uses, int64_t credit_nusd)
{
    int64_t expires_ms = clock_wall_ms() + HOUR_MS;
    char id[8];
    snprintf(id, sizeof id, "inv_%c", letter);
    assert_non_null(credit_nusd < 0 ? ASK("invitation.create", "ttnntniin", id, digest(letter),
                                          "vip", uses, expires_ms)
                                    : ASK("invitation.create", "ttnntiiin", id, digest(letter),
                                          "vip", credit_nusd, uses, expires_ms));
}

static int64_t number(const char *sql)
{
    return fixture_number(f.path, sql);
}

/* ---- invitations ---- */

static void an_invitation_is_used_as_often_as_it_says(void **state)
{
    const char *user;
    (void)state;
    invite('i', 2, 5 * USD);
    user = SIGN_UP(.email = "a@example.com", .mailbox = 'a', .invitation = 'i', .credit_nusd = USD);
    fixture_assert_has(user, "\"group\":\"vip\"");
    has_balance(user, "5.000000000"); /* in the place of the usual one */
    has_balance(SIGN_UP(.email = "b@example.com", .mailbox = 'b', .invitation = 'i'),
                "5.000000000");
    fixture_assert_fails(SIGN_UP(.email = "c@example.com", .mailbox = 'c', .invitation = 'i'),
                         "invitation_invalid");
    fixture_assert_fails(ASK("invitation.find", "t", digest('i')), "not_found");
    assert_int_equal(number("SELECT count(*) FROM users"), 2);
    fixture_verify(f.path, NULL);
}

static void what_is_refused_uses_nothing_up(void **state)
{
    (void)state;
    invite('i', 1, 5 * USD);
    assert_non_null(SIGN_UP(.email = "a@example.com", .mailbox = 'a'));
    fixture_assert_fails(
        SIGN_UP(.email = "A@example.com", .mailbox = 'a', .invitation = 'i', .proof = 'p'),
        "email_taken");
    fixture_assert_fails(SIGN_UP(.email = "b@example.com", .mailbox = 'b', .invitation = 'i',
                                 .proof = 'p', .terms = ""),
                         "invalid_value");
    assert_int_equal(number("SELECT uses FROM invitations"), 0);
    assert_int_equal(number("SELECT count(*) FROM sign_up_proofs"), 0);
    assert_int_equal(number("SELECT count(*) FROM accounts WHERE kind = 'customer'"), 1);
    assert_non_null(
        SIGN_UP(.email = "b@example.com", .mailbox = 'b', .invitation = 'i', .proof = 'p'));
}

static void one_that_is_over_lets_nobody_in(void **state)
{
    (void)state;
    invite('r', 5, -1);
    invite('e', 5, -1);
    assert_non_null(ASK("invitation.revoke", "t", "inv_r"));
    fixture_assert_fails(ASK("invitation.revoke", "t", "inv_x"), "not_found");
    fixture_assert_fails(SIGN_UP(.email = "a@example.com", .mailbox = 'a', .invitation = 'r'),
                         "invitation_invalid");
    clock_advance_ms(HOUR_MS);
    fixture_assert_fails(SIGN_UP(.email = "a@example.com", .mailbox = 'a', .invitation = 'e'),
                         "invitation_invalid");
}

static void for_an_address(void **state)
{
    int64_t expires_ms = clock_wall_ms() + HOUR_MS;
    (void)state;
    assert_non_null(ASK("invitation.create", "tttttniit", "inv_1", digest('m'), "Ann@example.com",
                        "sealed", "", INT64_C(1), expires_ms, "ko"));
    assert_int_equal(number("SELECT count(*) FROM outbox WHERE destination = 'Ann@example.com'"),
                     1);
    fixture_assert_fails(ASK("invitation.create", "tttntniin", "inv_2", digest('n'),
                             "b@example.com", "", INT64_C(2), expires_ms),
                         "invalid_value");
    fixture_assert_fails(SIGN_UP(.email = "b@example.com", .mailbox = 'b', .invitation = 'm'),
                         "invitation_not_yours");
    /* It was mailed, so the mailbox is theirs, and the credit is due at once. */
    has_balance(SIGN_UP(.email = "ann@EXAMPLE.com", .mailbox = 'a', .invitation = 'm',
                        .must_verify = 1, .credit_nusd = USD),
                "1.000000000");
    fixture_assert_fails(ASK("invitation.create", "tttntniin", "inv_3", digest('o'),
                             "ANN@example.com", "", INT64_C(1), expires_ms),
                         "email_taken");
}

/* ---- first credits ---- */

static void once_for_a_mailbox(void **state)
{
    (void)state;
    invite('i', 5, 2 * USD);
    has_balance(SIGN_UP(.email = "a@example.com", .mailbox = 'a', .credit_nusd = USD),
                "1.000000000");
    has_balance(SIGN_UP(.email = "a+1@example.com", .mailbox = 'a', .credit_nusd = USD),
                "0.000000000");
    /* Another source is another promise, and is kept once as well. */
    has_balance(SIGN_UP(.email = "a+2@example.com", .mailbox = 'a', .invitation = 'i'),
                "2.000000000");
    has_balance(SIGN_UP(.email = "a+3@example.com", .mailbox = 'a', .invitation = 'i'),
                "0.000000000");
    fixture_verify(f.path, NULL);
}

static void the_money_of_a_day(void **state)
{
    (void)state;
    const int64_t most = 5 * USD / 2;
    const char *const balances[] = {"1.000000000", "1.000000000", "0.000000000"};
    char email[] = "?@example.com";
    invite('i', 5, 9 * USD);
    /* In the middle of a day, so that no test is at midnight. */
    clock_advance_ms(DAY_MS - clock_wall_ms() % DAY_MS + DAY_MS / 2);
    for (int day = 0; day < 2; day++, clock_advance_ms(DAY_MS)) {
        for (int i = 0; i < 3; i++) {
            char letter = (char)('a' + 3 * day + i);
            email[0] = letter;
            if (day == 1 && i == 1)
                fixture_reopen(&f); /* what was given is known after a restart */
            has_balance(SIGN_UP(.email = email, .mailbox = letter, .credit_nusd = USD,
                                .day_max_nusd = most),
                        balances[i]);
        }
    }
    fixture_verify(f.path, NULL);
}

/* A link to verify the address, for the token with this letter. */
static void mail_link(const char *user, char letter)
{
    assert_non_null(ASK("address.mail", "ttti", fixture_member(user, "id"), digest(letter),
                        "sealed", clock_wall_ms() + HOUR_MS));
}

static void when_the_address_is_verified(void **state)
{
    char user[4096];
    (void)state;
    snprintf(
        user, sizeof user, "%s",
        SIGN_UP(.email = "a@example.com", .mailbox = 'a', .must_verify = 1, .credit_nusd = USD));
    fixture_assert_has(user, "\"must_verify\":true");
    has_balance(user, "0.000000000");
    for (int i = 0; i < 2; i++) {
        if (i == 0) {
            mail_link(user, 'v');
            fixture_assert_fails(ASK("address.verify", "ttin", digest('v'), "user_another", USD),
                                 "link_not_yours");
            has_balance(user, "0.000000000");
        }
        const char *said =
            ASK("address.verify", "ttin", digest('v'), fixture_member(user, "id"), USD);
        if (i == 0)
            assert_string_equal(said, "{\"email\":\"a@example.com\"}");
        else
            fixture_assert_fails(said, "not_found");
        has_balance(user, "1.000000000");
    }
    fixture_assert_has(ASK("user.get", "t", fixture_member(user, "id")), "\"must_verify\":false");
    fixture_verify(f.path, NULL);
}

/* Whoever came when there was none to give has none later. */
static void it_is_decided_once(void **state)
{
    char user[4096];
    (void)state;
    snprintf(user, sizeof user, "%s", SIGN_UP(.email = "a@example.com", .mailbox = 'a'));
    mail_link(user, 'v');
    assert_non_null(ASK("address.verify", "ttin", digest('v'), fixture_member(user, "id"), USD));
    has_balance(user, "0.000000000");
    snprintf(user, sizeof user, "%s",
             SIGN_UP(.email = "b@example.com", .mailbox = 'b', .must_verify = 1));
    mail_link(user, 'w');
    assert_non_null(
        ASK("address.verify", "ttii", digest('w'), fixture_member(user, "id"), USD, USD - 1));
    assert_non_null(ASK("link.mail", "ttti", "b@example.com", digest('x'), "sealed",
                        clock_wall_ms() + HOUR_MS));
    assert_non_null(ASK("link.redeem", "ttinn", digest('x'), "(another)", USD));
    has_balance(user, "0.000000000");
}

/* The promise stays, if the operator has let the account in meanwhile. */
static void who_was_let_in_gets_it_when_verified(void **state)
{
    char user[4096];
    (void)state;
    snprintf(
        user, sizeof user, "%s",
        SIGN_UP(.email = "a@example.com", .mailbox = 'a', .must_verify = 1, .credit_nusd = USD));
    const char *id = fixture_member(user, "id");
    assert_non_null(ASK("key.create", "tttttnnnn", id, digest('a'), "llm_sk_ab", "wxyz", "first"));
    fixture_assert_has(ASK("user.get", "t", id), "\"must_verify\":false");
    has_balance(user, "0.000000000");
    mail_link(user, 'v');
    assert_non_null(ASK("address.verify", "ttin", digest('v'), fixture_member(user, "id"), USD));
    has_balance(user, "1.000000000");
}

static void who_has_not_signed_up_gets_none(void **state)
{
    struct customer ann;
    char user[4096];
    (void)state;
    fixture_customer(f.store, &f.reply_queue, "ann@example.com", 0, -1, &ann);
    snprintf(user, sizeof user, "%s", ASK("user.get", "t", ann.user_id.text));
    mail_link(user, 'v');
    assert_non_null(ASK("address.verify", "ttin", digest('v'), fixture_member(user, "id"), USD));
    has_balance(user, "0.000000000");
}

/* ---- proofs, terms ---- */

static void a_proof_makes_one_account(void **state)
{
    (void)state;
    assert_non_null(SIGN_UP(.email = "a@example.com", .mailbox = 'a', .proof = 'p'));
    fixture_assert_fails(SIGN_UP(.email = "b@example.com", .mailbox = 'b', .proof = 'p'),
                         "proof_invalid");
    fixture_reopen(&f);
    fixture_assert_fails(SIGN_UP(.email = "b@example.com", .mailbox = 'b', .proof = 'p'),
                         "proof_invalid");
    clock_advance_ms(HOUR_MS);
    assert_non_null(SIGN_UP(.email = "b@example.com", .mailbox = 'b', .proof = 'q'));
    assert_int_equal(number("SELECT count(*) FROM sign_up_proofs"), 1); /* old ones are gone */
}

static void each_version_is_accepted_once(void **state)
{
    char user[4096];
    (void)state;
    snprintf(user, sizeof user, "%s",
             SIGN_UP(.email = "a@example.com", .mailbox = 'a', .terms = "1"));
    fixture_assert_has(user, "\"terms_version\":\"1\"");
    const char *id = fixture_member(user, "id");
    for (int i = 0; i < 2; i++) {
        clock_advance_ms(1000);
        fixture_assert_has(ASK("user.accept", "tt", id, "2"), "\"terms_version\":\"2\"");
    }
    assert_int_equal(number("SELECT count(*) FROM terms_acceptances"), 2);
    fixture_assert_fails(ASK("user.accept", "tt", id, ""), "invalid_value");
}

static int setup(void **state)
{
    (void)state;
    fixture_init(&f);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_fini(&f);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_invitation_is_used_as_often_as_it_says),
        TEST(what_is_refused_uses_nothing_up),
        TEST(one_that_is_over_lets_nobody_in),
        TEST(for_an_address),
        TEST(once_for_a_mailbox),
        TEST(the_money_of_a_day),
        TEST(when_the_address_is_verified),
        TEST(it_is_decided_once),
        TEST(who_was_let_in_gets_it_when_verified),
        TEST(who_has_not_signed_up_gets_none),
        TEST(a_proof_makes_one_account),
        TEST(each_version_is_accepted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
