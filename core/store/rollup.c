#include "store/rollup.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "store/table.h"

enum { ROWS_PER_SETTLEMENT = 6 }; /* customer, revenue, overrun, cost, key, day */

void rollup_init(struct rollup *rollup, size_t settlements_max)
{
    *rollup = (struct rollup){.row_capacity = 64};
    while (rollup->row_capacity < settlements_max * ROWS_PER_SETTLEMENT)
        rollup->row_capacity *= 2;
    rollup->rows = malloc(rollup->row_capacity * sizeof(*rollup->rows));
    rollup->slots = calloc(rollup->row_capacity * 2, sizeof(*rollup->slots));
    check(rollup->rows && rollup->slots);
}

void rollup_fini(struct rollup *rollup)
{
    free(rollup->rows);
    free(rollup->slots);
    *rollup = (struct rollup){0};
}

static size_t slot_mask(const struct rollup *rollup)
{
    return rollup->row_capacity * 2 - 1;
}

void rollup_reset(struct rollup *rollup)
{
    if (rollup->row_count * 8 > rollup->row_capacity) {
        memset(rollup->slots, 0, rollup->row_capacity * 2 * sizeof(*rollup->slots));
    } else {
        for (size_t i = 0; i < rollup->row_count; i++) {
            size_t at = rollup->rows[i].hash & slot_mask(rollup);
            while (rollup->slots[at] != i + 1) /* its own slot; others of the run clear theirs */
                at = (at + 1) & slot_mask(rollup);
            rollup->slots[at] = 0;
        }
    }
    rollup->row_count = 0;
}

static bool same(const struct rollup_row *row, const struct rollup_row *other)
{
    return row->hash == other->hash && row->kind == other->kind && row->day == other->day &&
           strcmp(row->account_id, other->account_id) == 0 &&
           strcmp(row->key_id, other->key_id) == 0 && strcmp(row->model, other->model) == 0;
}

static uint64_t mix(uint64_t hash, const char *text)
{
    return hash * UINT64_C(0x9E3779B97F4A7C15) ^ table_hash(text, strlen(text));
}

/* The sums of the row, which is new (zeros) or known. */
static int64_t *find(struct rollup *rollup, enum rollup_kind kind, const char *account_id,
                     const char *key_id, const char *model, int32_t day)
{
    struct rollup_row wanted = {
        .kind = kind, .account_id = account_id, .key_id = key_id, .model = model, .day = day};
    size_t at;

    wanted.hash = mix(mix(mix((uint64_t)kind * 31 + (uint32_t)day, account_id), key_id), model);
    at = wanted.hash & slot_mask(rollup);
    for (; rollup->slots[at]; at = (at + 1) & slot_mask(rollup)) {
        struct rollup_row *row = &rollup->rows[rollup->slots[at] - 1];
        if (same(row, &wanted))
            return row->sums;
    }
    check(rollup->row_count < rollup->row_capacity);
    rollup->slots[at] = (uint32_t)rollup->row_count + 1;
    rollup->rows[rollup->row_count] = wanted;
    return rollup->rows[rollup->row_count++].sums;
}

static void add_balance(struct rollup *rollup, const char *account_id, int64_t credit_nusd,
                        int64_t debit_nusd)
{
    int64_t *sums;

    if (credit_nusd == 0 && debit_nusd == 0)
        return;
    sums = find(rollup, ROLLUP_BALANCE, account_id, "", "", 0);
    sums[0] += credit_nusd;
    sums[1] += debit_nusd;
}

/* The name is made here, so a new row has to own it. */
static void add_cost_balance(struct rollup *rollup, const char *provider, int64_t cost_nusd)
{
    char name[POSTING_ACCOUNT_BYTES];
    size_t rows_before = rollup->row_count;
    int64_t *sums;

    if (cost_nusd == 0)
        return;
    posting_cost_account(provider, name);
    sums = find(rollup, ROLLUP_BALANCE, name, "", "", 0);
    sums[0] += cost_nusd;
    if (rollup->row_count > rows_before) {
        struct rollup_row *row = &rollup->rows[rows_before];
        memcpy(row->cost_name, name, sizeof(name));
        row->account_id = row->cost_name;
    }
}

void rollup_add(struct rollup *rollup, const struct usage_record *record)
{
    int64_t *sums;

    add_balance(rollup, record->account_id.text, 0, record->charge_nusd);
    add_balance(rollup, POSTING_REVENUE, record->charge_nusd + record->overrun_nusd,
                record->cost_nusd);
    add_balance(rollup, POSTING_OVERRUN, 0, record->overrun_nusd);
    add_cost_balance(rollup, record->provider, record->cost_nusd);
    if (record->key_id.text[0]) {
        sums = find(rollup, ROLLUP_KEY, "", record->key_id.text, "", 0);
        sums[0] += record->charge_nusd;
        sums[1] += 1;
        if (sums[2] < record->created_ms)
            sums[2] = record->created_ms;
    }
    sums = find(rollup, ROLLUP_DAY, record->account_id.text, record->key_id.text, record->model,
                clock_day(record->created_ms));
    sums[0] += 1;
    sums[1] += record->tokens.input;
    sums[2] += record->tokens.cached_input;
    sums[3] += record->tokens.output;
    sums[4] += record->reasoning_tokens;
    sums[5] += record->charge_nusd;
}

static bool write_row(const struct rollup_row *row, struct db *db, int64_t now_ms)
{
    const int64_t *sums = row->sums;

    switch (row->kind) {
    case ROLLUP_BALANCE:
        return posting_balance(db, row->account_id, sums[0], sums[1], now_ms);
    case ROLLUP_KEY:
        return db_run(db,
                      "INSERT INTO key_totals (key_id, spent_nusd, requests, last_used_ms)"
                      " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key_id) DO UPDATE SET"
                      " spent_nusd = spent_nusd + ?2, requests = requests + ?3,"
                      " last_used_ms = max(last_used_ms, ?4)",
                      DB_VALUES(bind_text(row->key_id), bind_int(sums[0]), bind_int(sums[1]),
                                bind_int(sums[2])));
    case ROLLUP_DAY:
        return db_run(
            db,
            "INSERT INTO daily (account_id, day, key_id, model, requests, input_tokens,"
            " cached_input_tokens, output_tokens, reasoning_tokens, charge_nusd)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
            " ON CONFLICT (account_id, day, key_id, model) DO UPDATE SET"
            " requests = requests + ?5, input_tokens = input_tokens + ?6,"
            " cached_input_tokens = cached_input_tokens + ?7, output_tokens = output_tokens + ?8,"
            " reasoning_tokens = reasoning_tokens + ?9, charge_nusd = charge_nusd + ?10",
            DB_VALUES(bind_text(row->account_id), bind_int(row->day), bind_text(row->key_id),
                      bind_text(row->model), bind_int(sums[0]), bind_int(sums[1]),
                      bind_int(sums[2]), bind_int(sums[3]), bind_int(sums[4]), bind_int(sums[5])));
    }
    check(false);
    return false;
}

bool rollup_write(struct rollup *rollup, struct db *db, int64_t now_ms)
{
    for (size_t i = 0; i < rollup->row_count; i++) {
        if (!write_row(&rollup->rows[i], db, now_ms))
            return false;
    }
    return true;
}
