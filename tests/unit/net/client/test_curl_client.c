/* Calls over https against a server of the test's own, of a connection at a time: who is believed,
 * what comes back, and what is cut. HTTP/2 and the rest: tests/e2e/test_upstream_tls.py. */
#include "base/support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "net/client/curl_client.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; x=y\r\n"

static char folder[64];
static char certificate_path[96]; /* for localhost, and nothing else */
static char key_path[96];

/* ---- the provider ---- */

static struct {
    int fd;
    int port;
    const char *answer;
    const char *last_words; /* of the request */
    SSL_CTX *context;
    pthread_t thread;
    char request[4096]; /* the last one; to be read after the join */
    int shaken;         /* connections over which TLS was spoken */
} provider;

static void make_certificate(void)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *certificate = X509_new();
    assert_true(key != NULL && certificate != NULL);
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1,
                               -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_EXTENSION *name = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
    assert_int_equal(X509_add_ext(certificate, name, -1), 1);
    X509_EXTENSION_free(name);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    FILE *file = fopen(certificate_path, "w");
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    file = fopen(key_path, "w");
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* Reads a request until its last words, answers, and closes. */
static void serve_one(int fd)
{
    SSL *ssl = SSL_new(provider.context);
    size_t bytes = 0;
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        provider.shaken++;
        int got = 1;
        while (got > 0 && strstr(provider.request, provider.last_words) == NULL) {
            got =
                SSL_read(ssl, provider.request + bytes, (int)(sizeof provider.request - bytes) - 1);
            bytes += got > 0 ? (size_t)got : 0;
            provider.request[bytes] = '\0';
        }
        SSL_write(ssl, provider.answer, (int)strlen(provider.answer));
        SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    close(fd);
}

static void *serve(void *arg)
{
    (void)arg;
    int fd = accept(provider.fd, NULL, NULL);
    if (fd >= 0)
        serve_one(fd);
    return NULL;
}

static void provider_start(const char *answer)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof place;
    provider.answer = answer;
    provider.last_words = "\r\n\r\n{}";
    provider.shaken = 0;
    provider.request[0] = '\0';
    provider.context = SSL_CTX_new(TLS_server_method());
    assert_int_equal(
        SSL_CTX_use_certificate_file(provider.context, certificate_path, SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(provider.context, key_path, SSL_FILETYPE_PEM), 1);
    provider.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(provider.fd, (struct sockaddr *)&place, bytes), 0);
    assert_int_equal(listen(provider.fd, 4), 0);
    assert_int_equal(getsockname(provider.fd, (struct sockaddr *)&place, &bytes), 0);
    provider.port = ntohs(place.sin_port);
    assert_int_equal(pthread_create(&provider.thread, NULL, serve, NULL), 0);
}

static void provider_join(void)
{
    assert_int_equal(pthread_join(provider.thread, NULL), 0);
    SSL_CTX_free(provider.context);
    close(provider.fd);
}

/* ---- the caller ---- */

static struct job_queue queue;
static struct loop *loop;
static struct curl_client *client;

static struct {
    unsigned heads;
    int status;
    char content_type[64];
    struct buffer body;
    bool ended;
    enum upstream_end end;
    char detail[256];
} outcome;

static void on_head(const struct upstream_head *head, void *arg)
{
    (void)arg;
    outcome.heads++;
    outcome.status = head->status;
    slice_copy(head->content_type, outcome.content_type, sizeof outcome.content_type);
}

static void on_data(struct slice data, void *arg)
{
    (void)arg;
    assert_int_equal(outcome.heads, 1);
    assert_true(buffer_append_slice(&outcome.body, data));
}

static void on_end(enum upstream_end end, const char *detail, void *arg)
{
    (void)arg;
    assert_false(outcome.ended);
    outcome.ended = true;
    outcome.end = end;
    snprintf(outcome.detail, sizeof outcome.detail, "%s", detail);
    loop_stop(loop);
}

/* A POST of "{}" in two parts, or what `method` says without a body, to its end. */
static void ask_by(const char *method, const char *host, const char *ca_file)
{
    static const struct slice body[] = {{"{", 1}, {"}", 1}};
    static const char *const headers[] = {"Authorization: Bearer k"};
    static const struct upstream_events events = {on_head, on_data, on_end, NULL};
    char url[64];
    snprintf(url, sizeof url, "https://%s:%d/v1/x", host, provider.port);
    const struct upstream_request request = {.url = url,
                                             .method = method,
                                             .headers = headers,
                                             .header_count = 1,
                                             .body = body,
                                             .body_parts = method == NULL ? 2 : 0,
                                             .connect_timeout_ms = 60000,
                                             .ca_file = ca_file};
    assert_non_null(curl_client_start(client, &request, &events));
    assert_false(outcome.ended); /* never from inside */
    loop_run(loop);
    assert_true(outcome.ended);
    provider_join();
}

static void ask(const char *host, const char *ca_file)
{
    ask_by(NULL, host, ca_file);
}

static void assert_outcome(enum upstream_end end, const char *body)
{
    if (outcome.end != end)
        fail_msg("%d instead of %d: %s", outcome.end, end, outcome.detail);
    assert_true(slice_equals(buffer_slice(&outcome.body), body));
}

static int set_up(void **state)
{
    struct fault fault;
    (void)state;
    alarm(300); /* nothing here waits for ever */
    memset(&outcome, 0, sizeof outcome);
    buffer_init(&outcome.body, 1 << 20);
    assert_true(job_queue_init(&queue, 8));
    loop = loop_new(&queue, NULL, &fault);
    assert_non_null(loop);
    client = curl_client_new(loop);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    curl_client_free(client);
    loop_free(loop);
    job_queue_finish(&queue);
    job_queue_fini(&queue);
    buffer_fini(&outcome.body);
    return 0;
}

static int set_up_all(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    strcpy(folder, "/tmp/gw-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(certificate_path, sizeof certificate_path, "%s/certificate.pem", folder);
    snprintf(key_path, sizeof key_path, "%s/key.pem", folder);
    make_certificate();
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    assert_int_equal(remove(certificate_path), 0);
    assert_int_equal(remove(key_path), 0);
    return rmdir(folder);
}

/* ---- tests ---- */

static void asks_and_is_answered(void **state)
{
    (void)state;
    provider_start(OK "Content-Length: 5\r\n\r\nhello");
    ask("localhost", certificate_path);
    assert_outcome(UPSTREAM_COMPLETE, "hello");
    assert_int_equal(outcome.status, 200);
    assert_string_equal(outcome.content_type, "text/event-stream");
    assert_int_equal(strncmp(provider.request, "POST /v1/x HTTP/1.1\r\n", 21), 0);
    assert_non_null(strstr(provider.request, "\r\nAuthorization: Bearer k\r\n"));
    assert_non_null(strstr(provider.request, "\r\nContent-Length: 2\r\n"));
    assert_null(strstr(provider.request, "Expect:"));
    assert_null(strstr(provider.request, "Cookie:"));
}

static void assert_method(const char *method, const char *line, bool counted)
{
    provider_start(OK "Content-Length: 2\r\n\r\nok");
    provider.last_words = "\r\n\r\n";
    ask_by(method, "localhost", certificate_path);
    assert_outcome(UPSTREAM_COMPLETE, "ok");
    assert_int_equal(strncmp(provider.request, line, strlen(line)), 0);
    assert_int_equal(strstr(provider.request, "\r\nContent-Length: 0\r\n") != NULL, counted);
    buffer_fini(&outcome.body);
    memset(&outcome, 0, sizeof outcome);
    buffer_init(&outcome.body, 1 << 20);
}

static void asks_by_every_method(void **state)
{
    (void)state;
    assert_method("GET", "GET /v1/x HTTP/1.1\r\n", false);
    assert_method("DELETE", "DELETE /v1/x HTTP/1.1\r\n", false);
    assert_method("POST", "POST /v1/x HTTP/1.1\r\n", true);
}

/* The system's certificates know nothing of it. */
static void a_certificate_that_nobody_signed_is_not_believed(void **state)
{
    (void)state;
    provider_start(OK "Content-Length: 5\r\n\r\nhello");
    ask("localhost", NULL);
    assert_outcome(UPSTREAM_UNREACHABLE, "");
    assert_int_equal(outcome.heads, 0);
    assert_string_equal(provider.request, ""); /* nothing was said to it */
}

static void a_certificate_of_another_name_is_not_believed(void **state)
{
    (void)state;
    provider_start(OK "Content-Length: 5\r\n\r\nhello");
    ask("127.0.0.1", certificate_path);
    assert_outcome(UPSTREAM_UNREACHABLE, "");
    assert_string_equal(provider.request, "");
}

static void an_error_of_the_provider_is_a_whole_answer(void **state)
{
    (void)state;
    provider_start("HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}");
    ask("localhost", certificate_path);
    assert_outcome(UPSTREAM_COMPLETE, "{}");
    assert_int_equal(outcome.status, 503);
}

/* The provider must not send a customer's key elsewhere. */
static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    provider_start("HTTP/1.1 307 Elsewhere\r\nLocation: https://localhost:1/\r\n"
                   "Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
    ask("localhost", certificate_path);
    assert_outcome(UPSTREAM_COMPLETE, "");
    assert_int_equal(outcome.status, 307);
}

static void an_answer_that_is_cut_is_broken(void **state)
{
    (void)state;
    provider_start(OK "Content-Length: 50\r\n\r\nhello");
    ask("localhost", certificate_path);
    assert_outcome(UPSTREAM_BROKEN, "hello");
    assert_true(strlen(outcome.detail) > 0);
}

static void chunks_that_do_not_end_are_broken(void **state)
{
    (void)state;
    provider_start(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    ask("localhost", certificate_path);
    assert_outcome(UPSTREAM_BROKEN, "hello");
}

#define WITH_CLIENT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CLIENT(asks_and_is_answered),
        WITH_CLIENT(asks_by_every_method),
        WITH_CLIENT(a_certificate_that_nobody_signed_is_not_believed),
        WITH_CLIENT(a_certificate_of_another_name_is_not_believed),
        WITH_CLIENT(an_error_of_the_provider_is_a_whole_answer),
        WITH_CLIENT(a_redirect_is_not_followed),
        WITH_CLIENT(an_answer_that_is_cut_is_broken),
        WITH_CLIENT(chunks_that_do_not_end_are_broken),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
