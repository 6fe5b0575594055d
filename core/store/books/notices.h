/* Writes what customers are told into the outbox: on the ledger thread (or the command line), in
 * the open transaction of the cause. notices.h above has the settings. */
#ifndef STORE_BOOKS_NOTICES_H
#define STORE_BOOKS_NOTICES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/limits.h"
#include "store/customer_messages.h"
#include "store/engine/db.h"
#include "store/notices.h"
#include "store/outbox.h"

struct outbox;
struct quota_event;
struct wallets;

/* The settings, for all threads. Zeroed: no customer is told anything. */
struct notice_switches {
    atomic_uint bits;
};
void notices_set(struct notice_switches *switches, const struct notice_settings *settings);
struct notice_settings notices_get(const struct notice_switches *switches);

/* A customer as a receiver. */
struct notice_receiver {
    struct id user_id;
    char email[LIMIT_EMAIL_BYTES + 1];
    char language[8];
    bool verified, disabled;
    bool refused;                      /* mail to it was refused for good, or came back */
    bool receipts, key_expiry, quotas; /* what the customer wants */
    int64_t low_nusd;                  /* -1: none */
    bool webhook;                      /* there is one, and it is in use */
};
/* By the id of the user or of the account. False: there is none, or db->failure. */
bool notices_find(struct db *db, const char *id, struct notice_receiver *out);

/* Whether notices, which the customer has not asked for just now, go to the address; and to the
 * webhook. */
bool notices_are_mailed(const struct notice_settings *settings, const struct notice_receiver *to);
bool notices_are_posted(const struct notice_settings *settings, const struct notice_receiver *to);

/* A mail to the address, whatever the customer's wishes. `useless_ms`: when its link expires; 0:
 * never. */
bool notices_mail(struct db *db, const struct notice_receiver *to, const struct customer_mail *mail,
                  int64_t now_ms, int64_t useless_ms);

/* A message to the webhook. The body is complete; its room is freed here. */
bool notices_webhook(struct db *db, const struct notice_receiver *to, struct buffer *body,
                     int64_t now_ms);

/* What was paid in, for its receipt. */
struct notice_receipt {
    const char *account_id;
    const char *kind; /* a word of `kinds` in exchange/mail_templates.c; "payment" for those */
    const char *transfer_id;
    int64_t amount_nusd;
    int64_t balance_nusd; /* after it */
    const char *paid; /* what was charged: "22.00 USD", with taxes "22.00 USD|2.00 USD"; or NULL */
};
/* Adds the receipt to the transaction that posts the transfer, if operator and customer want one.
 * For a payment call it with the kind "payment"; credits_give (operations.h) calls it for all that
 * it posts. False: db->failure. */
bool notices_receipt(struct db *db, const struct notice_switches *switches,
                     const struct notice_receipt *receipt, int64_t now_ms);

/* A quota of a customer or key is nearly used (mail and webhook), or used (webhook), in the
 * transaction that notes it. Quotas by the minute are not mailed. False: db->failure.
 * (quota_notices.c) */
bool notices_quota(struct db *db, const struct notice_switches *switches,
                   const struct quota_event *event);

/* The customer asks for a message to the own webhook. False also if there is none in use. */
bool notices_test_webhook(struct db *db, const char *user_id, int64_t now_ms);

/* A key's expiry was set: what of it is still to be told. */
bool notices_arm_key(struct db *db, const char *key_id, int64_t now_ms);

/* Mail to the address was refused for good, or came back. Its user, if any, is told by the pages;
 * what waits for it is given up, but not what verifies it. False: db->failure. */
bool notices_refuse_address(struct db *db, const char *email, const char *why, int64_t now_ms);

/* What came of messages to customers. A webhook that has taken nothing
 * while a message grew too old, or that says that it is gone, is disabled; its customer is told. */
bool notices_results(struct db *db, const struct notice_switches *switches,
                     const struct outbox_result *results, size_t count);

/* When to look again. */
struct notices_pace {
    int64_t due_us;
    int64_t keys_due_us;
    bool failed; /* and was logged */
};
/* Tells of what the wallets have found (memory/crossings.h) and of keys that expire soon, in a
 * transaction of its own. A failure is logged once, and tried again. */
void notices_write(struct db *db, const struct notice_switches *switches, struct wallets *wallets,
                   struct outbox *outbox, struct notices_pace *pace);

#endif
