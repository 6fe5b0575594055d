#include "exchange/balances.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json_writer.h"

enum { PLACES = 64, NAME_BYTES = 64, ERROR_BYTES = 160 };

struct standing {
    char provider[NAME_BYTES];
    struct balance_figure figure;
    int64_t said_ms; /* 0: it has said nothing yet */
    bool alarmed;
    char error[ERROR_BYTES]; /* "": it has answered */
};

struct balances {
    pthread_mutex_t lock; /* guards all fields */
    struct standing standings[PLACES];
    size_t count;
};

bool balances_is_alarming(const struct balance_figure *figure)
{
    return figure->kind == BALANCE_LEFT ? figure->nusd < figure->alarm_nusd
                                        : figure->nusd > figure->alarm_nusd;
}

struct balances *balances_new(void)
{
    struct balances *balances = calloc(1, sizeof *balances);
    check(balances != NULL && pthread_mutex_init(&balances->lock, NULL) == 0);
    return balances;
}

void balances_free(struct balances *balances)
{
    if (balances == NULL)
        return;
    check(pthread_mutex_destroy(&balances->lock) == 0);
    free(balances);
}

/* ---- under the lock ---- */

static struct standing *find(struct balances *balances, const char *provider)
{
    for (size_t i = 0; i < balances->count; i++) {
        if (strcmp(balances->standings[i].provider, provider) == 0)
            return &balances->standings[i];
    }
    return NULL;
}

/* NULL: there is no room. */
static struct standing *find_or_make(struct balances *balances, const char *provider)
{
    struct standing *standing = find(balances, provider);
    if (standing != NULL || balances->count == PLACES)
        return standing;
    standing = &balances->standings[balances->count++];
    slice_copy(slice_of(provider), standing->provider, sizeof standing->provider);
    return standing;
}

static enum balance_news note(struct standing *standing, const struct balance_figure *figure)
{
    bool before = standing->alarmed;
    standing->figure = *figure;
    standing->said_ms = clock_wall_ms();
    standing->error[0] = '\0';
    standing->alarmed = balances_is_alarming(figure);
    if (standing->alarmed == before)
        return BALANCE_SAME;
    return standing->alarmed ? BALANCE_ALARM : BALANCE_CALM;
}

enum balance_news balances_note(struct balances *balances, const char *provider,
                                const struct balance_figure *figure)
{
    check(pthread_mutex_lock(&balances->lock) == 0);
    struct standing *standing = find_or_make(balances, provider);
    enum balance_news news = standing != NULL ? note(standing, figure) : BALANCE_SAME;
    check(pthread_mutex_unlock(&balances->lock) == 0);
    return news;
}

bool balances_fail(struct balances *balances, const char *provider, const char *why)
{
    check(pthread_mutex_lock(&balances->lock) == 0);
    struct standing *standing = find_or_make(balances, provider);
    bool first = standing != NULL && standing->error[0] == '\0';
    if (standing != NULL)
        snprintf(standing->error, sizeof standing->error, "%s", why);
    check(pthread_mutex_unlock(&balances->lock) == 0);
    return first;
}

static void render_figure(const struct standing *standing, struct buffer *out)
{
    const struct balance_figure *figure = &standing->figure;
    if (standing->said_ms == 0) {
        json_writer_null(out, "kind");
        json_writer_null(out, "amount");
        json_writer_null(out, "alarm");
        return;
    }
    json_writer_text(out, "kind", figure->kind == BALANCE_LEFT ? "left" : "billed");
    json_writer_money(out, "amount", figure->nusd);
    json_writer_money(out, "alarm", figure->alarm_nusd);
}

void balances_render(struct balances *balances, const char *provider, struct buffer *out)
{
    check(pthread_mutex_lock(&balances->lock) == 0);
    const struct standing *standing = find(balances, provider);
    if (standing == NULL) {
        buffer_append_text(out, "null");
    } else {
        json_writer_object(out, NULL);
        json_writer_time_or_null(out, "asked_at", standing->said_ms);
        render_figure(standing, out);
        json_writer_text_or_null(out, "error", standing->error);
        json_writer_object_end(out);
    }
    check(pthread_mutex_unlock(&balances->lock) == 0);
}
