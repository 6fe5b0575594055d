#include "app/worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/mail_events.h"
#include "app/pages.h"
#include "app/payment_events.h"
#include "app/version.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "exchange/access_tokens.h"
#include "exchange/balance_watcher.h"
#include "exchange/cors.h"
#include "exchange/exchange.h"
#include "exchange/exchange_env.h"
#include "exchange/form_intake.h"
#include "exchange/live_metrics.h"
#include "exchange/shadow.h"
#include "exchange/surveyor.h"
#include "exchange/token_keeper.h"
#include "exchange/tracer.h"
#include "net/client/upstream.h"
#include "net/loop/library.h"
#include "net/loop/loop.h"
#include "net/server/server.h"
#include "net/server/tls.h"
#include "script/asked_servers.h"
#include "script/balance_sources.h"
#include "script/doors.h"
#include "script/mounts.h"
#include "script/task.h"
#include "script/top_up_terms.h"
#include "script/vm.h"
#include "store/store.h"

enum {
    QUEUE_JOBS_MAX = 1000000, /* all jobs return; their senders bound them */
    BODIES_SHARES = 4,
    RETRY_AFTER_MS = 1000,
    IDLE_TICKS = 10,
    TICK_MS = 100 /* loop.h */
};

struct worker {
    const struct worker_shared *shared;
    pthread_t thread;
    bool started;
    struct job_queue queue;
    struct loop *loop;
    struct upstream *upstream;
    struct server *server;
    struct exchange_env env;
    struct surveyor *surveyor;       /* NULL: another worker asks */
    struct balance_watcher *watcher; /* likewise */
    struct token_keeper *keeper;     /* likewise */
    struct vm *vm;
    struct worker_job *drain; /* waits for the last exchange and the last connection; NULL: none */
    bool stopping;            /* a drain has come */
    uint64_t served_before;   /* at the last tick */
    unsigned idle_ticks;
    _Atomic int64_t beat_us; /* these are for other threads */
    _Atomic int64_t connections, exchanges, detached, own_calls;
    struct metrics_histogram lag;
    bool garbage;
    bool cancelled; /* connections are not waited for any more */
};

/* ---- requests ---- */

static void json_writer_text(struct http_request *request, int status, const char *text)
{
    struct id id;
    id_make(&id, "req");
    http_reply_header(request, "x-request-id", id.text);
    http_reply_header(request, "Content-Type", "application/json");
    http_reply_header(request, "Cache-Control", "no-store");
    http_reply(request, status, slice_of(text));
}

/* Answers load balancers: cheap, without a task. */
static bool answer_health(struct worker *worker, struct http_request *request)
{
    bool get = request->head.method == HTTP_GET || request->head.method == HTTP_HEAD;
    if (get && slice_equals(request->head.path, "/healthz")) {
        json_writer_text(request, 200, "{\"status\":\"ok\"}");
        return true;
    }
    if (!get || !slice_equals(request->head.path, "/readyz"))
        return false;
    if (worker->stopping)
        json_writer_text(request, 503, "{\"status\":\"stopping\"}");
    else if (atomic_load_explicit(worker->shared->draining, memory_order_relaxed))
        json_writer_text(request, 503, "{\"status\":\"draining\"}");
    else if (!store_writable(worker->shared->store))
        json_writer_text(request, 503, "{\"status\":\"database not writable\"}");
    else
        json_writer_text(request, 200, "{\"status\":\"ready\"}");
    return true;
}

static int64_t retry_after_ms(const struct http_request *request)
{
    bool passes = request->refusal.status == 503 || request->refusal.status == 429;
    return passes ? RETRY_AFTER_MS : 0;
}

static void refuse(const struct worker *worker, struct exchange *exchange,
                   const struct http_request *request)
{
    char message[512];
    bool money = request->refusal.status == 402;
    snprintf(message, sizeof message, "%s%s%s", request->refusal.message, money ? ": " : "",
             money ? worker->shared->public_url : "");
    const struct answer_error error = {.status = request->refusal.status,
                                       .code = request->refusal.code,
                                       .message = message,
                                       .retry_after_ms = retry_after_ms(request)};
    if (request->refusal.status == 415)
        exchange_header(exchange, "Accept-Encoding", "gzip, deflate");
    exchange_refuse(exchange, &error);
}

/* Answers a page of another site, which may call the API and nothing else. True: it is answered. */
static bool answer_page(const struct worker *worker, struct exchange *exchange,
                        const struct http_request *request)
{
    const struct http_head *head = &request->head;
    if (worker->shared->config->cors != CORS_ANY || !mounts_have(worker->vm, head->path))
        return false;
    if (cors_is_preflight(head)) {
        cors_answer_preflight(exchange);
        return true;
    }
    cors_allow(exchange);
    return false;
}

static void on_request(struct http_request *request, void *arg)
{
    struct worker *worker = arg;
    if (request->refusal.status == 0 &&
        (answer_health(worker, request) || pages_answer(worker->shared->pages, request)))
        return;
    struct exchange *exchange = exchange_new(&worker->env, request);
    if (worker->cancelled && request->refusal.status == 0)
        request->refusal =
            (struct refusal){503, "shutting_down", "The gateway is stopping. Try again."};
    if (request->head.has_origin && answer_page(worker, exchange, request))
        return;
    if (request->refusal.status != 0) {
        refuse(worker, exchange, request);
        return;
    }
    task_start(worker->vm, exchange);
}

static const char *processor_of(const struct worker *worker)
{
    const struct config *config = worker->shared->config;
    return config->payments == PAYMENTS_STRIPE ? config_payments_name(config) : NULL;
}

static bool on_large_body(const struct http_head *head, struct id *account_id,
                          struct refusal *refusal, void *arg)
{
    const struct worker *worker = arg;
    if (mail_events_admit(&worker->shared->config->alerts, worker->env.secret, head)) {
        *account_id = (struct id){{0}}; /* what mail services send counts together */
        return true;
    }
    if (payment_events_admit(processor_of(worker), head)) {
        *account_id = (struct id){"payment events"};
        return true;
    }
    return exchange_admits_body(&worker->env, head, account_id, refusal);
}

static bool on_flow(const struct http_head *head, void *arg)
{
    const struct worker *worker = arg;
    return form_intake_wants(&worker->env, head);
}

/* ---- the main thread's jobs ---- */

static void finish_drain(struct worker *worker)
{
    struct worker_job *job = worker->drain;
    bool connected = server_connection_count(worker->server) > 0 && !worker->cancelled;
    if (job == NULL || worker->env.live_count > 0 || connected)
        return;
    worker->drain = NULL; /* whoever sent it may forget it now */
    job_return(&job->job);
}

/* Lua's garbage may hold secrets. When the worker is idle, the garbage is collected, which wipes
 * it: one millisecond per tick, so that a new request does not wait. Free memory that large bodies
 * have left is returned to the system. */
static void tidy_when_idle(struct worker *worker)
{
    bool idle = worker->env.live_count == 0 && worker->env.served == worker->served_before;
    worker->served_before = worker->env.served;
    if (!idle) {
        worker->garbage = true;
        worker->idle_ticks = 0;
        vm_collect_anew(worker->vm);
        return;
    }
    if (++worker->idle_ticks < IDLE_TICKS)
        return;
    worker->idle_ticks = IDLE_TICKS;
    if (worker->garbage)
        worker->garbage = !vm_collect_some(worker->vm);
    if (!worker->garbage && server_has_freed_bodies(worker->server))
        net_library_trim_memory();
}

/* Its timer is due each TICK_MS. What a tick is late by, all of the loop's events were. */
static void note_beat(struct worker *worker)
{
    int64_t now_us = clock_mono_us();
    int64_t before_us = metrics_get(&worker->beat_us);
    int64_t late_us = now_us - before_us - INT64_C(1000) * TICK_MS;
    metrics_observe(&worker->lag, metrics_short_us, late_us > 0 ? late_us : 0, NULL);
    metrics_set(&worker->beat_us, now_us);
}

static void show_figures(struct worker *worker)
{
    const struct exchange_env *env = &worker->env;
    metrics_set(&worker->connections, (int64_t)server_connection_count(worker->server));
    metrics_set(&worker->exchanges, (int64_t)env->live_count);
    metrics_set(&worker->detached, (int64_t)env->detached_count);
    metrics_set(&worker->own_calls, env->shadow_count + env->hedge_count + env->test_call_count);
}

static void on_tick(void *arg)
{
    struct worker *worker = arg;
    note_beat(worker);
    show_figures(worker);
    server_close_after_replies(
        worker->server, atomic_load_explicit(worker->shared->draining, memory_order_relaxed));
    exchange_tick_all(&worker->env);
    if (worker->surveyor != NULL)
        surveyor_tick(worker->surveyor);
    if (worker->watcher != NULL)
        balance_watcher_tick(worker->watcher);
    if (worker->keeper != NULL)
        token_keeper_tick(worker->keeper);
    log_flush();
    tidy_when_idle(worker);
    finish_drain(worker);
}

struct vm *worker_build_vm(const struct worker_shared *shared, struct policy_files *files,
                           struct fault *fault)
{
    static const char *const webhooks[] = {"off", "public", "any"};
    static const char *const doc_readers[] = {"off", "public", "signed_in"};
    static const char *const second_factors[] = {"optional", "operators", "all"};
    struct doors doors;
    door_settings_read(&shared->config->doors, &doors);
    const struct doc_source docs = {
        .read = pages_read_doc, .arg = shared->pages, .readers = doc_readers[shared->config->docs]};
    doors.check_ca_file = shared->config->alerts.ca_file;
    doors.must_verify = shared->config->alerts.email_verification == VERIFICATION_REQUIRED;
    struct task_settings settings = {
        .payments = config_payments_name(shared->config),
        .payments_live = shared->config->processor.live,
        .providers_shown = shared->config->show_providers != 0,
        .prices_public = shared->config->public_prices != 0,
        .docs = docs,
        .mail = shared->config->alerts.smtp_url[0] != '\0',
        .verifies_email = shared->config->alerts.email_verification != VERIFICATION_OFF,
        .webhooks = webhooks[shared->config->alerts.customer_webhooks],
        .mail_events = alert_settings_mail_service(&shared->config->alerts),
        .mail_events_secret = shared->config->alerts.mail_events_secret,
        .mail_events_key = shared->config->alerts.mail_events_key,
        .second_factor = second_factors[shared->config->second_factor],
        .brand_name = shared->config->brand.name,
        .public_url = shared->public_url,
        .public_url_set = shared->config->public_url[0] != '\0',
        .doors = &doors,
        .version = version_number,
        .reload_status = shared->reload_status,
        .replay_service = shared->replay_service};
    const struct vm_options options = {.install = task_install, .arg = &settings};
    return vm_new(files, &options, fault);
}

/* Asks the servers that the policies in force name, and has the tokens of their accounts fetched
 * before the first call. */
static void survey(struct worker *worker)
{
    struct survey_list *list = asked_servers(worker->vm);
    if (list != NULL)
        surveyor_take_list(worker->surveyor, list);
    survey_list_unref(list);
    asked_servers_want_tokens(worker->vm, worker->shared->tokens);
    balance_sources_give(worker->vm, worker->watcher);
    if (worker->shared->config->payments == PAYMENTS_STRIPE)
        top_up_terms_give(worker->vm, worker->shared->store);
}

void worker_take_vm(struct worker *worker, struct vm *vm)
{
    vm_close_on(vm, worker->shared->builder);
    vm_unref(worker->vm);
    worker->vm = vm;
    if (worker->surveyor != NULL)
        survey(worker);
}

static void run_order(struct worker *worker, struct worker_job *job)
{
    switch (job->order) {
    case WORKER_SWAP:
        worker_take_vm(worker, job->vm);
        job->vm = NULL;
        worker->env.keepalive_comment_ms = job->keepalive_comment_ms;
        worker->env.first_event_wait_ms = job->first_event_wait_ms;
        return;
    case WORKER_DRAIN:
        worker->drain = job;
        worker->stopping = true;
        server_drain(worker->server);
        shadow_stop_all(&worker->env);
        if (worker->surveyor != NULL)
            surveyor_stop(worker->surveyor);
        if (worker->watcher != NULL)
            balance_watcher_stop(worker->watcher);
        return;
    case WORKER_CANCEL:
        worker->cancelled = true;
        exchange_cancel_all(&worker->env);
        return;
    case WORKER_STOP:
        loop_stop(worker->loop);
        return;
    }
}

/* On the worker's thread. Keeps a drain job until the last exchange has ended; the loop returns the
 * others. */
static void run_job(struct job *generic, void *server)
{
    struct worker *worker = server;
    struct worker_job *job = (struct worker_job *)(void *)generic;
    run_order(worker, job);
    if (job->order != WORKER_DRAIN)
        job_return(generic);
}

static void on_returned(struct job *generic)
{
    struct worker_job *job = (struct worker_job *)(void *)generic;
    job->returned = true;
    if (job->on_returned != NULL)
        job->on_returned(job->arg);
}

void worker_send(struct worker *worker, struct worker_job *job, enum worker_order order)
{
    job->order = order;
    job->returned = false;
    job->job = (struct job){
        .reply_queue = worker->shared->main_queue, .run = run_job, .done = on_returned};
    check(job_queue_post_always(&worker->queue, &job->job));
}

/* ---- making and freeing ---- */

/* A bound that is not set is a share of the total; then this machine's own addresses are not
 * bounded, because a proxy may run there. */
static struct client_bounds bounds_of(const struct config *config)
{
    size_t share = (size_t)config->bodies_bytes_max / BODIES_SHARES;
    if (share < (size_t)config->body_bytes_max)
        share = (size_t)config->body_bytes_max; /* at least one largest body fits */
    size_t of_address = (size_t)config->bodies_bytes_per_address_max;
    size_t of_account = (size_t)config->bodies_bytes_per_account_max;
    return (struct client_bounds){
        .address_bodies_bytes_max = of_address > 0 ? of_address : share,
        .account_bodies_bytes_max = of_account > 0 ? of_account : share,
        .loopback_bodies = of_address > 0,
        .loopback_connections = config->connections_per_address_max > 0,
    };
}

static bool open_server(struct worker *worker, int port, struct fault *fault)
{
    const struct config *config = worker->shared->config;
    const struct server_options options = {
        .address = config->address,
        .port = port,
        .listen_fd = worker->shared->listen_fd,
        .tls = worker->shared->tls,
        .trust = &config->trust,
        .hsts_max_age_s = config->hsts_max_age_s,
        .connections_max = (size_t)config->connections_max,
        .bounds = bounds_of(config),
        .tally = worker->shared->tally,
        .body_bytes_max = (size_t)config->body_bytes_max,
        .flow_from_bytes = (size_t)config->form_held_bytes_max,
        .flow_bytes_max = (size_t)config->form_bytes_max,
        .bodies_bytes_max = (size_t)config->bodies_bytes_max,
        .body_bytes_per_s_min = (size_t)config->body_bytes_per_s_min,
        .body_window_ms = config->body_window_ms,
        .head_timeout_ms = config->head_timeout_ms,
        .body_timeout_ms = config->body_timeout_ms,
        .idle_timeout_ms = config->idle_timeout_ms,
        .write_timeout_ms = config->write_timeout_ms,
    };
    const struct server_handler handler = {.on_request = on_request,
                                           .on_large_body = on_large_body,
                                           .on_flow = on_flow,
                                           .arg = worker};
    worker->server = server_new(worker->loop, &options, &handler, fault);
    return worker->server != NULL;
}

struct worker *worker_new(const struct worker_shared *shared, unsigned index, int port,
                          struct fault *fault)
{
    struct worker *worker = calloc(1, sizeof *worker);
    check(worker != NULL);
    worker->shared = shared;
    if (!job_queue_init(&worker->queue, QUEUE_JOBS_MAX)) {
        free(worker);
        fault_set(fault, "out_of_descriptors",
                  "no descriptor is left for a worker; raise ulimit -n");
        return NULL;
    }
    worker->loop = loop_new(&worker->queue, worker, fault);
    if (worker->loop == NULL || !open_server(worker, port, fault)) {
        worker_free(worker);
        return NULL;
    }
    worker->upstream = upstream_new(worker->loop);
    worker->env =
        (struct exchange_env){.loop = worker->loop,
                              .queue = &worker->queue,
                              .upstream = worker->upstream,
                              .store = shared->store,
                              .limiter = shared->limiter,
                              .quotes = shared->quotes,
                              .rates = shared->rates,
                              .survey = shared->survey,
                              .health = shared->health,
                              .limit_queues = shared->limit_queues,
                              .shared_calls = shared->shared_calls,
                              .trial_watch = shared->trial_watch,
                              .hedges = shared->hedges,
                              .spending = shared->spending,
                              .balances = shared->balances,
                              .alerts = shared->alerts,
                              .tokens = shared->tokens,
                              .processor = &shared->config->processor,
                              .helpers = shared->helpers,
                              .metrics = shared->metrics,
                              .shard = live_metrics_shard(shared->metrics, index),
                              .traces = trace_feed_new(shared->tracer),
                              .secret = shared->secret,
                              .public_url = shared->public_url,
                              .body_bytes_max = shared->config->body_bytes_max,
                              .form_bytes_max = shared->config->form_bytes_max,
                              .keepalive_comment_ms = shared->config->keepalive_comment_ms,
                              .first_event_wait_ms = shared->config->first_event_wait_ms,
                              .hold_expiry_ms = shared->config->hold_expiry_ms,
                              .turn_terms = {shared->config->keep_responses_days * 24 * 3600 * 1000,
                                             shared->config->keep_responses_bytes_max}};
    if (index == 0) {
        worker->surveyor =
            surveyor_new(shared->survey, worker->upstream, shared->config->ask_context_every_ms);
        worker->watcher = balance_watcher_new(shared->balances, worker->upstream, shared->spending,
                                              shared->alerts);
        worker->keeper =
            token_keeper_new(shared->tokens, worker->upstream, shared->signer, &worker->queue);
    }
    loop_on_tick(worker->loop, on_tick, worker);
    return worker;
}

void worker_bound_connections(struct worker *worker, const struct descriptor_share *share)
{
    server_bound_connections(worker->server, share->connections_max, share->refusals_max,
                             share->address_connections_max);
}

int64_t worker_beat_us(const struct worker *worker)
{
    return atomic_load_explicit(&worker->beat_us, memory_order_relaxed);
}

void worker_read_figures(struct worker *worker, struct worker_figures *out)
{
    *out = (struct worker_figures){.beat_us = worker_beat_us(worker),
                                   .connections = metrics_get(&worker->connections),
                                   .exchanges = metrics_get(&worker->exchanges),
                                   .detached = metrics_get(&worker->detached),
                                   .own_calls = metrics_get(&worker->own_calls),
                                   .waiting = job_queue_waiting(&worker->queue)};
}

void worker_sum_lag(const struct worker *worker, struct metrics_sums *sums)
{
    metrics_sum(&worker->lag, sums);
}

static void list_calls(struct job *job, void *server)
{
    const struct worker *worker = server;
    struct worker_listing *listing = (struct worker_listing *)(void *)job;
    listing->count = running_calls_list(&worker->env, listing->calls, listing->room, &listing->all);
    job_return(job);
}

void worker_list_calls(struct worker *worker, struct worker_listing *listing)
{
    listing->job.run = list_calls;
    check(job_queue_post_always(&worker->queue, &listing->job));
}

int worker_port(const struct worker *worker)
{
    return server_port(worker->server);
}

static void *thread_main(void *arg)
{
    struct worker *worker = arg;
    loop_run(worker->loop);
    return NULL;
}

bool worker_start(struct worker *worker, struct fault *fault)
{
    metrics_set(&worker->beat_us, clock_mono_us()); /* it has not hung before its first turn */
    if (pthread_create(&worker->thread, NULL, thread_main, worker) != 0)
        return fault_set(fault, "out_of_threads", "a worker's thread could not be started");
    pthread_setname_np(worker->thread, "worker");
    worker->started = true;
    return true;
}

void worker_join(struct worker *worker)
{
    if (worker->started)
        check(pthread_join(worker->thread, NULL) == 0);
    worker->started = false;
}

void worker_free(struct worker *worker)
{
    if (worker->keeper != NULL)
        token_keeper_stop(worker->keeper);
    job_queue_finish(&worker->queue);
    if (worker->server != NULL)
        server_free(worker->server);
    while (worker->env.live != NULL)
        exchange_discard(worker->env.live);
    trace_feed_free(worker->env.traces);
    surveyor_free(worker->surveyor);
    balance_watcher_free(worker->watcher);
    token_keeper_free(worker->keeper);
    if (worker->upstream != NULL)
        upstream_free(worker->upstream);
    if (worker->vm != NULL)
        vm_unref(worker->vm);
    if (worker->loop != NULL)
        loop_free(worker->loop);
    job_queue_finish(&worker->queue);
    job_queue_fini(&worker->queue);
    free(worker);
}
