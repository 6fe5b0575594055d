#include "net/server/tls_preface.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/buffer.h"
#include "base/check.h"

/* OpenSSL reads from a BIO; this one stands in front of the socket's BIO. */
struct filter {
    struct tls_preface preface;
    struct buffer header; /* the bytes that have come */
    bool done;
};

/* Receives exactly the header. Returns 1: it is complete; 0: the connection has ended or the header
 * is bad; -1: more bytes must come. */
static int receive_header(struct filter *filter, int fd)
{
    for (;;) {
        struct proxy_header header;
        size_t needed;
        struct buffer *got = &filter->header;
        enum proxy_progress progress = proxy_header_parse(got->data, got->bytes, &header, &needed);
        if (progress == PROXY_DONE) {
            filter->done = true;
            filter->preface.on_header(&header, filter->preface.arg);
            buffer_fini(got);
            return 1;
        }
        char *to = progress == PROXY_BAD ? NULL : buffer_reserve(got, needed - got->bytes);
        if (to == NULL)
            return 0;
        ssize_t bytes = recv(fd, to, needed - got->bytes, MSG_DONTWAIT);
        if (bytes <= 0)
            return bytes < 0 && (errno == EAGAIN || errno == EINTR) ? -1 : 0;
        got->bytes += (size_t)bytes;
    }
}

static int on_read(BIO *bio, char *to, int bytes)
{
    struct filter *filter = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!filter->done) {
        int fd = -1;
        (void)BIO_get_fd(BIO_next(bio), &fd);
        int received = receive_header(filter, fd);
        if (received < 0)
            BIO_set_retry_read(bio);
        if (received <= 0)
            return received;
    }
    int got = BIO_read(BIO_next(bio), to, bytes);
    BIO_copy_next_retry(bio);
    return got;
}

static long on_control(BIO *bio, int command, long number, void *pointer)
{
    return BIO_next(bio) != NULL ? BIO_ctrl(BIO_next(bio), command, number, pointer) : 0;
}

static int on_destroy(BIO *bio)
{
    struct filter *filter = BIO_get_data(bio);
    if (filter == NULL)
        return 1;
    buffer_fini(&filter->header);
    free(filter);
    return 1;
}

struct bio_method_st *tls_preface_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_FILTER | BIO_TYPE_START, "PROXY header");
    check(method != NULL);
    BIO_meth_set_read(method, on_read);
    BIO_meth_set_ctrl(method, on_control);
    BIO_meth_set_destroy(method, on_destroy);
    return method;
}

bool tls_preface_expect(struct bufferevent *bev, const struct bio_method_st *method,
                        const struct tls_preface *preface)
{
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    BIO *socket_bio = SSL_get_rbio(ssl);
    struct filter *filter = calloc(1, sizeof *filter);
    BIO *bio = filter != NULL ? BIO_new(method) : NULL;
    if (bio == NULL) {
        free(filter);
        return false;
    }
    filter->preface = *preface;
    buffer_init(&filter->header, LIMIT_PROXY_HEADER_BYTES);
    BIO_set_data(bio, filter);
    BIO_set_init(bio, 1);
    BIO_up_ref(socket_bio);
    SSL_set0_rbio(ssl, BIO_push(bio, socket_bio));
    return true;
}
