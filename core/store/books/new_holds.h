/* The holds that a batch of the journal's records has written and not ended yet. Most exchanges
 * begin and end in one batch: their row in `open_holds` would be written and deleted again. So
 * those rows are written at the end of the batch, for the holds that are left here. One thread. */
#ifndef STORE_BOOKS_NEW_HOLDS_H
#define STORE_BOOKS_NEW_HOLDS_H

#include <stdbool.h>

#include "store/ledger.h"
#include "store/memory/table.h"

struct new_holds {
    struct table table;
};

void new_holds_init(struct new_holds *holds);
void new_holds_fini(struct new_holds *holds);

void new_holds_add(struct new_holds *holds, const struct ledger_hold *hold);
/* Forgets the hold. False: there is none of this exchange. */
bool new_holds_end(struct new_holds *holds, const struct id *exchange_id);
/* Hands the holds to `take`, in any order, until it is false. False: it was. */
bool new_holds_each(const struct new_holds *holds,
                    bool (*take)(const struct ledger_hold *hold, void *arg), void *arg);

#endif
