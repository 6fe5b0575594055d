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
    bool open;
    bool expires;
};

struct model {
    struct model_account accounts[MODEL_ACCOUNTS];
    struct model_key keys[MODEL_KEYS];
    struct model_hold holds[MODEL_HOLDS];
    int64_t credited; /* all that was paid in */
    int64_t charged;
};

enum model_answer { MODEL_ACCEPTED, MODEL_INSUFFICIENT, MODEL_BUDGET, MODEL_UNKNOWN };

void model_credit(struct model *model, int account, int64_t amount);
/* A new key in the place of a deleted one without open holds. */
void model_key(struct model *model, int key, int account, int64_t budget);
void model_delete_key(struct model *model, int key);
enum model_answer model_hold(struct model *model, int hold, int key, int64_t amount, bool expires);
/* How much of `amount` account and key have. */
int64_t model_spare(const struct model *model, int key, int64_t amount);
/* How much of it the hold gets. */
int64_t model_extend(struct model *model, int hold, int64_t amount);
/* False: no such hold is open; nothing happens. A void charges 0. */
bool model_settle(struct model *model, int hold, int64_t charge);
void model_expire(struct model *model);  /* those that expire */
void model_restart(struct model *model); /* all open holds are void */
int64_t model_available(const struct model *model, int key);
int model_open_holds(const struct model *model, int key); /* -1: of all keys */

#endif
