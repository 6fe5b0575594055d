#include "exchange/sharing.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "dialect/kept_names.h"
#include "exchange/candidate.h"
#include "exchange/choice.h"
#include "exchange/exchange_internal.h"
#include "exchange/hedge.h"
#include "exchange/hedging.h"
#include "exchange/limit_wait.h"
#include "exchange/provider_headers.h"
#include "exchange/shared_calls.h"
#include "exchange/trace_context.h"

/* A leader that fails is followed by another one; who has waited so often asks alone. */
enum { WAITS_MOST = 2 };

struct sharing {
    struct shared_waiter waiter; /* first: its job is cast back */
    struct exchange *exchange;
    struct shared_call *call;    /* a reference; NULL: none now */
    struct candidate *candidate; /* of the attempt that waits, a reference */
    struct shared_answer record; /* of the leader */
    struct shared_answer second; /* of its second request (hedging.h) */
    struct health_view bar;      /* after the leader has failed */
    unsigned waits;
    bool leads;   /* and the call has not ended */
    bool waiting; /* for the leader, or for our job */
};

/* ---- which calls ---- */

static bool is_zero(struct slice number)
{
    bool seen = false;
    for (size_t i = 0; i < number.bytes; i++) {
        char c = number.data[i];
        if (c == 'e' || c == 'E')
            break;
        if (c != '0' && c != '.' && c != '-')
            return false;
        seen = seen || c == '0';
    }
    return seen;
}

/* Whether the request says "temperature": 0. */
static bool is_cold(struct slice body)
{
    enum { DEPTH_MAX = 64 };
    struct json_value root;
    struct json_item item;
    struct fault fault;
    bool cold = false;
    if (!json_parse(body, DEPTH_MAX, &root, &fault) || root.type != JSON_OBJECT)
        return false;
    struct json_walk walk = json_walk(&root);
    while (json_next(&walk, &item)) {
        if (json_key_is(item.key, "temperature"))
            cold = item.value.type == JSON_NUMBER && is_zero(item.value.raw);
    }
    return cold;
}

static bool is_same_each_time(const struct exchange *exchange)
{
    switch (exchange->asks.dialect) {
    case DIALECT_EMBEDDINGS:
    case DIALECT_GEMINI_EMBED:
    case DIALECT_GEMINI_EMBED_BATCH:
    case DIALECT_MODERATIONS:
    case DIALECT_RERANK:
        return true;
    case DIALECT_CHAT:
    case DIALECT_COMPLETIONS:
    case DIALECT_ANTHROPIC:
        return is_cold(buffer_slice(&exchange->body));
    default:
        return false;
    }
}

/* What a provider's own tools find or do is not the same each time, however cold the model is, and
 * how often they may is each call's own. Containers and the like are an account's. */
static bool is_plain(const struct exchange *exchange)
{
    return exchange->asks.paid.count == 0 && exchange->names.count == 0;
}

static bool can_be_shared(const struct exchange *exchange, const struct candidate *candidate)
{
    return exchange->shares && exchange->shadow == NULL && exchange->intake == NULL &&
           !exchange->asks.streamed && !candidate->terms.sold_by_cost && is_plain(exchange) &&
           is_same_each_time(exchange);
}

/* Our own trace makes no answer another one. NULL: the client's may. */
static const struct trace_lines *same_trace(const struct exchange *exchange,
                                            const struct candidate *candidate)
{
    static const struct trace_lines any = {.parent = "", .state = ""};
    bool own = (candidate->terms.pass_headers & PASSES_OWN_TRACE) != 0;
    return own && exchange->env->traces != NULL ? &any : NULL;
}

/* A hash of all that the answer depends on: what would be sent, and to whom. */
static void find_key(const struct exchange *exchange, const struct candidate *candidate,
                     char out[SHA256_HEX_BYTES])
{
    struct provider_headers headers;
    struct buffer text;
    buffer_init(&text, LIMIT_BODY_BYTES);
    sha256_hex(buffer_slice(&exchange->body), out);
    buffer_printf(&text, "%s\n%s\n%d\n%llu\n%lld\n%lld\n", out, exchange->policy_revision,
                  (int)exchange->asks.dialect, (unsigned long long)candidate->health.target,
                  (long long)exchange->budget.output_tokens_max,
                  (long long)exchange->budget.output_tokens_most);
    buffer_append_text(&text, exchange->asks.model);
    const struct http_head *head = exchange->request != NULL ? &exchange->request->head : NULL;
    provider_headers_fill(candidate, "", candidate_dialect(candidate, &exchange->asks),
                          &exchange->asks, head, same_trace(exchange, candidate), &headers);
    for (size_t i = 0; i < headers.count; i++) {
        buffer_append_char(&text, '\n');
        buffer_append_text(&text, headers.lines[i]);
    }
    provider_headers_fini(&headers);
    sha256_hex(buffer_slice(&text), out);
    buffer_fini(&text);
}

/* ---- the call that all wait for ---- */

static void begin_records(struct sharing *sharing)
{
    sharing->record = sharing->second = (struct shared_answer){.status = 0};
    buffer_init(&sharing->record.body, LIMIT_UPSTREAM_BODY_BYTES);
    buffer_init(&sharing->second.body, LIMIT_UPSTREAM_BODY_BYTES);
}

/* The leader has ended with this answer, which is one of both and moved in; or NULL. */
static void end_call(struct sharing *sharing, struct shared_answer *answer)
{
    struct exchange *exchange = sharing->exchange;
    exchange->attempt.record = NULL; /* what runs on keeps nothing more */
    hedging_drop_record(exchange);
    shared_calls_end(exchange->env->shared_calls, sharing->call, answer);
    if (answer != NULL)
        answer->body = (struct buffer){.data = NULL};
    buffer_fini(&sharing->record.body);
    buffer_fini(&sharing->second.body);
    sharing->leads = false;
}

static void forget_call(struct sharing *sharing)
{
    struct shared_calls *calls = sharing->exchange->env->shared_calls;
    if (sharing->leads)
        end_call(sharing, NULL);
    if (sharing->waiting && shared_calls_withdraw(calls, sharing->call, &sharing->waiter))
        sharing->waiting = false;
    if (sharing->waiting)
        return; /* the job is on its way back */
    if (sharing->call != NULL)
        shared_calls_unref(calls, sharing->call);
    sharing->call = NULL;
    candidate_unref(sharing->candidate);
    sharing->candidate = NULL;
}

/* The exchange's own candidate at the place of the one that has answered; NULL: it has none. */
static struct candidate *answerer(const struct sharing *sharing, struct candidate *candidate)
{
    uint64_t target = sharing_answer(sharing->exchange)->target;
    struct candidate *found = candidate->health.target == target
                                  ? candidate
                                  : hedging_candidate(sharing->exchange, target);
    return found != NULL && !found->terms.sold_by_cost ? found : NULL;
}

/* It gets the answer of the leader's second request. */
static void turn_to(struct exchange *exchange, const struct candidate *candidate)
{
    exchange->budget.terms = &candidate->terms;
    exchange->budget.output_tokens_covered = 0; /* by other prices */
    exchange_price_budget(exchange);
}

/* The leader has told health.h why it failed. If its provider may not be asked now, none of the
 * calls that have waited asks it. */
static void go_on(struct sharing *sharing, struct candidate *candidate)
{
    struct exchange *exchange = sharing->exchange;
    if (sharing_answer(exchange) != NULL) {
        struct candidate *found = answerer(sharing, candidate);
        if (found == NULL)
            forget_call(sharing);
        else if (found != candidate)
            turn_to(exchange, found);
        candidate = found != NULL ? found : candidate;
    }
    if (sharing_answer(exchange) == NULL) {
        if (sharing_waits(exchange, candidate))
            return;
        sharing->bar = exchange_choose_again(exchange, candidate);
        if (sharing->bar.obstacle != HEALTH_CLEAR)
            forget_call(sharing);
    }
    exchange_start_later(exchange, candidate);
}

static void on_leader_ended(struct job *job)
{
    struct sharing *sharing = (struct sharing *)(void *)job;
    struct exchange *exchange = sharing->exchange;
    struct candidate *candidate = sharing->candidate;
    sharing->waiting = false;
    sharing->candidate = NULL;
    if (exchange->state == EXCHANGE_SENT && exchange->task.task != NULL) {
        go_on(sharing, candidate);
    } else {
        forget_call(sharing);
        exchange_free_if_over(exchange);
    }
    candidate_unref(candidate);
}

static struct sharing *sharing_of(struct exchange *exchange)
{
    struct sharing *sharing = exchange->sharing;
    if (sharing == NULL) {
        sharing = exchange->sharing = calloc(1, sizeof *sharing);
        check(sharing != NULL);
        sharing->exchange = exchange;
        sharing->waiter.job =
            (struct job){.reply_queue = exchange->env->queue, .done = on_leader_ended};
    }
    return sharing;
}

bool sharing_waits(struct exchange *exchange, struct candidate *candidate)
{
    char key[SHA256_HEX_BYTES];
    if (exchange->sharing != NULL)
        forget_call(exchange->sharing);
    if (!can_be_shared(exchange, candidate))
        return false;
    struct sharing *sharing = sharing_of(exchange);
    sharing->bar.obstacle = HEALTH_CLEAR;
    if (sharing->waits == WAITS_MOST)
        return false;
    find_key(exchange, candidate, key);
    sharing->call = shared_calls_join(exchange->env->shared_calls, key, &exchange->id,
                                      &sharing->waiter, &sharing->leads);
    if (sharing->leads) {
        begin_records(sharing);
        return false;
    }
    sharing->waits++;
    sharing->waiting = true;
    sharing->candidate = candidate_ref(candidate);
    limit_wait_give_up(exchange);
    exchange_release_health(exchange); /* while it waits, it is no call of its provider */
    return true;
}

const struct health_view *sharing_bar(const struct exchange *exchange)
{
    const struct sharing *sharing = exchange->sharing;
    return sharing != NULL && sharing->bar.obstacle != HEALTH_CLEAR ? &sharing->bar : NULL;
}

struct shared_answer *sharing_record(const struct exchange *exchange)
{
    struct sharing *sharing = hedge_asker(exchange)->sharing;
    if (sharing == NULL || !sharing->leads)
        return NULL;
    return exchange->hedge != NULL ? &sharing->second : &sharing->record;
}

const struct shared_answer *sharing_answer(const struct exchange *exchange)
{
    const struct sharing *sharing = exchange->sharing;
    bool follows = sharing != NULL && sharing->call != NULL && !sharing->leads;
    return follows && !sharing->waiting ? shared_call_answer(sharing->call) : NULL;
}

const struct id *sharing_leader(const struct exchange *exchange)
{
    return sharing_answer(exchange) != NULL ? shared_call_leader(exchange->sharing->call) : NULL;
}

void sharing_tell(struct exchange *exchange)
{
    struct sharing *sharing = exchange->sharing;
    if (sharing == NULL || !sharing->leads)
        return;
    const struct attempt *attempt = &exchange->attempt;
    struct shared_answer *answer = attempt->record;
    if (attempt->outcome == ATTEMPT_ANSWERED && answer != NULL && !answer->body.failed) {
        answer->target = attempt->candidate->health.target;
        end_call(sharing, answer);
    }
    forget_call(sharing);
}

void sharing_end(struct exchange *exchange)
{
    if (exchange->sharing != NULL)
        forget_call(exchange->sharing);
}

bool sharing_is_busy(const struct exchange *exchange)
{
    return exchange->sharing != NULL && exchange->sharing->waiting;
}

void sharing_fini(struct exchange *exchange)
{
    struct sharing *sharing = exchange->sharing;
    if (sharing == NULL)
        return;
    forget_call(sharing);
    check(!sharing->waiting);
    free(sharing);
    exchange->sharing = NULL;
}
