/* The content of a mail of ours or of the operator: a subject, a text, the same as HTML. */
#ifndef EXCHANGE_MAIL_CONTENT_H
#define EXCHANGE_MAIL_CONTENT_H

#include "base/buffer.h"

struct mail_content {
    struct buffer subject, text, html;
};
void mail_content_init(struct mail_content *content);
/* Overwrites it: it may have a link. */
void mail_content_fini(struct mail_content *content);

#endif
