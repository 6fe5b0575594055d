/* Reads one answer of a provider from its bytes: it skips informational answers (1xx), then gives
 * the head, the data of the body, the end (RFC 9112, 6 and 7). The caller asks for one step after
 * the other, so it may stop anywhere. Data is not copied: *data lies in the caller's input, unless
 * an encoding that nobody asked for must be decoded. The data of several chunks that came at once
 * is moved together into one piece.
 *
 * No sockets. A call of http_client.h owns it; one thread at a time. */
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
    RESPONSE_WANTS_MORE, /* all input is used up */
    RESPONSE_HEAD,       /* response->head is filled; its slices are valid until the next step */
    RESPONSE_DATA,       /* *data is a piece of the body */
    RESPONSE_OVER,       /* the answer was complete */
    RESPONSE_BROKEN      /* response->why says why; call no further step */
};

enum body_framing { BODY_NONE, BODY_SIZED, BODY_CHUNKED, BODY_UNTIL_CLOSE };

struct response {
    struct response_head head;
    bool head_is_over;
    struct buffer head_bytes; /* of a head that comes in several pieces */
    /* Length of the informational answers: the head's bound includes it. */
    size_t passed_bytes;
    enum body_framing framing;
    uint64_t left_bytes; /* for BODY_SIZED */
    struct chunked chunked;
    struct inflater *inflater; /* NULL: the body has no encoding */
    const char *why;           /* a string literal */
};

void response_init(struct response *response);
void response_fini(struct response *response);

/* Takes one step. *input loses the bytes that were used; its memory may have been changed. */
enum response_step response_next(struct response *response, struct slice *input,
                                 struct slice *data);

/* The provider has closed the connection. Returns RESPONSE_OVER if that is the answer's regular
 * end. */
enum response_step response_at_close(struct response *response);

/* Call it after RESPONSE_OVER: returns whether its connection may carry another request. */
bool response_allows_another(const struct response *response);

#endif
