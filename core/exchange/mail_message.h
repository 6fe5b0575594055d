/* A mail as it is sent (RFC 5322, MIME): a text and the same as HTML. Pure. */
#ifndef EXCHANGE_MAIL_MESSAGE_H
#define EXCHANGE_MAIL_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct mail_message {
    const char *id; /* of the outbox: makes the Message-ID, so that a repetition is recognised */
    const char *from;
    const char *to;
    const char *payload; /* JSON: {subject, text, html} */
    int64_t now_ms;
};

/* Appends the message. Returns false when the payload is no such JSON, or when it does not fit. */
bool mail_message_write(const struct mail_message *message, struct buffer *out);

/* Whether the text is a plain mail address: one @, visible ASCII, no quotes, blanks or angle
 * brackets; at most LIMIT_EMAIL_BYTES. */
bool mail_message_is_address(const char *text);

#endif
