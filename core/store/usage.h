/* The usage record of one exchange: what was metered, the prices and the sums. Plain data; the
 * exchange floor fills it, and the ledger writes it in the transaction that settles or voids the
 * hold. It has all that `ledger explain` needs to compute the charge again. */
#ifndef STORE_USAGE_H
#define STORE_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/limits.h"
#include "base/money.h"
#include "store/usage_facts.h"

/* These numbers are in journal files and must not change (journal_record.c asserts them). */
enum usage_source {
    USAGE_NONE = 0,      /* nothing was generated or charged */
    USAGE_REPORTED = 1,  /* the provider's own count */
    USAGE_ESTIMATED = 2, /* the answer is complete; the provider gave no count */
    USAGE_PARTIAL = 3,   /* the answer was cut; counted from what came */
    USAGE_CORRECTED = 4, /* the provider's count, but for a number that could not be true */
    USAGE_MEASURED = 5   /* no token is charged, and what is was counted exactly by us */
};

/* The status of a call whose client has left. */
enum { USAGE_STATUS_ABANDONED = 499 };

struct usage_record {
    struct id exchange_id; /* "req_..." */
    struct id account_id;
    struct id user_id;
    struct id key_id;
    char model[LIMIT_MODEL_NAME_BYTES];          /* the public name that the client asked for */
    char provider[64];                           /* "": none answered */
    char provider_model[LIMIT_MODEL_NAME_BYTES]; /* the provider's name for it */
    char policy_revision[65];                    /* SHA-256 in hex */
    char error_code[48];                         /* "" if the exchange succeeded */
    char finish_reason[32];
    int32_t status; /* what the client got, or USAGE_STATUS_ABANDONED */
    int32_t attempts;
    bool streamed;
    enum usage_source source;
    struct unit_counts counts;
    int64_t reasoning_tokens;  /* of the answer's */
    int64_t excess_tokens;     /* of `counts`; no limit counts them */
    struct unit_prices prices; /* what we pay */
    struct unit_prices sold;   /* the margin is added to these */
    int64_t margin_ppm;
    struct usage_facts facts;
    int64_t cost_nusd;     /* what the provider charges us */
    int64_t charge_nusd;   /* what the customer paid */
    int64_t overrun_nusd;  /* the part of the price above the hold; the operator pays it */
    int64_t created_ms;    /* wall clock */
    int64_t first_byte_us; /* since created_ms; -1 if there was none */
    int64_t total_us;
};

int64_t usage_tokens_counted(const struct usage_record *record); /* without excess_tokens */
const char *usage_source_name(enum usage_source source);         /* "reported", ... */

#endif
