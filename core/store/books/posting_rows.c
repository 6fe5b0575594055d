#include "store/books/posting_rows.h"

#include <string.h>

#include "base/check.h"

void posting_cost_account(const char *provider, char out[POSTING_ACCOUNT_BYTES])
{
    const char *name = provider[0] ? provider : "unknown";
    size_t bytes = strlen(name);
    check(5 + bytes < POSTING_ACCOUNT_BYTES);
    memcpy(out, "cost:", 5);
    memcpy(out + 5, name, bytes + 1);
}

/* Copies the values of a row: an array is no value in C. */
#define SET_VALUES(out, count, ...)                                                                \
    do {                                                                                           \
        const struct store_value row[] = {__VA_ARGS__};                                            \
        _Static_assert(sizeof row / sizeof row[0] == (count), "as many values as columns");        \
        memcpy((out), row, sizeof row);                                                            \
    } while (0)

void posting_hold_values(const struct ledger_hold *hold, struct store_value *out)
{
    SET_VALUES(out, POSTING_HOLD_VALUES, bind_text(hold->exchange_id.text),
               bind_text(hold->account_id.text), bind_text(hold->key_id.text),
               bind_int(hold->amount_nusd), bind_int(hold->created_ms), bind_int(hold->expires_ms));
}

static int64_t amount_of(const struct usage_record *record, enum posting_part part)
{
    const int64_t amounts[POSTING_PARTS] = {[POSTING_CHARGE] = record->charge_nusd,
                                            [POSTING_OVERRUN_PART] = record->overrun_nusd,
                                            [POSTING_COST] = record->cost_nusd};
    return amounts[part];
}

bool posting_part_values(const struct posting_entry *entry, enum posting_part part,
                         char cost_account[POSTING_ACCOUNT_BYTES], struct store_value *out)
{
    static const char *const kinds[POSTING_PARTS] = {"charge", "overrun", "cost"};
    const struct usage_record *record = &entry->settlement->record;
    int64_t amount_nusd = amount_of(record, part);
    if (amount_nusd == 0)
        return false;
    const char *debit = record->account_id.text, *credit = POSTING_REVENUE;
    if (part == POSTING_OVERRUN_PART) {
        debit = POSTING_OVERRUN;
    } else if (part == POSTING_COST) {
        posting_cost_account(record->provider, cost_account);
        debit = POSTING_REVENUE;
        credit = cost_account;
    }
    SET_VALUES(out, POSTING_PART_VALUES, bind_text(debit), bind_text(credit), bind_int(amount_nusd),
               bind_text(kinds[part]), bind_text(record->exchange_id.text), bind_int(entry->at_ms),
               part == POSTING_CHARGE ? bind_int(entry->last_charge) : bind_null());
    return true;
}

size_t posting_part_count(const struct usage_record *record)
{
    size_t count = 0;
    for (enum posting_part part = 0; part < POSTING_PARTS; part++)
        count += amount_of(record, part) != 0;
    return count;
}

/* NULL if it is the buy price, as in most cases. */
static struct store_value sold_price(int64_t sold_pusd, int64_t bought_pusd)
{
    return sold_pusd == bought_pusd ? bind_null() : bind_int(sold_pusd);
}

static struct store_value seq_or_null(int64_t seq)
{
    return seq != 0 ? bind_int(seq) : bind_null();
}

void posting_usage_values(const struct usage_record *r, int64_t transfer_seq,
                          struct store_value *out)
{
    SET_VALUES(out, POSTING_USAGE_VALUES, bind_text(r->exchange_id.text),
               bind_text(r->account_id.text), bind_text(r->user_id.text), bind_text(r->key_id.text),
               bind_text(r->model), bind_text(r->provider), bind_text(r->provider_model),
               bind_text(r->policy_revision), bind_text(r->error_code), bind_text(r->finish_reason),
               bind_int(r->status), bind_int(r->attempts), bind_int(r->streamed),
               bind_text(usage_source_name(r->source)), bind_int(unit_counts_fresh(&r->counts)),
               bind_int(unit_counts_cached(&r->counts)), bind_int(unit_counts_answer(&r->counts)),
               bind_int(r->reasoning_tokens), bind_int(r->prices.input_pusd),
               bind_int(r->prices.cached_input_pusd), bind_int(r->prices.output_pusd),
               bind_int(r->margin_ppm), bind_int(r->cost_nusd), bind_int(r->charge_nusd),
               bind_int(r->overrun_nusd), bind_int(r->created_ms), bind_int(r->first_byte_us),
               bind_int(r->total_us), seq_or_null(transfer_seq),
               sold_price(r->sold.input_pusd, r->prices.input_pusd),
               sold_price(r->sold.cached_input_pusd, r->prices.cached_input_pusd),
               sold_price(r->sold.output_pusd, r->prices.output_pusd));
}

struct posting_resolution posting_resolution_of(const struct ledger_settlement *settlement,
                                                int64_t usage_seq, int64_t at_ms)
{
    return (struct posting_resolution){.exchange_id = settlement->record.exchange_id.text,
                                       .outcome = settlement->voided ? "void" : "settle",
                                       .held_nusd = settlement->held_nusd,
                                       .posted_nusd = settlement->record.charge_nusd,
                                       .usage_seq = usage_seq,
                                       .at_ms = at_ms};
}

void posting_resolution_values(const struct posting_resolution *resolution, struct store_value *out)
{
    SET_VALUES(out, POSTING_RESOLUTION_VALUES, bind_text(resolution->exchange_id),
               bind_text(resolution->outcome), bind_int(resolution->held_nusd),
               bind_int(resolution->posted_nusd), seq_or_null(resolution->usage_seq),
               bind_int(resolution->at_ms));
}
