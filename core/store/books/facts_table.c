#include "store/books/facts_table.h"

static void read_row(struct row *row, struct usage_facts *out)
{
    enum { STATED = USAGE_WORDS, COMPUTED, SOLD_BY_COST, CANARY_ATTEMPTS };
    for (enum usage_word word = USAGE_SERVICE_TIER; word < USAGE_WORDS; word++)
        slice_copy(slice_of(column_text(row, (int)word)), out->words[word], USAGE_WORD_BYTES);
    out->cost_stated = !column_null(row, STATED);
    out->stated_cost_nusd = column_int(row, STATED);
    out->computed_cost_nusd = column_int(row, COMPUTED);
    out->sold_by_cost = column_int(row, SOLD_BY_COST) != 0;
    out->canary_attempts = (int32_t)column_int(row, CANARY_ATTEMPTS);
}

void facts_table_read(struct db *db, int64_t usage_seq, struct usage_facts *out)
{
    const struct store_value seq = bind_int(usage_seq);
    struct row *row =
        db_bind(db,
                "SELECT service_tier, speed, region, choice, search_context, size,"
                " quality, resolution, stated_cost_nusd, computed_cost_nusd,"
                " sold_by_cost, canary_attempts FROM usage_facts WHERE usage_seq = ?1",
                &seq, 1);
    *out = (struct usage_facts){.cost_stated = false};
    if (!db_row(db, row))
        return;
    read_row(row, out);
    db_leave(row);
}
