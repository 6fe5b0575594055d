/* One answer of a provider as its bytes come in: informational answers (1xx) are passed over, then
 * come the head, the data of the body, the end (RFC 9112, 6 and 7). Who reads pulls one step after
 * the other, so it may stop anywhere; data is handed on from where it lies, but for an encoding
 * that nobody asked for. What came in several chunks at once is one piece: it is moved together.
 *
 * No sockets: owned by a call of http_client.h; one thread at a time. */
#ifndef NET_CLIENT_RESPONSE_H
#define NET_CLIENT_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "net/http1/chunked.h"
#include "net/http1/inflater.h"
#include "net/http1/response_head.h"

enum response_step {
    RESPONSE_WANTS_MORE, /* all input has been used */
    RESPONSE_HEAD,       /* response->head is there; its slices are valid until the next step */
    RESPONSE_DATA,       /* *data is a piece of the body */
    RESPONSE_OVER,       /* the answer was whole */
    RESPONSE_BROKEN      /* response->why says why it is none; nothing is asked again */
};

enum body_framing { BODY_NONE, BODY_SIZED, BODY_CHUNKED, BODY_UNTIL_CLOSE };

struct response {
    struct response_head head;
    bool head_is_over;
    struct buffer head_bytes; /* of a head that does not come in one piece */
    size_t passed_bytes;      /* of the informational answers: they share the bound of the head */
    enum body_framing framing;
    uint64_t left_bytes; /* BODY_SIZED */
    struct chunked chunked;
    struct inflater *inflater; /* NULL: the body is as it stands */
    const char *why;           /* a literal */
};

void response_init(struct response *response);
void response_fini(struct response *response);

/* Takes one step, advancing *input by what it used; the bytes of *input may have moved. */
enum response_step response_next(struct response *response, struct slice *input,
                                 struct slice *data);

/* The provider has closed the connection: RESPONSE_OVER where that is how the answer ends. */
enum response_step response_at_close(struct response *response);

/* After RESPONSE_OVER: whether another request may go over its connection. */
bool response_allows_another(const struct response *response);

#endif
