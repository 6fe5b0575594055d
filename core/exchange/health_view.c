/* What is known of providers: to choose by, and to be shown. */
#include "exchange/health.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "exchange/health_place.h"

enum { WINDOW_MS = HEALTH_SLOT_MS * HEALTH_SLOTS };
enum { SHOWN_MODELS = 20, SHOWN_BYTES = 24 * 1024 };
enum { MEAN_FADES_MS = 30000 };       /* to half of it */
#define TOKENS_US INT64_C(1000000000) /* of a thousand tokens, one a second */

/* What was slow is tried again after a while. */
static int64_t faded(int64_t us, int64_t noted_ms, int64_t now_ms)
{
    int64_t halvings = (now_ms - noted_ms) / MEAN_FADES_MS;
    return halvings > 0 ? us >> (halvings < 62 ? halvings : 62) : us;
}

struct health_figures health_figures_of(struct health *health, const struct health_names *names,
                                        int64_t now_ms)
{
    struct health_figures figures = {.latency_us = 0};
    size_t at;
    struct health_place *place = health_place_find(health, names->target, &at);
    if (place == NULL)
        return figures;
    figures.latency_us =
        faded(atomic_load_explicit(&place->latency_us, memory_order_relaxed),
              atomic_load_explicit(&place->latency_ms, memory_order_relaxed), now_ms);
    figures.token_us = faded(atomic_load_explicit(&place->token_us, memory_order_relaxed),
                             atomic_load_explicit(&place->token_ms, memory_order_relaxed), now_ms);
    return figures;
}

int64_t health_success_ppm(struct health *health, const struct health_names *names, int64_t now_ms)
{
    struct health_sums sums = {.calls = 0};
    size_t at;
    struct health_place *place = health_place_find(health, names->target, &at);
    if (place != NULL) {
        health_place_lock(place);
        health_window_sum(place->window, WINDOW_MS, now_ms, &sums);
        health_place_unlock(place);
    }
    return sums.calls > 0 ? (sums.calls - sums.failures) * 1000000 / sums.calls : 1000000;
}

/* Some answer of those that are known must be expected above the quantile. */
static bool are_enough(int64_t answers, int64_t ppm)
{
    enum { ANSWERS_LEAST = 20 };
    return answers >= ANSWERS_LEAST && answers * (1000000 - ppm) >= 1000000;
}

int64_t health_plain_quantile_us(struct health *health, const struct health_names *names,
                                 int64_t ppm, int64_t now_ms)
{
    struct time_sums sums = {.timed = 0};
    size_t at;
    struct health_place *place = health_place_find(health, names->target, &at);
    if (place == NULL)
        return 0;
    health_place_lock(place);
    health_window_sum_plain(place->window, now_ms, &sums);
    health_place_unlock(place);
    if (!are_enough(sums.timed, ppm))
        return 0;
    return time_sums_quantile(&sums, ppm) * 1000 + 1000; /* times are known to the millisecond */
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
    int64_t token_us = atomic_load_explicit(&place->token_us, memory_order_relaxed);
    json_writer_int_or_null(out, "tokens_per_s", token_us > 0,
                            token_us > 0 ? TOKENS_US / token_us : 0);
    json_writer_object_end(out);
}

static void show_place(struct health_place *place, int64_t now_ms, struct shown *shown)
{
    health_place_lock(place);
    if (place->kind == PLACE_TARGET)
        show_target(place, now_ms, shown);
    else if (place->kind == PLACE_ACCOUNT && place->breaker.state != BREAKER_CLOSED &&
             place->breaker.until_ms > shown->refused_until_ms)
        shown->refused_until_ms = place->breaker.until_ms;
    health_place_unlock(place);
}

void health_render_provider(struct health *health, const char *provider, struct buffer *out)
{
    int64_t now_ms = health_now_ms();
    struct shown shown = {.calls = 0};
    buffer_init(&shown.models, SHOWN_BYTES);
    json_writer_array(&shown.models, NULL);
    for (size_t i = 0; i < HEALTH_PLACES; i++) {
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

int64_t health_each(struct health *health,
                    void (*tell)(const struct health_state *state, void *arg), void *arg)
{
    int64_t now_ms = health_now_ms();
    int64_t refused = 0;
    for (size_t i = 0; i < HEALTH_PLACES; i++) {
        struct health_place *place = atomic_load_explicit(&health->places[i], memory_order_acquire);
        if (place == NULL)
            continue;
        health_place_lock(place);
        const struct health_state state = {
            .provider = place->provider,
            .model = place->model,
            .breaker = place->breaker.state,
            .paused = atomic_load_explicit(&place->keys_paused_ms, memory_order_relaxed) > now_ms};
        health_place_unlock(place);
        if (place->kind == PLACE_TARGET)
            tell(&state, arg);
        refused += place->kind == PLACE_ACCOUNT && state.breaker != BREAKER_CLOSED;
    }
    return refused;
}
