/* Inside net/: a PROXY header stands in the clear before the first byte of TLS. This reads it off
 * the socket before OpenSSL reads there. */
#ifndef NET_SERVER_TLS_PREFACE_H
#define NET_SERVER_TLS_PREFACE_H

#include "net/server/proxy_header.h"

struct bio_method_st;
struct bufferevent;

struct tls_preface {
    /* The header is there, before the handshake begins. */
    void (*on_header)(const struct proxy_header *header, void *arg);
    void *arg; /* must outlive the bufferevent's reading */
};

/* What all such connections share; freed by BIO_meth_free after the last of them. */
struct bio_method_st *tls_preface_method(void);
/* Before the first byte has been read. False when memory ran out. */
bool tls_preface_expect(struct bufferevent *bev, const struct bio_method_st *method,
                        const struct tls_preface *preface);

#endif
