#include "exchange/call_count.h"

#include "base/metrics.h"
#include "exchange/call_metrics.h"
#include "exchange/choice.h"
#include "exchange/exchange_internal.h"
#include "exchange/live_metrics.h"
#include "exchange/sharing.h"
#include "exchange/trace.h"

/* Counts the broken answer for the provider's live metrics. */
static void count_cut(const struct exchange *exchange)
{
    const struct live_attempt attempt = {.provider = attempt_provider(&exchange->attempt),
                                         .result = LIVE_CUT,
                                         .outcome = "cut",
                                         .detail = stream_failure(&exchange->stream)->message,
                                         .exchange_id = exchange->id.text,
                                         .status = exchange->attempt.status};
    live_metrics_count_attempt(exchange->env->shard, &attempt);
}

static void count_live(struct exchange *exchange)
{
    if (!exchange->asks_model)
        return;
    live_metrics_count_call(exchange->env->shard, exchange->status, exchange->stream.failed,
                            exchange->first_byte_us);
    if (exchange->attempt.outcome != ATTEMPT_ANSWERED || sharing_leader(exchange) != NULL)
        return;
    bool cut = exchange_was_cut_by_provider(exchange);
    if (cut)
        count_cut(exchange);
    exchange_tell_answer_end(exchange, cut);
}

static int64_t or_none(int64_t us, bool known)
{
    return known ? us : -1;
}

/* A model's name is known to be one once a hold was tried: what a client only names is not. */
static const char *known_model(const struct exchange *exchange)
{
    return exchange->hold.exchange_id.text[0] != '\0' ? exchange->asks.model : "";
}

static void count_ended(struct exchange *exchange)
{
    struct call_times *times = &exchange->times;
    const struct ledger_settlement *settlement = &exchange->settlement;
    const struct usage_record *record = &settlement->record;
    bool charged = settlement->durable && !settlement->voided;
    bool asked = exchange->attempts > 0;
    struct metrics_trace trace;
    call_times_answer(times, exchange->ended_us);
    int64_t total_us = exchange->ended_us - exchange->started_us;
    int64_t waited_us = times->provider_us + exchange->waited_ms * 1000;
    const struct call_end end = {
        .asks_model = exchange->asks_model,
        .dialect = exchange->asks.dialect,
        .status = exchange->status,
        .broken = exchange->stream.failed,
        .code = exchange->error_code,
        .model = known_model(exchange),
        .provider = attempt_provider(&exchange->attempt),
        .attempts = exchange->attempts,
        .shared = sharing_leader(exchange) != NULL,
        .total_us = total_us,
        .overhead_us = or_none(total_us > waited_us ? total_us - waited_us : 0, asked),
        .first_byte_us = exchange->first_byte_us,
        .hold_wait_us = or_none(times->hold_wait_us, exchange->hold.durable),
        .commit_us = or_none(times->commit_us, charged),
        .units = charged ? &record->counts : NULL,
        .charged_nusd = record->charge_nusd,
        .cost_nusd = record->cost_nusd,
        .overrun_nusd = record->overrun_nusd,
        .trace = trace_exemplar(exchange, &trace)};
    call_metrics_count(live_metrics_call_shard(exchange->env->shard), &end);
}

void call_count_end(struct exchange *exchange)
{
    count_live(exchange);
    if (!exchange_is_ours(exchange))
        count_ended(exchange);
}
