/* What happens to a gateway: it stops, it crashes, time goes on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/driver.h"
#include "store/store_internal.h"

static sqlite3 *lock(const struct fixture *fixture)
{
    sqlite3 *handle = fixture_raw(fixture->path);
    assert_int_equal(sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return handle;
}

/* While the database is locked: these are not written yet. Takes care never to wait for them. */
static void post_some(struct driver *d)
{
    for (int i = 0; i < MODEL_HOLDS; i++) {
        if (!d->model.holds[i].open && driver_random(d, 16) == 0)
            driver_hold(d, i);
    }
    for (int i = 0; i < MODEL_HOLDS; i++) {
        int account = d->model.keys[d->model.holds[i].key].account;
        if (d->model.holds[i].open && d->slots[i].pending == NULL && !d->dirty[account])
            driver_settle(d, i);
    }
}

/* With jobs that are done and not heard of, or else with some that have not begun. */
static sqlite3 *lock_in_between(struct driver *drivers, size_t count)
{
    bool begun = driver_random(&drivers[0], 2);
    sqlite3 *handle;
    for (size_t i = 0; i < count && !begun; i++)
        driver_flush(&drivers[i]);
    handle = lock(drivers[0].fixture);
    for (size_t i = 0; i < count && !begun; i++)
        post_some(&drivers[i]);
    return handle;
}

void drivers_restart(struct driver *drivers, size_t count)
{
    sqlite3_close(lock_in_between(drivers, count));
    fixture_reopen(drivers[0].fixture); /* closing finishes what is on its way */
    for (size_t i = 0; i < count; i++) {
        driver_flush(&drivers[i]);
        model_restart(&drivers[i].model);
    }
}

/* The jobs that were on their way: only the disk knows. */
static void reconcile(struct driver *d)
{
    sqlite3 *handle = fixture_raw(d->fixture->path);
    fixture_wait(&d->reply_queue, d->pending); /* from the past that is no more */
    d->pending = 0;
    for (int i = 0; i < MODEL_HOLDS; i++) {
        const struct slot *slot = &d->slots[i];
        if (slot->pending == &slot->settlement.durable && slot->expected &&
            driver_on_disk(handle,
                           "SELECT count(*) FROM resolutions WHERE usage_seq IS NOT NULL"
                           " AND exchange_id = '%s'",
                           slot->hold.exchange_id.text) == 0)
            model_unsettle(&d->model, i);
    }
    sqlite3_close(handle);
    driver_forget_pending(d);
    model_restart(&d->model);
}

/* The files are as they are between two batches, with the log beside the database. */
void drivers_crash(struct driver *drivers, size_t count)
{
    struct fixture *fixture = drivers[0].fixture;
    sqlite3 *handle = lock_in_between(drivers, count);
    char command[512], old[sizeof fixture->path];
    static unsigned crashes;
    snprintf(old, sizeof old, "%s", fixture->path);
    snprintf(fixture->path, sizeof fixture->path, "%s/crash%u.db", fixture->folder, crashes++);
    snprintf(command, sizeof command,
             "cp '%s-wal' '%s-wal' && cp '%s' '%s' && cp '%s-tail' '%s-tail'", old, fixture->path,
             old, fixture->path, old, fixture->path);
    assert_int_equal(system(command), 0);
    sqlite3_close(handle);
    fixture_close(fixture);
    snprintf(command, sizeof command, "rm -f '%s' '%s'-*", old, old);
    assert_int_equal(system(command), 0);
    fixture->store = fixture_open(fixture->path, true);
    for (size_t i = 0; i < count; i++)
        reconcile(&drivers[i]);
}

static bool all_expired(const struct driver *drivers, size_t count)
{
    struct store_totals totals;
    int64_t open_holds = 0;
    for (size_t i = 0; i < count; i++)
        open_holds += model_open_holds(&drivers[i].model, -1);
    store_totals(drivers[0].fixture->store, &totals);
    return totals.open_holds == open_holds;
}

void drivers_expire(struct driver *drivers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        driver_flush(&drivers[i]);
        model_expire(&drivers[i].model);
    }
    clock_advance_ms(2 * DRIVER_HOUR_MS);
    for (int i = 0; i < 5000 && !all_expired(drivers, count); i++) {
        driver_pay_in(&drivers[0], &drivers[0].customers[0], 1,
                      false); /* the ledger's thread looks */
        model_credit(&drivers[0].model, 0, 1);
        usleep(300);
        if (i % 10 == 9)
            clock_advance_ms(2001); /* it takes 64 at a time, and looks every 2 s */
    }
    for (size_t i = 0; i < count; i++) {
        for (int k = 0; k < MODEL_HOLDS; k++) {
            if (!drivers[i].model.holds[k].open && drivers[i].model.holds[k].more)
                driver_settle(&drivers[i], k); /* too late: what was added comes back */
        }
    }
}
