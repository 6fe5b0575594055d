#include "exchange/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "exchange/health_place.h"
#include "exchange/provider_limits.h"

enum { FAILURES_SPAN_MS = 9000 }; /* that a percentage looks at */
enum { PAUSE_MS = 1000, PAUSE_MOST_MS = 60000, RETRY_MOST_MS = 3600000 };
enum { SPENT_MOST_MS = 600000 }; /* a limit of a day is looked at again before it ends */
enum { ACCOUNT_MS = 30000, ACCOUNT_MOST_MS = 600000 };
enum { TOKENS_MOST = 10 * 1000 * 1000, TOKEN_PARTS = 1024 }; /* of one answer; parts of a token */
enum { MEAN_SHARE = 8 };                                     /* of a mean: the newest one's */

/* Of our account: nothing but the operator can mend it. */
static const struct breaker_terms account_terms = {.base_ejection_ms = ACCOUNT_MS,
                                                   .max_ejection_ms = ACCOUNT_MOST_MS};

struct health *health_new(void)
{
    struct health *health = calloc(1, sizeof *health);
    check(health != NULL);
    return health;
}

static void place_free(struct health_place *place)
{
    if (place == NULL)
        return;
    check(pthread_mutex_destroy(&place->mutex) == 0);
    free(place->window);
    free(place);
}

void health_free(struct health *health)
{
    if (health == NULL)
        return;
    for (size_t i = 0; i < HEALTH_PLACES; i++)
        place_free(health->places[i]);
    free(health);
}

int64_t health_now_ms(void)
{
    return clock_mono_us() / 1000;
}

/* ---- places by their names ---- */

static uint64_t key_of(const char *kind, const char *a, const char *b, const char *c)
{
    uint64_t hash = hash_on(HASH_START, slice_of(kind));
    hash = hash_on(hash_on(hash, slice_of("\n")), slice_of(a));
    hash = hash_on(hash_on(hash, slice_of("\n")), slice_of(b));
    hash = hash_on(hash_on(hash, slice_of("\n")), slice_of(c));
    return hash != 0 ? hash : 1;
}

struct health_names health_names_of(const char *provider, const char *model, const char *api_key)
{
    return (struct health_names){.provider = provider,
                                 .model = model,
                                 .target = key_of("target", provider, model, ""),
                                 .limit = key_of("limit", provider, model, api_key),
                                 .account = key_of("account", provider, "", api_key)};
}

static struct health_place *place_new(uint64_t key, enum place_kind kind,
                                      const struct health_names *names)
{
    struct health_place *place = calloc(1, sizeof *place);
    check(place != NULL && pthread_mutex_init(&place->mutex, NULL) == 0);
    place->key = key;
    place->kind = kind;
    if (kind == PLACE_TARGET) {
        place->window = calloc(1, sizeof *place->window);
        check(place->window != NULL);
    }
    snprintf(place->provider, sizeof place->provider, "%s", names->provider);
    snprintf(place->model, sizeof place->model, "%s", names->model);
    return place;
}

/* Finds the place, or makes it. NULL: there is no room for it. */
static struct health_place *place_of(struct health *health, uint64_t key, enum place_kind kind,
                                     const struct health_names *names)
{
    size_t at;
    struct health_place *place = health_place_find(health, key, &at);
    if (place != NULL || atomic_load(&health->count) >= HEALTH_PLACES_MOST)
        return place;
    struct health_place *made = place_new(key, kind, names);
    while (place == NULL) {
        if (atomic_compare_exchange_strong(&health->places[at], &place, made)) {
            atomic_fetch_add(&health->count, 1);
            return made;
        }
        place = health_place_find(health, key,
                                  &at); /* another was quicker: with this one, or with its like */
    }
    place_free(made);
    return place;
}

/* ---- before an attempt ---- */

static struct health_view look_at(struct health_place *place, enum health_obstacle kind,
                                  int64_t now_ms)
{
    struct health_view view = {HEALTH_CLEAR, 0};
    if (health_place_is_well(place))
        return view;
    health_place_lock(place);
    if (now_ms < place->paused_until_ms)
        view = (struct health_view){HEALTH_PAUSED, place->paused_until_ms};
    else if (!breaker_admits(&place->breaker, now_ms))
        view = (struct health_view){kind, place->breaker.until_ms};
    health_place_unlock(place);
    return view;
}

struct health_view health_look(struct health *health, const struct health_names *names,
                               int64_t now_ms)
{
    size_t at;
    struct health_view view =
        look_at(health_place_find(health, names->account, &at), HEALTH_ACCOUNT, now_ms);
    if (view.obstacle == HEALTH_CLEAR)
        view = look_at(health_place_find(health, names->limit, &at), HEALTH_PAUSED, now_ms);
    if (view.obstacle == HEALTH_CLEAR)
        view = look_at(health_place_find(health, names->target, &at), HEALTH_EJECTED, now_ms);
    return view;
}

static enum breaker_pass enter(struct health_place *place, int64_t now_ms)
{
    if (health_place_is_well(place))
        return BREAKER_CALL;
    health_place_lock(place);
    enum breaker_pass through = breaker_enter(&place->breaker, now_ms);
    health_place_unlock(place);
    return through;
}

static void release(struct health_place *place, enum breaker_pass through, int64_t now_ms)
{
    if (place == NULL || through != BREAKER_PROBE)
        return;
    health_place_lock(place);
    breaker_release(&place->breaker, now_ms);
    health_place_unlock(place);
}

static void find_places(struct health *health, const struct health_names *names,
                        struct health_pass *out)
{
    *out = (struct health_pass){.target = place_of(health, names->target, PLACE_TARGET, names),
                                .limit = place_of(health, names->limit, PLACE_LIMIT, names),
                                .account = place_of(health, names->account, PLACE_ACCOUNT, names),
                                .through_target = BREAKER_CALL,
                                .through_account = BREAKER_CALL,
                                .open = true};
}

bool health_enter(struct health *health, const struct health_names *names, int64_t tokens,
                  int64_t now_ms, struct health_pass *out)
{
    find_places(health, names, out);
    out->through_account = enter(out->account, now_ms);
    if (out->through_account != BREAKER_NO)
        out->through_target = enter(out->target, now_ms);
    out->open = out->through_account != BREAKER_NO && out->through_target != BREAKER_NO;
    if (!out->open)
        release(out->account, out->through_account, now_ms);
    else
        health_room_begin(out, tokens);
    return out->open;
}

void health_force(struct health *health, const struct health_names *names, int64_t tokens,
                  struct health_pass *out)
{
    find_places(health, names, out);
    out->through_target = out->through_account = BREAKER_PROBE;
    health_room_begin(out, tokens);
}

/* ---- after it ---- */

static void note_latency(struct health_place *place, int64_t took_us, int64_t now_ms)
{
    int64_t before = atomic_load_explicit(&place->latency_us, memory_order_relaxed);
    int64_t mean = before == 0 ? took_us : before + (took_us - before) / MEAN_SHARE;
    atomic_store_explicit(&place->latency_us, mean > 0 ? mean : 1, memory_order_relaxed);
    atomic_store_explicit(&place->latency_ms, now_ms, memory_order_relaxed);
}

static enum breaker_change tell_target(struct health_place *place, enum breaker_pass through,
                                       const struct breaker_terms *terms,
                                       const struct health_end *end, int64_t now_ms)
{
    enum breaker_change change = BREAKER_STAYS;
    struct health_sums sums;
    if (place == NULL)
        return change;
    health_place_lock(place);
    if (end->result == HEALTH_ANSWERED) {
        note_latency(place, end->took_us, now_ms);
        if (end->plain)
            health_window_count_plain(place->window, end->took_us, now_ms);
    }
    health_window_count(place->window, end->result, end->took_us, now_ms);
    switch (end->result) {
    case HEALTH_ANSWERED:
        if (through != BREAKER_PROBE)
            break; /* health_tell_end says how it went on */
        change = breaker_succeed(&place->breaker, through, terms, now_ms);
        break;
    case HEALTH_REFUSED:
        change = breaker_succeed(&place->breaker, through, terms, now_ms);
        break;
    case HEALTH_FAILED:
    case HEALTH_FORBIDDEN:
        health_window_sum(place->window, FAILURES_SPAN_MS, now_ms, &sums);
        change =
            breaker_fail(&place->breaker, through, terms, sums.failures, sums.calls, false, now_ms);
        break;
    case HEALTH_LIMITED:
    case HEALTH_DENIED:
        if (through == BREAKER_PROBE)
            breaker_release(&place->breaker, now_ms);
        break;
    }
    health_place_unlock(place);
    return change;
}

static enum breaker_change tell_account(struct health_place *place, enum breaker_pass through,
                                        enum health_result result, int64_t now_ms)
{
    bool ours = result == HEALTH_DENIED;
    bool well = result == HEALTH_ANSWERED || result == HEALTH_REFUSED;
    enum breaker_change change = BREAKER_STAYS;
    if (place == NULL || (!ours && health_place_is_well(place)))
        return change;
    health_place_lock(place);
    if (ours)
        change = breaker_fail(&place->breaker, through, &account_terms, 1, 1, true, now_ms);
    else if (well)
        change = breaker_succeed(&place->breaker, through, &account_terms, now_ms);
    else if (through == BREAKER_PROBE)
        breaker_release(&place->breaker, now_ms);
    health_place_unlock(place);
    return change;
}

/* The provider says when to come again; if it does not, we wait longer each time. */
static int64_t pause_of(const struct health_place *place, int64_t retry_after_ms)
{
    if (retry_after_ms > 0)
        return retry_after_ms < RETRY_MOST_MS ? retry_after_ms : RETRY_MOST_MS;
    return breaker_pause_ms(PAUSE_MS, place->pauses, PAUSE_MOST_MS);
}

/* Pauses until then, unless it does for longer. Returns for how long, if the pause begins now, and
 * not with each call that was under way. */
static int64_t pause_for(const struct health_pass *pass, int64_t pause_ms, int64_t now_ms)
{
    struct health_place *place = pass->limit;
    bool begins = now_ms >= place->paused_until_ms;
    if (now_ms + pause_ms > place->paused_until_ms)
        place->paused_until_ms = now_ms + pause_ms;
    if (pass->target != NULL)
        atomic_store_explicit(&pass->target->keys_paused_ms, place->paused_until_ms,
                              memory_order_relaxed);
    return begins ? pause_ms : 0;
}

/* Notes in *news what has begun. */
static void tell_limit(const struct health_pass *pass, const struct health_end *end, int64_t now_ms,
                       struct health_news *news)
{
    struct health_place *place = pass->limit;
    bool said = end->limits != NULL && end->limits->said;
    if (place == NULL || (end->result != HEALTH_LIMITED && !said && health_place_is_well(place)))
        return;
    health_place_lock(place);
    int64_t spent_ms = said ? provider_limits_spent_ms(end->limits) : 0;
    if (said)
        health_room_note(pass, end->limits, now_ms);
    if (end->result == HEALTH_ANSWERED && now_ms >= place->paused_until_ms)
        place->pauses = place->paused_until_ms = 0;
    if (end->result == HEALTH_LIMITED) {
        int64_t pause_ms = pause_of(place, end->retry_after_ms);
        place->pauses += now_ms >= place->paused_until_ms;
        news->pause_ms = pause_for(pass, pause_ms, now_ms);
    } else if (spent_ms > 0) {
        int64_t pause_ms = spent_ms < SPENT_MOST_MS ? spent_ms : SPENT_MOST_MS;
        news->pause_ms = pause_for(pass, pause_ms, now_ms);
        news->spent = news->pause_ms > 0;
    }
    health_place_unlock(place);
}

static int64_t longest(int64_t pause_ms, struct health_place *place, enum breaker_change change,
                       int64_t now_ms)
{
    if (change != BREAKER_OPENS)
        return pause_ms;
    health_place_lock(place);
    int64_t ms = place->breaker.until_ms - now_ms;
    health_place_unlock(place);
    return ms > pause_ms ? ms : pause_ms;
}

struct health_news health_tell(struct health_pass *pass, const struct breaker_terms *terms,
                               const struct health_end *end, int64_t now_ms)
{
    struct health_news news = {.pause_ms = 0};
    if (!pass->open)
        return news;
    pass->open = false;
    health_room_end(pass);
    news.target = tell_target(pass->target, pass->through_target, terms, end, now_ms);
    if (terms->base_ejection_ms == 0)
        return news; /* the operator wants none of it */
    news.account = tell_account(pass->account, pass->through_account, end->result, now_ms);
    tell_limit(pass, end, now_ms, &news);
    news.pause_ms = longest(news.pause_ms, pass->target, news.target, now_ms);
    news.pause_ms = longest(news.pause_ms, pass->account, news.account, now_ms);
    return news;
}

void health_release(struct health_pass *pass, int64_t now_ms)
{
    if (!pass->open)
        return;
    pass->open = false;
    health_room_end(pass);
    release(pass->target, pass->through_target, now_ms);
    release(pass->account, pass->through_account, now_ms);
}

static enum breaker_change tell_cut(struct health_place *place, const struct breaker_terms *terms,
                                    int64_t now_ms)
{
    struct health_sums sums;
    health_window_count_cut(place->window, now_ms);
    health_window_sum(place->window, FAILURES_SPAN_MS, now_ms, &sums);
    return breaker_fail(&place->breaker, BREAKER_CALL, terms, sums.failures, sums.calls, false,
                        now_ms);
}

/* Of tokens and of time there is a mean for each, so a long answer counts more than a short one,
 * most of whose time passes before it begins. */
static void note_throughput(struct health_place *place, int64_t tokens, int64_t took_us,
                            int64_t now_ms)
{
    if (tokens <= 0)
        return;
    tokens = (tokens < TOKENS_MOST ? tokens : TOKENS_MOST) * TOKEN_PARTS;
    if (place->mean_tokens == 0) {
        place->mean_tokens = tokens;
        place->mean_us = took_us;
    } else {
        place->mean_tokens += (tokens - place->mean_tokens) / MEAN_SHARE;
        place->mean_us += (took_us - place->mean_us) / MEAN_SHARE;
    }
    int64_t us = place->mean_us * 1000 * TOKEN_PARTS / place->mean_tokens;
    atomic_store_explicit(&place->token_us, us > 0 ? us : 1, memory_order_relaxed);
    atomic_store_explicit(&place->token_ms, now_ms, memory_order_relaxed);
}

struct health_news health_tell_end(const struct health_pass *pass,
                                   const struct breaker_terms *terms,
                                   const struct health_answer *answer, int64_t now_ms)
{
    struct health_news news = {.pause_ms = 0};
    struct health_place *place = pass->target;
    if (place == NULL)
        return news;
    health_place_lock(place);
    if (answer->cut) {
        news.target = tell_cut(place, terms, now_ms);
    } else {
        (void)breaker_succeed(&place->breaker, BREAKER_CALL, terms, now_ms);
        if (answer->took_us > 0) {
            health_window_count_end(place->window, answer->took_us, now_ms);
            note_throughput(place, answer->output_tokens, answer->took_us, now_ms);
        }
    }
    health_place_unlock(place);
    news.pause_ms = longest(0, place, news.target, now_ms);
    return news;
}
