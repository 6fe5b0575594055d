/* A large form with files, which is not held: it is read as it comes (dialect/form_flow.h) and goes
 * out to the provider as it comes, with little of it in memory.
 *
 *   FRONT   the fields before the first file come; the task waits in x:read_request
 *   PASSES  they tell the whole request, so its bytes pass: the client is stopped while
 *           LIMIT_FORM_FLOW_BYTES wait for the provider
 *   HOLDS   they do not (the file comes first): the form is held whole, as smaller ones are, up to
 *           body_bytes_max
 *
 * The end of a form goes out only when all of it is known to be good and to ask for no more than
 * was held; so a provider never has the whole of a form that is refused. As long as nothing was
 * dropped, another attempt can begin anew.
 *
 * It is part of an exchange whose body flows (net/server/server.h). On the worker's thread. Events
 * of the connection only note what came: what follows is done later in the same turn. */
#ifndef EXCHANGE_FORM_INTAKE_H
#define EXCHANGE_FORM_INTAKE_H

#include <stdbool.h>
#include <stddef.h>

struct exchange;
struct exchange_env;
struct form_intake;
struct http_head;
struct upstream_tail;

/* Whether a large body with this head is to flow. Pictures do only where they could not be held:
 * their number shows only at the end, so the hold must be for the most there may be. */
bool form_intake_wants(const struct exchange_env *env, const struct http_head *head);

/* Takes the body of the exchange, of which more comes. */
void form_intake_begin(struct exchange *exchange);
void form_intake_fini(struct exchange *exchange);

/* ---- all that follows may also be asked of an exchange without one ---- */

/* Whether the request cannot be read yet. When it is, or the client has its answer instead, the
 * task is woken, or dropped. */
bool form_intake_waits(struct exchange *exchange);
/* Reads the request, if it passes. Returns false if it does not: then exchange->body has it. *good:
 * it is read; else the client has its answer. */
bool form_intake_read(struct exchange *exchange, bool *good);

/* What follows the request's body; NULL: it is all there. `closing_bytes`: of an end of ours, to be
 * cut from the body. */
const struct upstream_tail *form_intake_tail(const struct exchange *exchange,
                                             size_t *closing_bytes);
/* Whether an attempt can have the request from its beginning. */
bool form_intake_can_begin(struct exchange *exchange);
/* Whether the provider waits for the client. */
bool form_intake_starves(const struct exchange *exchange);
/* Before the charge is computed: where the provider has not had all, only what it got is charged,
 * and at most what was held. */
void form_intake_settle(struct exchange *exchange);

#endif
