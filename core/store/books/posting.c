#include "store/books/posting.h"

#include <string.h>

static enum posting posted(bool ok)
{
    return ok ? POSTING_DONE : POSTING_FAILED;
}

enum posting posting_new_hold(struct db *db, const struct ledger_hold *hold)
{
    struct store_value values[POSTING_HOLD_VALUES];
    posting_hold_values(hold, values);
    return posted(
        db_run(db, "INSERT INTO holds (" POSTING_HOLD_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
               values, POSTING_HOLD_VALUES));
}

enum posting posting_open_hold(struct db *db, const struct ledger_hold *hold)
{
    return posted(db_run(db,
                         "INSERT INTO open_holds (exchange_id, account_id, key_id, amount_nusd,"
                         " expires_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
                         DB_VALUES(bind_text(hold->exchange_id.text),
                                   bind_text(hold->account_id.text), bind_text(hold->key_id.text),
                                   bind_int(hold->amount_nusd), bind_int(hold->expires_ms))));
}

enum posting posting_hold(struct db *db, const struct ledger_hold *hold)
{
    enum posting posting = posting_new_hold(db, hold);
    return posting == POSTING_DONE ? posting_open_hold(db, hold) : posting;
}

/* Writes one transfer of a settlement. `first_seq` keeps the row of the first one. */
static bool write_part(struct db *db, const struct posting_entry *entry, enum posting_part part,
                       int64_t *first_seq)
{
    struct store_value values[POSTING_PART_VALUES];
    char cost_account[POSTING_ACCOUNT_BYTES];
    if (!posting_part_values(entry, part, cost_account, values))
        return true;
    if (!db_run(db,
                "INSERT INTO transfers (" POSTING_PART_COLUMNS
                ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                values, POSTING_PART_VALUES))
        return false;
    if (*first_seq == 0)
        *first_seq = db_last_id(db);
    return true;
}

static bool write_parts(struct db *db, const struct posting_entry *entry, int64_t *first_seq)
{
    return write_part(db, entry, POSTING_CHARGE, first_seq) &&
           write_part(db, entry, POSTING_OVERRUN_PART, first_seq) &&
           write_part(db, entry, POSTING_COST, first_seq);
}

static bool write_usage(struct db *db, const struct usage_record *record, int64_t transfer_seq)
{
    struct store_value values[POSTING_USAGE_VALUES];
    posting_usage_values(record, transfer_seq, values);
    return db_run(
        db,
        "INSERT INTO usage (" POSTING_USAGE_COLUMNS
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
        " ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32)",
        values, POSTING_USAGE_VALUES);
}

/* Writes the units that `usage` has no column for. Few calls have any. */
static bool write_lines(struct db *db, const struct usage_record *r, int64_t usage_seq)
{
    for (enum unit unit = UNIT_OUTPUT + 1; unit < UNIT_COUNT; unit++) {
        if (r->counts.of[unit] != 0 &&
            !db_run(db,
                    "INSERT INTO usage_lines (usage_seq, unit, quantity, buy_price_pusd,"
                    " sold_price_pusd) VALUES (?1, ?2, ?3, ?4, ?5)",
                    DB_VALUES(bind_int(usage_seq), bind_text(unit_name(unit)),
                              bind_int(r->counts.of[unit]), bind_int(r->prices.of[unit]),
                              bind_int(r->sold.of[unit]))))
            return false;
    }
    return true;
}

/* Writes what decided the prices, what the provider has stated, and whether the call was a trial.
 * Few calls have any. */
static bool write_facts(struct db *db, const struct usage_facts *facts, int64_t usage_seq)
{
    const char(*words)[USAGE_WORD_BYTES] = facts->words;
    bool stated = facts->cost_stated;
    if (!usage_facts_any(facts))
        return true;
    return db_run(db,
                  "INSERT INTO usage_facts (usage_seq, service_tier, speed, region, choice,"
                  " search_context, size, quality, resolution, stated_cost_nusd,"
                  " computed_cost_nusd, sold_by_cost, canary_attempts)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, nullif(?13, 0))",
                  DB_VALUES(bind_int(usage_seq), bind_text(words[USAGE_SERVICE_TIER]),
                            bind_text(words[USAGE_SPEED]), bind_text(words[USAGE_REGION]),
                            bind_text(words[USAGE_CHOICE]), bind_text(words[USAGE_SEARCH_CONTEXT]),
                            bind_text(words[USAGE_SIZE]), bind_text(words[USAGE_QUALITY]),
                            bind_text(words[USAGE_RESOLUTION]),
                            stated ? bind_int(facts->stated_cost_nusd) : bind_null(),
                            stated ? bind_int(facts->computed_cost_nusd) : bind_null(),
                            bind_int(stated && facts->sold_by_cost),
                            bind_int(facts->canary_attempts)));
}

/* Writes the tokens that quotas do not count. Hardly any call has some. */
static bool write_excess(struct db *db, const struct usage_record *record)
{
    return record->excess_tokens == 0 ||
           db_run(db,
                  "INSERT INTO excess_tokens (account_id, created_ms, exchange_id, key_id, model,"
                  " tokens) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                  DB_VALUES(bind_text(record->account_id.text), bind_int(record->created_ms),
                            bind_text(record->exchange_id.text), bind_text(record->key_id.text),
                            bind_text(record->model), bind_int(record->excess_tokens)));
}

static bool write_resolution(struct db *db, const struct posting_resolution *resolution)
{
    struct store_value values[POSTING_RESOLUTION_VALUES];
    posting_resolution_values(resolution, values);
    return db_run(db,
                  "INSERT INTO resolutions (" POSTING_RESOLUTION_COLUMNS
                  ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                  values, POSTING_RESOLUTION_VALUES);
}

static bool write_extension(struct db *db, const struct ledger_settlement *settlement,
                            int64_t now_ms)
{
    if (settlement->extended_nusd == 0)
        return true;
    return db_run(db,
                  "INSERT INTO hold_extensions (exchange_id, amount_nusd, created_ms)"
                  " VALUES (?1, ?2, ?3)",
                  DB_VALUES(bind_text(settlement->record.exchange_id.text),
                            bind_int(settlement->extended_nusd), bind_int(now_ms)));
}

bool posting_rare_rows(struct db *db, const struct ledger_settlement *settlement, int64_t now_ms,
                       int64_t usage_seq)
{
    const struct usage_record *record = &settlement->record;
    return write_extension(db, settlement, now_ms) && write_lines(db, record, usage_seq) &&
           write_facts(db, &record->facts, usage_seq) && write_excess(db, record);
}

static enum posting write_settlement(struct db *db, const struct ledger_settlement *settlement,
                                     int64_t now_ms, int64_t *last_charge)
{
    const struct posting_entry entry = {settlement, now_ms, *last_charge};
    int64_t transfer_seq = 0;
    if (!write_parts(db, &entry, &transfer_seq) ||
        !write_usage(db, &settlement->record, transfer_seq))
        return POSTING_FAILED;
    int64_t usage_seq = db_last_id(db);
    if (!posting_rare_rows(db, settlement, now_ms, usage_seq))
        return POSTING_FAILED;
    if (settlement->record.charge_nusd) /* the charge is the first transfer */
        *last_charge = transfer_seq;
    const struct posting_resolution resolution =
        posting_resolution_of(settlement, usage_seq, now_ms);
    return posted(write_resolution(db, &resolution));
}

enum posting posting_close_hold(struct db *db, const struct ledger_settlement *settlement)
{
    const struct usage_record *record = &settlement->record;
    if (!db_run(db,
                "DELETE FROM open_holds WHERE exchange_id = ?1 AND account_id = ?2 AND key_id = ?3"
                " AND amount_nusd = ?4",
                DB_VALUES(bind_text(record->exchange_id.text), bind_text(record->account_id.text),
                          bind_text(record->key_id.text),
                          bind_int(settlement->held_nusd - settlement->extended_nusd))))
        return POSTING_FAILED;
    return db_changes(db) == 1 ? POSTING_DONE : POSTING_REFUSED;
}

enum posting posting_settlement(struct db *db, const struct ledger_settlement *settlement,
                                int64_t now_ms, int64_t *last_charge)
{
    /* First, so that a refusal has written nothing. */
    enum posting posting = posting_close_hold(db, settlement);
    return posting == POSTING_DONE ? write_settlement(db, settlement, now_ms, last_charge)
                                   : posting;
}

enum posting posting_end_hold(struct db *db, const char *exchange_id, const char *outcome,
                              int64_t held_nusd, int64_t now_ms)
{
    const struct posting_resolution resolution = {
        .exchange_id = exchange_id, .outcome = outcome, .held_nusd = held_nusd, .at_ms = now_ms};
    if (!db_run(db, "DELETE FROM open_holds WHERE exchange_id = ?1",
                DB_VALUES(bind_text(exchange_id))))
        return POSTING_FAILED;
    if (db_changes(db) != 1)
        return POSTING_REFUSED;
    return posted(write_resolution(db, &resolution));
}

bool posting_account(struct db *db, const char *account_id, bool customer, int64_t now_ms)
{
    return db_run(db,
                  "INSERT INTO accounts (id, kind, floor_zero, created_ms) VALUES (?1, ?2, ?3, ?4)",
                  DB_VALUES(bind_text(account_id), bind_text(customer ? "customer" : "house"),
                            bind_int(customer), bind_int(now_ms))) &&
           db_run(db, "INSERT INTO balances (account_id, floor_zero) VALUES (?1, ?2)",
                  DB_VALUES(bind_text(account_id), bind_int(customer)));
}

bool posting_balance(struct db *db, const char *account_id, const struct posting_change *change,
                     int64_t now_ms)
{
    static const char update[] = "UPDATE balances SET credited_nusd = credited_nusd + ?2,"
                                 " debited_nusd = debited_nusd + ?3,"
                                 " last_charge = max(last_charge, ?4) WHERE account_id = ?1";
    const struct store_value values[] = {bind_text(account_id), bind_int(change->credit_nusd),
                                         bind_int(change->debit_nusd),
                                         bind_int(change->last_charge)};
    if (!db_run(db, update, values, 4))
        return false;
    if (db_changes(db) == 1)
        return true;
    /* A customer's account is made with its user. Without an account, the transfer must fail. */
    if (strncmp(account_id, "acct_", 5) == 0) {
        db_refuse_reference(db);
        return false;
    }
    return posting_account(db, account_id, false, now_ms) && db_run(db, update, values, 4);
}

/* A balance that is no longer low may fall below again, and that is told anew (notices.c). */
static bool forget_low(struct db *db, const char *account_id)
{
    return db_run(db,
                  "UPDATE notices SET low_told = 0 WHERE account_id = ?1 AND low_told = 1"
                  " AND low_nusd <= (SELECT posted_nusd FROM balances WHERE account_id = ?1)",
                  DB_VALUES(bind_text(account_id)));
}

bool posting_transfer(struct db *db, const struct posting_transfer *transfer, int64_t now_ms)
{
    const struct posting_change out = {.debit_nusd = transfer->amount_nusd};
    const struct posting_change in = {.credit_nusd = transfer->amount_nusd};
    return db_run(db,
                  "INSERT INTO transfers (id, debit_account, credit_account, amount_nusd, kind,"
                  " exchange_id, reason, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                  DB_VALUES(bind_text(transfer->id.text), bind_text(transfer->debit_account),
                            bind_text(transfer->credit_account), bind_int(transfer->amount_nusd),
                            bind_text(transfer->kind),
                            transfer->exchange_id ? bind_text(transfer->exchange_id) : bind_null(),
                            transfer->reason ? bind_text(transfer->reason) : bind_null(),
                            bind_int(now_ms))) &&
           posting_balance(db, transfer->debit_account, &out, now_ms) &&
           posting_balance(db, transfer->credit_account, &in, now_ms) &&
           forget_low(db, transfer->credit_account);
}

bool posting_own_cost(struct db *db, const char *kind, const char *exchange_id,
                      const char *provider, int64_t cost_nusd, int64_t now_ms)
{
    char account[POSTING_ACCOUNT_BYTES];
    posting_cost_account(provider, account);
    struct posting_transfer transfer = {.debit_account = POSTING_REVENUE,
                                        .credit_account = account,
                                        .amount_nusd = cost_nusd,
                                        .kind = kind,
                                        .exchange_id = exchange_id};
    if (cost_nusd == 0)
        return true;
    id_make(&transfer.id, "tx");
    return posting_transfer(db, &transfer, now_ms);
}
