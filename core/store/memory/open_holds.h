/* The open holds as the disk has them: the table `open_holds` with the journal on top. They tell,
 * without a look at the tables, whether a settlement ends a hold of its own. Not thread-safe;
 * guarded by the journal's mutex. */
#ifndef STORE_MEMORY_OPEN_HOLDS_H
#define STORE_MEMORY_OPEN_HOLDS_H

#include <stdbool.h>

#include "store/ledger.h"
#include "store/memory/table.h"

struct open_holds {
    struct table table;
};

void open_holds_init(struct open_holds *holds);
void open_holds_fini(struct open_holds *holds);

void open_holds_add(struct open_holds *holds, const struct ledger_hold *hold);
/* Does nothing if there is no such hold. */
void open_holds_remove(struct open_holds *holds, const struct id *exchange_id);
bool open_holds_has(const struct open_holds *holds, const struct id *exchange_id);

/* Marks the hold as about to be ended by this settlement. False: it is not open, is already being
 * ended, or account, key or amount differ from the settlement's. */
bool open_holds_begin_end(struct open_holds *holds, const struct ledger_settlement *settlement);
/* Marks the hold as about to expire, for good. False: it is not open, or is being settled. */
bool open_holds_expire(struct open_holds *holds, const struct id *exchange_id);
/* The hold was not ended after all. */
void open_holds_cancel_end(struct open_holds *holds, const struct id *exchange_id);

#endif
