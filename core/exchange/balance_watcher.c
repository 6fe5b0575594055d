#include "exchange/balance_watcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/period.h"
#include "exchange/inquiry.h"
#include "exchange/redact.h"
#include "exchange/spending.h"
#include "store/alerts.h"

enum {
    SOURCES_MAX = 64,
    ANSWER_BYTES_MAX = 256 * 1024,
    PERIOD_MS = 5 * 60 * 1000,
    RETRY_MS = 30 * 1000,
    URL_BYTES = CANDIDATE_BASE_URL_BYTES + 512,
    WORDS_BYTES = 160,
    WORDS_READ_BYTES = 2048
};
/* A provider's bill of the day may be this much above ours before it raises an alarm: it rounds and
 * comes late, and ours counts a call when it ends. */
enum { BILLED_PERCENT = 110 };
#define BILLED_SLACK_NUSD INT64_C(100000000) /* $0.10 */

struct kept_source {
    struct candidate *server;
    char url[URL_BYTES];
    char key[CANDIDATE_API_KEY_BYTES + 32];
    enum balance_kind kind;
    int64_t below_nusd;
};

struct balance_watcher {
    struct balances *balances;
    struct upstream *upstream;
    struct spending *spending;
    struct alerts *alerts;
    struct balance_reader reader;
    struct kept_source *sources[SOURCES_MAX];
    size_t count;
    size_t next; /* which is asked next; count: the round is over */
    bool failing;
    int64_t due_us; /* when the next round begins */
    struct inquiry inquiry;
};

/* ---- what a provider says ---- */

static void log_alarm(const struct kept_source *source, const struct balance_figure *figure)
{
    char amount[MONEY_TEXT_BYTES];
    char alarm[MONEY_TEXT_BYTES];
    bool left = source->kind == BALANCE_LEFT;
    money_format_short(figure->nusd, amount);
    money_format_short(figure->alarm_nusd, alarm);
    log_event(LOG_ERROR,
              left ? "our balance at a provider is low: top it up"
                   : "a provider bills more today than was counted here",
              log_text("provider", source->server->terms.provider),
              log_text(left ? "balance" : "billed", amount),
              log_text(left ? "below" : "counted", alarm));
}

/* Raised at each answer that is not as it should be, cleared at each other. */
static void tell_alert(struct alerts *alerts, const struct kept_source *source,
                       const struct balance_figure *figure)
{
    char amount[MONEY_TEXT_BYTES], alarm[MONEY_TEXT_BYTES], detail[ALERT_DETAIL_BYTES];
    bool left = source->kind == BALANCE_LEFT;
    enum alert_kind kind = left ? ALERT_BALANCE_LOW : ALERT_BILL_ABOVE;
    if (!balances_is_alarming(figure)) {
        alerts_clear(alerts, kind, source->server->terms.provider);
        return;
    }
    money_format_short(figure->nusd, amount);
    money_format_short(figure->alarm_nusd, alarm);
    snprintf(detail, sizeof detail, left ? "$%s left, less than $%s" : "$%s billed, more than $%s",
             amount, alarm);
    alerts_raise(alerts, kind, source->server->terms.provider, detail);
}

/* What the provider may have billed today, by our own count. */
static int64_t counted_nusd(struct balance_watcher *watcher, const char *provider)
{
    struct spending_place *place = spending_of(watcher->spending, provider);
    struct spending_view view = {0, 0};
    if (place != NULL)
        view = spending_look(place, clock_wall_ms());
    return view.spent_nusd / 100 * BILLED_PERCENT + BILLED_SLACK_NUSD;
}

static void note(struct balance_watcher *watcher, const struct kept_source *source, int64_t nusd)
{
    const char *provider = source->server->terms.provider;
    const struct balance_figure figure = {.kind = source->kind,
                                          .nusd = nusd,
                                          .alarm_nusd = source->kind == BALANCE_LEFT
                                                            ? source->below_nusd
                                                            : counted_nusd(watcher, provider)};
    enum balance_news news = balances_note(watcher->balances, provider, &figure);
    tell_alert(watcher->alerts, source, &figure);
    if (news == BALANCE_ALARM)
        log_alarm(source, &figure);
    else if (news == BALANCE_CALM)
        log_event(LOG_INFO, "our balance at a provider is as it should be again",
                  log_text("provider", provider));
}

static void fail(struct balance_watcher *watcher, const struct kept_source *source, const char *why)
{
    const char *provider = source->server->terms.provider;
    watcher->failing = true;
    if (balances_fail(watcher->balances, provider, why))
        log_event(LOG_WARN, "a provider does not say our balance", log_text("provider", provider),
                  log_text("reason", why));
}

/* Its words may repeat the key: it is looked for in more than is shown. */
static void fail_by_status(struct balance_watcher *watcher, const struct kept_source *source,
                           int status, struct slice body)
{
    char words[WORDS_READ_BYTES];
    char text[WORDS_BYTES];
    slice_copy(body, words, sizeof words);
    redact_secrets(words, source->key[0] != '\0' ? strrchr(source->key, ' ') + 1
                                                 : source->server->terms.api_key);
    snprintf(text, sizeof text, "HTTP status %d: %.120s", status, words);
    fail(watcher, source, text);
}

static void on_end(int status, struct slice body, const char *failure, void *arg)
{
    struct balance_watcher *watcher = arg;
    const struct kept_source *source = watcher->sources[watcher->next++];
    struct fault fault;
    int64_t nusd;
    if (failure != NULL)
        fail(watcher, source, failure);
    else if (status != 200)
        fail_by_status(watcher, source, status, body);
    else if (watcher->reader.read(watcher->reader.arg, source->server->terms.provider, body, &nusd,
                                  &fault))
        note(watcher, source, nusd);
    else
        fail(watcher, source, fault.message);
    if (watcher->next == watcher->count)
        watcher->due_us =
            clock_mono_us() + (watcher->failing ? RETRY_MS : PERIOD_MS) * INT64_C(1000);
}

/* ---- asking ---- */

static void fill_url(const char *pattern, char url[URL_BYTES])
{
    const char *place = strstr(pattern, "{day}");
    long long day_s = period_start_ms(PERIOD_DAY, clock_wall_ms()) / 1000;
    if (place == NULL)
        snprintf(url, URL_BYTES, "%s", pattern);
    else
        snprintf(url, URL_BYTES, "%.*s%lld%s", (int)(place - pattern), pattern, day_s, place + 5);
}

static void ask(struct balance_watcher *watcher)
{
    const struct kept_source *source = watcher->sources[watcher->next];
    char url[URL_BYTES];
    fill_url(source->url, url);
    const struct inquiry_terms terms = {.server = source->server,
                                        .url = url,
                                        .key = source->key[0] != '\0' ? source->key : NULL,
                                        .bytes_max = ANSWER_BYTES_MAX,
                                        .on_end = on_end,
                                        .arg = watcher};
    inquiry_ask(&watcher->inquiry, watcher->upstream, &terms);
}

void balance_watcher_tick(struct balance_watcher *watcher)
{
    int64_t now_us = clock_mono_us();
    if (watcher->count == 0)
        return;
    inquiry_tick(&watcher->inquiry);
    if (inquiry_runs(&watcher->inquiry))
        return;
    if (watcher->next == watcher->count && now_us >= watcher->due_us) {
        watcher->next = 0;
        watcher->failing = false;
    }
    if (watcher->next < watcher->count)
        ask(watcher);
}

/* ---- making and freeing ---- */

struct balance_watcher *balance_watcher_new(struct balances *balances, struct upstream *upstream,
                                            struct spending *spending, struct alerts *alerts)
{
    struct balance_watcher *watcher = calloc(1, sizeof *watcher);
    check(watcher != NULL);
    watcher->balances = balances;
    watcher->upstream = upstream;
    watcher->spending = spending;
    watcher->alerts = alerts;
    return watcher;
}

void balance_watcher_stop(struct balance_watcher *watcher)
{
    inquiry_cancel(&watcher->inquiry);
    for (size_t i = 0; i < watcher->count; i++) {
        candidate_unref(watcher->sources[i]->server);
        explicit_bzero(watcher->sources[i]->key, sizeof watcher->sources[i]->key);
        free(watcher->sources[i]);
    }
    watcher->count = watcher->next = 0;
}

void balance_watcher_free(struct balance_watcher *watcher)
{
    if (watcher == NULL)
        return;
    balance_watcher_stop(watcher);
    free(watcher);
}

void balance_watcher_forget(struct balance_watcher *watcher, const struct balance_reader *reader)
{
    balance_watcher_stop(watcher);
    watcher->reader = *reader;
    watcher->due_us = 0;
}

void balance_watcher_add(struct balance_watcher *watcher, const struct balance_source *source)
{
    if (watcher->count == SOURCES_MAX)
        return;
    struct kept_source *kept = calloc(1, sizeof *kept);
    check(kept != NULL);
    kept->server = candidate_ref(source->server);
    slice_copy(slice_of(source->url), kept->url, sizeof kept->url);
    slice_copy(slice_of(source->key), kept->key, sizeof kept->key);
    kept->kind = source->kind;
    kept->below_nusd = source->below_nusd;
    watcher->sources[watcher->count++] = kept;
    watcher->next = watcher->count; /* the round begins with the first */
}
