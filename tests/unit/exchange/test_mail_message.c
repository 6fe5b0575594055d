/* Mails as they are sent: headers that no text can write, encoded words, lines of base64; which
 * addresses are plain; which hosts are this machine. */
#include "base/support.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "exchange/courier_send.h"
#include "exchange/mail_message.h"

static struct buffer out;

static int set_up(void **state)
{
    (void)state;
    buffer_init(&out, 64 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buffer_fini(&out);
    return 0;
}

static bool write_from(const char *name, const char *payload)
{
    struct mail_content content;
    const struct mail_message message = {.id = "msg_1",
                                         .from = "gateway@example.com",
                                         .from_name = name,
                                         .to = "ops@example.com",
                                         .content = &content,
                                         .now_ms = INT64_C(1796130242000)};
    mail_content_init(&content);
    buffer_reset(&out);
    bool ok = mail_message_read(slice_of(payload), &content) && mail_message_write(&message, &out);
    buffer_append_char(&out, '\0');
    mail_content_fini(&content);
    return ok;
}

static bool write(const char *payload)
{
    return write_from("", payload);
}

static void assert_has(const char *text)
{
    if (strstr(out.data, text) == NULL)
        fail_msg("%s is not in:\n%s", text, out.data);
}

static void a_plain_one(void **state)
{
    (void)state;
    assert_true(write("{\"subject\":\"Hello\",\"text\":\"a\",\"html\":\"<p>b\"}"));
    assert_has("Date: Tue, 1 Dec 2026 13:04:02 +0000\r\n");
    assert_has("From: <gateway@example.com>\r\nTo: <ops@example.com>\r\nSubject: Hello\r\n");
    assert_has("Message-ID: <msg_1@example.com>\r\n");
    assert_has("boundary=\"=_msg_1\"\r\n\r\n--=_msg_1\r\nContent-Type: text/plain");
    assert_has("\r\n\r\nYQ==\r\n\r\n--=_msg_1\r\nContent-Type: text/html");
    assert_has("\r\n\r\nPHA+Yg==\r\n\r\n--=_msg_1--\r\n");
}

static void no_subject_begins_a_header(void **state)
{
    (void)state;
    assert_true(write("{\"subject\":\"a\\r\\nBcc: x@example.com\",\"text\":\"\",\"html\":\"\"}"));
    assert_null(strstr(out.data, "Bcc"));
    assert_has("Subject: =?UTF-8?B?YQ0KQmNjOiB4QGV4YW1wbGUuY29t?=\r\n");
}

/* A key may be called so; readers show what it says, and not what it would decode to. */
static void a_subject_that_looks_encoded(void **state)
{
    (void)state;
    assert_true(write("{\"subject\":\"a =?UTF-8?B?Qg==?=\",\"text\":\"\",\"html\":\"\"}"));
    assert_has("Subject: =?UTF-8?B?YSA9P1VURi04P0I/UWc9PT89?=\r\n");
}

static void the_senders_name(void **state)
{
    static const char empty[] = "{\"subject\":\"s\",\"text\":\"\",\"html\":\"\"}";
    (void)state;
    assert_true(write_from("Example AI", empty));
    assert_has("From: Example AI <gateway@example.com>\r\nTo: ");
    assert_true(
        write_from("Evil\r\nBcc: <x@example.com>", empty)); /* gateway.conf refuses it, too */
    assert_null(strstr(out.data, "Bcc"));
    assert_true(write_from("Kim \"K\" Inc.", empty));
    assert_has("From: =?UTF-8?B?S2ltICJLIiBJbmMu?= <gateway@example.com>\r\n");
    assert_true(
        write_from("\xea\xb0\x80\xea\xb0\x80\xea\xb0\x80\xea\xb0\x80\xea\xb0\x80\xea\xb0\x80"
                   "\xea\xb0\x80\xea\xb0\x80\xea\xb0\x80\xea\xb0\x80\xea\xb0\x80\xea\xb0\x80"
                   "\xea\xb0\x80\xea\xb0\x80\xea\xb0\x80",
                   empty));
    assert_has("?=\r\n =?UTF-8?B?6rCA?= <gateway@example.com>\r\n");
}

/* Each encoded word has whole characters and at most 75 of its own (RFC 2047). */
static void a_korean_subject(void **state)
{
    char payload[2048] = "{\"text\":\"\",\"html\":\"\",\"subject\":\"";
    (void)state;
    for (int i = 0; i < 60; i++)
        strcat(payload, "\xea\xb0\x80"); /* GA */
    strcat(payload, "\"}");
    assert_true(write(payload));
    const char *at = strstr(out.data, "Subject:");
    int words = 0;
    for (const char *word = at; (word = strstr(word, "=?UTF-8?B?")) != NULL; word++, words++) {
        const char *end = strstr(word + 2 + strlen("UTF-8?B?"), "?=");
        assert_non_null(end);
        assert_true(end + 2 - word <= 75);
        assert_int_equal((end - word - 10) % 4, 0);
    }
    assert_int_equal(words, 5); /* 14 characters of 3 bytes each */
}

static void long_texts_have_short_lines(void **state)
{
    char payload[8192] = "{\"subject\":\"s\",\"html\":\"\",\"text\":\"";
    (void)state;
    memset(payload + strlen(payload), 'x', 4000);
    strcat(payload, "\"}");
    assert_true(write(payload));
    for (const char *line = out.data; *line != '\0'; line = strstr(line, "\r\n") + 2)
        assert_true(strcspn(line, "\r") <= 998 && strcspn(line, "\r\n") == strcspn(line, "\r"));
}

static void no_payload(void **state)
{
    static const char *const bad[] = {"", "{", "[]", "{\"subject\":\"a\",\"text\":\"b\"}",
                                      "{\"subject\":1,\"text\":\"b\",\"html\":\"c\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(write(bad[i]));
}

static void addresses(void **state)
{
    static const char *const good[] = {"a@b", "ops+x@example.co.kr", "o'neil@example.com",
                                       "\xec\x9a\xb4\xec\x98\x81@example.com",
                                       "a@b\xc3\xbc.example"};
    static const char *const bad[] = {"",        "a",      "@b",      "a@",      "a@b@c",
                                      "a b@c",   "<a@b>",  "a@b,c@d", "a@b\r\n", "\"a\"@b",
                                      "a@b(c)d", "\xc3@b", "a:b@c",   "a\tb@c",  "a@b\x7f"};
    char longest[LIMIT_EMAIL_BYTES + 2];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(mail_message_is_address(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(mail_message_is_address(bad[i]));
    memset(longest, 'a', sizeof longest);
    longest[1] = '@';
    longest[LIMIT_EMAIL_BYTES + 1] = '\0';
    assert_false(mail_message_is_address(longest));
    longest[LIMIT_EMAIL_BYTES] = '\0';
    assert_true(mail_message_is_address(longest));
}

static void this_machine(void **state)
{
    static const char *const here[] = {"http://localhost",    "http://localhost:80/x",
                                       "smtp://127.0.0.1:25", "smtp://127.1.2.3",
                                       "http://[::1]/",       "http://[::1]:8080"};
    static const char *const elsewhere[] = {"http://localhost.example.com",
                                            "http://127.0.0.1.example.com/",
                                            "http://example.com/127.0.0.1",
                                            "smtp://mail.localhost",
                                            "http://[::2]/",
                                            "http://128.0.0.1",
                                            "http://localhost@example.com"};
    (void)state;
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++)
        assert_true(courier_is_loopback(here[i]));
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
        assert_false(courier_is_loopback(elsewhere[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plain_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_subject_begins_a_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_subject_that_looks_encoded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_senders_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_korean_subject, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_texts_have_short_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_payload, set_up, tear_down),
        cmocka_unit_test(addresses),
        cmocka_unit_test(this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
