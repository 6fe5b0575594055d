/* The inside of an exchange: the state that is shared by the files that move it along (lifecycle.c,
 * admission.c, attempts.c, relay.c, events.c, settling.c, answer.c, departure.c and the small ones
 * beside them). Its parts (attempt, stream, meter, stream_budget, charge, attempt_log) do not know
 * it: they get what they need from their owner, and call back. */
#ifndef EXCHANGE_EXCHANGE_INTERNAL_H
#define EXCHANGE_EXCHANGE_INTERNAL_H

#include "base/buffer.h"
#include "dialect/dialect.h"
#include "dialect/kept_names.h"
#include "exchange/attempt.h"
#include "exchange/attempt_log.h"
#include "exchange/call_times.h"
#include "exchange/charge.h"
#include "exchange/exchange.h"
#include "exchange/exchange_env.h"
#include "exchange/health.h"
#include "exchange/limiter.h"
#include "exchange/rates.h"
#include "exchange/route.h"
#include "exchange/spending.h"
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
struct ask;
struct form_intake;
struct hedge;
struct hedging;
struct idempotency;
struct kept_turns;
struct made_list;
struct estimate_load;
struct named_objects;
struct path_names;
struct limit_wait;
struct password_job;
struct processor_call;
struct shadow;
struct sharing;
struct test_call;
struct trace_record;

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

/* What a call may take in the worst case, before wallet and key are asked. */
struct hold_plan {
    struct cost_ceiling need;
    int64_t output_tokens;     /* of the longest answer, of each choice */
    int64_t output_tokens_max; /* > 0: the provider is asked for no more */
    int64_t longest_nusd;      /* what that answer costs */
    bool capped;               /* the client's bound made it shorter than what was asked for */
};

struct exchange {
    struct exchange_env *env;
    struct exchange *next;
    struct exchange *previous;
    struct http_request *request; /* NULL once the reply has ended or the client has left */
    bool detached;                /* the client has left; the call runs on (departure.h) */
    bool abandoned;               /* the client has left, and no retry will ask for the answer */
    bool cut; /* we ended it: what came is charged, whatever was reported before */
    struct id id;
    enum exchange_state state;
    int64_t created_ms;
    int64_t started_us;
    int64_t first_byte_us; /* since started_us; -1: no byte yet */
    int64_t ended_us;
    struct call_times times;
    char peer_address[48];
    char method[12];
    char path[128]; /* for the log; may be cut */
    /* The request's body, taken from the connection: the provider's copy may outlive the client. */
    struct buffer body;
    struct form_intake *intake; /* of a large form; NULL: the body is whole */
    bool body_open;             /* it is not known yet to be whole and good */

    struct exchange_task task; /* .task is NULL: no task, or it has let go */
    struct deferred wakeup;
    struct deferred reaper;
    struct deferred starter;    /* of an attempt that is translated, or waits for a token */
    struct candidate *starting; /* its candidate, a reference; NULL: none waits */
    int64_t starting_us;
    struct http_head *kept_head; /* of the client, after its request; NULL: none is kept */
    bool repeats;                /* asks once more where a kept connection ended before an answer */
    bool again;                  /* the attempt that starts does so */
    bool shares;                 /* the answer with identical calls */
    struct sharing *sharing;     /* NULL: there was nothing to share */

    struct buffer reply_headers;         /* "name\0value\0" pairs */
    struct gzip_stream *download_packer; /* NULL: a download is sent as it is */
    /* The tightest limits of LIMIT_REQUESTS and LIMIT_TOKENS; limit 0: no such limit. */
    struct limit_state rate[2];
    struct limit_state rate_nusd; /* likewise, of the quotas of money */
    bool reply_begun;
    bool may_pack;       /* the reply (packed_reply.h) */
    bool early_stream;   /* it began before the provider said anything (early_stream.h) */
    bool downloading;    /* between download_begin and download_end */
    bool download_waits; /* until the client takes what was written */
    int status;
    char error_code[48];

    struct idempotency *idempotency; /* NULL: no Idempotency-Key */
    struct id replay_of; /* the exchange whose answer is given again; "": this is no replay */

    struct digest key_digest; /* of the request's API key */
    struct caller key;        /* whose it is; empty before it is authenticated */
    bool asks_model;          /* the metrics count it as a call to a model */
    struct model_request asks;
    struct kept_names names;       /* of what the provider keeps, in the request */
    struct path_names *path_names; /* those of them that its address has; NULL: none */
    struct named_objects *named;   /* whose that is; NULL: not looked up */
    struct kept_turns *turns;      /* that the gateway keeps, looked up; NULL: not looked up */
    struct made_list *made;        /* what is kept of the answer; NULL: nothing */
    char policy_revision[65];

    struct stream_budget budget;
    struct charge_limits charge_limits;
    bool never_reasons;       /* the model, by the policy */
    struct model_rates rates; /* the model's, when the hold was made */
    struct ledger_hold hold;
    struct waiting_hold *waiting_hold;   /* decided again when it is back; NULL: none is away */
    struct estimate_load *estimate_load; /* of an estimate's quotas; NULL: they were known */
    bool hold_pending;                   /* its job has not come back */
    bool hold_open;                      /* accepted, and neither settled nor voided */
    bool void_wanted;                    /* void the hold as soon as its job is back */
    bool charge_wanted; /* the client has left: settle the hold as soon as its job is back */
    /* After the client has left, we wait for the counts until then; 0: no wait. */
    int64_t usage_due_us;
    int64_t unseen_tokens; /* estimate for an answer that was cancelled before we saw it */
    struct ledger_settlement settlement;
    bool settlement_pending;

    struct route route;
    unsigned tried;   /* places of its candidates, a bit for each */
    unsigned limited; /* those of them that met a rate limit */
    unsigned place;   /* of the present one */
    unsigned lead;    /* so many places, the first ones, are the canary's; 0: none */
    int canary_attempts;
    bool on_trial;                 /* the model has a canary, whether or not this call goes there */
    bool canary_refused;           /* that has refused the request */
    struct shadow *shadow;         /* it is one (shadow.h); NULL: a client's */
    struct hedge *hedge;           /* it is one (hedge.h) */
    struct test_call *test_call;   /* it is one (test_call.h) */
    struct hedging *hedging;       /* it may have one; NULL: it may not (hedging.h) */
    struct health_view obstacle;   /* why no further one may be asked (choice.h) */
    int64_t limit_wait_ms;         /* it waits for providers' limits, so long; 0: it does not */
    struct limit_wait *limit_wait; /* NULL: no such limit was met (limit_wait.h) */
    int64_t waited_ms;             /* for one, or for several */
    struct health_pass pass;       /* of the attempt */
    struct spend_reserve spend;    /* likewise */
    int attempts;
    int number; /* of the attempt */
    struct attempt attempt;
    struct attempt_log attempt_log;
    struct trace_record *trace; /* NULL: it is not traced (trace.h) */
    struct stream stream;

    struct exchange_call *call; /* of the store; NULL: no call, or its result is freed */
    bool call_pending;
    struct ask *ask;                       /* NULL: nothing was asked (ask.h) */
    struct processor_call *processor_call; /* NULL: the payment processor was not asked */
    struct password_job *password;         /* NULL: no password job */
    bool password_pending;
    int64_t sleeps_until_us; /* > 0: the task sleeps until then */

    struct counted_limit *limits; /* NULL: no limits */
    size_t limit_count;
    struct quota_claim *quotas; /* NULL: no quotas */
};

/* The only place that changes the state of an exchange. States only go forward, but for a further
 * attempt after one that has failed. */
void exchange_enter(struct exchange *exchange, enum exchange_state state);
/* Of the client. */
enum dialect exchange_dialect_of(const struct http_head *head);

/* A seed for SipHash that the client does not know yet. */
uint64_t exchange_seed(const struct exchange *exchange);
/* Wakes the task once, after the present callback. */
void exchange_wake(struct exchange *exchange);
/* Begins a streamed reply: status 200, the request id and the other headers. */
void exchange_begin_stream(struct exchange *exchange, const char *content_type);
/* The same for a body of so many bytes; -1: of any length. */
void exchange_begin_sized(struct exchange *exchange, const char *content_type, int64_t body_bytes);
/* Whether its stream broke off, and the fault is not ours. */
bool exchange_was_cut_by_provider(const struct exchange *exchange);
/* Sets the prices by which the budget of a stream grows, by what is known so far. */
void exchange_price_budget(struct exchange *exchange);
/* How many texts it has that have the context each for itself: at least 1. */
int64_t exchange_inputs(const struct exchange *exchange);
/* Begins the attempt when no callback of the one before, or task, runs any more. */
void exchange_start_later(struct exchange *exchange, struct candidate *candidate);
/* Nothing more is waited for: the attempt is decided, for the task and for identical calls. */
void exchange_attempt_told(struct exchange *exchange);
/* Begins the attempt that waits for an access token, if that has come. Every tick. */
void exchange_start_tick(struct exchange *exchange);
/* Finds what a call may take by this offer of the policy. Returns false if it is refused; the
 * client then has its answer. */
bool exchange_plan_hold(struct exchange *exchange, const struct cost_ceiling *offered,
                        struct hold_plan *out);
/* Answers the client whose call cannot be held, which could cost `required_nusd`. Returns
 * HOLD_REFUSED. */
enum hold_step exchange_refuse_hold(struct exchange *exchange, const struct cost_ceiling *need,
                                    int64_t required_nusd, enum hold_outcome outcome,
                                    const struct hold_refusal *refusal);
/* The amount to hold at first for this plan, with `available_nusd` to spend: more than that if it
 * is too little. Sets the stream budget by it. */
int64_t exchange_amount_to_hold(struct exchange *exchange, const struct hold_plan *plan,
                                int64_t available_nusd);
/* The longest answer that each of the n choices can afford, in tokens; < 1: none. */
int64_t exchange_affordable_tokens(const struct exchange *exchange, const struct cost_ceiling *need,
                                   int64_t available_nusd);
/* Writes what is to be kept of the attempts so far. */
void exchange_note_attempts(struct exchange *exchange);
/* Whether it is no client's: a shadow, a hedge or a test call (ours.h). */
bool exchange_is_ours(const struct exchange *exchange);
/* Its id in logs and notes: of a hedge the original's. */
const struct id *exchange_told_id(const struct exchange *exchange);
/* Makes an exchange without a client, whose answer nobody gets. */
struct exchange *exchange_new_detached(struct exchange_env *env);
/* Puts into the record what the provider bills, and what that costs. `cut`: the answer is
 * incomplete. */
void exchange_count_cost(struct exchange *exchange, bool cut);
/* Settles the open hold by the meter, or voids it. relay.c goes on when that is durable. */
void exchange_settle(struct exchange *exchange);
void exchange_void(struct exchange *exchange);
/* Forgets what is known of its key. */
void exchange_forget_key(struct exchange *exchange);
/* Lets go of the task; it is not resumed any more. */
void exchange_release_task(struct exchange *exchange);
/* The hold could not be written: no answer may go out, and no provider may be asked for more. */
void exchange_lose_hold(struct exchange *exchange);
/* The exchange is over for the client: writes the log line, counts, and frees the exchange when
 * none of its jobs is away. */
void exchange_end(struct exchange *exchange);
/* Frees the exchange later in this turn, if it has ended, has no task and no job of it is away. */
void exchange_free_if_over(struct exchange *exchange);
/* Sends a waiting client what keeps it waiting, if its dialect has such a thing. */
void exchange_keep_alive(struct exchange *exchange, int64_t now_us);
/* Answers 503: the database cannot be written, so nothing that costs money is answered. */
void exchange_refuse_unwritable(struct exchange *exchange);

/* No attempt has answered: answers the client by the outcome of this one. */
void exchange_refuse_by(struct exchange *exchange, const struct attempt *attempt);
/* The error as each dialect writes it; its texts are borrowed from both. */
struct error_body exchange_error_body(const struct exchange *exchange,
                                      const struct answer_error *error);
/* Appends the error as a JSON object in the client's dialect. */
void exchange_write_error(const struct exchange *exchange, const struct answer_error *error,
                          struct buffer *out);
/* Keeps this error as the answer to a retry with the same Idempotency-Key. */
void exchange_keep_error(struct exchange *exchange, const struct answer_error *error);

#endif
