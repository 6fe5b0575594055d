/* A reference ledger: what every balance, hold and budget must be, in plain arrays and integers.
 * Shares nothing with core/store, so that a fault of one is not the fault of both. */
#ifndef TEST_STORE_MODEL_H
#define TEST_STORE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODEL_ACCOUNTS = 8, MODEL_KEYS = 24, MODEL_HOLDS = 96 };

struct model_account {
    int64_t posted;
    int64_t held;
    int64_t owed; /* by a correction of what was not there */
};

struct model_key {
    int account;
    int64_t budget; /* -1: none */
    int64_t spent;
    int64_t held;
    bool deleted;
};

struct model_hold {
    int key;
    int64_t amount;
    int64_t more; /* what was added; held until it is settled or given back, in memory only */
    int64_t charged;
    int64_t refunded;
    bool open;
    bool expires;
    bool recorded; /* it has ended with a usage record */
};

struct model {
    struct model_account accounts[MODEL_ACCOUNTS];
    struct model_key keys[MODEL_KEYS];
    struct model_hold holds[MODEL_HOLDS];
    int64_t credited; /* all that was paid in or given back */
    int64_t charged;
    int64_t corrected; /* taken by corrections */
};

enum model_answer {
    MODEL_ACCEPTED,
    MODEL_INSUFFICIENT,
    MODEL_BUDGET,
    MODEL_UNKNOWN,
    MODEL_NOTHING_LEFT,
    MODEL_TOO_MUCH,
    MODEL_DEBT
};

void model_credit(struct model *model, int account, int64_t amount);
/* A correction: takes what is there, the rest is owed. What comes in pays that first. */
void model_debit(struct model *model, int account, int64_t amount);
void model_collect(struct model *model, int account); /* pays what is owed from what is there */
/* A new key in the place of a deleted one without open holds. */
void model_key(struct model *model, int key, int account, int64_t budget);
void model_delete_key(struct model *model, int key);
enum model_answer model_hold(struct model *model, int hold, int key, int64_t amount, bool expires);
/* How much of it the hold gets. */
int64_t model_extend(struct model *model, int hold, int64_t amount);
void model_give_back(struct model *model, int hold); /* what it got so */
/* False: no such hold is open; only what was added is given back. A void charges 0. */
bool model_settle(struct model *model, int hold, int64_t charge);
void model_unsettle(struct model *model, int hold); /* the last word on it was lost in a crash */
/* Back to the customer; amount 0: all that is left of the charge. */
enum model_answer model_refund(struct model *model, int hold, int64_t amount);
void model_expire(struct model *model);  /* those that expire */
void model_restart(struct model *model); /* all open holds are void */
int64_t model_available(const struct model *model, int key);
int model_open_holds(const struct model *model, int key); /* -1: of all keys */

#endif
