/* An exchange: one client request and its reply, from the complete request until its last job is
 * back. It belongs to the worker of its connection, on whose thread everything here runs.
 *
 * A task (a Lua coroutine, script/task.c) decides what happens and calls the functions here.
 * Whatever Lua does, this floor settles or voids an open hold when its exchange ends, and replies
 * where nothing did.
 *
 *   RECEIVED -> AUTHENTICATED -> HELD -> SENT (an attempt runs)
 *            -> ANSWERED (its first event or its whole body is good)
 *            -> STREAMING (bytes go to the client)
 *            -> SETTLING (the last bytes wait for the ledger) -> ENDED
 *
 * It is freed when it has ended, the task has let go, and no job is away. */
#ifndef EXCHANGE_EXCHANGE_H
#define EXCHANGE_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/limits.h"
#include "base/money.h"
#include "base/secret.h"
#include "base/slice.h"
#include "dialect/dialect_kind.h"
#include "exchange/answer_error.h"

struct candidate;
struct request_address;
struct translator;
struct model_request;
struct exchange;
struct exchange_env;
struct http_head;
struct http_request;
struct key_facts;
struct refusal;
struct store;
struct store_call;
struct store_value;
struct survey_keys;
struct fault;

/* The API key that an exchange came with, and whose it is: as directory.h has it. */
struct caller {
    struct id key_id;
    struct id account_id;
    struct id user_id;
    int64_t expires_ms;      /* 0: never */
    int64_t secret_until_ms; /* as directory.h has it */
    bool key_disabled;
    bool user_disabled;
    char group[32];
    char *models; /* the list of those that the key may use; NULL: all */
};

/* The task as the script floor hands it down. */
struct exchange_task {
    void *task;
    /* The event that the task waits for has happened. Never called inside a call of the task. */
    void (*wake)(void *task);
    /* The exchange ends without the task: the task lets go. wake is never called after this. */
    void (*drop)(void *task);
    /* Make a translator for an attempt; `map`: for an API that the operator maps. Never called
     * inside a call of the task. */
    bool (*translate)(void *task, enum dialect client, enum dialect provider,
                      struct translator *out, struct fault *fault);
    bool (*map)(void *task, const char *provider, struct translator *out, struct fault *fault);
};

/* Makes an exchange for a request. The caller then starts its task. */
struct exchange *exchange_new(struct exchange_env *env, struct http_request *request);
/* Attaches the task, and notes the revision of the policy that the task runs. */
void exchange_attach_task(struct exchange *exchange, const struct exchange_task *task);
void exchange_note_policy(struct exchange *exchange, const char *revision);
/* The task has ended, or will not be resumed: closes what is open, and replies if no reply was
 * given. */
void exchange_task_ended(struct exchange *exchange);
/* The task has failed with a Lua error that is not one of our answers: replies 500 and closes all.
 * `place` is for the log. */
void exchange_task_failed(struct exchange *exchange, const char *code, const char *place);
/* Checks deadlines and sends keep-alive comments to each live exchange. Call it every tick. */
void exchange_tick_all(struct exchange_env *env);
/* Ends every running exchange, at a second SIGTERM or at the end of the drain. */
void exchange_cancel_all(struct exchange_env *env);

/* Whether the large body of a request with this head may be read: its key must work and its account
 * must be able to pay. That account then answers for the memory. Else fills *refusal. */
bool exchange_admits_body(const struct exchange_env *env, const struct http_head *head,
                          struct id *account_id, struct refusal *refusal);

/* Finds the key of a request with this head, whatever its state. Returns false if it is none of
 * ours. */
bool exchange_find_key(const struct exchange_env *env, const struct http_head *head,
                       struct key_facts *out);

/* Frees an exchange in any state. Used when the worker stops, after all its jobs have come back. */
void exchange_discard(struct exchange *exchange);

/* ---- what the task asks for; each returns false if it has answered the client instead ---- */

/* Finds the key in the request's headers and looks it up. */
bool exchange_authenticate(struct exchange *exchange);
/* Takes a key of this user, who is signed in, as if the request had come with it. */
bool exchange_authenticate_as(struct exchange *exchange, const struct digest *digest,
                              const char *user_id);
/* The client speaks this dialect. Before the body is read. */
void exchange_speak(struct exchange *exchange, enum dialect dialect);
/* Of the model the client has another name. */
void exchange_mean(struct exchange *exchange, const char *model);
/* Reads the body in the dialect of the exchange. `asks_model`: no estimate. */
bool exchange_read_request(struct exchange *exchange, const struct request_address *address,
                           bool asks_model);

/* What a hold must cover, by the policy. */
struct cost_ceiling {
    const char *model;         /* of which it is; borrowed; NULL: the one that is asked */
    struct unit_prices prices; /* without margin; the dearest of each kind */
    /* Candidates whose sold prices have rules: none, the first one or all; borrowed. */
    const struct candidate *sellers[LIMIT_CANDIDATES];
    size_t seller_count;
    int64_t margin_ppm; /* the largest */
    /* Tokens: the most that a prompt has; a file counts as much. From models.lua; 0: not stated. */
    int64_t context;
    const struct survey_keys *asked; /* look them up in the survey; borrowed; NULL: none */
    int64_t image_tokens_max;        /* for one image; 0: the context */
    struct unit_counts most;         /* of the request; exchange_hold sets it */
    struct unit_counts beside;       /* the most of what is priced one by one: searches, say */
    const char *choice;              /* of `choose`; borrowed; "": none */
    int64_t output_tokens_max;       /* of the model's longest answer */
    int64_t output_tokens_allowed;   /* the operator's limit on one answer; 0: no limit */
    bool takes_images;
    bool takes_audio;
    bool takes_files;
    bool output_hidden;        /* streams do not show all generated tokens: reasoning */
    const char *sold_features; /* names between spaces (paid_features.h); borrowed; NULL: none */
    unsigned spoken;           /* the dialects that any candidate speaks; a bit for each */
};
/* Makes the hold for the worst case. If the customer has not limited the answer and cannot afford
 * the longest one, it is made affordable. A stream holds only a
 * chunk (stream_budget.h). A call that would be refused waits first: another process may have just
 * added money. */
enum hold_step {
    HOLD_MADE,
    HOLD_WAITS,  /* the task yields until exchange_wake; then the hold is decided */
    HOLD_REFUSED /* the client has its answer */
};
/* `offered`: of each model that may answer; the dearest is held. */
enum hold_step exchange_hold(struct exchange *exchange, const struct cost_ceiling *const offered[],
                             size_t count);
/* Another model is asked from now on, within what is held. Returns false if it has answered. */
bool exchange_turn_to(struct exchange *exchange, const char *model,
                      const struct cost_ceiling *offered);

struct attempt_wishes {
    bool repeats; /* over a new connection */
    bool shares;  /* sharing.h */
};
/* Starts an attempt. The task yields until exchange_wake, then reads exchange_attempt_cause.
 * Returns false if there is no hold for it, or if the client has left and the last attempt has
 * failed; the exchange has then ended. */
bool exchange_attempt(struct exchange *exchange, struct candidate *candidate,
                      const struct attempt_wishes *wishes);
/* All attempts have failed: answers by the last outcome. */
void exchange_refuse_attempt(struct exchange *exchange);
/* The attempt has answered: sends the answer to the client and settles. The task yields until
 * exchange_wake. Returns false if no attempt has answered or there is no hold; the exchange has
 * then ended. */
bool exchange_relay(struct exchange *exchange);

/* Runs a store operation. The task yields until exchange_wake, then reads exchange_call_result.
 * `actor` is the id of the administrator who acts, or "". */
bool exchange_call(struct exchange *exchange, const char *actor, const char *operation,
                   const struct store_value *args, size_t arg_count);

/* Wakes the task after `ms`, to about 100 ms. */
void exchange_sleep(struct exchange *exchange, int64_t ms);

/* Frees the result of the call. Call it after the task has read the result. */
void exchange_call_fini(struct exchange *exchange);

/* ---- replies ---- */

/* Adds a header to the coming reply. */
void exchange_header(struct exchange *exchange, const char *name, const char *value);
void exchange_reply(struct exchange *exchange, int status, const char *content_type,
                    struct slice body);
void exchange_refuse(struct exchange *exchange, const struct answer_error *error);
/* ---- what the task may read; borrowed, valid while the exchange lives ---- */

/* Whether the exchange has ended, or its client has left and it is not detached. */
bool exchange_is_over(const struct exchange *exchange);
bool exchange_has_begun_reply(const struct exchange *exchange);
struct exchange_env *exchange_shared(const struct exchange *exchange);
const struct id *exchange_id(const struct exchange *exchange);
/* NULL: the client has left or has its reply. */
const struct http_request *exchange_request(const struct exchange *exchange);
const char *exchange_peer_address(const struct exchange *exchange);
struct slice exchange_body(const struct exchange *exchange);
const struct caller *exchange_key(const struct exchange *exchange);
const struct model_request *exchange_model_request(const struct exchange *exchange);
/* Whether the present attempt has answered; if not, exchange_attempt_cause is the word of
 * `retry.on` in routes.lua. */
bool exchange_has_answer(const struct exchange *exchange);
const char *exchange_attempt_cause(const struct exchange *exchange);
bool exchange_attempt_is_unknown(const struct exchange *exchange);
const struct store_call *exchange_call_result(const struct exchange *exchange);

#endif
