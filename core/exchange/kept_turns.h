/* The turns that the gateway itself keeps of conversations (store/turns.h, dialect/kept_turn.h):
 * looked up where a request names them, and made part of its body, so that any provider can go on;
 * and what customers may ask about them. Only what named_objects.h has found to be the account's is
 * looked up.
 *
 * It is part of an exchange. On the worker's thread. */
#ifndef EXCHANGE_KEPT_TURNS_H
#define EXCHANGE_KEPT_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

struct exchange;
struct kept_turns;
struct made_turn;

enum turns_purpose {
    TURNS_TO_BRING, /* what becomes input of the request */
    TURNS_TO_SHOW,
    TURNS_TO_SHOW_INPUT /* with what a response continues */
};

/* Whether this gateway keeps turns at all. */
bool kept_turns_are_on(const struct exchange *exchange);

/* Looks up what the request names. Returns false if it has answered; else the task yields until
 * exchange_wake. */
bool kept_turns_look(struct exchange *exchange, enum turns_purpose purpose);
bool kept_turns_have_looked(const struct exchange *exchange);
/* Whether all of it was found. */
bool kept_turns_found(const struct exchange *exchange);
/* Answers why not. */
void kept_turns_refuse(struct exchange *exchange);

/* Makes the request whole: its body gets a new text, which is to be read again. Returns false if it
 * has answered. */
bool kept_turns_bring(struct exchange *exchange);

/* Seals the turn of an answer for the settlement, if the request was made whole or stands for
 * itself. `response` is the object of the answer. `made` is filled but for the texts' owner: they
 * live in `out`. Returns false if it is too large. */
bool kept_turns_make(struct exchange *exchange, struct slice response, struct buffer *out,
                     struct made_turn *made);
/* What the request goes on with, by its id; NULL: nothing. */
const char *kept_turns_conversation(const struct exchange *exchange);
const char *kept_turns_response(const struct exchange *exchange);
/* Whether the answer is to be kept, if it is one of this dialect. */
bool kept_turns_are_wanted(const struct exchange *exchange);

/* Whose turns they are: what is sealed is bound to it. */
struct slice kept_turns_owner(const struct exchange *exchange);
/* How many items the turns have that were looked up. */
size_t kept_turns_item_count(const struct exchange *exchange);
/* Answers that it is more than can be kept, or brought in. Returns false. */
bool kept_turns_refuse_large(struct exchange *exchange);

/* ---- replies ---- */

struct items_page {
    struct slice after; /* the id of the item before; empty: from the beginning */
    int64_t limit;
    bool ascending;
    bool input_only; /* without what the last turn gave */
    bool last_only;  /* only items of the last turn */
};

void kept_turns_reply_response(struct exchange *exchange);
void kept_turns_reply_items(struct exchange *exchange, const struct items_page *page);
/* Returns false if there is no such item. */
bool kept_turns_reply_item(struct exchange *exchange, struct slice item_id);
bool kept_turns_have_item(const struct exchange *exchange, struct slice item_id);
void kept_turns_reply_conversation(struct exchange *exchange, const char *conversation_id);

bool kept_turns_is_busy(const struct exchange *exchange);
void kept_turns_fini(struct exchange *exchange);

#endif
