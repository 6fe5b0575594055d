/* Deliveries: a webhook by HTTP, a mail by SMTP, with libcurl and without an event loop; for the
 * courier's thread. Several run at the same time, each with one deadline for all of it, and none
 * waits for another (a mail has a thread of its own). A redirect is not followed; no proxy and no
 * .netrc of the environment is used; certificates are verified. */
#ifndef NET_CLIENT_DELIVERY_H
#define NET_CLIENT_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

struct deliveries;

struct deliveries *deliveries_new(void);
/* Cuts what runs. NULL is allowed. */
void deliveries_free(struct deliveries *deliveries);

enum { DELIVERY_HEADERS = 8, DELIVERY_WORDS_BYTES = 301 };

/* What is to be delivered; all is copied, but for a body that is lent. */
struct delivery {
    const char *url; /* http(s):// or smtp(s):// */
    struct slice body;
    int64_t timeout_ms;
    const char *ca_file; /* these authorities and no others; NULL or "": the system's */
    /* for HTTP: "Name: value"; NULL ends them */
    const char *headers[DELIVERY_HEADERS + 1];
    /* for HTTP: a customer has named the URL. Only public addresses are connected to
     * (public_address.h), unless `private_allowed`: each address that its name has is looked at
     * when the connection to it is made, so a name that changes meanwhile gains nothing. And of
     * the answer only the status is told. */
    bool foreign;
    bool private_allowed;
    bool keeps_answer;     /* to be read whole; else only its beginning is, where it refuses */
    bool keeps_connection; /* for the next one: there are many */
    bool lends_body;       /* until its end, or deliveries_free */
    /* for SMTP */
    const char *from;
    const char *to;
    const char *user; /* "": none */
    const char *password;
    bool needs_tls; /* smtp:// without STARTTLS is refused */
};

/* What came of it. */
struct delivery_end {
    void *arg;
    bool taken;       /* HTTP 2xx, or the mail server has taken it */
    bool of_receiver; /* of a mail that is not taken: RCPT was refused */
    int status;       /* of HTTP or SMTP; 0: none came */
    /* If taken by HTTP: the beginning of the answer. Else the receiver's, or why it was not
     * reached. */
    char words[DELIVERY_WORDS_BYTES];
    int64_t retry_after_ms; /* of HTTP: no other is wanted before; 0: it does not say */
    struct buffer answer;   /* as far as it came, with `keeps_answer`; fini it */
};

/* Starts one. Returns false when that is impossible: *why says so (a text of ours). */
bool deliveries_start(struct deliveries *deliveries, const struct delivery *delivery, void *arg,
                      const char **why);
/* Waits up to timeout_ms while nothing ends and `wake_fd` is not readable, then gives the next end.
 * Returns false if there is none. */
bool deliveries_next(struct deliveries *deliveries, int wake_fd, int timeout_ms,
                     struct delivery_end *out);

#endif
