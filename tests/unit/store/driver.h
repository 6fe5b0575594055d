/* Random operations on a store and on the reference ledger of model.h, and what must be the same in
 * both. A driver has accounts, keys and holds of its own and one thread at a time; many drivers may
 * use one store at once. Anything that differs ends the test with the seed. */
#ifndef TEST_STORE_DRIVER_H
#define TEST_STORE_DRIVER_H

#include "store/fixture.h"
#include "store/model.h"

enum { DRIVER_HOUR_MS = 3600 * 1000 }; /* how long the holds live that expire */

/* One hold and its end. `pending` is what is on its way: the `durable` that it sets. */
struct slot {
    struct ledger_hold hold; /* without an exchange id: none yet */
    struct ledger_settlement settlement;
    bool *pending;
    bool expected;
};

/* A customer whom all drivers use; nobody knows his balance before the end. */
struct driver_shared {
    struct customer customer;
    int64_t paid;
    int64_t charged;
};

struct driver {
    struct fixture *fixture;
    struct job_queue reply_queue;
    uint64_t seed;   /* of the test */
    uint64_t random; /* the state of the random numbers */
    int64_t number;  /* of the operation */
    struct model model;
    struct customer customers[MODEL_ACCOUNTS];
    struct id keys[MODEL_KEYS];
    struct slot slots[MODEL_HOLDS];
    bool dirty[MODEL_ACCOUNTS]; /* a settlement is on its way */
    size_t pending;
    struct driver_shared shared; /* this driver's part of it */
};

void driver_start(struct driver *driver, struct fixture *fixture, uint64_t seed, uint64_t from);
void driver_operate(struct driver *driver);
/* Holds on the shared account, and their ends. */
void driver_share(struct driver *driver);
int64_t driver_random(struct driver *driver, int64_t bound); /* 0 to bound - 1 */
/* Balances, holds and budgets, in memory and on disk. Waits for what is on its way. */
void driver_compare(struct driver *driver);
void driver_compare_disk(struct driver *driver);
/* Ends the open holds, and compares all. */
void driver_finish(struct driver *driver);

/* What must be the same over all drivers of a store. */
void drivers_compare(struct driver *drivers, size_t count);

/* ---- for driver_events.c, and in it ---- */

void driver_flush(struct driver *driver); /* waits for what is on its way */
void driver_forget_pending(struct driver *driver);
/* Post a job, and wait only for what would make its outcome uncertain: a job of the same slot, or a
 * settlement of the same account. */
void driver_hold(struct driver *driver, int at);
void driver_settle(struct driver *driver, int at);
void driver_pay_in(struct driver *driver, const struct customer *customer, int64_t amount,
                   bool foreign);
/* One number; `%s` in the SQL is the id. */
int64_t driver_on_disk(sqlite3 *handle, const char *sql, const char *id);

/* What happens to the gateway, with holds open and jobs on their way; all drivers of the store,
 * none of which has a thread now. */
void drivers_restart(struct driver *drivers, size_t count);
/* Goes on with what is on disk at this moment; the memory is lost, and with it all that nobody has
 * been told yet. */
void drivers_crash(struct driver *drivers, size_t count);
/* Time goes on until the holds that expire have expired. */
void drivers_expire(struct driver *drivers, size_t count);

#endif
