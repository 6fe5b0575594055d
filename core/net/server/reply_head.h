/* Inside net/: the headers of a reply as one text. evhttp keeps each header as two copies in a
 * list, checks it, and writes it with printf; for a dozen of them that is a tenth of all the work
 * of a short request. So all of ours are put into its list as one entry, whose value goes on behind
 * the end of its line.
 *
 * One for each server, on its loop's thread: the headers of a reply are added and given away
 * within one call of the handler. */
#ifndef NET_SERVER_REPLY_HEAD_H
#define NET_SERVER_REPLY_HEAD_H

#include <stdint.h>

#include "base/buffer.h"

struct evkeyvalq;

struct reply_head {
    struct buffer text; /* of the present reply; empty between replies */
    int64_t date_s;     /* what `date` says, in seconds since 1970 */
    char date[32];
};

void reply_head_init(struct reply_head *head);
void reply_head_fini(struct reply_head *head);
/* Neither name nor value has CR, LF or NUL (checked: a bug). */
void reply_head_add(struct reply_head *head, const char *name, const char *value);
/* Puts what was added, and a Date, at the end of evhttp's headers. */
void reply_head_give(struct reply_head *head, struct evkeyvalq *headers);

#endif
