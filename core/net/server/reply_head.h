/* Private to net/: the headers of a reply as one text. evhttp keeps each header as two copies in a
 * list, checks it, and writes it with printf; for a dozen headers that is a tenth of the work of a
 * short request. So all of ours are one entry in its list, whose value contains the further lines.
 *
 * One for each server, on its loop's thread: one call of the handler adds a reply's headers and
 * gives them away. */
#ifndef NET_SERVER_REPLY_HEAD_H
#define NET_SERVER_REPLY_HEAD_H

#include <stdint.h>

#include "base/buffer.h"

struct evkeyvalq;

struct reply_head {
    struct buffer text; /* of the present reply; empty between replies */
    int64_t date_s;     /* the time in `date`, in seconds since 1970 */
    char date[32];
};

void reply_head_init(struct reply_head *head);
void reply_head_fini(struct reply_head *head);
/* Name and value must have no CR, LF or NUL (checked: it would be a bug). */
void reply_head_add(struct reply_head *head, const char *name, const char *value);
/* Appends the added headers, and a Date, to evhttp's headers. */
void reply_head_give(struct reply_head *head, struct evkeyvalq *headers);

#endif
