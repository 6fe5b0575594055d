#include "store/books/posting.h"

#include <string.h>

#include "base/check.h"

static enum posting posted(bool ok)
{
    return ok ? POSTING_DONE : POSTING_FAILED;
}

void posting_cost_account(const char *provider, char out[POSTING_ACCOUNT_BYTES])
{
    const char *name = provider[0] ? provider : "unknown";
    size_t bytes = strlen(name);
    check(5 + bytes < POSTING_ACCOUNT_BYTES);
    memcpy(out, "cost:", 5);
    memcpy(out + 5, name, bytes + 1);
}

enum posting posting_new_hold(struct db *db, const struct ledger_hold *hold)
{
    return posted(
        db_run(db,
               "INSERT INTO holds (exchange_id, account_id, key_id, amount_nusd, created_ms,"
               " expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
               DB_VALUES(bind_text(hold->exchange_id.text), bind_text(hold->account_id.text),
                         bind_text(hold->key_id.text), bind_int(hold->amount_nusd),
                         bind_int(hold->created_ms), bind_int(hold->expires_ms))));
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
static bool write_part(struct db *db, const struct usage_record *record, const char *debit,
                       const char *credit, int64_t amount_nusd, const char *kind,
                       struct store_value previous_charge, int64_t now_ms, int64_t *first_seq)
{
    if (amount_nusd == 0)
        return true;
    if (!db_run(db,
                "INSERT INTO transfers (debit_account, credit_account, amount_nusd, kind,"
                " exchange_id, created_ms, previous_charge) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                DB_VALUES(bind_text(debit), bind_text(credit), bind_int(amount_nusd),
                          bind_text(kind), bind_text(record->exchange_id.text), bind_int(now_ms),
                          previous_charge)))
        return false;
    if (*first_seq == 0)
        *first_seq = db_last_id(db);
    return true;
}

static bool write_parts(struct db *db, const struct usage_record *record, int64_t last_charge,
                        int64_t now_ms, int64_t *first_seq)
{
    char cost_account[POSTING_ACCOUNT_BYTES];
    posting_cost_account(record->provider, cost_account);
    return write_part(db, record, record->account_id.text, POSTING_REVENUE, record->charge_nusd,
                      "charge", bind_int(last_charge), now_ms, first_seq) &&
           write_part(db, record, POSTING_OVERRUN, POSTING_REVENUE, record->overrun_nusd, "overrun",
                      bind_null(), now_ms, first_seq) &&
           write_part(db, record, POSTING_REVENUE, cost_account, record->cost_nusd, "cost",
                      bind_null(), now_ms, first_seq);
}

/* NULL if it is the buy price, as in most cases. */
static struct store_value sold_price(int64_t sold_pusd, int64_t bought_pusd)
{
    return sold_pusd == bought_pusd ? bind_null() : bind_int(sold_pusd);
}

static bool write_usage(struct db *db, const struct usage_record *r, int64_t transfer_seq)
{
    return db_run(
        db,
        "INSERT INTO usage (exchange_id, account_id, user_id, key_id, model, provider,"
        " provider_model, policy_revision, error_code, finish_reason, status, attempts, streamed,"
        " source, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,"
        " input_price_pusd, cached_input_price_pusd, output_price_pusd, margin_ppm, cost_nusd,"
        " charge_nusd, overrun_nusd, created_ms, first_byte_us, total_us, transfer_seq,"
        " sold_input_price_pusd, sold_cached_input_price_pusd, sold_output_price_pusd)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
        " ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32)",
        DB_VALUES(bind_text(r->exchange_id.text), bind_text(r->account_id.text),
                  bind_text(r->user_id.text), bind_text(r->key_id.text), bind_text(r->model),
                  bind_text(r->provider), bind_text(r->provider_model),
                  bind_text(r->policy_revision), bind_text(r->error_code),
                  bind_text(r->finish_reason), bind_int(r->status), bind_int(r->attempts),
                  bind_int(r->streamed), bind_text(usage_source_name(r->source)),
                  bind_int(unit_counts_fresh(&r->counts)), bind_int(unit_counts_cached(&r->counts)),
                  bind_int(unit_counts_answer(&r->counts)), bind_int(r->reasoning_tokens),
                  bind_int(r->prices.input_pusd), bind_int(r->prices.cached_input_pusd),
                  bind_int(r->prices.output_pusd), bind_int(r->margin_ppm), bind_int(r->cost_nusd),
                  bind_int(r->charge_nusd), bind_int(r->overrun_nusd), bind_int(r->created_ms),
                  bind_int(r->first_byte_us), bind_int(r->total_us),
                  transfer_seq ? bind_int(transfer_seq) : bind_null(),
                  sold_price(r->sold.input_pusd, r->prices.input_pusd),
                  sold_price(r->sold.cached_input_pusd, r->prices.cached_input_pusd),
                  sold_price(r->sold.output_pusd, r->prices.output_pusd)));
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

static bool write_resolution(struct db *db, const char *exchange_id, const char *outcome,
                             int64_t held_nusd, int64_t posted_nusd, int64_t usage_seq,
                             int64_t now_ms)
{
    return db_run(
        db,
        "INSERT INTO resolutions (exchange_id, outcome, held_nusd, posted_nusd, usage_seq,"
        " created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        DB_VALUES(bind_text(exchange_id), bind_text(outcome), bind_int(held_nusd),
                  bind_int(posted_nusd), usage_seq ? bind_int(usage_seq) : bind_null(),
                  bind_int(now_ms)));
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

enum posting posting_ended_settlement(struct db *db, const struct ledger_settlement *settlement,
                                      int64_t now_ms, int64_t *last_charge)
{
    const struct usage_record *record = &settlement->record;
    int64_t transfer_seq = 0;
    if (!write_extension(db, settlement, now_ms) ||
        !write_parts(db, record, *last_charge, now_ms, &transfer_seq) ||
        !write_usage(db, record, transfer_seq))
        return POSTING_FAILED;
    int64_t usage_seq = db_last_id(db);
    if (!write_lines(db, record, usage_seq) || !write_facts(db, &record->facts, usage_seq))
        return POSTING_FAILED;
    if (record->charge_nusd) /* the charge is the first transfer */
        *last_charge = transfer_seq;
    return posted(write_resolution(db, record->exchange_id.text,
                                   settlement->voided ? "void" : "settle", settlement->held_nusd,
                                   record->charge_nusd, usage_seq, now_ms));
}

enum posting posting_settlement(struct db *db, const struct ledger_settlement *settlement,
                                int64_t now_ms, int64_t *last_charge)
{
    const struct usage_record *record = &settlement->record;
    /* First, so that a refusal has written nothing. */
    if (!db_run(db,
                "DELETE FROM open_holds WHERE exchange_id = ?1 AND account_id = ?2 AND key_id = ?3"
                " AND amount_nusd = ?4",
                DB_VALUES(bind_text(record->exchange_id.text), bind_text(record->account_id.text),
                          bind_text(record->key_id.text),
                          bind_int(settlement->held_nusd - settlement->extended_nusd))))
        return POSTING_FAILED;
    if (db_changes(db) != 1)
        return POSTING_REFUSED;
    return posting_ended_settlement(db, settlement, now_ms, last_charge);
}

enum posting posting_end_hold(struct db *db, const char *exchange_id, const char *outcome,
                              int64_t held_nusd, int64_t now_ms)
{
    if (!db_run(db, "DELETE FROM open_holds WHERE exchange_id = ?1",
                DB_VALUES(bind_text(exchange_id))))
        return POSTING_FAILED;
    if (db_changes(db) != 1)
        return POSTING_REFUSED;
    return posted(write_resolution(db, exchange_id, outcome, held_nusd, 0, 0, now_ms));
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
