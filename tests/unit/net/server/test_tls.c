/* TLS of the server, and the PROXY header before it: what a client of OpenSSL's own sees of the
 * certificate, of versions and ciphers, and what stands in the clear before the handshake. */
#include "base/support.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/loop/loop.h"
#include "net/server/tls.h"

enum { TURNS_MAX = 2000 };

static char folder[64];
static struct job_queue queue;
static struct loop *loop;

/* The paths of a certificate and its key, of that name. */
struct files {
    char certificate[96];
    char key[96];
};

static struct files one;
static struct files other;

static void make_files(struct files *files, const char *name)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *certificate = X509_new();
    assert_true(key != NULL && certificate != NULL);
    X509_NAME *subject = X509_get_subject_name(certificate);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    snprintf(files->certificate, sizeof files->certificate, "%s/%s.pem", folder, name);
    snprintf(files->key, sizeof files->key, "%s/%s.key", folder, name);
    FILE *file = fopen(files->certificate, "w");
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    file = fopen(files->key, "w");
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static int set_up_all(void **state)
{
    struct fault fault;
    (void)state;
    alarm(300);               /* nothing here waits for ever */
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    strcpy(folder, "/tmp/gw-XXXXXX");
    assert_non_null(mkdtemp(folder));
    make_files(&one, "one");
    make_files(&other, "other");
    assert_true(job_queue_init(&queue, 8));
    loop = loop_new(&queue, NULL, &fault);
    assert_non_null(loop);
    return 0;
}

static int tear_down_all(void **state)
{
    char command[128];
    (void)state;
    loop_free(loop);
    job_queue_fini(&queue);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static struct tls *load(void)
{
    struct fault fault;
    struct tls *tls = tls_load(one.certificate, one.key, &fault);
    if (tls == NULL)
        fail_msg("%s", fault.message);
    return tls;
}

/* ---- a connection: the server's side is a bufferevent, the client's plain OpenSSL ---- */

struct pair {
    struct bufferevent *bev;
    int fd; /* the client's */
    SSL_CTX *context;
    SSL *ssl;
    short events; /* what the bufferevent has told */
    /* Of a PROXY header: */
    unsigned headers;
    bool early; /* it came before the handshake was over */
    struct proxy_header header;
};

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct pair *pair = arg;
    (void)bev;
    pair->events |= what;
}

static void pair_init(struct pair *pair, struct tls *tls)
{
    int ends[2];
    memset(pair, 0, sizeof *pair);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    pair->fd = ends[1];
    pair->bev = tls_bufferevent(tls, loop_base(loop));
    assert_non_null(pair->bev);
    bufferevent_setcb(pair->bev, NULL, NULL, on_event, pair);
    assert_int_equal(bufferevent_setfd(pair->bev, ends[0]), 0);
    assert_int_equal(bufferevent_enable(pair->bev, EV_READ | EV_WRITE), 0);
    pair->context = SSL_CTX_new(TLS_client_method());
    pair->ssl = SSL_new(pair->context);
    assert_int_equal(SSL_set_fd(pair->ssl, pair->fd), 1);
    SSL_set_connect_state(pair->ssl);
}

static void turn(void)
{
    assert_int_not_equal(event_base_loop(loop_base(loop), EVLOOP_NONBLOCK), -1);
}

static void pair_fini(struct pair *pair)
{
    bufferevent_free(pair->bev);
    turn(); /* libevent frees it there, and its BIOs, whose method is the `tls`'s */
    SSL_free(pair->ssl);
    SSL_CTX_free(pair->context);
    if (pair->fd >= 0)
        close(pair->fd);
}

/* Both sides in turns. True: the client's handshake is over, and the server's. */
static bool shake(struct pair *pair)
{
    for (int i = 0; i < TURNS_MAX; i++) {
        int done = SSL_do_handshake(pair->ssl);
        turn();
        if (done == 1 && tls_is_established(pair->bev))
            return true;
        if (done != 1 && SSL_get_error(pair->ssl, done) != SSL_ERROR_WANT_READ)
            return false;
        if ((pair->events & (BEV_EVENT_ERROR | BEV_EVENT_EOF)) != 0)
            return false;
    }
    return false;
}

/* A word from the client to the server, and back. */
static void assert_talks(struct pair *pair)
{
    char got[8] = "";
    struct evbuffer *input = bufferevent_get_input(pair->bev);
    assert_int_equal(SSL_write(pair->ssl, "ping", 4), 4);
    for (int i = 0; i < TURNS_MAX && evbuffer_get_length(input) < 4; i++)
        turn();
    assert_int_equal(evbuffer_remove(input, got, sizeof got), 4);
    assert_memory_equal(got, "ping", 4);
    assert_int_equal(bufferevent_write(pair->bev, "pong", 4), 0);
    int bytes = -1;
    for (int i = 0; i < TURNS_MAX && bytes < 0; i++) {
        turn();
        bytes = SSL_read(pair->ssl, got, sizeof got);
    }
    assert_int_equal(bytes, 4);
    assert_memory_equal(got, "pong", 4);
}

static void assert_shows(struct pair *pair, const char *name)
{
    char text[64] = "";
    X509 *certificate = SSL_get1_peer_certificate(pair->ssl);
    assert_non_null(certificate);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text,
                              sizeof text);
    X509_free(certificate);
    assert_string_equal(text, name);
}

/* ---- the files ---- */

static void what_cannot_be_used_is_named(void **state)
{
    (void)state;
    char missing[96];
    struct fault fault = {0};
    snprintf(missing, sizeof missing, "%s/missing.pem", folder);
    assert_null(tls_load(missing, one.key, &fault));
    assert_string_equal(fault.code, "invalid_value");
    assert_non_null(strstr(fault.message, missing));
    assert_non_null(strstr(fault.message, "tls_certificate"));
    assert_null(tls_load(one.certificate, missing, &fault));
    assert_non_null(strstr(fault.message, missing));
    assert_non_null(strstr(fault.message, "tls_key"));
    assert_null(tls_load(one.key, one.key, &fault)); /* a key is no certificate */
    assert_null(tls_load(one.certificate, other.key, &fault));
    assert_non_null(strstr(fault.message, other.key));
    tls_free(NULL);
}

static void what_is_loaded_is_shown(void **state)
{
    (void)state;
    struct tls *tls = load();
    struct pair pair;
    pair_init(&pair, tls);
    assert_false(tls_is_established(pair.bev));
    assert_true(shake(&pair));
    assert_true(tls_is_established(pair.bev));
    assert_shows(&pair, "one");
    assert_talks(&pair);
    pair_fini(&pair);
    tls_free(tls);
}

/* For those that come from now on: who is there goes on. */
static void a_reload_is_for_who_comes_later(void **state)
{
    (void)state;
    struct tls *tls = load();
    struct fault fault;
    struct pair before;
    struct pair begun;
    struct pair after;
    pair_init(&before, tls);
    pair_init(&begun, tls);
    assert_true(shake(&before));
    assert_true(tls_reload(tls, other.certificate, other.key, &fault));
    pair_init(&after, tls);
    assert_true(shake(&after));
    assert_shows(&after, "other");
    assert_true(shake(&begun)); /* it keeps the context that it began with */
    assert_shows(&begun, "one");
    assert_talks(&before);
    pair_fini(&before);
    pair_fini(&begun);
    pair_fini(&after);
    tls_free(tls);
}

static void a_reload_that_fails_changes_nothing(void **state)
{
    (void)state;
    struct tls *tls = load();
    struct fault fault = {0};
    struct pair pair;
    assert_false(tls_reload(tls, other.certificate, one.key, &fault));
    assert_string_equal(fault.code, "invalid_value");
    pair_init(&pair, tls);
    assert_true(shake(&pair));
    assert_shows(&pair, "one");
    pair_fini(&pair);
    tls_free(tls);
}

/* ---- versions and ciphers ---- */

/* What becomes of a client with this version only, and these ciphers of TLS 1.2 and before. */
static bool shakes_with(struct tls *tls, int version, const char *ciphers)
{
    struct pair pair;
    pair_init(&pair, tls);
    SSL_set_security_level(pair.ssl, 0);
    assert_int_equal(SSL_set_min_proto_version(pair.ssl, version), 1);
    assert_int_equal(SSL_set_max_proto_version(pair.ssl, version), 1);
    assert_int_equal(SSL_set_cipher_list(pair.ssl, ciphers), 1);
    bool shaken = shake(&pair);
    pair_fini(&pair);
    return shaken;
}

static void only_versions_from_1_2_are_spoken(void **state)
{
    (void)state;
    struct tls *tls = load();
    assert_true(shakes_with(tls, TLS1_3_VERSION, "ALL"));
    assert_true(shakes_with(tls, TLS1_2_VERSION, "ALL"));
    assert_false(shakes_with(tls, TLS1_1_VERSION, "ALL"));
    assert_false(shakes_with(tls, TLS1_VERSION, "ALL"));
    tls_free(tls);
}

static void only_ciphers_with_forward_secrecy_are_spoken(void **state)
{
    (void)state;
    struct tls *tls = load();
    assert_true(shakes_with(tls, TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256"));
    assert_true(shakes_with(tls, TLS1_2_VERSION, "ECDHE-RSA-CHACHA20-POLY1305"));
    assert_false(shakes_with(tls, TLS1_2_VERSION, "AES128-GCM-SHA256")); /* RSA's key exchange */
    assert_false(shakes_with(tls, TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA"));
    tls_free(tls);
}

/* A ticket would be sealed with a key that lives as long as the process. */
static void tls_1_2_has_no_tickets(void **state)
{
    (void)state;
    struct tls *tls = load();
    struct pair pair;
    pair_init(&pair, tls);
    assert_int_equal(SSL_set_max_proto_version(pair.ssl, TLS1_2_VERSION), 1);
    assert_true(shake(&pair));
    assert_int_equal(SSL_SESSION_has_ticket(SSL_get0_session(pair.ssl)), 0);
    pair_fini(&pair);
    tls_free(tls);
}

/* As an end or, where OpenSSL 3 misses TLS's own goodbye, as an error: it is seen. */
static void a_client_that_leaves_is_noticed(void **state)
{
    (void)state;
    struct tls *tls = load();
    struct pair pair;
    pair_init(&pair, tls);
    assert_true(shake(&pair));
    assert_talks(&pair);
    pair.events = 0;
    close(pair.fd);
    pair.fd = -1;
    for (int i = 0; i < TURNS_MAX && pair.events == 0; i++)
        turn();
    assert_true((pair.events & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0);
    pair_fini(&pair);
    tls_free(tls);
}

/* ---- the PROXY header ---- */

#define PROXY_V1 "PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n"

static void on_header(const struct proxy_header *header, void *arg)
{
    struct pair *pair = arg;
    pair->headers++;
    pair->header = *header;
    pair->early = !tls_is_established(pair->bev);
}

static void pair_init_behind_proxy(struct pair *pair, struct tls *tls)
{
    pair_init(pair, tls);
    const struct tls_preface preface = {on_header, pair};
    assert_true(tls_expect_preface(tls, pair->bev, &preface));
}

static void say(const struct pair *pair, const char *text, size_t bytes)
{
    assert_int_equal(send(pair->fd, text, bytes, MSG_NOSIGNAL), bytes);
}

static void assert_header(const struct pair *pair)
{
    struct ip_address expected;
    assert_true(ip_address_parse(slice_of("203.0.113.9"), &expected));
    assert_int_equal(pair->headers, 1);
    assert_true(pair->early);
    assert_true(pair->header.has_address);
    assert_memory_equal(&pair->header.address, &expected, sizeof expected);
}

/* The client's first bytes of TLS wait right behind it: none of them is taken with it. */
static void a_header_stands_before_the_handshake(void **state)
{
    (void)state;
    struct tls *tls = load();
    struct pair pair;
    pair_init_behind_proxy(&pair, tls);
    say(&pair, PROXY_V1, sizeof PROXY_V1 - 1);
    (void)SSL_do_handshake(pair.ssl); /* before the server has read anything */
    assert_true(shake(&pair));
    assert_header(&pair);
    assert_talks(&pair);
    pair_fini(&pair);
    tls_free(tls);
}

static void a_header_may_come_byte_by_byte(void **state)
{
    (void)state;
    struct tls *tls = load();
    struct pair pair;
    pair_init_behind_proxy(&pair, tls);
    for (size_t i = 0; i < sizeof PROXY_V1 - 1; i++) {
        assert_int_equal(pair.headers, 0);
        say(&pair, &PROXY_V1[i], 1);
        turn();
        turn();
    }
    assert_int_equal(pair.headers, 1); /* before the first byte of TLS */
    assert_true(shake(&pair));
    assert_header(&pair);
    assert_talks(&pair);
    pair_fini(&pair);
    tls_free(tls);
}

static void await_end(struct pair *pair)
{
    for (int i = 0; i < TURNS_MAX && pair->events == 0; i++)
        turn();
    assert_true((pair->events & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0);
    assert_int_equal(pair->headers, 0);
    assert_false(tls_is_established(pair->bev));
}

static void what_is_no_header_ends_the_connection(void **state)
{
    (void)state;
    static const char *const bad[] = {"GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 nobody\r\n\r\n"};
    struct tls *tls = load();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pair pair;
        pair_init_behind_proxy(&pair, tls);
        say(&pair, bad[i], strlen(bad[i]));
        await_end(&pair);
        pair_fini(&pair);
    }
    struct pair pair; /* its specification forbids to guess whether there is one */
    pair_init_behind_proxy(&pair, tls);
    assert_false(shake(&pair));
    assert_int_equal(pair.headers, 0);
    pair_fini(&pair);
    tls_free(tls);
}

static void a_connection_may_end_within_its_header(void **state)
{
    (void)state;
    struct tls *tls = load();
    struct pair pair;
    pair_init_behind_proxy(&pair, tls);
    say(&pair, PROXY_V1, 20);
    turn();
    close(pair.fd);
    pair.fd = -1;
    await_end(&pair);
    pair_fini(&pair);
    pair_init_behind_proxy(&pair, tls); /* and one that is freed before anything comes */
    pair_fini(&pair);
    tls_free(tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_used_is_named),
        cmocka_unit_test(what_is_loaded_is_shown),
        cmocka_unit_test(a_reload_is_for_who_comes_later),
        cmocka_unit_test(a_reload_that_fails_changes_nothing),
        cmocka_unit_test(only_versions_from_1_2_are_spoken),
        cmocka_unit_test(only_ciphers_with_forward_secrecy_are_spoken),
        cmocka_unit_test(tls_1_2_has_no_tickets),
        cmocka_unit_test(a_client_that_leaves_is_noticed),
        cmocka_unit_test(a_header_stands_before_the_handshake),
        cmocka_unit_test(a_header_may_come_byte_by_byte),
        cmocka_unit_test(what_is_no_header_ends_the_connection),
        cmocka_unit_test(a_connection_may_end_within_its_header),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
