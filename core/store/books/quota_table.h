/* What the tables say of quotas (quotas.h): how much is used, what is set, and what was told. For
 * the ledger thread, in its open transaction or by a handle of its own. */
#ifndef STORE_BOOKS_QUOTA_TABLE_H
#define STORE_BOOKS_QUOTA_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/engine/db.h"
#include "store/memory/quota_book.h"
#include "store/quotas.h"

struct notice_switches;
struct outbox;

/* What is used since source->start_ms; 0 with db->failure. A minute of money is added up from the
 * records, all else from the sums. */
int64_t quota_table_used(struct db *db, const struct quota_source *source);
/* Loads the counters of the claim that are not loaded. load->loaded: not with db->failure. */
void quota_table_load_job(struct quota_load *load, struct db *db, int64_t now_ms);

/* Reads the quotas of a user or key. */
bool quota_table_read(struct db *db, const char *subject, struct quota_list *out);
/* Reads unit, period and amount of a row; `unit_at` is followed by the period. */
bool quota_table_rule(struct row *row, int unit_at, int amount_at, struct quota_rule *out);

/* Writes the events that wait, in a transaction of its own; each is written once in its period, and
 * told to its customer in the same transaction (notices.h). Forgets old ones. */
void quota_table_write_events(struct db *db, struct quota_book *book,
                              const struct notice_switches *notices, struct outbox *outbox);
#endif
