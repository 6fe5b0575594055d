/* Standard Webhooks: the example of its reference implementation, and which secrets are taken. */
#include "base/support.h"

#include <stdio.h>

#include "base/webhook_signature.h"

static void the_reference_example(void **state)
{
    struct webhook_key key;
    char signature[WEBHOOK_SIGNATURE_BYTES];
    (void)state;
    assert_true(webhook_key_parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &key));
    assert_int_equal(key.bytes, 24);
    webhook_sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                 slice_of("{\"test\": 2432232314}"), signature);
    /* made by standardwebhooks 1.1.0 of PyPI */
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void secrets(void **state)
{
    static const char *const bad[] = {
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",       /* without its prefix */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaQ=", /* 23 bytes */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!w",
        "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAA="}; /* 65 bytes */
    struct webhook_key key;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(webhook_key_parse(bad[i], &key));
    assert_true(webhook_key_parse("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", &key));
    assert_int_equal(key.bytes, 32);
}

/* RFC 4231, test case 2, and what differs from it. */
static void a_mac_in_hex(void **state)
{
    static const char hex[] = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const struct slice key = slice_of("Jefe"), prefix = slice_of("what do ya "),
                       body = slice_of("want for nothing?");
    char other[sizeof hex];
    (void)state;
    assert_true(webhook_hmac_is(key, prefix, body, slice_of(hex)));
    assert_true(webhook_hmac_is(key, slice_of(""), slice_of("what do ya want for nothing?"),
                                slice_of(hex)));
    assert_false(webhook_hmac_is(slice_of("jefe"), prefix, body, slice_of(hex)));
    assert_false(webhook_hmac_is(key, prefix, slice_of("want for nothing!"), slice_of(hex)));
    for (size_t i = 0; i < sizeof hex - 1; i++) {
        memcpy(other, hex, sizeof other);
        other[i] = other[i] == '0' ? '1' : '0';
        assert_false(webhook_hmac_is(key, prefix, body, slice_of(other)));
        other[i] = 'x';
        assert_false(webhook_hmac_is(key, prefix, body, slice_of(other)));
        assert_false(webhook_hmac_is(key, prefix, body, (struct slice){hex, i}));
    }
}

/* The reference example, as a service sends it. */
static void signatures_of_others(void **state)
{
    static const char right[] = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const struct slice id = slice_of("msg_p5jXN8AQM9LWM0D4loKWxJek"),
                       body = slice_of("{\"test\": 2432232314}");
    const int64_t at_s = 1614265330;
    struct webhook_key key;
    char text[3 * sizeof right], longest[WEBHOOK_ID_BYTES_MAX + 2];
    (void)state;
    assert_true(webhook_key_parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &key));
    assert_true(webhook_is_signed(&key, id, at_s, body, slice_of(right)));
    snprintf(text, sizeof text, "v1a,x  %s ", right);
    assert_true(webhook_is_signed(&key, id, at_s, body, slice_of(text)));
    assert_false(webhook_is_signed(&key, id, at_s + 1, body, slice_of(right)));
    assert_false(webhook_is_signed(&key, slice_of("msg"), at_s, body, slice_of(right)));
    assert_false(webhook_is_signed(&key, id, at_s, slice_of("{}"), slice_of(right)));
    for (size_t i = 0; i < sizeof right - 1; i++) {
        assert_false(webhook_is_signed(&key, id, at_s, body, (struct slice){right, i}));
        memcpy(text, right, sizeof right);
        text[i] = text[i] == 'A' ? 'B' : 'A';
        assert_false(webhook_is_signed(&key, id, at_s, body, slice_of(text)));
    }
    memset(longest, 'm', sizeof longest);
    for (size_t bytes = WEBHOOK_ID_BYTES_MAX; bytes <= sizeof longest; bytes++)
        assert_false(webhook_is_signed(&key, (struct slice){longest, bytes}, INT64_MIN, body,
                                       slice_of(right)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_example),
        cmocka_unit_test(secrets),
        cmocka_unit_test(a_mac_in_hex),
        cmocka_unit_test(signatures_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
