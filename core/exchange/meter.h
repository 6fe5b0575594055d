/* Metering: from what a provider says, or from what went through, to token counts; from counts
 * to money. */
#ifndef EXCHANGE_METER_H
#define EXCHANGE_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/money.h"
#include "dialect/choices.h"
#include "dialect/media.h"
#include "exchange/rates.h"

struct meter {
    bool reported; /* the provider has counted its output */
    bool flawed;   /* a count of it could not be used */
    struct token_counts
        tokens;           /* as reported; the last count that was given, but never back to 0 */
    bool prompt_reported; /* of them: input and cached_input */
    int64_t reasoning_tokens;
    struct media_sizes output;    /* of what was generated, seen so far */
    const struct rate_set *rates; /* what is known of the model; NULL: nothing */
    struct text_mix mix;          /* of a sample of the text */
    uint32_t mix_pieces;          /* how many pieces that was */
    int64_t rate;                 /* its tokens of 2^20 bytes; 0: the documented estimate */
    int64_t output_pieces;        /* in how many deltas its text came */
    int64_t reported_text_bytes;  /* what of it had come when the output was counted, ... */
    int64_t reported_pieces;
    char finish_reason[32];
    bool finished;            /* a finish reason was seen */
    uint64_t seen_choices[2]; /* by index, a bit each */
    uint64_t finished_choices[2];
    struct choices_run choices_run;
};

/* Reads counts, each by itself: one that is missing or cannot be true leaves what was known.
 * `usage` is an object of them, wherever a provider puts it. False: there was none in it. */
bool meter_read_usage(struct meter *meter, const struct json_value *usage);
/* The same of a completion, or a chunk of one, without a usage in its usual place. */
bool meter_find_usage(struct meter *meter, const struct json_value *root);

/* Notes finish reasons and counts the generated text of the choices of a completion, or of one
 * chunk of it. */
void meter_read_choices(struct meter *meter, const struct json_value *choices);

/* Counts a delta in which so many bytes were generated. */
void meter_note_generated(struct meter *meter, int64_t bytes);
/* Looks at a piece of the text, as it stands in JSON, for what the estimate hangs on. */
void meter_sample(struct meter *meter, struct slice text);

/* Whether text was generated or a choice has ended. */
bool meter_has_seen(const struct meter *meter);
/* How many choices have ended; 0 while one that was seen has not. */
int meter_choices_ended(const struct meter *meter);
/* Whether the choice of this index has had its finish reason. */
bool meter_choice_finished(const struct meter *meter, int64_t index);

/* The documented estimate: a token for each four bytes begun. */
int64_t meter_estimate(int64_t text_bytes);
/* What its rate says of the text that was generated so far. */
int64_t meter_text_tokens(const struct meter *meter);
/* The same, but at least a token for each piece in which it came: most
 * providers send token by token, and digits, code and rare scripts have many to four bytes. */
int64_t meter_output_estimate(const struct meter *meter);
/* The same of what came since the provider has counted. */
int64_t meter_output_later(const struct meter *meter);

/* What the tokens cost us, by the buy prices, and what the customer pays, by those that are sold,
 * of which at most `held_nusd`; what is above goes to *overrun. */
struct meter_price {
    int64_t cost_nusd;
    int64_t charge_nusd;
    int64_t overrun_nusd;
};
void meter_price(const struct token_prices *prices, const struct token_prices *sold,
                 const struct token_counts *tokens, int64_t margin_ppm, int64_t held_nusd,
                 struct meter_price *out);

#endif
