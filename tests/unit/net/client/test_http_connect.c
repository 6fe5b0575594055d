/* How calls over plain HTTP/1.1 get their connection: names and several addresses, refusals, and
 * addresses that never answer. */
#include "base/support.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/asker.h"

/* ---- names with two addresses ---- */

typedef int getaddrinfo_function(const char *, const char *, const struct addrinfo *,
                                 struct addrinfo **);

/* Instead of libc's, for this program: FIRST-and-SECOND.test has these two, in this order. */
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                struct addrinfo **list)
{
    char both[128];
    struct addrinfo *second;
    getaddrinfo_function *ask = (getaddrinfo_function *)dlsym(RTLD_NEXT, "getaddrinfo");
    const char *and = strstr(host, "-and-");
    if (and == NULL || (hints->ai_flags & AI_NUMERICHOST) != 0)
        return ask(host, port, hints, list);
    snprintf(both, sizeof both, "%s", host);
    for (char *c = both; *c != '\0'; c++)
        *c = *c == '_' ? ':' : *c; /* an IPv6 address cannot stand in a name */
    both[and-host] = '\0';
    char *behind = both + (and-host) + strlen("-and-");
    *strstr(behind, ".test") = '\0';
    assert_int_equal(ask(both, port, hints, list), 0);
    assert_int_equal(ask(behind, port, hints, &second), 0);
    (*list)->ai_next = second;
    return 0;
}

/* ---- an address that does not answer ---- */

enum { OTHERS = 4 };

/* A listener whose queue is full. */
struct silent {
    int fd;
    int others[OTHERS];
    int port;
};

static void silent_init(struct silent *silent, const char *host, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t bytes = sizeof address;
    inet_pton(AF_INET, host, &address.sin_addr);
    silent->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(silent->fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(listen(silent->fd, 0), 0);
    assert_int_equal(getsockname(silent->fd, (struct sockaddr *)&address, &bytes), 0);
    silent->port = ntohs(address.sin_port);
    for (size_t i = 0; i < OTHERS; i++) {
        silent->others[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(silent->others[i], (struct sockaddr *)&address, bytes);
    }
    struct pollfd first = {silent->others[0], POLLOUT, 0};
    assert_int_equal(poll(&first, 1, 10000), 1); /* the queue is full: the others wait */
}

static void silent_fini(struct silent *silent)
{
    for (size_t i = 0; i < OTHERS; i++)
        close(silent->others[i]);
    close(silent->fd);
}

/* ---- connecting ---- */

static void is_refused(void **state)
{
    (void)state;
    static const struct script script = {{{READ, SAY(HELLO), CLOSE}}};
    asker_start(&script);
    asker_ask_whole(200, "hello");
    asker_join(1);
    struct outcome outcome = asker_ask(TAKE, slice_of("{}"));
    assert_failed(&outcome, UPSTREAM_UNREACHABLE, "");
    assert_non_null(strstr(outcome.detail, strerror(ECONNREFUSED)));
}

static void looks_names_up(void **state)
{
    (void)state;
    static const struct script script = {{{READ, SAY(HELLO), READ, SAY(HELLO), WAIT}}};
    char url[64];
    struct outcome outcome;
    asker_start(&script);
    snprintf(url, sizeof url, "http://localhost:%d/v1/x", asker_server.port);
    for (int i = 0; i < 2; i++) {
        asker_begin_at(&outcome, TAKE, url, slice_of("{}"), ASKER_LONG_MS);
        asker_run();
        assert_whole(&outcome, 200, "hello");
    }
    asker_begin_at(&outcome, TAKE, url, slice_of("{}"),
                   ASKER_LONG_MS); /* no third request: kept, and gone */
    asker_cancel(&outcome);
    scripted_server_go(&asker_server);
    asker_join(1);
}

/* Names that no resolver asks anybody for: a label of 64 letters is none. */
static void knows_no_such_name(void **state)
{
    (void)state;
    char url[128];
    struct outcome outcome;
    snprintf(url, sizeof url, "http://%064d.test/x", 7);
    asker_begin_at(&outcome, TAKE, url, slice_of("{}"), ASKER_LONG_MS);
    asker_run();
    assert_failed(&outcome, UPSTREAM_UNREACHABLE, "");
    assert_non_null(strstr(outcome.detail, "could not look up"));
    asker_begin_at(&outcome, TAKE, url, slice_of("{}"), ASKER_LONG_MS);
    asker_cancel(&outcome); /* its lookup is still under way */
}

static void falls_from_ipv6_to_ipv4(void **state)
{
    (void)state;
    static const struct script script = {{{READ, SAY(HELLO), READ, SAY(HELLO), WAIT}}};
    char url[64];
    struct outcome outcome;
    asker_start(&script);
    snprintf(url, sizeof url, "http://__1-and-127.0.0.1.test:%d/v1/x", asker_server.port);
    for (int i = 0; i < 2; i++) {
        asker_begin_at(&outcome, TAKE, url, slice_of("{}"), ASKER_LONG_MS);
        asker_run();
        assert_whole(&outcome, 200, "hello");
    }
    scripted_server_go(&asker_server);
    asker_join(1);
}

static void gives_up_connecting(void **state)
{
    (void)state;
    char url[64];
    struct silent silent;
    struct outcome outcome;
    silent_init(&silent, "127.0.0.1", 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", silent.port);
    asker_begin_at(&outcome, TAKE, url, slice_of("{}"), ASKER_LONG_MS);
    clock_advance_ms(ASKER_LONG_MS + 1);
    asker_run();
    assert_failed(&outcome, UPSTREAM_TIMED_OUT, "");
    asker_begin_at(&outcome, TAKE, url, slice_of("{}"), ASKER_LONG_MS);
    asker_cancel(&outcome);
    silent_fini(&silent);
}

/* The first address gets its half of the time, then the second has its turn. */
static void gives_up_an_address_that_does_not_answer(void **state)
{
    (void)state;
    static const struct script script = {{{READ, SAY(HELLO), WAIT}}};
    char url[64];
    struct silent silent;
    struct outcome outcome;
    asker_start(&script);
    silent_init(&silent, "127.0.0.2", asker_server.port);
    snprintf(url, sizeof url, "http://127.0.0.2-and-127.0.0.1.test:%d/x", asker_server.port);
    asker_begin_at(&outcome, TAKE, url, slice_of("{}"), ASKER_LONG_MS);
    asker_turn_a_little();
    assert_false(outcome.ended);
    assert_int_equal(asker_server.connections, 0);
    clock_advance_ms(ASKER_LONG_MS * 6 / 10);
    asker_run();
    assert_whole(&outcome, 200, "hello");
    scripted_server_go(&asker_server);
    asker_join(1);
    silent_fini(&silent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ASKER(is_refused),          WITH_ASKER(looks_names_up),
        WITH_ASKER(knows_no_such_name),  WITH_ASKER(falls_from_ipv6_to_ipv4),
        WITH_ASKER(gives_up_connecting), WITH_ASKER(gives_up_an_address_that_does_not_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
