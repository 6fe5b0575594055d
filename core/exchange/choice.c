#include "exchange/choice.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "exchange/candidate.h"
#include "exchange/exchange_internal.h"
#include "exchange/limit_wait.h"
#include "exchange/raised_alerts.h"
#include "exchange/spend_cap.h"
#include "exchange/trace.h"

/* No prompt cache begins below 1,024 tokens: what requests have in common there tells which ones
 * belong together. */
enum { PREFIX_BYTES = 2048 };

/* ---- the order ---- */

/* Hashes eight bytes at a time. */
static uint64_t hash_prefix(uint64_t hash, struct slice text)
{
    for (size_t at = 0; at < text.bytes; at += sizeof hash) {
        uint64_t word = 0;
        size_t left = text.bytes - at;
        memcpy(&word, text.data + at, left < sizeof word ? left : sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 by the golden ratio */
        hash ^= hash >> 29;
    }
    return hash;
}

/* How the client calls the conversation: in its request, or in a header (OpenRouter's, and Claude
 * Code's). Empty: it does not say. */
static struct slice session_of(const struct exchange *exchange)
{
    static const char *const headers[] = {"x-session-id", "x-claude-code-session-id"};
    struct slice name = session_name_text(&exchange->asks.session);
    for (size_t i = 0; name.bytes == 0 && exchange->request != NULL && i < 2; i++) {
        const struct slice *header = head_header(&exchange->request->head, headers[i]);
        name = header != NULL ? *header : name;
    }
    return name;
}

/* The same for all requests of a conversation, which so find the prompt cache that they have
 * filled. */
static uint64_t seed_of(const struct exchange *exchange)
{
    struct slice words = session_of(exchange);
    if (words.bytes == 0)
        words = buffer_slice(&exchange->body);
    if (words.bytes > PREFIX_BYTES)
        words.bytes = PREFIX_BYTES;
    return hash_prefix(hash_on(HASH_START, slice_of(exchange->key.account_id.text)), words);
}

static bool has_pools(const struct route_entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) { /* the keys of a pool stand side by side */
        if (entries[i].group == entries[i - 1].group)
            return true;
    }
    return false;
}

static int64_t time_of(const struct exchange *exchange, const struct candidate *candidate,
                       enum route_sort sort, int64_t now_ms)
{
    struct health_figures figures =
        health_figures_of(exchange->env->health, &candidate->health, now_ms);
    return sort == ROUTE_BY_LATENCY ? figures.latency_us : figures.token_us;
}

static void make_route(struct exchange *exchange, struct candidate *const candidates[],
                       size_t count, enum route_sort sort, int64_t now_ms)
{
    struct route_entry entries[LIMIT_ROUTE];
    if (count == 1) { /* as for most models */
        exchange->route = (struct route){.places = {0}, .count = 1};
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct candidate *candidate = candidates[i];
        entries[i] = (struct route_entry){.group = candidate->health.target,
                                          .weight = candidate->terms.weight};
        if (sort == ROUTE_BY_LATENCY || sort == ROUTE_BY_THROUGHPUT)
            entries[i].time_us = time_of(exchange, candidate, sort, now_ms);
    }
    bool drawn = sort != ROUTE_AS_LISTED || has_pools(entries, count);
    route_make(entries, count, sort, drawn ? seed_of(exchange) : 0, &exchange->route);
    if (exchange->lead > 0)
        route_lead(&exchange->route, exchange->lead);
}

/* ---- the choice ---- */

/* Notes the obstacle that ends first. */
static void note_obstacle(struct exchange *exchange, struct health_view view)
{
    struct health_view *first = &exchange->obstacle;
    if (first->obstacle == HEALTH_CLEAR || view.until_ms < first->until_ms)
        *first = view;
}

/* Whether it may be asked now; what pauses for a limit may be waited for. */
static struct health_view look(struct exchange *exchange, struct candidate *candidate,
                               int64_t now_ms)
{
    struct health_view view = health_look(exchange->env->health, &candidate->health, now_ms);
    if (view.obstacle == HEALTH_CLEAR &&
        limit_wait_bars(exchange, candidate, now_ms, &view.until_ms))
        view.obstacle = HEALTH_PAUSED;
    if (view.obstacle == HEALTH_PAUSED)
        limit_wait_note(exchange, candidate, view.until_ms);
    return view;
}

/* It has met a limit: that may be waited for. Where no pauses are kept (`breaker = false`), nobody
 * knows how long, and it would meet the limit again at once. */
static void note_limited(struct exchange *exchange, struct candidate *candidate, int64_t now_ms)
{
    if (candidate->terms.breaker.base_ejection_ms == 0)
        return;
    struct health_view view = health_look(exchange->env->health, &candidate->health, now_ms);
    if (view.obstacle == HEALTH_PAUSED || view.obstacle == HEALTH_CLEAR)
        limit_wait_note(exchange, candidate, view.until_ms);
}

static int take(struct exchange *exchange, struct candidate *const candidates[], size_t place)
{
    limit_wait_end_choice(exchange, candidates[place]);
    exchange->place = (unsigned)place;
    exchange->tried |= 1U << place;
    exchange->canary_attempts += place < exchange->lead;
    return (int)place;
}

/* Leaves out the other keys of what has just failed, unless the key was the fault. */
static void leave_pool(struct exchange *exchange, struct candidate *const candidates[],
                       size_t count)
{
    const struct attempt *attempt = &exchange->attempt;
    bool of_key = attempt->outcome == ATTEMPT_DENIED || attempt->rate_limited;
    if (exchange->attempts == 0 || of_key || attempt->candidate == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        if (candidates[i]->health.target == attempt->candidate->health.target)
            exchange->tried |= 1U << i;
    }
}

int exchange_choose(struct exchange *exchange, struct candidate *const candidates[], size_t count,
                    enum route_sort sort)
{
    struct health *health = exchange->env->health;
    int64_t now_ms = health_now_ms();
    int64_t soonest_ms = INT64_MAX;
    int64_t tokens = limit_wait_tokens(exchange);
    int ejected = -1;
    exchange->obstacle = (struct health_view){HEALTH_CLEAR, 0};
    limit_wait_begin_choice(exchange);
    if (exchange->route.count == 0)
        make_route(exchange, candidates, count, sort, now_ms);
    leave_pool(exchange, candidates, count);
    for (size_t i = 0; i < exchange->route.count; i++) {
        size_t place = exchange->route.places[i];
        if ((exchange->tried >> place & 1) != 0) {
            if ((exchange->limited >> place & 1) != 0)
                note_limited(exchange, candidates[place], now_ms);
            continue;
        }
        enum health_obstacle cap = spend_cap_reserve(exchange, candidates[place]);
        if (cap != HEALTH_CLEAR) {
            note_obstacle(exchange, (struct health_view){cap, spend_cap_until_ms(cap, now_ms)});
            continue;
        }
        struct health_view view = look(exchange, candidates[place], now_ms);
        if (view.obstacle == HEALTH_CLEAR &&
            health_enter(health, &candidates[place]->health, tokens, now_ms, &exchange->pass))
            return take(exchange, candidates, place);
        spend_cap_release(exchange);
        if (view.obstacle == HEALTH_EJECTED && view.until_ms < soonest_ms) {
            soonest_ms = view.until_ms;
            ejected = (int)place;
        } else if (view.obstacle != HEALTH_CLEAR) {
            note_obstacle(exchange, view);
        } else if (ejected < 0) { /* another call was quicker to probe it */
            ejected = (int)place;
        }
    }
    if (ejected < 0 || exchange->attempts > 0 ||
        spend_cap_reserve(exchange, candidates[ejected]) != HEALTH_CLEAR)
        return -1;
    health_force(health, &candidates[ejected]->health, tokens, &exchange->pass);
    return take(exchange, candidates, (size_t)ejected);
}

struct health_view exchange_choose_again(struct exchange *exchange,
                                         const struct candidate *candidate)
{
    struct health *health = exchange->env->health;
    int64_t now_ms = health_now_ms();
    struct health_view view = health_look(health, &candidate->health, now_ms);
    if (view.obstacle == HEALTH_CLEAR &&
        !health_enter(health, &candidate->health, limit_wait_tokens(exchange), now_ms,
                      &exchange->pass))
        view.obstacle = HEALTH_EJECTED; /* another call was quicker to probe it */
    if (view.obstacle == HEALTH_PAUSED)
        exchange->limited |= 1U << exchange->place;
    return view;
}

void exchange_lead(struct exchange *exchange, unsigned count)
{
    exchange->lead = count;
    exchange->on_trial = true;
}

/* ---- what came of it ---- */

/* Whether one customer can have brought it forth, so that it must not take the provider from the
 * others: words of an account in an error about the request (which may repeat the client's own), a
 * limit that this request alone exceeds, a client that sends its form too slowly. */
static bool is_of_one_request(const struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    int status = attempt->status;
    switch (attempt->outcome) {
    case ATTEMPT_DENIED:
        /* 0: nothing was asked, for want of an access token. */
        return status != 0 && status != 401 && status != 402 && status != 403 && status != 429;
    case ATTEMPT_OVERLOADED:
        return attempt->too_large;
    case ATTEMPT_BROKEN:
    case ATTEMPT_TIMED_OUT:
        return exchange->body_open;
    default:
        return false;
    }
}

static enum health_result result_of(const struct attempt *attempt)
{
    switch (attempt->outcome) {
    case ATTEMPT_ANSWERED:
        return HEALTH_ANSWERED;
    case ATTEMPT_REFUSED:
        return HEALTH_REFUSED;
    case ATTEMPT_OVERLOADED:
        return attempt->rate_limited ? HEALTH_LIMITED : HEALTH_FAILED;
    case ATTEMPT_DENIED: /* a 403 may also be about what one customer asks for */
        return attempt->status == 403 ? HEALTH_FORBIDDEN : HEALTH_DENIED;
    case ATTEMPT_UNKNOWN:
        return HEALTH_FORBIDDEN;
    default:
        return HEALTH_FAILED;
    }
}

static void log_change(const struct exchange *exchange, enum breaker_change change,
                       const char *opened, const char *closed, int64_t pause_ms)
{
    const struct attempt *attempt = &exchange->attempt;
    if (change == BREAKER_STAYS || attempt->candidate == NULL)
        return;
    bool opens = change == BREAKER_OPENS;
    log_event(opens ? LOG_ERROR : LOG_WARN, opens ? opened : closed,
              log_text("provider", attempt_provider(attempt)),
              log_text("model", attempt->candidate->terms.model), LOG_CALL(exchange),
              log_int(opens ? "pause_ms" : NULL, pause_ms),
              log_text(opens ? "detail" : NULL, attempt->detail));
}

static bool is_new(const struct health_news *news)
{
    return news->target != BREAKER_STAYS || news->account != BREAKER_STAYS || news->pause_ms > 0;
}

static void log_news(const struct exchange *exchange, const struct health_news *news)
{
    const struct attempt *attempt = &exchange->attempt;
    if (!is_new(news))
        return;
    log_change(exchange, news->target, "breaker opened: calls go elsewhere", "breaker closed",
               news->pause_ms);
    log_change(exchange, news->account,
               "breaker opened: a provider refuses our account, and is not asked",
               "breaker closed: a provider takes our account again", news->pause_ms);
    bool limited = news->spent || attempt->rate_limited;
    if (news->pause_ms > 0 && limited && attempt->candidate != NULL)
        log_event(LOG_WARN,
                  news->spent ? "nothing is left of a provider's rate limit: its key pauses"
                              : "a provider's rate limit: its key pauses",
                  log_text("provider", attempt_provider(attempt)),
                  log_text("model", attempt->candidate->terms.model),
                  log_int("pause_ms", news->pause_ms));
}

void exchange_tell_health(struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    if (!exchange->pass.open || attempt->candidate == NULL)
        return;
    if (is_of_one_request(exchange)) {
        limit_wait_tell(exchange, LIMIT_NOT_ASKED);
        exchange_release_health(exchange);
        return;
    }
    int64_t now_us = clock_mono_us();
    const struct health_end end = {.result = result_of(attempt),
                                   .took_us = now_us - attempt->started_us,
                                   .plain = !exchange->asks.streamed && !attempt->opaque,
                                   .retry_after_ms = attempt->retry_after_ms,
                                   .limits = &attempt->limits};
    struct health_news news =
        health_tell(&exchange->pass, &attempt->candidate->terms.breaker, &end, now_us / 1000);
    limit_wait_tell(exchange, end.result == HEALTH_LIMITED ? LIMIT_MET : LIMIT_TAKEN);
    log_news(exchange, &news);
    raised_alerts_of_health(exchange, end.result, &news);
}

void exchange_tell_answer_end(struct exchange *exchange, bool cut)
{
    const struct attempt *attempt = &exchange->attempt;
    if (attempt->candidate == NULL)
        return;
    bool whole = !exchange->cut && !exchange->stream.out_of_budget && !attempt->held_up;
    int64_t begun_us = attempt->sent_us > 0 ? attempt->sent_us : attempt->started_us;
    const struct health_answer answer = {
        .cut = cut,
        .took_us = whole ? attempt->heard_us - begun_us : 0,
        .output_tokens = unit_counts_answer(&exchange->settlement.record.counts)};
    struct health_news news = health_tell_end(&exchange->pass, &attempt->candidate->terms.breaker,
                                              &answer, health_now_ms());
    log_news(exchange, &news);
    if (cut)
        raised_alerts_of_health(exchange, HEALTH_FAILED, &news);
}

void exchange_release_health(struct exchange *exchange)
{
    health_release(&exchange->pass, health_now_ms());
}
