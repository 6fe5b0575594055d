#include "exchange/raised_alerts.h"

#include <stdio.h>
#include <string.h>

#include "base/money.h"
#include "exchange/attempt_refusal.h"
#include "exchange/candidate.h"
#include "exchange/exchange_internal.h"
#include "exchange/trial_watch.h"
#include "store/alerts.h"

enum { KEY_SHOWN_BYTES = 4, KEY_BYTES_MIN = 20 };

/* ---- health ---- */

/* Keys of a pool are told apart by their last characters, as the providers' consoles do. */
static void name_account(const struct candidate_terms *terms, char out[ALERT_SUBJECT_BYTES])
{
    size_t bytes = terms->account == NULL && terms->api_key != NULL ? strlen(terms->api_key) : 0;
    if (bytes < KEY_BYTES_MIN)
        snprintf(out, ALERT_SUBJECT_BYTES, "%s", terms->provider);
    else
        snprintf(out, ALERT_SUBJECT_BYTES, "%s (key ...%s)", terms->provider,
                 terms->api_key + bytes - KEY_SHOWN_BYTES);
}

static void name_target(const struct candidate_terms *terms, char out[ALERT_SUBJECT_BYTES])
{
    snprintf(out, ALERT_SUBJECT_BYTES, "%s/%s", terms->provider, terms->model);
}

/* What happened, and the provider's own words. */
static void describe(const struct exchange *exchange, char out[ALERT_DETAIL_BYTES])
{
    const struct attempt *attempt = &exchange->attempt;
    bool said = attempt->explained && attempt_refusal(attempt)->message[0] != '\0';
    snprintf(out, ALERT_DETAIL_BYTES, "%s%s%s (%s)", attempt->detail, said ? ": " : "",
             said ? attempt_refusal(attempt)->message : "", exchange_told_id(exchange)->text);
}

static void tell_account(const struct exchange *exchange, enum health_result result,
                         const struct health_news *news)
{
    struct alerts *alerts = exchange->env->alerts;
    const struct candidate_terms *terms = &exchange->attempt.candidate->terms;
    char subject[ALERT_SUBJECT_BYTES], detail[ALERT_DETAIL_BYTES];
    bool unwatched = terms->breaker.base_ejection_ms == 0; /* no breaker says when it is over */
    bool well = result == HEALTH_ANSWERED && (unwatched || alerts_have_inherited(alerts));
    if (result != HEALTH_DENIED && news->account != BREAKER_CLOSES && !well)
        return;
    name_account(terms, subject);
    if (result == HEALTH_DENIED) {
        describe(exchange, detail);
        alerts_raise_under(alerts, exchange->policy_revision, ALERT_ACCOUNT_REFUSED, subject,
                           detail);
    } else {
        alerts_clear(alerts, ALERT_ACCOUNT_REFUSED, subject);
    }
}

static void tell_target(const struct exchange *exchange, enum health_result result,
                        const struct health_news *news)
{
    struct alerts *alerts = exchange->env->alerts;
    char subject[ALERT_SUBJECT_BYTES], detail[ALERT_DETAIL_BYTES];
    bool well = result == HEALTH_ANSWERED && alerts_have_inherited(alerts);
    if (news->target == BREAKER_STAYS && !well)
        return;
    name_target(&exchange->attempt.candidate->terms, subject);
    if (news->target == BREAKER_OPENS) {
        describe(exchange, detail);
        alerts_raise_under(alerts, exchange->policy_revision, ALERT_BREAKER_OPEN, subject, detail);
    } else {
        alerts_clear(alerts, ALERT_BREAKER_OPEN, subject);
    }
}

void raised_alerts_of_health(const struct exchange *exchange, enum health_result result,
                             const struct health_news *news)
{
    if (exchange->attempt.candidate == NULL)
        return;
    tell_account(exchange, result, news);
    tell_target(exchange, result, news);
}

/* ---- trials ---- */

static void judge_trial(const struct exchange *exchange, bool of_canary, bool failed)
{
    struct alerts *alerts = exchange->env->alerts;
    const char *model = exchange->asks.model;
    char detail[ALERT_DETAIL_BYTES];
    struct trial_view view =
        trial_watch_count(exchange->env->trial_watch, model, of_canary, failed);
    if (view.verdict == TRIAL_WELL)
        alerts_clear(alerts, ALERT_CANARY_WORSE, model);
    if (view.verdict != TRIAL_WORSE)
        return;
    snprintf(detail, sizeof detail,
             "%u of its last %u attempts have failed, of the other candidates' %u of %u",
             view.canary.failures, view.canary.calls, view.others.failures, view.others.calls);
    alerts_raise_under(alerts, exchange->policy_revision, ALERT_CANARY_WORSE, model, detail);
}

/* What a customer must mend is no failure of a candidate; what a canary refuses and another one
 * answers is its own. A call of policies that are not in force any more says nothing of the canary
 * that is. */
void raised_alerts_of_trial(struct exchange *exchange)
{
    enum attempt_outcome outcome = exchange->attempt.outcome;
    bool of_canary = exchange->place < exchange->lead;
    if (!exchange->on_trial || !alerts_are_under(exchange->env->alerts, exchange->policy_revision))
        return;
    if (outcome == ATTEMPT_REFUSED) {
        exchange->canary_refused = exchange->canary_refused || of_canary;
        return;
    }
    if (exchange->canary_refused && outcome == ATTEMPT_ANSWERED)
        judge_trial(exchange, true, true);
    judge_trial(exchange, of_canary, outcome != ATTEMPT_ANSWERED);
}

/* ---- money ---- */

void raised_alerts_of_charge(const struct exchange *exchange)
{
    const struct usage_record *record = &exchange->settlement.record;
    struct alerts *alerts = exchange->env->alerts;
    const char *model = exchange->asks.model;
    char detail[ALERT_DETAIL_BYTES], lost[MONEY_TEXT_BYTES], cost[MONEY_TEXT_BYTES];
    int64_t loss_nusd = record->cost_nusd - record->charge_nusd - record->overrun_nusd;
    if (loss_nusd <= 0 && record->overrun_nusd == 0)
        return;
    money_format(record->cost_nusd, cost);
    if (loss_nusd > 0 && !exchange->attempt.candidate->terms.loss_allowed) {
        money_format(loss_nusd, lost);
        snprintf(detail, sizeof detail, "%s: cost $%s, lost $%s (%s)", record->provider, cost, lost,
                 exchange->id.text);
        alerts_raise_under(alerts, exchange->policy_revision, ALERT_MARGIN_NEGATIVE, model, detail);
    }
    if (record->overrun_nusd > 0) {
        money_format(record->overrun_nusd, lost);
        snprintf(detail, sizeof detail, "%s: cost $%s, above the hold $%s (%s)", record->provider,
                 cost, lost, exchange->id.text);
        alerts_raise(alerts, ALERT_OVERRUN, model, detail);
    }
}

void raised_alerts_of_price(const struct exchange *exchange, const char *kind, const char *word)
{
    char detail[ALERT_DETAIL_BYTES];
    snprintf(detail, sizeof detail, "%s: %s '%s' (%s)", exchange->attempt.candidate->terms.provider,
             kind, word, exchange->id.text);
    alerts_raise(exchange->env->alerts, ALERT_PRICE_MISSING, exchange->asks.model, detail);
}

void raised_alerts_of_cost(const struct exchange *exchange)
{
    const struct stated_cost *stated = &exchange->attempt.stated;
    char subject[ALERT_SUBJECT_BYTES], detail[ALERT_DETAIL_BYTES];
    char theirs[MONEY_TEXT_BYTES], ours[MONEY_TEXT_BYTES];
    name_target(&exchange->attempt.candidate->terms, subject);
    money_format(exchange->settlement.record.cost_nusd, ours);
    money_format(stated->nusd, theirs);
    snprintf(detail, sizeof detail, "%s%s, by models.lua $%s (%s)",
             stated->malformed ? "no amount" : "stated $", stated->malformed ? "" : theirs, ours,
             exchange->id.text);
    alerts_raise(exchange->env->alerts, ALERT_COST_DIFFERS, subject, detail);
}

/* ---- policies ---- */

/* "margins.lua:12: no price" -> "margins.lua:12". */
static size_t place_bytes(const char *place)
{
    const char *file_end = strchr(place, ':');
    const char *line_end = file_end != NULL ? strchr(file_end + 1, ':') : NULL;
    return line_end != NULL ? (size_t)(line_end - place) : strlen(place);
}

void raised_alerts_of_policy(const struct exchange *exchange, const char *place)
{
    char subject[ALERT_SUBJECT_BYTES], detail[ALERT_DETAIL_BYTES];
    slice_copy((struct slice){place, place_bytes(place)}, subject, sizeof subject);
    snprintf(detail, sizeof detail, "%s (%s)", place, exchange->id.text);
    alerts_raise_under(exchange->env->alerts, exchange->policy_revision, ALERT_POLICY_FAILED,
                       subject, detail);
}
