#include "exchange/health.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "exchange/health_window.h"

/* A power of two. More names than a table half full has room for come only of many reloads. */
enum { PLACES = 8192, PLACES_MOST = PLACES / 2 };
enum { PROVIDER_BYTES = 64 }; /* with NUL; longer names are shown cut */
enum { WINDOW_MS = HEALTH_SLOT_MS * HEALTH_SLOTS };
enum { SHOWN_MODELS = 20, SHOWN_BYTES = 15 * 1024 };
enum { FAILURES_SPAN_MS = 9000 }; /* that a percentage looks at */
enum { PAUSE_MS = 1000, PAUSE_MOST_MS = 60000, RETRY_MOST_MS = 3600000 };
enum { ACCOUNT_MS = 30000, ACCOUNT_MOST_MS = 600000 };
enum { LATENCY_SHARE = 8, LATENCY_FADES_MS = 30000 }; /* to half of it */

enum place_kind { PLACE_TARGET, PLACE_LIMIT, PLACE_ACCOUNT };

struct health_place {
    uint64_t key;
    enum place_kind kind;
    char provider[PROVIDER_BYTES]; /* these two never change */
    char model[LIMIT_MODEL_NAME_BYTES];
    atomic_bool marked; /* `breaker` or a pause is not as it was at first: look, with the lock */
    _Atomic int64_t latency_us;
    _Atomic int64_t latency_ms;     /* when that was noted */
    _Atomic int64_t keys_paused_ms; /* of a target: until when a key of it pauses; to be shown */
    pthread_mutex_t mutex;          /* guards what follows */
    struct breaker breaker;
    int64_t paused_until_ms;
    int64_t pauses;               /* in a row */
    struct health_window *window; /* of a target; else NULL */
};

struct health {
    _Atomic(struct health_place *) places[PLACES]; /* by key, then the next free one */
    _Atomic unsigned count;
};

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
    for (size_t i = 0; i < PLACES; i++)
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

static struct health_place *look_up(const struct health *health, uint64_t key, size_t *free_at)
{
    size_t at = key & (PLACES - 1);
    for (;; at = (at + 1) & (PLACES - 1)) {
        struct health_place *place =
            atomic_load_explicit(&health->places[at], memory_order_acquire);
        if (place == NULL || place->key == key) {
            *free_at = at;
            return place;
        }
    }
}

/* Finds the place, or makes it. NULL: there is no room for it. */
static struct health_place *place_of(struct health *health, uint64_t key, enum place_kind kind,
                                     const struct health_names *names)
{
    size_t at;
    struct health_place *place = look_up(health, key, &at);
    if (place != NULL || atomic_load(&health->count) >= PLACES_MOST)
        return place;
    struct health_place *made = place_new(key, kind, names);
    while (place == NULL) {
        if (atomic_compare_exchange_strong(&health->places[at], &place, made)) {
            atomic_fetch_add(&health->count, 1);
            return made;
        }
        place =
            look_up(health, key, &at); /* another was quicker: with this one, or with its like */
    }
    place_free(made);
    return place;
}

/* ---- before an attempt ---- */

static void lock(struct health_place *place)
{
    check(pthread_mutex_lock(&place->mutex) == 0);
}

/* Ends what `lock` has begun. */
static void unlock(struct health_place *place)
{
    bool marked = place->breaker.state != BREAKER_CLOSED || place->breaker.consecutive > 0 ||
                  place->pauses > 0;
    atomic_store_explicit(&place->marked, marked, memory_order_relaxed);
    check(pthread_mutex_unlock(&place->mutex) == 0);
}

static bool is_well(const struct health_place *place)
{
    return place == NULL || !atomic_load_explicit(&place->marked, memory_order_relaxed);
}

static struct health_view look_at(struct health_place *place, enum health_obstacle kind,
                                  int64_t now_ms)
{
    struct health_view view = {HEALTH_CLEAR, 0};
    if (is_well(place))
        return view;
    lock(place);
    if (now_ms < place->paused_until_ms)
        view = (struct health_view){HEALTH_PAUSED, place->paused_until_ms};
    else if (!breaker_admits(&place->breaker, now_ms))
        view = (struct health_view){kind, place->breaker.until_ms};
    unlock(place);
    return view;
}

struct health_view health_look(struct health *health, const struct health_names *names,
                               int64_t now_ms)
{
    size_t at;
    struct health_view view = look_at(look_up(health, names->account, &at), HEALTH_ACCOUNT, now_ms);
    if (view.obstacle == HEALTH_CLEAR)
        view = look_at(look_up(health, names->limit, &at), HEALTH_PAUSED, now_ms);
    if (view.obstacle == HEALTH_CLEAR)
        view = look_at(look_up(health, names->target, &at), HEALTH_EJECTED, now_ms);
    return view;
}

static enum breaker_pass enter(struct health_place *place, int64_t now_ms)
{
    if (is_well(place))
        return BREAKER_CALL;
    lock(place);
    enum breaker_pass through = breaker_enter(&place->breaker, now_ms);
    unlock(place);
    return through;
}

static void release(struct health_place *place, enum breaker_pass through, int64_t now_ms)
{
    if (place == NULL || through != BREAKER_PROBE)
        return;
    lock(place);
    breaker_release(&place->breaker, now_ms);
    unlock(place);
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

bool health_enter(struct health *health, const struct health_names *names, int64_t now_ms,
                  struct health_pass *out)
{
    find_places(health, names, out);
    out->through_account = enter(out->account, now_ms);
    if (out->through_account != BREAKER_NO)
        out->through_target = enter(out->target, now_ms);
    out->open = out->through_account != BREAKER_NO && out->through_target != BREAKER_NO;
    if (!out->open)
        release(out->account, out->through_account, now_ms);
    return out->open;
}

void health_force(struct health *health, const struct health_names *names, struct health_pass *out)
{
    find_places(health, names, out);
    out->through_target = out->through_account = BREAKER_PROBE;
}

/* ---- after it ---- */

static void note_latency(struct health_place *place, int64_t took_us, int64_t now_ms)
{
    int64_t before = atomic_load_explicit(&place->latency_us, memory_order_relaxed);
    int64_t mean = before == 0 ? took_us : before + (took_us - before) / LATENCY_SHARE;
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
    lock(place);
    if (end->result == HEALTH_ANSWERED)
        note_latency(place, end->took_us, now_ms);
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
    unlock(place);
    return change;
}

static enum breaker_change tell_account(struct health_place *place, enum breaker_pass through,
                                        enum health_result result, int64_t now_ms)
{
    bool ours = result == HEALTH_DENIED;
    bool well = result == HEALTH_ANSWERED || result == HEALTH_REFUSED;
    enum breaker_change change = BREAKER_STAYS;
    if (place == NULL || (!ours && is_well(place)))
        return change;
    lock(place);
    if (ours)
        change = breaker_fail(&place->breaker, through, &account_terms, 1, 1, true, now_ms);
    else if (well)
        change = breaker_succeed(&place->breaker, through, &account_terms, now_ms);
    else if (through == BREAKER_PROBE)
        breaker_release(&place->breaker, now_ms);
    unlock(place);
    return change;
}

/* The provider says when to come again; if it does not, we wait longer each time. */
static int64_t pause_of(const struct health_place *place, int64_t retry_after_ms)
{
    if (retry_after_ms > 0)
        return retry_after_ms < RETRY_MOST_MS ? retry_after_ms : RETRY_MOST_MS;
    return breaker_pause_ms(PAUSE_MS, place->pauses, PAUSE_MOST_MS);
}

/* Returns for how long a pause has begun; 0: none has. */
static int64_t tell_limit(const struct health_pass *pass, const struct health_end *end,
                          int64_t now_ms)
{
    struct health_place *place = pass->limit;
    int64_t ms = 0;
    if (place == NULL || (end->result != HEALTH_LIMITED && is_well(place)))
        return 0;
    lock(place);
    if (end->result == HEALTH_ANSWERED && now_ms >= place->paused_until_ms)
        place->pauses = 0;
    if (end->result == HEALTH_LIMITED) {
        bool begins = now_ms >= place->paused_until_ms; /* not with each call that was under way */
        int64_t pause_ms = pause_of(place, end->retry_after_ms);
        place->pauses += begins;
        if (now_ms + pause_ms > place->paused_until_ms)
            place->paused_until_ms = now_ms + pause_ms;
        if (pass->target != NULL)
            atomic_store_explicit(&pass->target->keys_paused_ms, place->paused_until_ms,
                                  memory_order_relaxed);
        ms = begins ? pause_ms : 0;
    }
    unlock(place);
    return ms;
}

static int64_t longest(int64_t pause_ms, struct health_place *place, enum breaker_change change,
                       int64_t now_ms)
{
    if (change != BREAKER_OPENS)
        return pause_ms;
    lock(place);
    int64_t ms = place->breaker.until_ms - now_ms;
    unlock(place);
    return ms > pause_ms ? ms : pause_ms;
}

struct health_news health_tell(struct health_pass *pass, const struct breaker_terms *terms,
                               const struct health_end *end, int64_t now_ms)
{
    struct health_news news = {BREAKER_STAYS, BREAKER_STAYS, 0};
    if (!pass->open)
        return news;
    pass->open = false;
    news.target = tell_target(pass->target, pass->through_target, terms, end, now_ms);
    if (terms->base_ejection_ms == 0)
        return news; /* the operator wants none of it */
    news.account = tell_account(pass->account, pass->through_account, end->result, now_ms);
    news.pause_ms = tell_limit(pass, end, now_ms);
    news.pause_ms = longest(news.pause_ms, pass->target, news.target, now_ms);
    news.pause_ms = longest(news.pause_ms, pass->account, news.account, now_ms);
    return news;
}

void health_release(struct health_pass *pass, int64_t now_ms)
{
    if (!pass->open)
        return;
    pass->open = false;
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

struct health_news health_tell_end(const struct health_pass *pass,
                                   const struct breaker_terms *terms, bool cut, int64_t now_ms)
{
    struct health_news news = {BREAKER_STAYS, BREAKER_STAYS, 0};
    struct health_place *place = pass->target;
    if (place == NULL || (!cut && is_well(place)))
        return news;
    lock(place);
    if (cut)
        news.target = tell_cut(place, terms, now_ms);
    else
        (void)breaker_succeed(&place->breaker, BREAKER_CALL, terms, now_ms);
    unlock(place);
    news.pause_ms = longest(0, place, news.target, now_ms);
    return news;
}

/* ---- what is known ---- */

int64_t health_latency_us(struct health *health, const struct health_names *names, int64_t now_ms)
{
    size_t at;
    const struct health_place *place = look_up(health, names->target, &at);
    if (place == NULL)
        return 0;
    int64_t us = atomic_load_explicit(&place->latency_us, memory_order_relaxed);
    int64_t noted_ms = atomic_load_explicit(&place->latency_ms, memory_order_relaxed);
    int64_t halvings = (now_ms - noted_ms) / LATENCY_FADES_MS;
    return halvings > 0 ? us >> (halvings < 62 ? halvings : 62) : us;
}

/* What a page shows of a provider. */
struct shown {
    struct buffer models; /* JSON */
    int64_t count, left_out;
    int64_t calls, failures;
    int64_t refused_until_ms; /* our account */
};

/* `at_ms` as the time of day; null if it has passed. */
static void write_time(struct buffer *out, const char *name, int64_t at_ms, int64_t now_ms)
{
    json_writer_time_or_null(out, name, at_ms > now_ms ? clock_wall_ms() + (at_ms - now_ms) : 0);
}

static void show_target(struct health_place *place, int64_t now_ms, struct shown *shown)
{
    static const char *const states[] = {
        [BREAKER_CLOSED] = "closed", [BREAKER_OPEN] = "open", [BREAKER_HALF_OPEN] = "half_open"};
    const struct breaker *breaker = &place->breaker;
    struct health_sums sums;
    health_window_sum(place->window, WINDOW_MS, now_ms, &sums);
    shown->calls += sums.calls;
    shown->failures += sums.failures;
    if (sums.calls == 0 && breaker->state == BREAKER_CLOSED)
        return;
    if (shown->count == SHOWN_MODELS) {
        shown->left_out++;
        return;
    }
    shown->count++;
    struct buffer *out = &shown->models;
    json_writer_object(out, NULL);
    json_writer_text(out, "model", place->model);
    json_writer_text(out, "breaker", states[breaker->state]);
    write_time(out, "open_until", breaker->state == BREAKER_OPEN ? breaker->until_ms : 0, now_ms);
    write_time(out, "paused_until",
               atomic_load_explicit(&place->keys_paused_ms, memory_order_relaxed), now_ms);
    health_window_render(&sums, out);
    json_writer_object_end(out);
}

static void show_place(struct health_place *place, int64_t now_ms, struct shown *shown)
{
    lock(place);
    if (place->kind == PLACE_TARGET)
        show_target(place, now_ms, shown);
    else if (place->kind == PLACE_ACCOUNT && place->breaker.state != BREAKER_CLOSED &&
             place->breaker.until_ms > shown->refused_until_ms)
        shown->refused_until_ms = place->breaker.until_ms;
    unlock(place);
}

void health_render_provider(struct health *health, const char *provider, struct buffer *out)
{
    int64_t now_ms = health_now_ms();
    struct shown shown = {.calls = 0};
    buffer_init(&shown.models, SHOWN_BYTES);
    json_writer_array(&shown.models, NULL);
    for (size_t i = 0; i < PLACES; i++) {
        struct health_place *place = atomic_load_explicit(&health->places[i], memory_order_acquire);
        if (place != NULL && strcmp(place->provider, provider) == 0)
            show_place(place, now_ms, &shown);
    }
    json_writer_array_end(&shown.models);
    buffer_append_char(&shown.models, '\0');
    check(!shown.models.failed);
    json_writer_object(out, NULL);
    json_writer_int(out, "window_s", WINDOW_MS / 1000);
    json_writer_int(out, "calls", shown.calls);
    json_writer_int(out, "failures", shown.failures);
    write_time(out, "account_refused_until", shown.refused_until_ms, now_ms);
    json_writer_json(out, "models", shown.models.data);
    json_writer_int(out, "left_out", shown.left_out);
    json_writer_object_end(out);
    buffer_fini(&shown.models);
}
