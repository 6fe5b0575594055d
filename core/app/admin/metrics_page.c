#include "app/admin/metrics_page.h"

#include <stdio.h>
#include <string.h>

#include "app/admin/process_metrics.h"
#include "app/version.h"
#include "app/workers.h"
#include "base/clock.h"
#include "base/fair_pool.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread_pool.h"
#include "exchange/call_metrics.h"
#include "exchange/health.h"
#include "exchange/limit_queues.h"
#include "exchange/limiter.h"
#include "exchange/live_metrics.h"
#include "exchange/quotes.h"
#include "exchange/rates.h"
#include "exchange/tracer.h"
#include "script/reload_status.h"
#include "store/alerts.h"
#include "store/figures.h"
#include "store/store.h"

/* ---- samples with at most one label ---- */

static void gauge(struct metrics_text *text, const char *name, const char *unit, const char *help,
                  int64_t value)
{
    metrics_family(text, METRICS_GAUGE, name, unit, help);
    metrics_int(text, NULL, value);
}

static void counter(struct metrics_text *text, const char *name, const char *help, int64_t value)
{
    metrics_family(text, METRICS_COUNTER, name, "", help);
    metrics_int(text, NULL, value);
}

static void labelled(struct metrics_text *text, const char *label, const char *of, int64_t value)
{
    const struct metrics_label labels[] = {{label, of}, {NULL, NULL}};
    metrics_int(text, labels, value);
}

/* ---- the program and its policies ---- */

static void render_build(struct metrics_text *text)
{
    const struct metrics_label labels[] = {
        {"version", version_number}, {"commit", version_commit}, {NULL, NULL}};
    metrics_family(text, METRICS_GAUGE, "llm_gateway_build_info", "",
                   "1; the labels say which program runs.");
    metrics_int(text, labels, 1);
}

static void render_url(const struct worker_shared *shared, struct metrics_text *text)
{
    metrics_family(text, METRICS_GAUGE, "llm_gateway_public_url_info", "",
                   "1; the label is the gateway's address for customers, where its pages are.");
    if (text_is_utf8(slice_of(shared->public_url)))
        labelled(text, "url", shared->public_url, 1);
}

static void render_policies(const struct worker_shared *shared, struct metrics_text *text)
{
    struct reload_facts times;
    reload_status_read(shared->reload_status, &times);
    metrics_family(text, METRICS_GAUGE, "llm_gateway_policies_info", "",
                   "1; the label says which policies are in force.");
    labelled(text, "revision", times.revision, 1);
    metrics_family(text, METRICS_GAUGE, "llm_gateway_policies_loaded_timestamp_seconds", "seconds",
                   "Since when they are in force, in seconds since 1970.");
    metrics_seconds(text, NULL, times.loaded_ms * 1000);
    gauge(text, "llm_gateway_last_reload_successful", "",
          "1; 0: the last reload of policies was refused, and what was in force stays.",
          times.refused_ms == 0);
}

/* ---- what is open ---- */

static void render_workers(const struct workers *workers, struct metrics_text *text)
{
    struct worker_figures all;
    workers_sum_figures(workers, &all);
    gauge(text, "llm_gateway_workers", "", "Threads that serve clients.", workers->count);
    metrics_family(text, METRICS_HISTOGRAM, "llm_gateway_event_loop_lag_seconds", "seconds",
                   "How late an event loop was for its timer of 100 ms: what came meanwhile has "
                   "waited as long.");
    for (unsigned i = 0; i < workers->count; i++) {
        struct metrics_sums lag = {.sum_us = 0};
        char name[16];
        snprintf(name, sizeof name, "%u", i);
        const struct metrics_label labels[] = {{"worker", name}, {NULL, NULL}};
        worker_sum_lag(workers->list[i], &lag);
        metrics_times(text, labels, metrics_short_us, &lag);
    }
    int64_t active = all.exchanges - all.detached - all.own_calls;
    metrics_family(text, METRICS_GAUGE, "llm_gateway_connections", "",
                   "Connections of clients: active ones have a request under way.");
    labelled(text, "state", "active", active);
    labelled(text, "state", "idle", all.connections > active ? all.connections - active : 0);
    metrics_family(text, METRICS_GAUGE, "llm_gateway_open_requests", "",
                   "Requests under way: with a client, of clients that have left, and of our own "
                   "making (shadows, hedges, test calls).");
    labelled(text, "kind", "client", active);
    labelled(text, "kind", "detached", all.detached);
    labelled(text, "kind", "own", all.own_calls);
}

static void render_open(const struct worker_shared *shared, struct metrics_text *text)
{
    struct live_figures live;
    struct store_totals totals;
    live_metrics_read(shared->metrics, &live);
    store_totals(shared->store, &totals);
    gauge(text, "llm_gateway_open_calls", "", "Calls to models under way.", live.calls_open);
    gauge(text, "llm_gateway_open_streams", "", "Those of them whose answer is going out.",
          live.streams_open);
    gauge(text, "llm_gateway_open_holds", "", "Holds: calls that may still be charged.",
          totals.open_holds);
    metrics_family(text, METRICS_GAUGE, "llm_gateway_held_dollars", "dollars",
                   "What they hold of customers' balances.");
    metrics_dollars(text, NULL, totals.held_nusd);
    gauge(text, "llm_gateway_limit_queue_calls", "",
          "Calls that wait for the rate limit of a provider.",
          (int64_t)limit_queues_waiting(shared->limit_queues));
}

/* ---- queues ---- */

static void render_queues(const struct worker_shared *shared, const struct store_figures *store,
                          const struct workers *workers, struct metrics_text *text)
{
    static const char *const names[STORE_QUEUES] = {[STORE_LEDGER] = "ledger",
                                                    [STORE_JOURNAL] = "journal",
                                                    [STORE_READS] = "reads",
                                                    [STORE_REPORTS] = "reports"};
    struct worker_figures all;
    workers_sum_figures(workers, &all);
    metrics_family(text, METRICS_GAUGE, "llm_gateway_queue_jobs", "",
                   "Jobs that wait for a thread, by its name; workers: all of them together.");
    for (size_t i = 0; i < STORE_QUEUES; i++)
        labelled(text, "queue", names[i], (int64_t)store->waiting[i]);
    labelled(text, "queue", "workers", (int64_t)all.waiting);
    labelled(text, "queue", "main", (int64_t)job_queue_waiting(shared->main_queue));
    labelled(text, "queue", "helpers", (int64_t)fair_pool_waiting(shared->helpers));
    labelled(text, "queue", "signer", (int64_t)thread_pool_waiting(shared->signer));
    labelled(text, "queue", "builder", (int64_t)thread_pool_waiting(shared->builder));
}

/* ---- providers ---- */

struct shown {
    struct metrics_text *text;
    size_t count;
};

static bool is_shown(const struct health_state *state, struct shown *shown)
{
    bool well = state->breaker == BREAKER_CLOSED && !state->paused;
    if (!text_is_utf8(slice_of(state->provider)) || !text_is_utf8(slice_of(state->model)))
        return false;
    return !well || shown->count++ < LIMIT_METRICS_PAIRS;
}

static void tell_breaker(const struct health_state *state, void *arg)
{
    static const char *const names[] = {
        [BREAKER_CLOSED] = "closed", [BREAKER_OPEN] = "open", [BREAKER_HALF_OPEN] = "half_open"};
    struct shown *shown = arg;
    if (!is_shown(state, shown))
        return;
    for (unsigned i = BREAKER_CLOSED; i <= BREAKER_HALF_OPEN; i++) {
        const struct metrics_label labels[] = {{"provider", state->provider},
                                               {"provider_model", state->model},
                                               {"state", names[i]},
                                               {NULL, NULL}};
        metrics_int(shown->text, labels, state->breaker == (enum breaker_state)i);
    }
}

static void tell_pause(const struct health_state *state, void *arg)
{
    struct shown *shown = arg;
    const struct metrics_label labels[] = {
        {"provider", state->provider}, {"provider_model", state->model}, {NULL, NULL}};
    if (is_shown(state, shown))
        metrics_int(shown->text, labels, state->paused);
}

static void render_health(const struct worker_shared *shared, struct metrics_text *text)
{
    struct shown shown = {.text = text};
    metrics_family(text, METRICS_GAUGE, "llm_gateway_breaker_state", "",
                   "1 for the state of the breaker of a provider's model: closed is well; while it "
                   "is open, no call goes there. Two hundred of them, and all that are not well.");
    int64_t refused = health_each(shared->health, tell_breaker, &shown);
    shown.count = 0;
    metrics_family(text, METRICS_GAUGE, "llm_gateway_provider_paused", "",
                   "1: a key pauses for this model because of a rate limit.");
    health_each(shared->health, tell_pause, &shown);
    gauge(text, "llm_gateway_provider_keys_refused", "",
          "Keys at providers that are not used, because they or our account were refused.",
          refused);
}

static void tell_success(const struct live_provider *provider, void *arg)
{
    const struct metrics_label labels[] = {{"provider", provider->name}, {NULL, NULL}};
    if (provider->success_ms > 0)
        metrics_seconds(arg, labels, provider->success_ms * 1000);
}

static void tell_hedges(const struct live_provider *provider, void *arg)
{
    const struct metrics_label asked[] = {
        {"provider", provider->name}, {"result", "asked"}, {NULL, NULL}};
    const struct metrics_label won[] = {
        {"provider", provider->name}, {"result", "won"}, {NULL, NULL}};
    metrics_int(arg, asked, provider->hedges_asked);
    metrics_int(arg, won, provider->hedges_won);
}

static void tell_usages(const struct live_provider *provider, void *arg)
{
    static const char *const names[METRICS_USAGES] = {[METRICS_REPORTED] = "reported",
                                                      [METRICS_CORRECTED] = "corrected",
                                                      [METRICS_MISSING] = "missing",
                                                      [METRICS_EXCESSIVE] = "excessive"};
    for (size_t i = 0; i < METRICS_USAGES; i++) {
        const struct metrics_label labels[] = {
            {"provider", provider->name}, {"usage", names[i]}, {NULL, NULL}};
        metrics_int(arg, labels, provider->usages[i]);
    }
}

static void render_providers(const struct worker_shared *shared, struct metrics_text *text)
{
    metrics_family(text, METRICS_GAUGE, "llm_gateway_provider_last_success_timestamp_seconds",
                   "seconds", "When a provider last answered, in seconds since 1970.");
    live_metrics_each_provider(shared->metrics, tell_success, text);
    metrics_family(text, METRICS_COUNTER, "llm_gateway_hedges", "",
                   "Second requests of calls whose provider was late: asked of this one, and those "
                   "that it answered first.");
    live_metrics_each_provider(shared->metrics, tell_hedges, text);
    metrics_family(text, METRICS_COUNTER, "llm_gateway_provider_usage", "",
                   "Answers by what the provider said of its tokens: reported; corrected: a number "
                   "could not be true; missing; excessive: more than model and request allow.");
    live_metrics_each_provider(shared->metrics, tell_usages, text);
}

/* ---- the store ---- */

static void render_ledger(const struct worker_shared *shared, const struct store_figures *store,
                          struct metrics_text *text)
{
    gauge(text, "llm_gateway_database_writable", "", "1; 0: calls are refused with 503.",
          store_writable(shared->store));
    gauge(text, "llm_gateway_journal_unapplied_bytes", "bytes",
          "Records of the journal that the tables do not have yet.", store->unapplied_bytes);
    metrics_family(text, METRICS_GAUGE, "llm_gateway_journal_apply_lag_seconds", "seconds",
                   "How long the oldest of them has waited.");
    metrics_seconds(text, NULL, store->apply_lag_us);
    counter(text, "llm_gateway_ledger_commits",
            "Times that journal or ledger made something durable.", store->commits);
    counter(text, "llm_gateway_ledger_jobs",
            "Holds, settlements and operations that were made durable.", store->jobs);
    metrics_family(text, METRICS_HISTOGRAM, "llm_gateway_ledger_transaction_seconds", "seconds",
                   "Transactions of the ledger thread; no client waits for most of them.");
    metrics_times(text, NULL, metrics_short_us, &store->transactions);
}

static void file(struct metrics_text *text, const char *name, const char *help, int64_t bytes)
{
    if (bytes >= 0)
        gauge(text, name, "bytes", help, bytes);
}

static void render_files(const struct store_figures *store, struct metrics_text *text)
{
    file(text, "llm_gateway_database_bytes", "The database's file.", store->database_bytes);
    file(text, "llm_gateway_database_log_bytes", "SQLite's log beside it (-wal).",
         store->log_bytes);
    file(text, "llm_gateway_journal_bytes", "The journal's file (-tail).", store->journal_bytes);
    file(text, "llm_gateway_disk_free_bytes", "What is free where the database is.",
         store->free_bytes);
}

static void render_outbox(const struct store_figures *store, struct metrics_text *text)
{
    static const char *const lanes[OUTBOX_LANES] = {[OUTBOX_TO_OPERATOR] = "operator",
                                                    [OUTBOX_TO_CUSTOMERS] = "customers",
                                                    [OUTBOX_TO_WEBHOOKS] = "webhooks",
                                                    [OUTBOX_TO_PROCESSOR] = "processor"};
    int64_t age_ms = clock_wall_ms() - store->oldest_message_ms;
    metrics_family(text, METRICS_GAUGE, "llm_gateway_outbox_messages", "",
                   "Mails, webhooks and requests to the payment processor that wait to be sent.");
    for (size_t i = 0; i < OUTBOX_LANES; i++) {
        if (store->messages[i] >= 0)
            labelled(text, "lane", lanes[i], store->messages[i]);
    }
    metrics_family(text, METRICS_GAUGE, "llm_gateway_outbox_oldest_age_seconds", "seconds",
                   "How long the oldest of them waits.");
    metrics_seconds(text, NULL, store->oldest_message_ms > 0 && age_ms > 0 ? age_ms * 1000 : 0);
}

/* ---- the rest ---- */

static void render_alerts(const struct worker_shared *shared, struct metrics_text *text)
{
    int64_t open[ALERT_KINDS];
    alerts_count_open(shared->alerts, open);
    metrics_family(text, METRICS_GAUGE, "llm_gateway_alerts_open", "",
                   "Alerts of docs/ALERTS.md that are open.");
    for (unsigned kind = 0; kind < ALERT_KINDS; kind++)
        labelled(text, "kind", alert_facts((enum alert_kind)kind)->word, open[kind]);
}

static void render_evictions(const struct worker_shared *shared, struct metrics_text *text)
{
    metrics_family(text, METRICS_COUNTER, "llm_gateway_evictions", "",
                   "What made room for others while it still counted, by its table: limits of "
                   "requests and tokens, estimates (quotes), learned rates of models.");
    labelled(text, "table", "limits", limiter_forgotten(shared->limiter));
    labelled(text, "table", "quotes", quotes_forgotten(shared->quotes));
    labelled(text, "table", "rates", rates_forgotten(shared->rates));
    counter(text, "llm_gateway_log_lines_lost",
            "Lines of the log that were lost, because its reader or disk was too slow or full.",
            log_lines_lost());
}

static void render_traces(const struct worker_shared *shared, struct metrics_text *text)
{
    struct tracer_counts counts = {0};
    if (shared->tracer != NULL)
        tracer_count(shared->tracer, &counts);
    metrics_family(text, METRICS_COUNTER, "llm_gateway_trace_spans", "",
                   "Spans that the collector has taken (sent), and that it has not (rejected).");
    labelled(text, "result", "sent", (int64_t)counts.sent);
    labelled(text, "result", "rejected", (int64_t)counts.rejected);
    counter(text, "llm_gateway_trace_exchanges_lost",
            "Exchanges that are not traced, because too many waited for the collector.",
            (int64_t)counts.lost);
}

void metrics_page_render(const struct admin_view *view, enum metrics_format format,
                         struct buffer *out)
{
    const struct worker_shared *shared = view->workers->shared;
    struct metrics_text text = {.out = out, .format = format};
    struct store_figures store;
    store_figures(shared->store, &store);
    render_build(&text);
    render_url(shared, &text);
    render_policies(shared, &text);
    call_metrics_render(live_metrics_calls(shared->metrics), &text);
    render_workers(view->workers, &text);
    render_open(shared, &text);
    gauge(&text, "llm_gateway_draining", "", "1: load balancers are told to send no more.",
          atomic_load_explicit(view->draining, memory_order_relaxed));
    render_queues(shared, &store, view->workers, &text);
    render_health(shared, &text);
    render_providers(shared, &text);
    render_ledger(shared, &store, &text);
    render_files(&store, &text);
    render_outbox(&store, &text);
    render_alerts(shared, &text);
    render_evictions(shared, &text);
    render_traces(shared, &text);
    process_metrics_render(&text, view->started_ms);
    metrics_text_end(&text);
}
