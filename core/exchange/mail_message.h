/* A mail as it is sent (RFC 5322, MIME): a text and the same as HTML. Pure. */
#ifndef EXCHANGE_MAIL_MESSAGE_H
#define EXCHANGE_MAIL_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "exchange/mail_content.h"

struct mail_message {
    const char *id; /* of the outbox: makes the Message-ID, so that a repetition is recognised */
    const char *from;
    const char *from_name; /* for people; "": none */
    const char *to;
    const struct mail_content *content;
    int64_t now_ms;
};

/* Appends the message. No text of it can begin a header or another part. Returns false when it does
 * not fit. */
bool mail_message_write(const struct mail_message *message, struct buffer *out);

/* Reads {subject, text, html}. Returns false when the payload is no such JSON. */
bool mail_message_read(struct slice payload, struct mail_content *out);

/* Whether the text is a plain mail address: one @, no control characters, quotes, blanks or angle
 * brackets; at most LIMIT_EMAIL_BYTES. Other letters than ASCII's are allowed (RFC 6531). */
bool mail_message_is_address(const char *text);

#endif
