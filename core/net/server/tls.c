#include "net/server/tls.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/check.h"

enum { SESSION_S = 300 }; /* how long a session can be resumed */

struct tls {
    pthread_mutex_t mutex; /* guards the pointer; a connection keeps its first context */
    SSL_CTX *context;
    BIO_METHOD *preface; /* for connections that begin with a PROXY header */
};

static const char *last_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason != NULL ? reason : "unknown reason";
}

/* Allows ephemeral keys only. TLS 1.3 has no others; tickets of TLS 1.2 would be sealed with a key
 * that lives as long as the process. */
static bool demand_forward_secrecy(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_timeout(context, SESSION_S);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
}

static bool use_files(SSL_CTX *context, const char *certificate_path, const char *key_path,
                      struct fault *fault)
{
    if (SSL_CTX_use_certificate_chain_file(context, certificate_path) != 1)
        return fault_set(fault, "invalid_value", "tls_certificate = %s cannot be used: %s",
                         certificate_path, last_reason());
    if (SSL_CTX_use_PrivateKey_file(context, key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return fault_set(fault, "invalid_value",
                         "tls_key = %s cannot be used with that certificate: %s", key_path,
                         last_reason());
    return true;
}

static SSL_CTX *make_context(const char *certificate_path, const char *key_path,
                             struct fault *fault)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    check(context != NULL && demand_forward_secrecy(context));
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    if (use_files(context, certificate_path, key_path, fault))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

struct tls *tls_load(const char *certificate_path, const char *key_path, struct fault *fault)
{
    SSL_CTX *context = make_context(certificate_path, key_path, fault);
    if (context == NULL)
        return NULL;
    struct tls *tls = calloc(1, sizeof *tls);
    check(tls != NULL && pthread_mutex_init(&tls->mutex, NULL) == 0);
    tls->context = context;
    tls->preface = tls_preface_method();
    return tls;
}

bool tls_reload(struct tls *tls, const char *certificate_path, const char *key_path,
                struct fault *fault)
{
    SSL_CTX *context = make_context(certificate_path, key_path, fault);
    if (context == NULL)
        return false;
    check(pthread_mutex_lock(&tls->mutex) == 0);
    SSL_CTX *before = tls->context;
    tls->context = context;
    check(pthread_mutex_unlock(&tls->mutex) == 0);
    SSL_CTX_free(before);
    return true;
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    BIO_meth_free(tls->preface);
    check(pthread_mutex_destroy(&tls->mutex) == 0);
    free(tls);
}

int64_t tls_expires_ms(struct tls *tls)
{
    struct tm end = {0};
    check(pthread_mutex_lock(&tls->mutex) == 0);
    const X509 *certificate = SSL_CTX_get0_certificate(tls->context);
    bool known = certificate != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1;
    check(pthread_mutex_unlock(&tls->mutex) == 0);
    return known ? (int64_t)timegm(&end) * 1000 : 0;
}

struct bufferevent *tls_bufferevent(struct tls *tls, struct event_base *base)
{
    check(pthread_mutex_lock(&tls->mutex) == 0);
    SSL *ssl = SSL_new(tls->context);
    check(pthread_mutex_unlock(&tls->mutex) == 0);
    if (ssl == NULL)
        return NULL;
    struct bufferevent *bev = bufferevent_openssl_socket_new(
        base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL) {
        SSL_free(ssl);
        return NULL;
    }
    /* Many clients close without TLS's close_notify. Nothing is lost: requests are framed. */
    bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

bool tls_expect_preface(const struct tls *tls, struct bufferevent *bev,
                        const struct tls_preface *preface)
{
    return tls_preface_expect(bev, tls->preface, preface);
}

bool tls_is_established(struct bufferevent *bev)
{
    return SSL_is_init_finished(bufferevent_openssl_get_ssl(bev)) == 1;
}
