/* The outbox: messages to the outside (webhooks, mail), as rows. A message is written in the
 * transaction of its cause (books/outbox_table.h), so it exists exactly if its cause does. One
 * thread, the courier, reads what is due, sends it and notes what came of it; the ledger thread
 * writes the notes. Until then, the message is not given to the courier again.
 *
 * So a message is sent at least once, and twice only if the process dies between the sending and
 * the note; its id is the same both times, and the receiver can tell by it. The outbox knows
 * nothing of what messages say. */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/limits.h"

struct store;

enum outbox_kind { OUTBOX_WEBHOOK, OUTBOX_MAIL };

/* Before the id of a payment: the destination of a webhook that asks the payment processor for it.
 * Given up, it fails the payment. */
#define OUTBOX_PAYMENT "payment:"
/* Whose messages share places on their way: those of one lane never wait for another's. These
 * numbers are stored. */
enum outbox_lane {
    OUTBOX_TO_OPERATOR,
    OUTBOX_TO_CUSTOMERS,
    OUTBOX_TO_WEBHOOKS,
    OUTBOX_TO_PROCESSOR,
    OUTBOX_LANES
};

/* A customer's webhook as it is now. */
struct outbox_webhook {
    struct id user_id;                 /* "": the message is not for one */
    char url[LIMIT_DESTINATION_BYTES]; /* "": it was taken away or disabled */
    char secret[LIMIT_SEALED_BYTES];   /* sealed; base64 */
};

struct outbox_message {
    struct id id; /* msg_... */
    enum outbox_kind kind;
    enum outbox_lane lane;
    char destination[LIMIT_DESTINATION_BYTES];
    char *payload;      /* JSON; owned */
    int64_t created_ms; /* wall clock */
    int64_t useless_ms; /* from then on it tells nothing any more; 0: never */
    int64_t tries;      /* that have failed */
    struct outbox_webhook webhook;
};
void outbox_message_fini(struct outbox_message *message);
bool outbox_is_payment(const struct outbox_message *message);

enum outbox_state { OUTBOX_WAITING, OUTBOX_DELIVERED, OUTBOX_GIVEN_UP };

/* What came of a try. */
struct outbox_result {
    struct id id;
    struct id webhook_of; /* the customer whose webhook it went to; "": another receiver */
    enum outbox_state state;
    int64_t tries;
    bool address_refused; /* of a mail to a customer: the address takes none */
    int64_t due_ms;       /* when to try again; else the time now */
    char *rest;           /* taken, but this remains to be sent, now; owned. NULL: nothing */
    int64_t charge_minor; /* what the rest charges: not sent, if the customer wants no such sum */
    char error[LIMIT_ATTEMPT_WORDS_BYTES + 1];
};

/* When to try again after so many failures: after a second, then about twice as long each time, at
 * most an hour; `random` spreads it. 0: it is given up, because it is a day old. Pure. */
int64_t outbox_retry_ms(int64_t created_ms, int64_t tries, int64_t now_ms, uint64_t random);

/* ---- for the courier's thread ---- */

/* Fills `out` with at most `most` messages of a lane that are due, the oldest of each destination,
 * first those that have failed least often. *next_ms: when the next one of the lane will be;
 * INT64_MAX: none waits. Returns how many; none if the database cannot be read. */
size_t outbox_due(struct store *store, enum outbox_lane lane, int64_t now_ms,
                  struct outbox_message *out, size_t most, int64_t *next_ms);
/* Whether a further result can be noted; if not, nothing may be sent. */
bool outbox_has_room(struct store *store);
/* Takes over `rest`. */
void outbox_note(struct store *store, const struct outbox_result *result);
/* Another number than before: rows may have come. */
uint64_t outbox_version(const struct store *store);

#endif
