/* The forms of an address: taken as libcurl takes them, or refused. */
#include "base/support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "net/client/http_target.h"

static const struct form {
    const char *url;
    const char *line; /* the target of the request line */
    const char *host_header;
    const char *host;
    const char *port;
    bool literal;
} forms[] = {
    {"http://127.0.0.1/v1/x", "/v1/x", "127.0.0.1", "127.0.0.1", "80", true},
    {"http://127.0.0.1:80/v1/x", "/v1/x", "127.0.0.1", "127.0.0.1", "80", true},
    {"HTTP://127.0.0.1:08080/v1/x", "/v1/x", "127.0.0.1:8080", "127.0.0.1", "8080", true},
    {"http://127.0.0.1:/v1/x", "/v1/x", "127.0.0.1", "127.0.0.1", "80", true},
    {"http://127.1/x", "/x", "127.0.0.1", "127.0.0.1", "80", true},
    {"http://0x7f000001/x", "/x", "127.0.0.1", "127.0.0.1", "80", true},
    {"http://2130706433/x", "/x", "127.0.0.1", "127.0.0.1", "80", true},
    {"http://[::1]:8080/x", "/x", "[::1]:8080", "::1", "8080", true},
    {"http://[::1]/x", "/x", "[::1]", "::1", "80", true},
    {"http://[fe80::1%25lo]:81/x", "/x", "[fe80::1]:81", "fe80::1%lo", "81", true},
    {"http://vllm:8000/v1/chat/completions", "/v1/chat/completions", "vllm:8000", "vllm", "8000",
     false},
    {"http://llm.example.com/x", "/x", "llm.example.com", "llm.example.com", "80", false},
    {"http://localhost", "/", "localhost", "localhost", "80", false},
    {"http://localhost?a=b", "/?a=b", "localhost", "localhost", "80", false},
    {"http://localhost/x?a=b&c#d", "/x?a=b&c", "localhost", "localhost", "80", false},
    {"http://localhost/a/../b/./c", "/b/c", "localhost", "localhost", "80", false},
    {"http://localhost/a%2fb", "/a%2fb", "localhost", "localhost", "80", false},
    {"http://localhost//x", "//x", "localhost", "localhost", "80", false},
};

static void takes_urls_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct form *form = &forms[i];
        struct fault fault = {0};
        char head[512];
        struct http_target *target = http_target_new(form->url, &fault);
        if (target == NULL)
            fail_msg("%s: %s", form->url, fault.message);
        snprintf(head, sizeof head, " %s HTTP/1.1\r\nHost: %s\r\n", form->line, form->host_header);
        if (strncmp(target->head, head, strlen(head)) != 0)
            fail_msg("%s: %s", form->url, target->head);
        assert_null(strstr(target->head, "\r\n\r\n"));
        assert_string_equal(target->host, form->host);
        assert_string_equal(target->port, form->port);
        assert_int_equal(target->addresses.count, form->literal ? 1 : 0);
        assert_true(form->literal ? target->addresses_until_us == INT64_MAX
                                  : target->addresses_until_us == 0);
        http_target_free(target);
    }
}

static void keeps_address_and_port(void **state)
{
    (void)state;
    struct fault fault;
    struct http_target *target = http_target_new("http://[2001:db8::7]:8080/", &fault);
    const struct sockaddr_in6 *address = (const struct sockaddr_in6 *)&target->addresses.at[0];
    char text[INET6_ADDRSTRLEN];
    assert_int_equal(address->sin6_family, AF_INET6);
    assert_int_equal(ntohs(address->sin6_port), 8080);
    assert_string_equal(inet_ntop(AF_INET6, &address->sin6_addr, text, sizeof text), "2001:db8::7");
    http_target_free(target);
}

static void refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "http://",
        "http://:80/x",
        "http://a:65536/x",
        "http://a:x/",
        "http://a:-1/",
        "http://[::1/x",
        "http://[::g]/x",
        "http://u@a/x",
        "http://u:p@a/x",
        "http://a b/x",
        "http://a/x y",
        "http://a/x\r\nb:c",
        "http://a\r\nb: c/x",
        "http://a/\x01",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct fault fault = {0};
        if (http_target_new(urls[i], &fault) != NULL)
            fail_msg("taken: %s", urls[i]);
        assert_string_equal(fault.code, "invalid_value");
        assert_true(strlen(fault.message) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_urls_apart),
        cmocka_unit_test(keeps_address_and_port),
        cmocka_unit_test(refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
