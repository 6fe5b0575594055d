/* The rows of holds and settlements, as values for a statement: posting.c writes them one by one,
 * posting_batch.c many at once. The values point into what they are made of. Pure. */
#ifndef STORE_BOOKS_POSTING_ROWS_H
#define STORE_BOOKS_POSTING_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/ledger.h"
#include "store/value.h"

/* The operator's accounts. */
#define POSTING_REVENUE "revenue"
#define POSTING_OVERRUN "overrun"
#define POSTING_PROMOTION "promotion"

enum { POSTING_ACCOUNT_BYTES = 72 };

void posting_cost_account(const char *provider, char out[POSTING_ACCOUNT_BYTES]);

enum {
    POSTING_HOLD_VALUES = 6,
    POSTING_PART_VALUES = 7,
    POSTING_USAGE_VALUES = 32,
    POSTING_RESOLUTION_VALUES = 6
};

#define POSTING_HOLD_COLUMNS "exchange_id, account_id, key_id, amount_nusd, created_ms, expires_ms"
#define POSTING_PART_COLUMNS                                                                       \
    "debit_account, credit_account, amount_nusd, kind, exchange_id, created_ms, previous_charge"
#define POSTING_USAGE_COLUMNS                                                                      \
    "exchange_id, account_id, user_id, key_id, model, provider, provider_model, policy_revision,"  \
    " error_code, finish_reason, status, attempts, streamed, source, input_tokens,"                \
    " cached_input_tokens, output_tokens, reasoning_tokens, input_price_pusd,"                     \
    " cached_input_price_pusd, output_price_pusd, margin_ppm, cost_nusd, charge_nusd,"             \
    " overrun_nusd, created_ms, first_byte_us, total_us, transfer_seq, sold_input_price_pusd,"     \
    " sold_cached_input_price_pusd, sold_output_price_pusd"
#define POSTING_RESOLUTION_COLUMNS                                                                 \
    "exchange_id, outcome, held_nusd, posted_nusd, usage_seq, created_ms"

void posting_hold_values(const struct ledger_hold *hold, struct store_value *out);

/* A settlement on its way into the tables. */
struct posting_entry {
    const struct ledger_settlement *settlement;
    int64_t at_ms;
    int64_t last_charge; /* the transfer of the account's last charge before this one; 0: none */
};

/* Its transfers, in this order; each is there if its amount is not 0. */
enum posting_part { POSTING_CHARGE, POSTING_OVERRUN_PART, POSTING_COST, POSTING_PARTS };

/* False: there is no such transfer. `cost_account` is room for a name that the values point to. */
bool posting_part_values(const struct posting_entry *entry, enum posting_part part,
                         char cost_account[POSTING_ACCOUNT_BYTES], struct store_value *out);
size_t posting_part_count(const struct usage_record *record);

/* transfer_seq: the row of its first transfer; 0: it has none. */
void posting_usage_values(const struct usage_record *record, int64_t transfer_seq,
                          struct store_value *out);

/* How a hold has ended. */
struct posting_resolution {
    const char *exchange_id;
    const char *outcome;
    int64_t held_nusd;
    int64_t posted_nusd;
    int64_t usage_seq; /* 0: there is no usage record */
    int64_t at_ms;
};

struct posting_resolution posting_resolution_of(const struct ledger_settlement *settlement,
                                                int64_t usage_seq, int64_t at_ms);
void posting_resolution_values(const struct posting_resolution *resolution,
                               struct store_value *out);

#endif
