/* What customers are told, by mail and by a webhook of theirs (docs/MAIL.md). Each message is a row
 * of the outbox (outbox.h), written in the transaction of its cause. Here are the operator's
 * settings; books/notices.h writes the messages. */
#ifndef STORE_NOTICES_H
#define STORE_NOTICES_H

#include <stdbool.h>

struct store;

/* Which credits are followed by a receipt. */
enum notice_receipts { RECEIPTS_OFF, RECEIPTS_PAYMENTS, RECEIPTS_ALL };

/* Zeroed: no customer is told anything. */
struct notice_settings {
    bool mail;          /* a mail server is set */
    bool only_verified; /* notices go only to addresses that were verified */
    bool webhooks;      /* customers may have some */
    enum notice_receipts receipts;
};
/* From now on. Any thread. */
void store_set_notices(struct store *store, const struct notice_settings *settings);

#endif
