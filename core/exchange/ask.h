/* An ask: a question to a provider that costs nothing, such as how many tokens a request has, or
 * what a kept response says. It has no hold, no meter and no usage record. The provider is asked
 * with the key and the headers of an attempt, in the client's dialect; only a count of tokens may
 * be asked in another one. Its answer is kept whole. An exchange has one at a time; the end of the
 * exchange cancels it. On the worker's thread. */
#ifndef EXCHANGE_ASK_H
#define EXCHANGE_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "dialect/dialect_kind.h"

struct ask; /* an exchange's */
struct candidate;
struct exchange;
struct json_value;

enum ask_body {
    ASK_WITHOUT_BODY,
    ASK_BODY_AS_SENT,
    ASK_BODY_RENAMED,   /* with the provider's name of the model; the request must have been read */
    ASK_BODY_TRANSLATED /* a count of tokens in another dialect than the client's; likewise */
};

/* Borrowed until exchange_ask returns. */
struct ask_question {
    const char *method; /* "GET", "POST" or "DELETE"; only POST has a body */
    const char *path;   /* ask_allows it */
    enum ask_body body;
    enum dialect dialect; /* in which it is asked; the client's unless the body is translated */
    int64_t wait_ms;      /* for the whole answer; at most LIMIT_ASK_MS */
};

/* Whether this path below a provider's address may be asked, at most LIMIT_ASK_PATH_BYTES: it names
 * nothing above that address, and what a client wrote can add no second path. "{model}" stands for
 * the provider's name of the model; a query may follow. */
bool ask_allows(const char *path);

/* Counts one ask of the account, if it may have another now: LIMIT_ASKS and LIMIT_ASKS_A_MINUTE.
 * Once per exchange, which then has no other limits. */
bool exchange_may_ask(struct exchange *exchange);
/* Asks. The task yields until exchange_wake, then reads what came of it. */
void exchange_ask(struct exchange *exchange, struct candidate *candidate,
                  const struct ask_question *question);
bool exchange_has_asked(const struct exchange *exchange);
/* The status of the whole answer; 0: there is none. */
int exchange_asked_status(const struct exchange *exchange);
/* Why there is none: "dialect" (the provider does not speak that of the question), or the word of
 * `retry.on` in routes.lua. */
const char *exchange_asked_failure(const struct exchange *exchange);
/* Reads the answer, an object; borrowed. */
bool exchange_asked_answer(const struct exchange *exchange, struct json_value *root);
/* Finds a whole number >= 0 at the top of the answer. */
bool exchange_asked_number(const struct exchange *exchange, const char *name, int64_t *out);
/* Answers the client: passes a good answer on as it came, an object or nothing. The provider's
 * fault becomes an error in the client's dialect, as that of an attempt: 400, 404 and the like in
 * the provider's words, but trouble with the operator's account there is ours. */
void exchange_reply_asked(struct exchange *exchange);

/* For lifecycle.c; also of a question to the payment processor (processor_call.h). */
bool exchange_is_asking(const struct exchange *exchange);
void exchange_ask_tick(struct exchange *exchange, int64_t now_us);
void exchange_ask_cancel(struct exchange *exchange);
void exchange_ask_fini(struct exchange *exchange);

#endif
