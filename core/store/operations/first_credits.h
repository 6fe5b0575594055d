/* What a customer gets for signing up, once: by the invitation, or the operator's sign_up_credit.
 * Posted as a promotion in the open transaction, on the ledger thread. */
#ifndef STORE_OPERATIONS_FIRST_CREDITS_H
#define STORE_OPERATIONS_FIRST_CREDITS_H

#include "store/operations/operations.h"

/* Two arguments of an operation: nano-USD; null: nothing, and no bound. */
struct first_credit_terms {
    struct store_value amount_nusd;  /* for whose invitation says nothing else */
    struct store_value day_max_nusd; /* of all such in a day of UTC */
};

/* Decides it, once: at the sign-up, or when the address is verified, if that must be. Nothing is
 * due to who did not sign up, if the mailbox has got it, or if the day's money is given away. True
 * in all these cases; false: call->fault or db->failure. Leaves call->result spoilt. */
bool first_credits_give(struct store_call *call, struct db *db, const struct id *user_id,
                        const struct first_credit_terms *terms);

#endif
