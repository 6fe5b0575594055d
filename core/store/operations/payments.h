/* What the operations on payments share: see payments.c. On the ledger thread, inside an open
 * transaction. */
#ifndef STORE_OPERATIONS_PAYMENTS_H
#define STORE_OPERATIONS_PAYMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "store/call.h"
#include "store/engine/db.h"

enum { PAYMENT_WORD_BYTES = 24 };

/* A payment, as far as its events need it. */
struct payment {
    struct id id;
    struct id user_id;
    struct id account_id;
    char processor[PAYMENT_WORD_BYTES];
    char currency[PAYMENT_WORD_BYTES];
    char state[PAYMENT_WORD_BYTES];
    int64_t amount_minor;
    int64_t decimals;
    int64_t credit_nusd;
    int64_t total_minor; /* 0: not paid */
    int64_t reversed_nusd;
    bool erased; /* its customer has erased the account */
};

/* Before a condition on `p`: the statement that payments_find takes. */
#define PAYMENT_WHERE                                                                              \
    "SELECT p.id, p.user_id, u.account_id, p.processor, p.currency, p.state, p.amount_minor,"      \
    " p.credit_nusd, p.total_minor, p.reversed_nusd, p.decimals,"                                  \
    " u.erased_ms IS NOT NULL FROM payments p JOIN users u ON u.id = p.user_id WHERE "
/* Reads one; `sql` is a constant. Returns false if there is none. */
bool payments_find(struct db *db, const char *sql, const struct store_value *values,
                   size_t value_count, struct payment *out);

/* How an amount is named to people: "15000 KRW", "10.00 USD". */
enum { PAYMENT_AMOUNT_BYTES = 48 };
void payments_amount_text(int64_t amount_minor, int64_t decimals, char out[PAYMENT_AMOUNT_BYTES]);

/* The part of `credit_nusd` that stands for this part of the total; rounded down, all for all. */
int64_t payments_share_nusd(int64_t credit_nusd, int64_t part_minor, int64_t total_minor);

#endif
