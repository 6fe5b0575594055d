#include "exchange/trial_watch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/limits.h"

enum {
    CALLS_MOST = 256, /* then both counts are halved */
    CALLS_LEAST = 20, /* before that nothing is said */
    FAILURES_LEAST = 3,
    DEVIATIONS = 3,     /* one in some 700 comparisons of equals is above that */
    MARGIN_PERCENT = 2, /* a difference that is not worth a message */
};

struct trial_place {
    struct trial_place *next;
    char model[LIMIT_MODEL_NAME_BYTES];
    struct trial_side canary, others;
};

struct trial_watch {
    pthread_mutex_t mutex; /* guards what follows */
    struct trial_place *first;
    unsigned count;
};

struct trial_watch *trial_watch_new(void)
{
    struct trial_watch *watch = calloc(1, sizeof *watch);
    check(watch != NULL && pthread_mutex_init(&watch->mutex, NULL) == 0);
    return watch;
}

void trial_watch_forget(struct trial_watch *watch)
{
    check(pthread_mutex_lock(&watch->mutex) == 0);
    while (watch->first != NULL) {
        struct trial_place *place = watch->first;
        watch->first = place->next;
        free(place);
    }
    watch->count = 0;
    check(pthread_mutex_unlock(&watch->mutex) == 0);
}

void trial_watch_free(struct trial_watch *watch)
{
    if (watch == NULL)
        return;
    trial_watch_forget(watch);
    check(pthread_mutex_destroy(&watch->mutex) == 0);
    free(watch);
}

/* NULL: there is no room. */
static struct trial_place *place_of(struct trial_watch *watch, const char *model)
{
    struct trial_place *place = watch->first;
    while (place != NULL && strcmp(place->model, model) != 0)
        place = place->next;
    if (place != NULL || watch->count == LIMIT_TRIALS)
        return place;
    place = calloc(1, sizeof *place);
    check(place != NULL);
    snprintf(place->model, sizeof place->model, "%s", model);
    place->next = watch->first;
    watch->first = place;
    watch->count++;
    return place;
}

static void count(struct trial_side *side, bool failed)
{
    if (side->calls == CALLS_MOST) {
        side->calls /= 2;
        side->failures /= 2;
    }
    side->calls++;
    side->failures += failed;
}

static double share_of(const struct trial_side *side)
{
    return (double)side->failures / side->calls;
}

/* The usual test of two proportions: the difference against its standard deviation, if both sides
 * were alike. Squared, for want of a root. */
static enum trial_verdict judge(const struct trial_side *canary, const struct trial_side *others)
{
    if (canary->calls < CALLS_LEAST || others->calls < CALLS_LEAST)
        return TRIAL_OPEN;
    double more = share_of(canary) - share_of(others);
    if (more <= MARGIN_PERCENT / 100.0)
        return TRIAL_WELL;
    double share = (double)(canary->failures + others->failures) / (canary->calls + others->calls);
    double variance = share * (1 - share) * (1.0 / canary->calls + 1.0 / others->calls);
    bool sure = more * more > DEVIATIONS * DEVIATIONS * variance;
    return sure && canary->failures >= FAILURES_LEAST ? TRIAL_WORSE : TRIAL_OPEN;
}

struct trial_view trial_watch_count(struct trial_watch *watch, const char *model, bool of_canary,
                                    bool failed)
{
    struct trial_view view = {.verdict = TRIAL_OPEN};
    check(pthread_mutex_lock(&watch->mutex) == 0);
    struct trial_place *place = place_of(watch, model);
    if (place != NULL) {
        count(of_canary ? &place->canary : &place->others, failed);
        view.canary = place->canary;
        view.others = place->others;
        view.verdict = judge(&place->canary, &place->others);
    }
    check(pthread_mutex_unlock(&watch->mutex) == 0);
    return view;
}
