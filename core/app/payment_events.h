/* Who may send a large body to POST /api/payment-events/NAME: anybody, for a processor signs the
 * body itself. So it is bounded before it is read, and its memory counts apart from that of all
 * others. An event of a dispute has the evidence, of up to 150,000 characters. Any thread. */
#ifndef APP_PAYMENT_EVENTS_H
#define APP_PAYMENT_EVENTS_H

#include <stdbool.h>

#include "net/http1/head.h"

/* `processor`: the name of the one that is used; NULL: there is none. */
bool payment_events_admit(const char *processor, const struct http_head *head);

#endif
