/* What decides the price of a call under conditions: what the request asks for, and what the answer
 * says was used. The answer counts; where it is silent, what was asked for does. */
#ifndef EXCHANGE_PRICE_FACTS_H
#define EXCHANGE_PRICE_FACTS_H

#include "exchange/price_schedule.h"

struct model_request;
struct completion;
struct json_value;
struct usage_facts;
struct usage_form;
struct usage_record;

/* What is known before the answer. */
struct price_question {
    const struct model_request *asks;
    int64_t at_ms;      /* when the request came; wall clock */
    const char *choice; /* of the model's function (models.lua); "": none */
};

/* What the request asks for. */
void price_facts_ask(const struct price_question *question, int64_t prompt_tokens,
                     struct price_facts *out);
/* What holds for a call whatever tier, speed and region it is served in. */
void price_facts_plain(const struct price_question *question, struct price_facts *out);
/* Notes what a completion or chunk says of itself, and what its usage says. */
void price_facts_note_completion(struct price_facts *said, const struct completion *completion);
void price_facts_note_tier(struct price_facts *said, const struct json_value *service_tier);
void price_facts_note_usage(struct price_facts *said, const struct usage_form *form);
/* Notes what an answer with pictures says of them: their size and quality. */
void price_facts_note_pictures(struct price_facts *said, const struct json_value *answer);
/* Whether a size or quality leaves the choice to the provider: none, or "auto". */
bool price_facts_is_open(const char *word);
/* Whether the word has the plain price though no rule names it, and others are named: it says what
 * a request means that says nothing, or how much a search reads. Where pictures are asked for by
 * their size, each size must be named. */
bool price_facts_is_usual(const struct model_request *asks, enum usage_word word, const char *said);
/* Whether the size or quality may be unknown to who answers: it counts only if the call is not
 * cheaper with it, unless the answer says it. */
bool price_facts_is_doubted(const struct model_request *asks, enum usage_word word,
                            const char *asked);
/* Replaces in *asked what the answer has said. */
void price_facts_merge(struct price_facts *asked, const struct price_facts *said);
/* Copies the words into the record of a call. A plain tier, speed or region is nothing: most calls
 * say it, and its prices are those of a call that says nothing. */
void price_facts_keep(const struct price_facts *facts, struct usage_facts *out);
/* The reverse: what decides the price of a recorded call. `choice` is that of the policies by which
 * it is charged now. */
void price_facts_recall(const struct usage_record *record, const char *choice,
                        struct price_facts *out);

#endif
