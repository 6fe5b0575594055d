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

#include "base/buffer.h"
#include "base/id.h"
#include "base/secret.h"
#include "dialect/chat.h"
#include "exchange/attempt.h"
#include "exchange/attempt_log.h"
#include "exchange/charge.h"
#include "exchange/download.h"
#include "exchange/idempotency.h"
#include "exchange/limiter.h"
#include "exchange/live_metrics.h"
#include "exchange/meter.h"
#include "exchange/password.h"
#include "exchange/rate_limits.h"
#include "exchange/rates.h"
#include "exchange/relay.h"
#include "exchange/stream_budget.h"
#include "exchange/survey.h"
#include "net/loop/loop.h"
#include "net/server/server.h"
#include "store/call.h"
#include "store/directory.h"
#include "store/ledger.h"

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

enum exchange_state {
    EXCHANGE_RECEIVED,
    EXCHANGE_AUTHENTICATED,
    EXCHANGE_HELD,
    EXCHANGE_SENT,
    EXCHANGE_ANSWERED,
    EXCHANGE_STREAMING,
    EXCHANGE_SETTLING,
    EXCHANGE_ENDED
};

/* The task's side, handed down by the script floor. */
struct exchange_task {
    void *task;
    void (*wake)(
        void
            *task); /* what the task waits for has happened; never from inside a call of the task */
    void (*drop)(void *task); /* the exchange ends without it: let go; no wake after this */
};

struct exchange {
    struct exchange_env *env;
    struct exchange *next;
    struct exchange *previous;
    struct http_request *request; /* NULL once the reply has ended or the client is gone */
    bool detached;                /* the client is gone; it runs on (departure.h) */
    bool abandoned;               /* the client is gone, and no retry will ask for the answer */
    bool cut; /* ended by us: what came is charged, whatever was reported before */
    struct id id;
    enum exchange_state state;
    int64_t created_ms;
    int64_t started_us;
    int64_t first_byte_us; /* after started; -1: none yet */
    int64_t ended_us;
    char peer_address[48];
    char method[12];
    char path[128]; /* for the log; cut */
    /* The request's, taken from the connection: the provider's copy may outlive the client. */
    struct buffer body;

    struct exchange_task task; /* .task NULL: none, or let go */
    struct deferred wakeup;
    struct deferred reaper;

    struct buffer reply_headers; /* "name\0value\0" pairs for the reply */
    struct limit_state
        rate[2]; /* of LIMIT_REQUESTS and LIMIT_TOKENS: the tightest; limit 0: none */
    bool reply_begun;
    bool early_stream;   /* begun before anything was said (early_stream.h) */
    bool downloading;    /* between download_begin and download_end */
    bool download_waits; /* for the client to take what was written */
    int status;
    char error_code[48];

    struct idempotency *idempotency; /* NULL: without an Idempotency-Key */
    struct id replay_of;             /* whose answer is given again; "": nobody's */

    struct digest key_digest; /* of the API key that it came with */
    struct key_facts key;
    bool asks_model; /* it is a call to a model: counted on the metrics */
    struct chat_request chat;
    char policy_revision[65];

    struct stream_budget budget;
    struct charge_limits charge_limits;
    struct model_rates rates; /* of the model, when the hold was made */
    struct ledger_hold hold;
    bool hold_pending;  /* its job has not come back */
    bool hold_open;     /* accepted and not resolved */
    bool void_wanted;   /* void it as soon as it is back */
    bool charge_wanted; /* settle it as soon as it is back: the client has left */
    int64_t
        usage_due_us; /* until when its counts are waited for without the client; 0: no matter */
    int64_t unseen_tokens; /* the estimate of an answer that was cancelled unseen */
    int64_t
        output_tokens_max; /* > 0: what the customer may have or can afford, asked for upstream */
    struct ledger_settlement settlement;
    bool settlement_pending;

    int attempts;
    struct attempt attempt;
    struct attempt_log attempt_log;
    struct relay relay;

    struct store_call call;
    bool call_made; /* `call` holds something to be freed */
    bool call_pending;
    struct password_job *password; /* NULL: none */
    bool password_pending;
    int64_t sleeps_until_us; /* > 0: the task waits for that */

    struct counted_limit *limits; /* NULL: none */
    size_t limit_count;
};

/* Takes a request in. The caller then starts its task. */
struct exchange *exchange_new(struct exchange_env *env, struct http_request *request);
/* The task has come to its end (or will not be resumed): what is open is closed, a missing reply
 * is given. */
void exchange_task_ended(struct exchange *exchange);
/* The task has raised something that is no answer of ours: 500, and all closed. `place` is for
 * the log. */
void exchange_task_failed(struct exchange *exchange, const char *code, const char *place);
/* Wakes the task after the present callback, once. */
void exchange_wake(struct exchange *exchange);
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

/* ---- words of the task; each either does it, or has answered the client and returns false ---- */

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
 * longest one, it is limited to what he can; of a stream, a chunk is reserved (budget.h). */
bool exchange_hold(struct exchange *exchange, const struct cost_ceiling *offered);

/* Starts a try; the task yields until exchange_wake, then reads exchange->attempt.outcome. False:
 * there is no hold for it, or the client has left and the try before has failed; the exchange has
 * ended. */
bool exchange_attempt(struct exchange *exchange, struct candidate *candidate);
/* All tries have failed: answers as the last outcome says. */
void exchange_refuse_attempt(struct exchange *exchange);
/* The attempt has answered: brings it to the client, settles. The task yields until
 * exchange_wake. False: no attempt has answered, or it has no hold; the exchange has ended. */
bool exchange_relay(struct exchange *exchange);

/* Runs a store operation; the task yields until exchange_wake, then reads exchange->call. `actor`
 * is the id of the administrator whose act it is, or "". */
bool exchange_call(struct exchange *exchange, const char *actor, const char *operation,
                   const struct store_value *args, size_t arg_count);

/* Wakes the task after that time, to about 100 ms. */
void exchange_sleep(struct exchange *exchange, int64_t ms);

/* Frees the result of the call, after the task has read it. */
void exchange_call_fini(struct exchange *exchange);

/* ---- replies ---- */

struct answer_error {
    int status;
    const char *code;
    const char *message;
    const char *param;      /* NULL: null */
    const char *metadata;   /* a JSON object, or NULL */
    int64_t retry_after_ms; /* > 0: says so in the headers */
    bool final; /* trying again does not help, though the status is one that SDKs retry */
};

/* Adds a header to the reply that will be given. */
void exchange_header(struct exchange *exchange, const char *name, const char *value);
void exchange_reply(struct exchange *exchange, int status, const char *content_type,
                    struct slice body);
void exchange_refuse(struct exchange *exchange, const struct answer_error *error);
/* Appends it as a JSON object. */
void exchange_write_error(const struct answer_error *error, struct buffer *out);
/* Keeps this error as the answer to a retry with the same Idempotency-Key. */
void exchange_keep_error(struct exchange *exchange, const struct answer_error *error);
/* Writes where a page of the dashboard is to be had: "credits", "keys". */
void exchange_dashboard_url(const struct exchange *exchange, const char *page, char *out,
                            size_t out_bytes);
/* Appends, as a JSON string, where credits are to be had. */
void exchange_write_topup_url(const struct exchange *exchange, struct buffer *out);
/* 503: the database cannot be written, so nothing that costs money is answered. */
void exchange_refuse_unwritable(struct exchange *exchange);

/* ---- for this floor ---- */

/* Begins a streamed reply: request id, the headers, status 200. */
void exchange_begin_stream(struct exchange *exchange, const char *content_type);
/* Whether its stream broke off, by a fault that is not ours. */
bool exchange_was_cut_by_provider(const struct exchange *exchange);
/* Resolves the open hold: by what the meter says, or to nothing. relay.c goes on when the job is
 * back. */
void exchange_settle(struct exchange *exchange);
void exchange_void(struct exchange *exchange);
/* The task is let go, and not resumed any more. */
void exchange_release_task(struct exchange *exchange);
/* The hold could not be written: nothing may be answered, and nothing more be asked of a
 * provider. */
void exchange_lose_hold(struct exchange *exchange);
/* The exchange is over for the client: log line, counters; frees when nothing is away. */
void exchange_end(struct exchange *exchange);
/* Frees it, later in this turn, when it has ended, no task holds it and nothing of it is away. */
void exchange_free_if_over(struct exchange *exchange);

#endif
