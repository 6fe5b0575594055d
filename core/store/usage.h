/* The record of one exchange: what was metered, at which prices, and what it came to. Plain data,
 * filled by the exchange floor, written by the ledger in the transaction that settles or voids its
 * hold. Everything that `ledger explain` needs to compute the charge again stands in it. */
#ifndef STORE_USAGE_H
#define STORE_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/limits.h"
#include "base/money.h"

/* The numbers stand in the ledger's journal: none may change (journal_record.c holds them). */
enum usage_source {
    USAGE_NONE = 0,      /* nothing was generated: nothing charged */
    USAGE_REPORTED = 1,  /* the provider's own count */
    USAGE_ESTIMATED = 2, /* the answer is complete, the provider gave no count */
    USAGE_PARTIAL = 3,   /* the answer was cut; counted from what had arrived */
    USAGE_CORRECTED = 4  /* the provider's own, but for a count that could not be true */
};

/* The status of a call whose client has left. */
enum { USAGE_STATUS_ABANDONED = 499 };

struct usage_record {
    struct id exchange_id; /* "req_..." */
    struct id account_id;
    struct id user_id;
    struct id key_id;
    char model[LIMIT_MODEL_NAME_BYTES];          /* the public name that was asked for */
    char provider[64];                           /* of the attempt that answered, "" if none did */
    char provider_model[LIMIT_MODEL_NAME_BYTES]; /* its name there */
    char policy_revision[65];                    /* SHA-256 in hex */
    char error_code[48];                         /* "" when the exchange succeeded */
    char finish_reason[32];
    int32_t status; /* the HTTP status the client got; 499 when it had gone */
    int32_t attempts;
    bool streamed;
    enum usage_source source;
    struct token_counts tokens;
    int64_t reasoning_tokens;   /* part of tokens.output, for information */
    struct token_prices prices; /* buy */
    struct token_prices sold;   /* what the margin was put on */
    int64_t margin_ppm;
    int64_t cost_nusd;     /* what the provider charges us */
    int64_t charge_nusd;   /* what the customer paid */
    int64_t overrun_nusd;  /* price above the hold, paid by the operator */
    int64_t created_ms;    /* wall */
    int64_t first_byte_us; /* after created; -1 when there was none */
    int64_t total_us;
};

const char *usage_source_name(enum usage_source source); /* "reported", ... */

#endif
