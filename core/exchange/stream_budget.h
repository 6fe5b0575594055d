/* The stream budget: the money of a stream. The hold covers the prompt and the first
 * HOLD_CHUNK_TOKENS, and is extended chunk by chunk while text goes through. So a small balance
 * runs several streams at once. When the wallet or the key has no more, the answer ends with
 * finish_reason "length" and says why. If a provider exceeds the longest answer that was asked for,
 * the answer is ended a little behind that length: no customer pays for more.
 *
 * Extensions stay in memory until the settlement writes their sum. A crash voids the whole hold, so
 * nothing must be on disk before. */
#ifndef EXCHANGE_STREAM_BUDGET_H
#define EXCHANGE_STREAM_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/json.h"
#include "exchange/meter.h"
#include "store/ledger.h"

struct candidate_terms;
struct charge_limits;

enum { HOLD_CHUNK_TOKENS = 1024 };

/* Part of an exchange; on its worker's thread. Token counts are sums over all choices. */
struct stream_budget {
    /* borrowed from the exchange */
    struct store *store;
    struct ledger_hold *hold;
    struct ledger_settlement *settlement; /* its extended_nusd is updated here */
    const struct meter *meter;
    const struct charge_limits *limits;
    const struct candidate_terms *terms; /* of the asked provider; NULL before the first attempt */
    struct unit_prices sold;             /* its prices in the worst case (worst_price.h) */
    const char *public_url;
    void (*on_extended)(void *owner); /* more is held */
    void *owner;
    int64_t choices;

    bool chunked;            /* the hold grows with the answer */
    bool capped;             /* the provider was asked for no more than the money could pay */
    struct unit_counts most; /* beside the answer, as the hold counts it */
    int64_t output_tokens_most;
    int64_t output_tokens_asked;   /* the limit of the customer or operator; 0: no limit */
    int64_t output_tokens_covered; /* the hold pays for these; 0 until the first text */
    /* > 0: the most that the provider is asked for, for each choice: what the customer may have or
     * can afford. */
    int64_t output_tokens_max;
    bool limit_reached; /* more has come than request and model allow */
    /* HOLD_INSUFFICIENT, HOLD_BUDGET or HOLD_QUOTA: which money capped or ended the answer. */
    enum hold_outcome short_of;
    bool has_max_cost; /* the client bounds the charge (max_cost.h) */
    int64_t max_cost_nusd;
    bool of_max_cost; /* that bound capped or ended the answer, not what `short_of` says */
};

/* Adds up to `wanted_nusd` to the hold: as much as wallet, key and the client's bound allow.
 * Returns how much. */
int64_t stream_budget_extend(struct stream_budget *budget, int64_t wanted_nusd);

/* Whether the hold pays for the text so far; extends it if needed. False: the answer must end,
 * because the money has ended (see short_of) or because of limit_reached. */
bool stream_budget_cover(struct stream_budget *budget);
/* Whether a choice has ended since `before` because the money limited what the provider was asked
 * for. */
bool stream_budget_ended_choice(const struct stream_budget *budget, const struct meter *before);
/* Gives back the extensions of a hold that will not be settled. */
void stream_budget_give_back(struct stream_budget *budget);
/* The most that the answer may be charged: the hold and its extensions. */
int64_t stream_budget_held_nusd(const struct stream_budget *budget);
/* Appends why the answer is short: a JSON object like an error's metadata, with its code. */
void stream_budget_write_reason(const struct stream_budget *budget, struct buffer *out);
/* Makes the edit that puts this reason as "metadata" into `object`, which lies in `text` (an event
 * or a body). `member` keeps the inserted text and must outlive the edit. Returns false if the
 * object has a member of this name. */
bool stream_budget_explain(const struct stream_budget *budget, struct slice text,
                           const struct json_value *object, struct buffer *member,
                           struct json_edit *edit);
/* Only the code: insufficient_credits, key_budget_exceeded, quota_exceeded or max_cost. */
const char *stream_budget_reason(const struct stream_budget *budget);

#endif
