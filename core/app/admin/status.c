#include "app/admin/status.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/version.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/least.h"
#include "base/log.h"
#include "base/money.h"
#include "exchange/health_outages.h"
#include "exchange/limit_queues.h"
#include "exchange/live_metrics.h"
#include "script/reload_status.h"
#include "store/alerts.h"
#include "store/store.h"

/* More of them are counted, and not shown. */
enum { OUTAGES = 50, ALERTS = 50 };

enum { BUSY_US = 2000000 }; /* a loop that has not turned for so long hangs, or nearly so */

struct status {
    int64_t now_ms, now_us;
    bool draining;
    struct worker_figures workers[LIMIT_WORKERS];
    unsigned worker_count;
    struct worker_figures sum;
    struct live_figures live;
    int64_t waiting;
    struct store_totals totals;
    bool writable;
    struct reload_facts policies;
    char needs_restart[CONFIG_NAMES_BYTES];
    struct health_outage outages[OUTAGES];
    size_t outage_count, outages_all;
    struct alert alerts[ALERTS];
    size_t alert_count, alerts_all;
};

static void read_workers(const struct workers *workers, struct status *out)
{
    out->worker_count = workers->count;
    for (unsigned i = 0; i < workers->count; i++) {
        worker_read_figures(workers->list[i], &out->workers[i]);
        workers_add_figures(&out->sum, &out->workers[i]);
    }
}

/* The caller frees it. */
static struct status *read_status(const struct admin_view *view)
{
    const struct worker_shared *shared = view->workers->shared;
    struct status *status = calloc(1, sizeof *status);
    check(status != NULL);
    status->now_ms = clock_wall_ms();
    status->now_us = clock_mono_us();
    status->draining = atomic_load_explicit(view->draining, memory_order_relaxed);
    read_workers(view->workers, status);
    live_metrics_read(shared->metrics, &status->live);
    status->waiting = (int64_t)limit_queues_waiting(shared->limit_queues);
    store_totals(shared->store, &status->totals);
    status->writable = store_writable(shared->store);
    reload_status_read(shared->reload_status, &status->policies);
    restart_note_read(view->restart_note, status->needs_restart);
    status->outages_all = health_list_outages(shared->health, status->outages, OUTAGES);
    status->outage_count = least_size(status->outages_all, OUTAGES);
    status->alerts_all = alerts_list_open(shared->alerts, status->alerts, ALERTS);
    status->alert_count = least_size(status->alerts_all, ALERTS);
    return status;
}

static const char *state_of(const struct status *status)
{
    if (!status->writable)
        return "database not writable";
    return status->draining ? "draining" : "serving";
}

static const char *obstacle_word(enum health_obstacle obstacle)
{
    switch (obstacle) {
    case HEALTH_EJECTED:
        return "breaker open";
    case HEALTH_PAUSED:
        return "rate limited";
    case HEALTH_ACCOUNT:
        return "account refused";
    case HEALTH_BUSY:
    case HEALTH_SPENT:
        return "spend reached";
    case HEALTH_CLEAR:
        break;
    }
    return "clear";
}

/* ---- JSON ---- */

static void write_workers(const struct status *status, struct buffer *out)
{
    json_writer_array(out, "workers");
    for (unsigned i = 0; i < status->worker_count; i++) {
        const struct worker_figures *worker = &status->workers[i];
        json_writer_object(out, NULL);
        json_writer_int(out, "connections", worker->connections);
        json_writer_int(out, "exchanges", worker->exchanges);
        json_writer_int(out, "turned_ms_ago", (status->now_us - worker->beat_us) / 1000);
        json_writer_object_end(out);
    }
    json_writer_array_end(out);
}

static void write_live(const struct status *status, struct buffer *out)
{
    const struct live_figures *live = &status->live;
    bool timed = live->first_byte.timed > 0;
    json_writer_int(out, "calls_open", live->calls_open);
    json_writer_int(out, "calls_waiting", status->waiting);
    json_writer_int(out, "streams_open", live->streams_open);
    json_writer_object(out, "last_minute");
    json_writer_int(out, "window_s", live->window_s);
    json_writer_int(out, "calls", live->calls);
    json_writer_int(out, "client_errors", live->client_errors);
    json_writer_int(out, "failures", live->failures);
    json_writer_int_or_null(out, "first_byte_p50_ms", timed,
                            time_sums_quantile(&live->first_byte, 500000));
    json_writer_int_or_null(out, "first_byte_p90_ms", timed,
                            time_sums_quantile(&live->first_byte, 900000));
    json_writer_object_end(out);
    json_writer_object(out, "holds");
    json_writer_int(out, "open", status->totals.open_holds);
    json_writer_money(out, "held", status->totals.held_nusd);
    json_writer_object_end(out);
    json_writer_bool(out, "database_writable", status->writable);
}

static void write_policies(const struct status *status, struct buffer *out)
{
    const struct reload_facts *policies = &status->policies;
    json_writer_object(out, "policies");
    json_writer_text(out, "revision", policies->revision);
    json_writer_time(out, "loaded_at", policies->loaded_ms);
    json_writer_time_or_null(out, "refused_at", policies->refused_ms);
    json_writer_text_or_null(out, "refusal", policies->refusal);
    json_writer_object_end(out);
}

static void write_needs_restart(const struct status *status, struct buffer *out)
{
    char names[CONFIG_NAMES_BYTES];
    char *rest = NULL;
    memcpy(names, status->needs_restart, sizeof names);
    json_writer_array(out, "needs_restart");
    for (char *name = strtok_r(names, ", ", &rest); name != NULL;
         name = strtok_r(NULL, ", ", &rest))
        json_writer_text(out, NULL, name);
    json_writer_array_end(out);
}

static void write_outages(const struct status *status, struct buffer *out)
{
    json_writer_array(out, "outages");
    for (size_t i = 0; i < status->outage_count; i++) {
        const struct health_outage *outage = &status->outages[i];
        json_writer_object(out, NULL);
        json_writer_text(out, "provider", outage->provider);
        json_writer_text_or_null(out, "model", outage->model);
        json_writer_text(out, "reason", obstacle_word(outage->obstacle));
        json_writer_time(out, "until", status->now_ms + outage->left_ms);
        json_writer_object_end(out);
    }
    json_writer_array_end(out);
    json_writer_int(out, "outage_count", (int64_t)status->outages_all);
}

static void write_alerts(const struct status *status, struct buffer *out)
{
    json_writer_array(out, "alerts");
    for (size_t i = 0; i < status->alert_count; i++) {
        const struct alert *alert = &status->alerts[i];
        json_writer_object(out, NULL);
        json_writer_text(out, "kind", alert_facts(alert->kind)->word);
        json_writer_text(out, "subject", alert->subject);
        json_writer_time(out, "opened_at", alert->opened_ms);
        json_writer_object_end(out);
    }
    json_writer_array_end(out);
    json_writer_int(out, "alert_count", (int64_t)status->alerts_all);
}

void status_render_json(const struct admin_view *view, struct buffer *out)
{
    struct status *status = read_status(view);
    json_writer_object(out, NULL);
    json_writer_text(out, "state", state_of(status));
    json_writer_text(out, "version", version_number);
    json_writer_text(out, "commit", version_commit);
    json_writer_int(out, "pid", getpid());
    json_writer_time(out, "now", status->now_ms);
    json_writer_time(out, "started_at", view->started_ms);
    json_writer_text(out, "url", view->workers->shared->public_url);
    json_writer_text(out, "log_level", log_level_name());
    json_writer_int(out, "connections", status->sum.connections);
    json_writer_int(out, "exchanges", status->sum.exchanges);
    write_live(status, out);
    write_workers(status, out);
    write_policies(status, out);
    write_needs_restart(status, out);
    write_outages(status, out);
    write_alerts(status, out);
    json_writer_object_end(out);
    buffer_append_char(out, '\n');
    free(status);
}

/* ---- text ---- */

static void print_age(struct buffer *out, int64_t ms)
{
    int64_t minutes = ms / 60000, hours = minutes / 60;
    if (hours >= 48)
        buffer_printf(out, "%lld days %lld h", (long long)(hours / 24), (long long)(hours % 24));
    else if (minutes >= 1)
        buffer_printf(out, "%lld h %lld min", (long long)hours, (long long)(minutes % 60));
    else
        buffer_printf(out, "%lld s", (long long)(ms / 1000));
}

static void print_head(const struct admin_view *view, const struct status *status,
                       struct buffer *out)
{
    buffer_printf(out, "llm-gateway %s (%s), %s\n", version_number, version_commit,
                  state_of(status));
    buffer_printf(out, "process      %d, runs for ", (int)getpid());
    print_age(out, status->now_ms - view->started_ms);
    buffer_printf(out, "\naddress      %s\nlog level    %s\n", view->workers->shared->public_url,
                  log_level_name());
}

static void print_policies(const struct status *status, struct buffer *out)
{
    const struct reload_facts *policies = &status->policies;
    buffer_printf(out, "policies     %.12s, in force for ", policies->revision);
    print_age(out, status->now_ms - policies->loaded_ms);
    if (policies->refused_ms > 0) {
        buffer_append_text(out, "\n             the reload ");
        print_age(out, status->now_ms - policies->refused_ms);
        buffer_printf(out, " ago was refused: %s", policies->refusal);
    }
    buffer_append_char(out, '\n');
    if (status->needs_restart[0] != '\0')
        buffer_printf(out, "settings     NEED A RESTART: %s\n", status->needs_restart);
}

static void print_live(const struct status *status, struct buffer *out)
{
    const struct live_figures *live = &status->live;
    char held[MONEY_TEXT_BYTES];
    buffer_printf(out, "connections  %lld\n", (long long)status->sum.connections);
    buffer_printf(out, "calls        %lld run, %lld of them stream, %lld wait for a limit\n",
                  (long long)live->calls_open, (long long)live->streams_open,
                  (long long)status->waiting);
    buffer_printf(out, "last %3lld s   %lld calls, %lld refused, %lld failed",
                  (long long)live->window_s, (long long)live->calls, (long long)live->client_errors,
                  (long long)live->failures);
    if (live->first_byte.timed > 0)
        buffer_printf(out, "; first byte after %lld ms (p50), %lld ms (p90)",
                      (long long)time_sums_quantile(&live->first_byte, 500000),
                      (long long)time_sums_quantile(&live->first_byte, 900000));
    buffer_printf(out, "\nholds        %lld open, $%s\n", (long long)status->totals.open_holds,
                  money_format(status->totals.held_nusd, held));
    buffer_printf(out, "database     %s\n",
                  status->writable ? "writable" : "CANNOT BE WRITTEN: see the log");
}

static void print_workers(const struct status *status, struct buffer *out)
{
    buffer_append_char(out, '\n');
    for (unsigned i = 0; i < status->worker_count; i++) {
        const struct worker_figures *worker = &status->workers[i];
        int64_t ago_us = status->now_us - worker->beat_us;
        buffer_printf(out, "worker %-3u   %lld connections, %lld exchanges", i,
                      (long long)worker->connections, (long long)worker->exchanges);
        if (ago_us > BUSY_US)
            buffer_printf(out, ", HANGS for %lld s", (long long)(ago_us / 1000000));
        buffer_append_char(out, '\n');
    }
}

static void print_outages(const struct status *status, struct buffer *out)
{
    for (size_t i = 0; i < status->outage_count; i++) {
        const struct health_outage *outage = &status->outages[i];
        buffer_printf(out, "%s%s%s: %s, for %lld s more\n", outage->provider,
                      outage->model[0] != '\0' ? "/" : "", outage->model,
                      obstacle_word(outage->obstacle), (long long)(outage->left_ms / 1000) + 1);
    }
    if (status->outages_all > status->outage_count)
        buffer_printf(out, "and %zu more\n", status->outages_all - status->outage_count);
}

static void print_alerts(const struct status *status, struct buffer *out)
{
    for (size_t i = 0; i < status->alert_count; i++) {
        const struct alert *alert = &status->alerts[i];
        buffer_printf(out, "alert %s: %s, since ", alert_facts(alert->kind)->word, alert->subject);
        print_age(out, status->now_ms - alert->opened_ms);
        buffer_append_char(out, '\n');
    }
    if (status->alerts_all > status->alert_count)
        buffer_printf(out, "and %zu more\n", status->alerts_all - status->alert_count);
}

void status_render_text(const struct admin_view *view, struct buffer *out)
{
    struct status *status = read_status(view);
    print_head(view, status, out);
    print_policies(status, out);
    print_live(status, out);
    print_workers(status, out);
    if (status->outages_all + status->alerts_all > 0)
        buffer_append_char(out, '\n');
    print_outages(status, out);
    print_alerts(status, out);
    free(status);
}
