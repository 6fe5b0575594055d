/* An exchange: one client request and its reply, from the complete request until its last job
 * has come back. It belongs to the worker whose connection it came in on; everything here runs
 * on that worker's thread.
 *
 * What happens is decided by a task (a Lua coroutine, script/task.c) that calls the functions
 * here, one after the other; what must not depend on Lua is kept by this floor: whatever the
 * task does, an exchange that ends with an open hold has it settled or voided, and one that ends
 * without a reply gets one.
 *
 *   RECEIVED -> AUTHENTICATED -> HELD -> SENT (an attempt runs)
 *            -> ANSWERED (its first event or its whole body is good)
 *            -> STREAMING (bytes go to the client)
 *            -> SETTLING (the last bytes wait for the ledger) -> ENDED
 *
 * Freed when it has ended, the task has let go, and no job of it is away. */
#ifndef EXCHANGE_EXCHANGE_H
#define EXCHANGE_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/money.h"
#include "base/secret.h"
#include "base/slice.h"
#include "exchange/answer_error.h"

struct candidate;
struct chat_request;
struct exchange;
struct http_head;
struct http_request;
struct job_queue;
struct key_facts;
struct limiter;
struct live_metrics;
struct live_metrics_shard;
struct loop;
struct rates;
struct refusal;
struct store;
struct store_call;
struct store_value;
struct survey;
struct survey_keys;
struct upstream;
struct fair_pool;

/* What all exchanges of a worker share. Owned by the worker. */
struct exchange_env {
    struct loop *loop;
    struct job_queue *queue; /* the reply queue of this worker's jobs */
    struct upstream *upstream;
    struct store *store;
    struct limiter *limiter;      /* shared by all workers */
    struct rates *rates;          /* shared by all workers */
    struct survey *survey;        /* shared by all workers */
    struct fair_pool *helpers;    /* hashes passwords; shared by all workers */
    struct live_metrics *metrics; /* shared by all workers; this one writes `shard` of it */
    struct live_metrics_shard *shard;
    const struct secret *secret;
    int64_t keepalive_comment_ms;
    int64_t first_event_wait_ms;
    int64_t hold_expiry_ms;
    const char *public_url; /* where customers reach this gateway, without a slash at its end */
    struct exchange *live;  /* all exchanges that are not freed */
    size_t live_count;
    size_t detached_count; /* of them */
    unsigned large_events; /* streams that have room for one */
    size_t detached_bytes; /* the bodies of their requests */
    uint64_t revocations;  /* as revocation_due has seen them */
    uint64_t served;
};

/* The task's side, handed down by the script floor. */
struct exchange_task {
    void *task;
    /* What the task waits for has happened; never from inside a call of the task. */
    void (*wake)(void *task);
    /* The exchange ends without it: let go; no wake after this. */
    void (*drop)(void *task);
};

/* Takes a request in. The caller then starts its task. */
struct exchange *exchange_new(struct exchange_env *env, struct http_request *request);
/* The task that decides for it, and the revision of the policies that the task runs. */
void exchange_attach_task(struct exchange *exchange, const struct exchange_task *task);
void exchange_note_policy(struct exchange *exchange, const char *revision);
/* The task has come to its end (or will not be resumed): what is open is closed, a missing reply
 * is given. */
void exchange_task_ended(struct exchange *exchange);
/* The task has raised something that is no answer of ours: 500, and all closed. `place` is for
 * the log. */
void exchange_task_failed(struct exchange *exchange, const char *code, const char *place);
/* Compares deadlines, sends keep-alive comments. Every tick, for each live exchange. */
void exchange_tick_all(struct exchange_env *env);
/* Ends every exchange that runs (a second SIGTERM, or the drain's end). */
void exchange_cancel_all(struct exchange_env *env);

/* Whether the large body of a request with this head may be read: it comes with a key that works,
 * of an account that can pay. That account then answers for the memory. */
bool exchange_admits_body(const struct exchange_env *env, const struct http_head *head,
                          struct id *account_id, struct refusal *refusal);

/* The key that a request of this head comes with, in whatever state. False: it is none of ours. */
bool exchange_find_key(const struct exchange_env *env, const struct http_head *head,
                       struct key_facts *out);

/* Frees an exchange whatever its state: when the worker goes, after all its jobs have come back. */
void exchange_discard(struct exchange *exchange);

/* ---- what the task asks for; each either does it, or has answered the client: false ---- */

/* Finds the key in the request's headers and looks it up. */
bool exchange_authenticate(struct exchange *exchange);
/* Takes a key of this user by its digest, as if the request had come with it: for who is signed
 * in. */
bool exchange_authenticate_as(struct exchange *exchange, const struct digest *digest,
                              const char *user_id);
bool exchange_read_chat(struct exchange *exchange);

/* What a hold must cover, as the policy says. */
struct cost_ceiling {
    struct token_prices prices; /* what the margin is put on; the dearest, kind by kind */
    int64_t margin_ppm;         /* the largest */
    int64_t context;            /* tokens: what a file fills, and no prompt exceeds; as models.lua
                                    * states it, 0: it does not */
    const struct survey_keys *asked; /* whose servers say it, borrowed; NULL: none is asked */
    int64_t image_tokens_max;        /* of one image; 0: the context */
    int64_t input_tokens_max;        /* the request's: exchange_hold finds it out */
    int64_t output_tokens_max;       /* the model's longest answer */
    int64_t output_tokens_allowed;   /* the operator's limit on one answer; 0: none */
    bool takes_images;
    bool takes_audio;
    bool takes_files;
    bool output_hidden; /* the model generates tokens that no stream shows: reasoning */
};
/* Reserves the worst case. Where the customer has not limited the answer and cannot afford the
 * longest one, it is limited to that; of a stream, a chunk is reserved (stream_budget.h). It waits
 * where wallet or key have too little: another process may have added to them a moment ago. */
enum hold_step {
    HOLD_MADE,
    HOLD_WAITS,  /* the task yields until exchange_wake; the hold is then made */
    HOLD_REFUSED /* answered */
};
enum hold_step exchange_hold(struct exchange *exchange, const struct cost_ceiling *offered);

/* Starts a try; the task yields until exchange_wake, then reads exchange_attempt_cause. False:
 * there is no hold for it, or the client has left and the try before has failed; the exchange has
 * ended. */
bool exchange_attempt(struct exchange *exchange, struct candidate *candidate);
/* All tries have failed: answers as the last outcome says. */
void exchange_refuse_attempt(struct exchange *exchange);
/* The attempt has answered: brings it to the client, settles. The task yields until
 * exchange_wake. False: no attempt has answered, or it has no hold; the exchange has ended. */
bool exchange_relay(struct exchange *exchange);

/* Runs a store operation; the task yields until exchange_wake, then reads exchange_call_result.
 * `actor` is the id of the administrator whose act it is, or "". */
bool exchange_call(struct exchange *exchange, const char *actor, const char *operation,
                   const struct store_value *args, size_t arg_count);

/* Wakes the task after that time, to about 100 ms. */
void exchange_sleep(struct exchange *exchange, int64_t ms);

/* Frees the result of the call, after the task has read it. */
void exchange_call_fini(struct exchange *exchange);

/* ---- replies ---- */

/* Adds a header to the reply that will be given. */
void exchange_header(struct exchange *exchange, const char *name, const char *value);
void exchange_reply(struct exchange *exchange, int status, const char *content_type,
                    struct slice body);
void exchange_refuse(struct exchange *exchange, const struct answer_error *error);
/* ---- what the task may know of it; borrowed, valid while it lives ---- */

/* Whether nobody is there for whom anything could be done. */
bool exchange_is_over(const struct exchange *exchange);
bool exchange_has_begun_reply(const struct exchange *exchange);
struct exchange_env *exchange_shared(const struct exchange *exchange);
const struct id *exchange_id(const struct exchange *exchange);
/* NULL: the client is gone, or has its reply. */
const struct http_request *exchange_request(const struct exchange *exchange);
const char *exchange_peer_address(const struct exchange *exchange);
struct slice exchange_body(const struct exchange *exchange);
const struct key_facts *exchange_key(const struct exchange *exchange);
const struct chat_request *exchange_chat(const struct exchange *exchange);
/* Whether its present attempt has answered; else the word of routes.lua's `retry.on`. */
bool exchange_has_answer(const struct exchange *exchange);
const char *exchange_attempt_cause(const struct exchange *exchange);
const struct store_call *exchange_call_result(const struct exchange *exchange);

#endif
