#include "store/books/rollup.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/memory/table.h"

enum { ROWS_PER_SETTLEMENT = 7 }; /* customer, revenue, overrun, cost, key, hour, sales */

#define HOUR_MS INT64_C(3600000)
#define QUARTER_MS INT64_C(900000)

void rollup_init(struct rollup *rollup, size_t settlements_max)
{
    *rollup = (struct rollup){.row_capacity = 64};
    while (rollup->row_capacity < settlements_max * ROWS_PER_SETTLEMENT)
        rollup->row_capacity *= 2;
    rollup->rows = malloc(rollup->row_capacity * sizeof *rollup->rows);
    rollup->slots = calloc(rollup->row_capacity * 2, sizeof *rollup->slots);
    check(rollup->rows && rollup->slots);
}

static void free_others(struct rollup *rollup)
{
    for (size_t i = 0; i < rollup->row_count; i++)
        free(rollup->rows[i].others);
}

void rollup_fini(struct rollup *rollup)
{
    free_others(rollup);
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
    free_others(rollup);
    if (rollup->row_count * 8 > rollup->row_capacity) {
        memset(rollup->slots, 0, rollup->row_capacity * 2 * sizeof *rollup->slots);
    } else {
        for (size_t i = 0; i < rollup->row_count; i++) {
            size_t at = rollup->rows[i].hash & slot_mask(rollup);
            while (rollup->slots[at] != i + 1) /* clears its own slot; other rows clear theirs */
                at = (at + 1) & slot_mask(rollup);
            rollup->slots[at] = 0;
        }
    }
    rollup->row_count = 0;
}

static bool same(const struct rollup_row *row, const struct rollup_row *other)
{
    return row->hash == other->hash && row->kind == other->kind && row->period == other->period &&
           strcmp(row->account_id, other->account_id) == 0 &&
           strcmp(row->key_id, other->key_id) == 0 && strcmp(row->model, other->model) == 0 &&
           strcmp(row->provider, other->provider) == 0;
}

static uint64_t mix(uint64_t hash, const char *text)
{
    hash *= UINT64_C(0x9E3779B97F4A7C15);
    return *text == '\0' ? hash : hash ^ table_hash(text, strlen(text)); /* most rows lack names */
}

/* The slot of the row, or the free slot for it. Sets the row's hash. */
static size_t find_slot(const struct rollup *rollup, struct rollup_row *wanted)
{
    size_t at;
    wanted->hash =
        mix(mix((uint64_t)wanted->kind * 31 + (uint64_t)wanted->period, wanted->account_id),
            wanted->key_id);
    wanted->hash = mix(mix(wanted->hash, wanted->model), wanted->provider);
    at = wanted->hash & slot_mask(rollup);
    while (rollup->slots[at] && !same(&rollup->rows[rollup->slots[at] - 1], wanted))
        at = (at + 1) & slot_mask(rollup);
    return at;
}

/* Its sums are zeros if it is new. */
static struct rollup_row *find_row(struct rollup *rollup, struct rollup_row wanted)
{
    size_t at = find_slot(rollup, &wanted);
    if (rollup->slots[at])
        return &rollup->rows[rollup->slots[at] - 1];
    check(rollup->row_count < rollup->row_capacity);
    rollup->slots[at] = (uint32_t)rollup->row_count + 1;
    rollup->rows[rollup->row_count] = wanted;
    return &rollup->rows[rollup->row_count++];
}

static int64_t *find(struct rollup *rollup, struct rollup_row wanted)
{
    return find_row(rollup, wanted)->sums;
}

/* A row without names. */
static struct rollup_row row_of(enum rollup_kind kind)
{
    return (struct rollup_row){
        .kind = kind, .account_id = "", .key_id = "", .model = "", .provider = ""};
}

static struct rollup_row balance_of(const char *account_id)
{
    struct rollup_row row = row_of(ROLLUP_BALANCE);
    row.account_id = account_id;
    return row;
}

static int64_t *find_balance(struct rollup *rollup, const char *account_id)
{
    return find(rollup, balance_of(account_id));
}

/* The transfer of the account's last charge, in this batch or before; 0: none. */
static int64_t find_last_charge(const struct rollup *rollup, struct db *db, const char *account_id)
{
    struct rollup_row row = balance_of(account_id);
    uint32_t slot = rollup->slots[find_slot(rollup, &row)];
    if (slot) /* a customer's balance is in the sums because of a charge */
        return rollup->rows[slot - 1].sums[2];
    return db_number(db, "SELECT last_charge FROM balances WHERE account_id = ?1",
                     DB_VALUES(bind_text(account_id)), 0);
}

static void add_balance(struct rollup *rollup, const char *account_id, int64_t credit_nusd,
                        int64_t debit_nusd)
{
    int64_t *sums;
    if (credit_nusd == 0 && debit_nusd == 0)
        return;
    sums = find_balance(rollup, account_id);
    sums[0] += credit_nusd;
    sums[1] += debit_nusd;
}

/* The name is made here, so a new row must own it. */
static void add_cost_balance(struct rollup *rollup, const char *provider, int64_t cost_nusd)
{
    char name[POSTING_ACCOUNT_BYTES];
    size_t rows_before = rollup->row_count;
    int64_t *sums;
    if (cost_nusd == 0)
        return;
    posting_cost_account(provider, name);
    sums = find_balance(rollup, name);
    sums[0] += cost_nusd;
    if (rollup->row_count > rows_before) {
        struct rollup_row *row = &rollup->rows[rows_before];
        memcpy(row->cost_name, name, sizeof name);
        row->account_id = row->cost_name;
    }
}

static void add_key(struct rollup *rollup, const struct usage_record *record)
{
    struct rollup_row row = row_of(ROLLUP_KEY);
    int64_t *sums;
    if (!record->key_id.text[0])
        return;
    row.key_id = record->key_id.text;
    sums = find(rollup, row);
    sums[0] += record->charge_nusd;
    sums[1] += 1;
    if (sums[2] < record->created_ms)
        sums[2] = record->created_ms;
    sums[3] += record->status == USAGE_STATUS_ABANDONED;
}

/* Few calls have any. */
static bool has_others(const struct unit_counts *counts)
{
    int64_t any = 0;
    for (enum unit unit = UNIT_OUTPUT + 1; unit < UNIT_COUNT; unit++)
        any |= counts->of[unit];
    return any != 0;
}

static void add_others(struct rollup_row *row, const struct unit_counts *counts)
{
    if (row->others == NULL)
        row->others = calloc(1, sizeof *row->others);
    check(row->others != NULL);
    for (enum unit unit = UNIT_OUTPUT + 1; unit < UNIT_COUNT; unit++)
        row->others->of[unit] += counts->of[unit];
}

static void add_sums(struct rollup_row *row, const struct usage_record *record, bool others)
{
    int64_t *sums = row->sums;
    sums[0] += 1;
    sums[1] += record->error_code[0] != '\0';
    sums[2] += unit_counts_fresh(&record->counts);
    sums[3] += unit_counts_cached(&record->counts);
    sums[4] += unit_counts_answer(&record->counts);
    sums[5] += record->reasoning_tokens;
    sums[6] += record->charge_nusd;
    sums[7] += record->cost_nusd;
    sums[8] += record->overrun_nusd;
    if (others)
        add_others(row, &record->counts);
}

static void add_hour(struct rollup *rollup, const struct usage_record *record)
{
    struct rollup_row row = row_of(ROLLUP_HOUR);
    bool others = has_others(&record->counts);
    row.period = record->created_ms / HOUR_MS;
    row.model = record->model;
    row.account_id = record->account_id.text;
    row.key_id = record->key_id.text;
    add_sums(find_row(rollup, row), record, others);
    row = row_of(ROLLUP_SALES);
    row.period = record->created_ms / QUARTER_MS;
    row.model = record->model;
    row.provider = record->provider;
    add_sums(find_row(rollup, row), record, others);
}

static void add_charge(struct rollup *rollup, const struct usage_record *record,
                       int64_t last_charge)
{
    if (record->charge_nusd == 0)
        return;
    add_balance(rollup, record->account_id.text, 0, record->charge_nusd);
    find_balance(rollup, record->account_id.text)[2] = last_charge;
}

static void add(struct rollup *rollup, const struct usage_record *record, int64_t last_charge)
{
    add_charge(rollup, record, last_charge);
    add_balance(rollup, POSTING_REVENUE, record->charge_nusd + record->overrun_nusd,
                record->cost_nusd);
    add_balance(rollup, POSTING_OVERRUN, 0, record->overrun_nusd);
    add_cost_balance(rollup, record->provider, record->cost_nusd);
    add_key(rollup, record);
    add_hour(rollup, record);
}

static int64_t last_charge_before(const struct rollup *rollup, struct db *db,
                                  const struct usage_record *record)
{
    return record->charge_nusd ? find_last_charge(rollup, db, record->account_id.text) : 0;
}

enum posting rollup_post(struct rollup *rollup, struct db *db,
                         const struct ledger_settlement *settlement, int64_t now_ms)
{
    int64_t last_charge = last_charge_before(rollup, db, &settlement->record);
    enum posting posting = posting_settlement(db, settlement, now_ms, &last_charge);
    if (posting == POSTING_DONE)
        add(rollup, &settlement->record, last_charge);
    return posting;
}

void rollup_post_later(struct rollup *rollup, struct db *db, struct posting_batch *batch,
                       const struct ledger_settlement *settlement, int64_t now_ms)
{
    int64_t last_charge = last_charge_before(rollup, db, &settlement->record);
    posting_batch_add_settlement(batch, settlement, now_ms, &last_charge);
    add(rollup, &settlement->record, last_charge);
}

static bool write_hour(const struct rollup_row *row, struct db *db)
{
    const int64_t *sums = row->sums;
    return db_run(
        db,
        "INSERT INTO hourly (account_id, hour, key_id, model, requests, errors, input_tokens,"
        " cached_input_tokens, output_tokens, reasoning_tokens, charge_nusd, cost_nusd,"
        " overrun_nusd) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        " ON CONFLICT (account_id, hour, key_id, model) DO UPDATE SET"
        " requests = requests + ?5, errors = errors + ?6, input_tokens = input_tokens + ?7,"
        " cached_input_tokens = cached_input_tokens + ?8, output_tokens = output_tokens + ?9,"
        " reasoning_tokens = reasoning_tokens + ?10, charge_nusd = charge_nusd + ?11,"
        " cost_nusd = cost_nusd + ?12, overrun_nusd = overrun_nusd + ?13",
        DB_VALUES(bind_text(row->account_id), bind_int(row->period), bind_text(row->key_id),
                  bind_text(row->model), bind_int(sums[0]), bind_int(sums[1]), bind_int(sums[2]),
                  bind_int(sums[3]), bind_int(sums[4]), bind_int(sums[5]), bind_int(sums[6]),
                  bind_int(sums[7]), bind_int(sums[8])));
}

static bool write_sales(const struct rollup_row *row, struct db *db)
{
    const int64_t *sums = row->sums;
    return db_run(
        db,
        "INSERT INTO sales (quarter, model, provider, requests, errors, input_tokens,"
        " cached_input_tokens, output_tokens, reasoning_tokens, charge_nusd, cost_nusd,"
        " overrun_nusd) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
        " ON CONFLICT (quarter, model, provider) DO UPDATE SET"
        " requests = requests + ?4, errors = errors + ?5, input_tokens = input_tokens + ?6,"
        " cached_input_tokens = cached_input_tokens + ?7, output_tokens = output_tokens + ?8,"
        " reasoning_tokens = reasoning_tokens + ?9, charge_nusd = charge_nusd + ?10,"
        " cost_nusd = cost_nusd + ?11, overrun_nusd = overrun_nusd + ?12",
        DB_VALUES(bind_int(row->period), bind_text(row->model), bind_text(row->provider),
                  bind_int(sums[0]), bind_int(sums[1]), bind_int(sums[2]), bind_int(sums[3]),
                  bind_int(sums[4]), bind_int(sums[5]), bind_int(sums[6]), bind_int(sums[7]),
                  bind_int(sums[8])));
}

static bool write_hour_unit(const struct rollup_row *row, struct db *db, enum unit unit)
{
    return db_run(db,
                  "INSERT INTO hourly_units (account_id, hour, key_id, model, unit, quantity)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
                  " ON CONFLICT (account_id, hour, key_id, model, unit)"
                  " DO UPDATE SET quantity = quantity + ?6",
                  DB_VALUES(bind_text(row->account_id), bind_int(row->period),
                            bind_text(row->key_id), bind_text(row->model),
                            bind_text(unit_name(unit)), bind_int(row->others->of[unit])));
}

static bool write_sales_unit(const struct rollup_row *row, struct db *db, enum unit unit)
{
    return db_run(db,
                  "INSERT INTO sales_units (quarter, model, provider, unit, quantity)"
                  " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (quarter, model, provider, unit)"
                  " DO UPDATE SET quantity = quantity + ?5",
                  DB_VALUES(bind_int(row->period), bind_text(row->model), bind_text(row->provider),
                            bind_text(unit_name(unit)), bind_int(row->others->of[unit])));
}

static bool write_others(const struct rollup_row *row, struct db *db,
                         bool (*write)(const struct rollup_row *row, struct db *db, enum unit unit))
{
    for (enum unit unit = UNIT_OUTPUT + 1; row->others != NULL && unit < UNIT_COUNT; unit++) {
        if (row->others->of[unit] != 0 && !write(row, db, unit))
            return false;
    }
    return true;
}

static bool write_row(const struct rollup_row *row, struct db *db, int64_t now_ms)
{
    const int64_t *sums = row->sums;
    switch (row->kind) {
    case ROLLUP_BALANCE:
        return posting_balance(db, row->account_id,
                               &(struct posting_change){.credit_nusd = sums[0],
                                                        .debit_nusd = sums[1],
                                                        .last_charge = sums[2]},
                               now_ms);
    case ROLLUP_KEY:
        return db_run(
            db,
            "INSERT INTO key_totals (key_id, spent_nusd, requests, last_used_ms, abandoned)"
            " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (key_id) DO UPDATE SET"
            " spent_nusd = spent_nusd + ?2, requests = requests + ?3,"
            " last_used_ms = max(last_used_ms, ?4), abandoned = abandoned + ?5",
            DB_VALUES(bind_text(row->key_id), bind_int(sums[0]), bind_int(sums[1]),
                      bind_int(sums[2]), bind_int(sums[3])));
    case ROLLUP_HOUR: /* in this order: migrations/0014_unit_sums.sql */
        return write_hour(row, db) && write_others(row, db, write_hour_unit);
    case ROLLUP_SALES:
        return write_sales(row, db) && write_others(row, db, write_sales_unit);
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
