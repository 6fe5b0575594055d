/* Private to net/: a PROXY header stands in clear text before the first byte of TLS. This reads it
 * from the socket before OpenSSL reads. */
#ifndef NET_SERVER_TLS_PREFACE_H
#define NET_SERVER_TLS_PREFACE_H

#include "net/server/proxy_header.h"

struct bio_method_st;
struct bufferevent;

struct tls_preface {
    /* Called with the header, before the handshake begins. */
    void (*on_header)(const struct proxy_header *header, void *arg);
    void *arg; /* must stay valid as long as the bufferevent reads */
};

/* All such connections share it; free it with BIO_meth_free after the last of them. */
struct bio_method_st *tls_preface_method(void);
/* Call it before the first byte is read. Returns false when memory is short. */
bool tls_preface_expect(struct bufferevent *bev, const struct bio_method_st *method,
                        const struct tls_preface *preface);

#endif
