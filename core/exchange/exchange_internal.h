/* The inside of an exchange: the state that the files share which move it along (lifecycle.c,
 * admission.c, attempts.c, relay.c, events.c, settling.c, answer.c, departure.c and the small ones
 * beside them). Its parts (attempt, stream, meter, stream_budget, charge, attempt_log) know nothing
 * of it: they have what they need from their owner, and call back. */
#ifndef EXCHANGE_EXCHANGE_INTERNAL_H
#define EXCHANGE_EXCHANGE_INTERNAL_H

#include "base/buffer.h"
#include "dialect/chat.h"
#include "exchange/attempt.h"
#include "exchange/attempt_log.h"
#include "exchange/charge.h"
#include "exchange/exchange.h"
#include "exchange/limiter.h"
#include "exchange/rates.h"
#include "exchange/stream.h"
#include "exchange/stream_budget.h"
#include "net/loop/loop.h"
#include "net/server/server.h"
#include "store/call.h"
#include "store/directory.h"
#include "store/ledger.h"

struct counted_limit;
struct exchange_call;
struct waiting_hold;
struct idempotency;
struct password_job;

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

    struct digest key_digest;    /* of the API key that it came with */
    const struct key_facts *key; /* owned, without the end of its list of models; or nobody's */
    bool asks_model;             /* it is a call to a model: counted on the metrics */
    struct chat_request chat;
    char policy_revision[65];

    struct stream_budget budget;
    struct charge_limits charge_limits;
    struct model_rates rates; /* of the model, when the hold was made */
    struct ledger_hold hold;
    struct waiting_hold *waiting_hold; /* decided again when it is back; NULL: none is away */
    bool hold_pending;                 /* its job has not come back */
    bool hold_open;                    /* accepted and not resolved */
    bool void_wanted;                  /* void it as soon as it is back */
    bool charge_wanted;                /* settle it as soon as it is back: the client has left */
    int64_t
        usage_due_us; /* until when its counts are waited for without the client; 0: no matter */
    int64_t unseen_tokens; /* the estimate of an answer that was cancelled unseen */
    struct ledger_settlement settlement;
    bool settlement_pending;

    int attempts;
    struct attempt attempt;
    struct attempt_log attempt_log;
    struct stream stream;

    struct exchange_call *call; /* of the store; NULL: none, or its result is freed */
    bool call_pending;
    struct password_job *password; /* NULL: none */
    bool password_pending;
    int64_t sleeps_until_us; /* > 0: the task waits for that */

    struct counted_limit *limits; /* NULL: none */
    size_t limit_count;
};

/* The one place that moves an exchange from state to state. Only forward, but for a further attempt
 * behind one that has failed. */
void exchange_enter(struct exchange *exchange, enum exchange_state state);

/* Wakes the task after the present callback, once. */
void exchange_wake(struct exchange *exchange);
/* Begins a streamed reply: request id, the headers, status 200. */
void exchange_begin_stream(struct exchange *exchange, const char *content_type);
/* Whether its stream broke off, by a fault that is not ours. */
bool exchange_was_cut_by_provider(const struct exchange *exchange);
/* Resolves the open hold: by what the meter says, or to nothing. relay.c goes on when it is
 * durable. */
void exchange_settle(struct exchange *exchange);
void exchange_void(struct exchange *exchange);
/* Nothing is known of its key any more. */
void exchange_forget_key(struct exchange *exchange);
/* The task is let go, and not resumed any more. */
void exchange_release_task(struct exchange *exchange);
/* The hold could not be written: nothing may be answered, and nothing more be asked of a
 * provider. */
void exchange_lose_hold(struct exchange *exchange);
/* The exchange is over for the client: log line, counters; frees when nothing is away. */
void exchange_end(struct exchange *exchange);
/* Frees it, later in this turn, when it has ended, no task holds it and nothing of it is away. */
void exchange_free_if_over(struct exchange *exchange);
/* Sends a comment to a client that waits. */
void exchange_keep_alive(struct exchange *exchange, int64_t now_us);
/* 503: the database cannot be written, so nothing that costs money is answered. */
void exchange_refuse_unwritable(struct exchange *exchange);

/* Appends it as a JSON object. */
void exchange_write_error(const struct answer_error *error, struct buffer *out);
/* Keeps this error as the answer to a retry with the same Idempotency-Key. */
void exchange_keep_error(struct exchange *exchange, const struct answer_error *error);

#endif
