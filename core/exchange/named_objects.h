/* What a request names of what its provider keeps (dialect/kept_names.h): looked up before the
 * hold, all at once. Only names of the account's own pass, and only to the provider that has them.
 * What they bring is input that the body does not show; it is added to the prompt.
 *
 * It is part of an exchange. On the worker's thread. */
#ifndef EXCHANGE_NAMED_OBJECTS_H
#define EXCHANGE_NAMED_OBJECTS_H

#include <stdbool.h>

#include "base/kept_kind.h"

struct exchange;
struct named_objects;

enum naming {
    NAMES_NOTHING,
    NAMES_LOOSELY, /* only items that providers which keep nothing can read as well */
    NAMES_STRICTLY
};

/* How the request that was read names such things. */
enum naming named_objects_naming(const struct exchange *exchange);

/* Adds what the request's address names, at most twice; `id` is copied. Returns false if nothing
 * can have this id. */
bool named_objects_add(struct exchange *exchange, enum kept_kind kind, const char *id);
/* Adds what a body with items names. Returns false if it has answered. */
bool named_objects_read_body(struct exchange *exchange);

/* Looks up what the request names. Returns false if it has answered; else the task yields until
 * exchange_wake. */
bool named_objects_look(struct exchange *exchange);
bool named_objects_have_looked(const struct exchange *exchange);
/* The provider that has what was found; "": nothing was found, or two have it. */
const char *named_objects_provider(const struct exchange *exchange);
/* Whether the account has all of it, at one provider. */
bool named_objects_owned(const struct exchange *exchange);
/* Answers that there is no such thing, or that two providers have it: the same words for what
 * another account has and for what no account has. */
void named_objects_refuse(struct exchange *exchange);
/* Answers that none of the model's providers has it: `provider` is the one that has, or "". */
void named_objects_refuse_kept(struct exchange *exchange);

bool named_objects_is_busy(const struct exchange *exchange);
void named_objects_fini(struct exchange *exchange);

#endif
