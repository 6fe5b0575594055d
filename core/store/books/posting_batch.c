#include "store/books/posting_batch.h"

#include "base/check.h"
#include "store/books/posting.h"

static bool next_seq(struct db *db, const char *sql, int64_t *out)
{
    *out = db_number(db, sql, NULL, 0, 0) + 1;
    return db->failure == 0;
}

bool posting_batch_begin(struct posting_batch *batch, struct db *db)
{
    batch->hold_count = batch->settlement_count = 0;
    if (!next_seq(db, "SELECT max(seq) FROM transfers", &batch->first_transfer_seq) ||
        !next_seq(db, "SELECT max(seq) FROM usage", &batch->first_usage_seq))
        return false;
    batch->next_transfer_seq = batch->first_transfer_seq;
    return true;
}

void posting_batch_add_hold(struct posting_batch *batch, const struct ledger_hold *hold)
{
    check(batch->hold_count < POSTING_BATCH_MAX);
    batch->holds[batch->hold_count++] = hold;
}

void posting_batch_add_settlement(struct posting_batch *batch,
                                  const struct ledger_settlement *settlement, int64_t at_ms,
                                  int64_t *last_charge)
{
    size_t parts = posting_part_count(&settlement->record);
    check(batch->settlement_count < POSTING_BATCH_MAX);
    batch->settlements[batch->settlement_count++] =
        (struct posting_batched){.entry = {settlement, at_ms, *last_charge},
                                 .transfer_seq = parts > 0 ? batch->next_transfer_seq : 0};
    if (settlement->record.charge_nusd != 0) /* the charge is the first transfer */
        *last_charge = batch->next_transfer_seq;
    batch->next_transfer_seq += (int64_t)parts;
}

/* ---- the rows of each table ---- */

struct walk {
    const struct posting_batch *batch;
    size_t at;
    enum posting_part part;
    int64_t seq;
    char cost_account[POSTING_ACCOUNT_BYTES];
};

static bool next_hold(void *arg, struct store_value *values)
{
    struct walk *walk = arg;
    if (walk->at == walk->batch->hold_count)
        return false;
    posting_hold_values(walk->batch->holds[walk->at++], values);
    return true;
}

static void next_part(struct walk *walk)
{
    if (++walk->part < POSTING_PARTS)
        return;
    walk->part = 0;
    walk->at++;
}

static bool next_transfer(void *arg, struct store_value *values)
{
    struct walk *walk = arg;
    bool found = false;
    while (!found && walk->at < walk->batch->settlement_count) {
        const struct posting_entry *entry = &walk->batch->settlements[walk->at].entry;
        found = posting_part_values(entry, walk->part, walk->cost_account, values);
        next_part(walk);
    }
    if (found)
        values[POSTING_PART_VALUES] = bind_int(walk->seq++);
    return found;
}

/* NULL: there are no more. */
static const struct posting_batched *next_settlement(struct walk *walk)
{
    const struct posting_batch *batch = walk->batch;
    return walk->at < batch->settlement_count ? &batch->settlements[walk->at++] : NULL;
}

static bool next_usage(void *arg, struct store_value *values)
{
    struct walk *walk = arg;
    const struct posting_batched *batched = next_settlement(walk);
    if (batched == NULL)
        return false;
    posting_usage_values(&batched->entry.settlement->record, batched->transfer_seq, values);
    values[POSTING_USAGE_VALUES] = bind_int(walk->seq++);
    return true;
}

static bool next_resolution(void *arg, struct store_value *values)
{
    struct walk *walk = arg;
    const struct posting_batched *batched = next_settlement(walk);
    if (batched == NULL)
        return false;
    const struct posting_resolution resolution =
        posting_resolution_of(batched->entry.settlement, walk->seq++, batched->entry.at_ms);
    posting_resolution_values(&resolution, values);
    return true;
}

/* ---- writing ---- */

static bool write_holds(const struct posting_batch *batch, struct db *db)
{
    struct walk walk = {.batch = batch};
    return batch->hold_count == 0 || db_run_given(db,
                                                  "INSERT OR FAIL INTO holds (" POSTING_HOLD_COLUMNS
                                                  ") SELECT c1, c2, c3, c4, c5, c6 FROM given_rows",
                                                  next_hold, &walk);
}

static bool write_transfers(const struct posting_batch *batch, struct db *db)
{
    struct walk walk = {.batch = batch, .seq = batch->first_transfer_seq};
    return batch->next_transfer_seq == batch->first_transfer_seq ||
           db_run_given(db,
                        "INSERT OR FAIL INTO transfers (" POSTING_PART_COLUMNS
                        ", seq) SELECT c1, c2, c3, c4, c5, c6, c7, c8 FROM given_rows",
                        next_transfer, &walk);
}

static bool write_usage(const struct posting_batch *batch, struct db *db)
{
    struct walk walk = {.batch = batch, .seq = batch->first_usage_seq};
    return db_run_given(
        db,
        "INSERT OR FAIL INTO usage (" POSTING_USAGE_COLUMNS
        ", seq) SELECT c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17,"
        " c18, c19, c20, c21, c22, c23, c24, c25, c26, c27, c28, c29, c30, c31, c32, c33"
        " FROM given_rows",
        next_usage, &walk);
}

static bool write_rare_rows(const struct posting_batch *batch, struct db *db)
{
    int64_t usage_seq = batch->first_usage_seq;
    for (size_t i = 0; i < batch->settlement_count; i++, usage_seq++) {
        const struct posting_entry *entry = &batch->settlements[i].entry;
        if (!posting_rare_rows(db, entry->settlement, entry->at_ms, usage_seq))
            return false;
    }
    return true;
}

static bool write_resolutions(const struct posting_batch *batch, struct db *db)
{
    struct walk walk = {.batch = batch, .seq = batch->first_usage_seq};
    return db_run_given(db,
                        "INSERT OR FAIL INTO resolutions (" POSTING_RESOLUTION_COLUMNS
                        ") SELECT c1, c2, c3, c4, c5, c6 FROM given_rows",
                        next_resolution, &walk);
}

bool posting_batch_write(struct posting_batch *batch, struct db *db)
{
    return write_holds(batch, db) && (batch->settlement_count == 0 ||
                                      (write_transfers(batch, db) && write_usage(batch, db) &&
                                       write_rare_rows(batch, db) && write_resolutions(batch, db)));
}
