#include "exchange/spend_cap.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/money.h"
#include "base/period.h"
#include "exchange/candidate.h"
#include "exchange/exchange_internal.h"
#include "exchange/own_call.h"
#include "exchange/spending.h"
#include "store/alerts.h"

enum { BUSY_MS = 1000 };

static void log_news(const struct candidate *candidate, enum spending_news news)
{
    static const char *const words[] = {
        [SPENDING_NEAR] = "four fifths of a provider's spend_per_day are spent",
        [SPENDING_REACHED] =
            "a provider's spend_per_day is reached: no call begins there before midnight",
        [SPENDING_ABOVE] = "a provider's spend_per_day is exceeded, by calls that had begun"};
    char cap[MONEY_TEXT_BYTES];
    if (news == SPENDING_SAME)
        return;
    money_format_short(candidate->terms.spend_per_day_nusd, cap);
    log_event(news == SPENDING_NEAR ? LOG_WARN : LOG_ERROR, words[news],
              log_text("provider", candidate->terms.provider), log_text("spend_per_day", cap));
}

/* `above`: the calls that had begun have spent more than the cap. */
static void raise_alert(const struct exchange *exchange, const struct candidate *candidate,
                        bool above)
{
    char cap[MONEY_TEXT_BYTES], detail[ALERT_DETAIL_BYTES];
    money_format_short(candidate->terms.spend_per_day_nusd, cap);
    snprintf(detail, sizeof detail, "spend_per_day = %s%s (%s)", cap,
             above ? ": calls that had begun have spent more" : "", exchange->id.text);
    alerts_raise_under(exchange->env->alerts, exchange->policy_revision, ALERT_SPEND_REACHED,
                       candidate->terms.provider, detail);
}

void spend_cap_release(struct exchange *exchange)
{
    struct spend_reserve *reserve = &exchange->spend;
    if (reserve->place != NULL)
        spending_release(reserve->place, reserve->nusd);
    *reserve = (struct spend_reserve){.place = NULL};
}

/* What the call may cost: what it holds, for no call costs more than it brings in; where a loss is
 * allowed, what the provider bills at most. */
static int64_t most_of(const struct exchange *exchange, const struct candidate *candidate)
{
    int64_t held_nusd = stream_budget_held_nusd(&exchange->budget), worst_nusd = 0;
    if (!candidate->terms.loss_allowed || !own_call_worst_nusd(exchange, candidate, &worst_nusd) ||
        worst_nusd < held_nusd)
        return held_nusd;
    return worst_nusd;
}

void spend_cap_follow(void *owner)
{
    struct exchange *exchange = owner;
    struct spend_reserve *reserve = &exchange->spend;
    if (reserve->place == NULL)
        return;
    int64_t more_nusd = stream_budget_held_nusd(&exchange->budget) - reserve->nusd;
    if (more_nusd <= 0)
        return;
    spending_reserve_more(reserve->place, more_nusd);
    reserve->nusd += more_nusd;
}

enum health_obstacle spend_cap_reserve(struct exchange *exchange, const struct candidate *candidate)
{
    int64_t cap_nusd = candidate->terms.spend_per_day_nusd;
    enum spending_news news;
    spend_cap_release(exchange);
    if (cap_nusd == 0)
        return HEALTH_CLEAR;
    struct spending_place *place = spending_of(exchange->env->spending, candidate->terms.provider);
    if (place == NULL)
        return HEALTH_CLEAR;
    int64_t most_nusd = most_of(exchange, candidate);
    enum spending_room room = spending_reserve(place, cap_nusd, most_nusd, clock_wall_ms(), &news);
    if (room == SPENDING_ROOM)
        exchange->spend = (struct spend_reserve){place, most_nusd};
    else if (room == SPENDING_SPENT)
        raise_alert(exchange, candidate, false);
    log_news(candidate, news);
    if (room == SPENDING_ROOM)
        return HEALTH_CLEAR;
    return room == SPENDING_ROOM_LATER ? HEALTH_BUSY : HEALTH_SPENT;
}

void spend_cap_settle(struct exchange *exchange, int64_t cost_nusd)
{
    const struct candidate *candidate = exchange->attempt.candidate;
    spend_cap_release(exchange);
    if (candidate == NULL || cost_nusd == 0)
        return;
    struct spending_place *place = spending_of(exchange->env->spending, candidate->terms.provider);
    if (place == NULL)
        return;
    enum spending_news news =
        spending_add(place, candidate->terms.spend_per_day_nusd, cost_nusd, clock_wall_ms());
    log_news(candidate, news);
    if (news == SPENDING_ABOVE)
        raise_alert(exchange, candidate, true);
}

int64_t spend_cap_until_ms(enum health_obstacle obstacle, int64_t now_ms)
{
    int64_t wall_ms = clock_wall_ms();
    return now_ms +
           (obstacle == HEALTH_BUSY ? BUSY_MS : period_end_ms(PERIOD_DAY, wall_ms) - wall_ms);
}
