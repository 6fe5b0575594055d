/* The money of a stream. Its hold covers the prompt and
 * the first HOLD_CHUNK_TOKENS, and is extended chunk by chunk while text goes through, so that a
 * small balance can run several at once. When wallet or key have no more, the answer ends with
 * finish_reason "length" and says why. A provider that does not keep to the longest answer that was
 * asked for is ended a little behind it: nobody pays for more.
 *
 * Extensions are in memory until the settlement writes their sum: a crash voids the whole hold, so
 * there is nothing that would have to be found on disk before. */
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

/* Part of an exchange; its worker's thread. Token counts are of all choices together. */
struct stream_budget {
    /* borrowed from the exchange */
    struct store *store;
    struct ledger_hold *hold;
    struct ledger_settlement *settlement; /* its extended_nusd is kept here */
    const struct meter *meter;
    const struct charge_limits *limits;
    const struct candidate_terms *terms; /* of the provider that is asked; NULL before one is */
    const char *public_url;
    int64_t choices;

    bool chunked;             /* the hold grows with the answer */
    bool capped;              /* the provider is asked for no more than wallet and key had */
    int64_t input_tokens_max; /* as the hold counts them */
    int64_t output_tokens_most;
    int64_t output_tokens_asked;   /* what customer or operator have named; 0: nothing */
    int64_t output_tokens_covered; /* by what is held; 0 until the first text has come */
    int64_t output_tokens_max;     /* > 0: what the customer may have or can afford, of a choice:
                                    * it is asked for upstream */
    bool limit_reached;            /* more has come than request and model allow */
    /* HOLD_INSUFFICIENT or HOLD_BUDGET: what the answer was capped by, or what has ended. */
    enum hold_outcome short_of;
};

/* Whether what is held pays for the text seen so far, after an extension where that is needed.
 * False: the answer is to end; the money has ended (short_of says whose), or limit_reached. */
bool stream_budget_cover(struct stream_budget *budget);
/* Whether a choice has ended since `before` because the provider was asked for no more than the
 * money. */
bool stream_budget_ended_choice(const struct stream_budget *budget, const struct meter *before);
/* Gives back what was added to a hold that will not be settled. */
void stream_budget_give_back(struct stream_budget *budget);
/* What the answer is charged by at most: the hold and its extensions. */
int64_t stream_budget_held_nusd(const struct stream_budget *budget);
/* Appends why the answer is short: a JSON object like an error's metadata, with its code. */
void stream_budget_write_reason(const struct stream_budget *budget, struct buffer *out);
/* The edit that puts that into `object`, which lies in `text` (an event, a body), as its metadata.
 * `member` keeps the inserted text and must outlive it. False: there is a member of this name. */
bool stream_budget_explain(const struct stream_budget *budget, struct slice text,
                           const struct json_value *object, struct buffer *member,
                           struct json_edit *edit);
/* The code alone: insufficient_credits or key_budget_exceeded. */
const char *stream_budget_reason(const struct stream_budget *budget);

#endif
