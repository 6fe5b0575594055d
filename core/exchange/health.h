/* How providers do: which of them may be asked now, and what they did in the last 30 seconds. Each
 * model of a provider has a place here, and so have each API key, and each key with a model. What
 * they hold survives a reload: a place is found by its names. A restart begins anew.
 *
 *   a model of a provider   its breaker (breaker.h) opens when calls fail
 *   a key with a model      pauses when the provider refuses a call for its rate limit
 *   a key                   its breaker opens when the provider refuses our account
 *
 * Shared by all workers. What is well is seen without a lock; each place has a lock of its own.
 * Places are never freed before the whole: a registry that is full knows no further ones, and what
 * has no place may always be asked. */
#ifndef EXCHANGE_HEALTH_H
#define EXCHANGE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "exchange/breaker.h"
#include "exchange/health_window.h"
#include "exchange/limit_room.h"
#include "exchange/provider_limits.h"

struct health;
struct health_place;

struct health *health_new(void);
void health_free(struct health *health); /* NULL is allowed */

/* The time of all functions here: no clock that is set moves it. */
int64_t health_now_ms(void);

/* Whose places are meant. A candidate has this, made with it; the texts are its own. */
struct health_names {
    const char *provider;
    const char *model;
    uint64_t target; /* hashes of the three places' names; never 0 */
    uint64_t limit;
    uint64_t account;
};
/* The texts are borrowed; the key only until this returns. */
struct health_names health_names_of(const char *provider, const char *model, const char *api_key);

/* ---- before an attempt ---- */

/* Why a candidate may not be asked now. */
enum health_obstacle {
    HEALTH_CLEAR,
    HEALTH_EJECTED,
    HEALTH_PAUSED,
    HEALTH_ACCOUNT,
    HEALTH_BUSY, /* calls that run may cost what is left of its cap of the day (spend_cap.h) */
    HEALTH_SPENT /* less than the call's hold is left of that cap */
};
struct health_view {
    enum health_obstacle obstacle;
    int64_t until_ms; /* when to ask again */
};
struct health_view health_look(struct health *health, const struct health_names *names,
                               int64_t now_ms);

/* What the key's limits have left beside the calls that run, by what the provider said last. What
 * had begun before the call that was told so is counted in it. */
struct limit_room health_room(struct health *health, const struct health_names *names,
                              int64_t now_ms);

/* What an attempt holds while it runs. Zeroed: nothing. */
struct health_pass {
    struct health_place *target, *limit, *account; /* NULL: no place */
    enum breaker_pass through_target, through_account;
    /* What it may take of the key's limits, and what all that had begun with it may have. */
    int64_t takes[PROVIDER_LIMIT_KINDS], begun[PROVIDER_LIMIT_KINDS];
    bool open; /* its end is not told yet */
};
/* Lets an attempt through that may take so many tokens. Returns false if another was quicker. */
bool health_enter(struct health *health, const struct health_names *names, int64_t tokens,
                  int64_t now_ms, struct health_pass *out);
/* The same whatever breakers say: nothing else is left to ask. */
void health_force(struct health *health, const struct health_names *names, int64_t tokens,
                  struct health_pass *out);

/* ---- after it ---- */

struct health_end {
    enum health_result result;
    int64_t took_us;        /* until it was decided */
    int64_t retry_after_ms; /* of HEALTH_LIMITED; <= 0: the provider did not say */
    /* What it says of its limits on this key; NULL: nothing. Where nothing is left, the key pauses
     * for this model until the limit is free again, at most ten minutes: the next call would be
     * refused. */
    const struct provider_limits *limits;
    bool plain; /* it is decided by the whole answer: a plain one */
};
/* What a result has changed, for the log. */
struct health_news {
    enum breaker_change target, account;
    int64_t pause_ms; /* of the longest of what has begun */
    bool spent;       /* the pause is of a limit of which nothing is left */
};
/* Tells the end of an attempt, once. */
struct health_news health_tell(struct health_pass *pass, const struct breaker_terms *terms,
                               const struct health_end *end, int64_t now_ms);
/* The attempt ended and says nothing about the provider: the client has left, say. */
void health_release(struct health_pass *pass, int64_t now_ms);
/* How an answer came to its end. */
struct health_answer {
    bool cut;              /* it has broken off */
    int64_t took_us;       /* from the request's start to the last byte; 0: we held it up */
    int64_t output_tokens; /* 0: it is no text */
};
/* An answer has come to its end; its attempt was told of. Until then a call that is no probe does
 * not end a row of failures. */
struct health_news health_tell_end(const struct health_pass *pass,
                                   const struct breaker_terms *terms,
                                   const struct health_answer *answer, int64_t now_ms);

/* ---- what is known ---- */

/* Means in which recent calls count most. What is old fades, as if it were quicker, so that it is
 * tried again. 0: not known. */
struct health_figures {
    int64_t latency_us; /* until it answers */
    int64_t token_us;   /* a thousand tokens of its answers, counted from the request's start */
};
struct health_figures health_figures_of(struct health *health, const struct health_names *names,
                                        int64_t now_ms);

/* The time, in us, that this share of plain answers, in millionths, does not exceed: of the last
 * five to ten minutes. 0: too few are known to tell. */
int64_t health_plain_quantile_us(struct health *health, const struct health_names *names,
                                 int64_t ppm, int64_t now_ms);

/* The share of the calls of the last 30 seconds that did not fail, in millionths; 1,000,000 where
 * there were none. */
int64_t health_success_ppm(struct health *health, const struct health_names *names, int64_t now_ms);

/* A model of a provider as it is now. The texts are borrowed. */
struct health_state {
    const char *provider, *model;
    enum breaker_state breaker;
    bool paused; /* a key of it, for a rate limit */
};
/* Tells of the models that were ever asked, and returns how many keys are not asked because our
 * account was refused. */
int64_t health_each(struct health *health,
                    void (*tell)(const struct health_state *state, void *arg), void *arg);

/* JSON, less than 25 KB: {window_s, calls, failures, account_refused_until, models, left_out}.
 * models: [{model, breaker ("closed", "open", "half_open"), open_until, paused_until (for a rate
 * limit), calls, failures, results (by their names), first_byte_ms, total_ms, tokens_per_s}], of
 * those that were asked lately, or are not to be asked. */
void health_render_provider(struct health *health, const char *provider, struct buffer *out);

#endif
