/* The certificate and key of the server. All workers share them; any thread. */
#ifndef NET_SERVER_TLS_H
#define NET_SERVER_TLS_H

#include <stdint.h>

#include "base/fault.h"
#include "net/server/tls_preface.h"

struct tls;
struct bufferevent;
struct event_base;

/* Reads PEM files: a certificate chain and its private key. TLS >= 1.2 with forward secrecy: a key
 * that is stolen later opens no traffic recorded before. */
struct tls *tls_load(const char *certificate_path, const char *key_path, struct fault *fault);
/* Reads them again, for new connections. On false *fault is set and the old ones stay in use. */
bool tls_reload(struct tls *tls, const char *certificate_path, const char *key_path,
                struct fault *fault);
void tls_free(struct tls *tls);
/* When the certificate that is in use ends. */
int64_t tls_expires_ms(struct tls *tls);

/* A bufferevent for one accepted connection; NULL when memory is short. For net/ only. */
struct bufferevent *tls_bufferevent(struct tls *tls, struct event_base *base);
/* That connection begins with a PROXY header. Returns false when memory is short. For net/ only. */
bool tls_expect_preface(const struct tls *tls, struct bufferevent *bev,
                        const struct tls_preface *preface);
/* Returns whether the handshake is over. For net/ only. */
bool tls_is_established(struct bufferevent *bev);

#endif
