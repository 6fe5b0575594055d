/* By what a call that was made already is charged under other policies, for `llm-gateway replay`:
 * builds a VM that serves no requests and asks it for the candidates of each call. The answer is
 * kept by model and group where no function of the operator's decides. Its memory is bounded. One
 * thread uses it. */
#ifndef SCRIPT_POLICY_OFFER_H
#define SCRIPT_POLICY_OFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/limits.h"
#include "script/policy_files.h"

struct candidate;
struct policy_offers;

/* What a record still knows of its request. */
struct policy_call {
    const char *model;
    const char *group; /* "": none */
    const char *user_id;
    const char *key_id;
    bool streamed;
    int64_t input_tokens;
    int64_t created_ms; /* what now() says to the operator's functions */
};

struct policy_offer {
    struct candidate *candidates[LIMIT_ATTEMPTS]; /* in the order of models.lua */
    size_t count;                                 /* at least 1 */
};

/* Loads, checks and runs the examples as a reload does. NULL: *fault. Keeps no reference to
 * `files`. */
struct policy_offers *policy_offer_open(struct policy_files *files, struct fault *fault);
void policy_offer_close(struct policy_offers *offers); /* NULL is allowed */

/* The offer is valid until the next call. NULL: the call would be refused; the fault's code is
 * model_not_found, model_not_allowed, model_not_priced or policy_error. */
const struct policy_offer *policy_offer_find(struct policy_offers *offers,
                                             const struct policy_call *call, struct fault *fault);

#endif
