/* Metering: turns the provider's usage, or the text that went through, into token counts, and
 * counts into money. */
#ifndef EXCHANGE_METER_H
#define EXCHANGE_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/money.h"
#include "dialect/answer.h"
#include "dialect/choices.h"
#include "dialect/media.h"
#include "dialect/tool_calls.h"
#include "exchange/price_schedule.h"
#include "exchange/rates.h"

struct usage_beside;

struct meter {
    bool reported; /* the provider has counted the output */
    bool flawed;   /* one of its counts was unusable */
    /* As reported: the last count that was given. A count never goes back to 0. */
    struct unit_counts tokens;
    bool prompt_reported; /* input and cached_input of `tokens` are reported */
    int64_t reasoning_tokens;
    struct unit_counts parts; /* of prompt and answer, and what stands beside them */
    bool has_parts;
    struct price_facts said;      /* how the answer was billed, in its own words */
    struct media_sizes output;    /* of what was generated so far */
    struct tool_calls calls;      /* that the answer has shown so far */
    const struct rate_set *rates; /* the model's; NULL: nothing is known */
    struct text_mix mix;          /* of a sample of the text */
    uint32_t mix_pieces;          /* pieces in the sample */
    int64_t rate;          /* tokens per 2^20 bytes of this text; 0: use the documented estimate */
    int64_t output_pieces; /* deltas in which the text came */
    int64_t echo_bytes;    /* so much of the text that comes next is the prompt's */
    int64_t reported_text_bytes; /* text that had come when the provider counted the output */
    int64_t reported_pieces;
    char finish_reason[32];
    bool finished;
    uint64_t seen_choices[2]; /* a bit for each index */
    uint64_t finished_choices[2];
    struct choices_run choices_run;
};

/* Reads counts, each by itself: a count that is missing or cannot be true leaves the old one.
 * `usage` is an object with counts, wherever the provider puts it. Returns false if it has no
 * count. */
bool meter_read_usage(struct meter *meter, const struct json_value *usage);
/* The same for the usage of an answer, with what the answer counts outside of it. */
bool meter_read_answer(struct meter *meter, const struct json_value *usage,
                       const struct usage_beside *beside);
/* The same for an answer, or an event, that has no usage. */
void meter_read_beside(struct meter *meter, const struct usage_beside *beside);
/* The same for an answer without generated text: a total alone is that of the prompt. */
bool meter_read_prompt(struct meter *meter, const struct json_value *usage);
/* The same for a completion or a chunk that has no usage in the usual place. */
bool meter_find_usage(struct meter *meter, const struct json_value *root);

/* Notes the finish reasons of a completion or a chunk, and counts the text of its choices. */
void meter_read_choices(struct meter *meter, const struct json_value *choices);

/* The same for an event, or a plain answer, of another dialect than OpenAI's chat, of which
 * `choices` were asked for. */
void meter_note_answer(struct meter *meter, const struct answer_facts *facts, int64_t choices);

/* Counts a delta with this many bytes, of which those of an echo are not generated. */
void meter_note_generated(struct meter *meter, int64_t bytes);
/* Samples a piece of text, in its JSON form, for the estimate. */
void meter_sample(struct meter *meter, struct slice text);

/* Whether text was generated or a choice has ended. */
bool meter_has_seen(const struct meter *meter);
/* How many choices have ended; 0 while a choice that was seen has not ended. */
int meter_choices_ended(const struct meter *meter);

/* The documented estimate: one token per four bytes, rounded up. */
int64_t meter_estimate(int64_t text_bytes);
/* The tokens of the generated text by its rate. */
int64_t meter_text_tokens(const struct meter *meter);
/* The same, but at least one token per delta: most providers send token by token, and digits, code
 * and rare scripts have many tokens in four bytes. */
int64_t meter_output_estimate(const struct meter *meter);
/* The same for the text that came after the provider's count. */
int64_t meter_output_later(const struct meter *meter);

/* What the counts cost at these prices, with the margin on them; the most that can be charged,
 * where it is more than that. */
int64_t meter_price(const struct unit_prices *prices, const struct unit_counts *counts,
                    int64_t margin_ppm);

#endif
