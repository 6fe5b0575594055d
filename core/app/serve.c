#include "app/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/alert_settings.h"
#include "app/commands.h"
#include "app/descriptors.h"
#include "app/first_run.h"
#include "app/pages.h"
#include "app/privileges.h"
#include "app/reload.h"
#include "app/replay_runner.h"
#include "app/service_manager.h"
#include "app/signals.h"
#include "app/worker.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/fair_pool.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/period.h"
#include "base/secret.h"
#include "base/thread_pool.h"
#include "exchange/access_tokens.h"
#include "exchange/balances.h"
#include "exchange/courier.h"
#include "exchange/courier_settings.h"
#include "exchange/health.h"
#include "exchange/hedge_budget.h"
#include "exchange/limit_queues.h"
#include "exchange/limiter.h"
#include "exchange/live_metrics.h"
#include "exchange/quotes.h"
#include "exchange/rates.h"
#include "exchange/shared_calls.h"
#include "exchange/spending.h"
#include "exchange/survey.h"
#include "exchange/trial_watch.h"
#include "net/loop/library.h"
#include "net/server/listen_address.h"
#include "net/server/server.h"
#include "net/server/tally.h"
#include "net/server/tls.h"
#include "script/reload_status.h"
#include "store/alerts.h"
#include "store/ledger.h"
#include "store/provider_costs.h"
#include "store/store.h"

enum {
    HELPER_THREADS = 2,
    BUILDER_JOBS_MAX = 1000000, /* one per VM, so memory bounds them */
    LIMITER_ENTRIES = 100000,
    LOG_WAIT_MS = 2000,    /* how long the end waits for the log's reader */
    CANCEL_WAIT_MS = 10000 /* how long settlements may take after running requests were cut */
};

struct gateway {
    struct serve_options *options;
    struct job_queue queue;
    int signal_fd;
    struct service_manager manager;
    char public_url[CONFIG_TEXT_BYTES];
    struct secret secret;
    struct first_run first_run;
    struct tls *tls;
    struct privileges privileges;
    struct tally *tally;
    struct pages *pages;
    struct store *store;
    struct limiter *limiter;
    struct quotes *quotes;
    struct rates *rates;
    struct survey *survey;
    struct health *health;
    struct limit_queues *limit_queues;
    struct shared_calls *shared_calls;
    struct trial_watch *trial_watch;
    struct hedge_budgets *hedges;
    struct spending *spending;
    struct balances *balances;
    struct alerts *alerts;
    struct courier *courier;
    struct access_tokens *tokens;
    struct fair_pool *helpers;
    struct thread_pool *signer;
    struct thread_pool *builder;
    struct live_metrics *metrics;
    struct reload_status *reload_status;
    struct reload *reload;
    struct replay_runner *replay_runner;
    struct worker_shared shared;
    struct worker *workers[LIMIT_WORKERS];
    unsigned worker_count;
};

static int fail(const struct fault *fault)
{
    char text[sizeof fault->message + 32];
    snprintf(text, sizeof text, "llm-gateway: %s\n", fault->message);
    log_last_words(text);
    return 1;
}

static void reopen_log(const struct config *config)
{
    struct fault fault;
    if (!log_reopen(config->log_file, &fault))
        log_event(LOG_ERROR, "the log goes on where it was", log_text("reason", fault.message));
}

/* ---- the process ---- */

static void set_process_limits(void)
{
    descriptors_raise();
    /* No core dump: it would contain prompts and keys. 1, not 0, because only 1 also stops a dump
     * that is piped to a program (core(5)). */
    const struct rlimit core = {.rlim_cur = 1, .rlim_max = 1};
    setrlimit(RLIMIT_CORE, &core);
}

/* ---- start ---- */

static void set_public_url(struct gateway *gateway, int port)
{
    const struct config *config = &gateway->options->config;
    bool v6 = strchr(config->address, ':') != NULL;
    if (config->public_url[0] != '\0')
        snprintf(gateway->public_url, sizeof gateway->public_url, "%s", config->public_url);
    else
        snprintf(gateway->public_url, sizeof gateway->public_url, "%s://%s%s%s:%d",
                 config->tls_key[0] != '\0' ? "https" : "http", v6 ? "[" : "", config->address,
                 v6 ? "]" : "", port);
    size_t bytes = strlen(gateway->public_url);
    if (bytes > 0 && gateway->public_url[bytes - 1] == '/')
        gateway->public_url[bytes - 1] = '\0';
}

static unsigned worker_count_of(const struct config *config)
{
    if (config->workers > 0)
        return (unsigned)config->workers;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 1)
        return 1;
    return processors > LIMIT_WORKERS ? LIMIT_WORKERS : (unsigned)processors;
}

/* The first worker may get its port from the kernel; the others share it (SO_REUSEPORT). */
static bool make_workers(struct gateway *gateway, struct policy_files *files, struct fault *fault)
{
    const struct config *config = &gateway->options->config;
    unsigned count = worker_count_of(config);
    int port = config->port;
    for (unsigned i = 0; i < count; i++) {
        gateway->workers[i] = worker_new(&gateway->shared, i, port, fault);
        if (gateway->workers[i] == NULL)
            return false;
        gateway->worker_count++;
        port = worker_port(gateway->workers[i]);
    }
    set_public_url(gateway, port);
    if (!privileges_drop(&gateway->privileges, fault)) /* all ports are bound */
        return false;
    for (unsigned i = 0; i < count; i++) {
        struct vm *vm = worker_build_vm(&gateway->shared, files, fault);
        if (vm == NULL)
            return false;
        worker_take_vm(gateway->workers[i], vm);
    }
    struct descriptor_share share;
    if (!descriptors_share(config, count, &share, fault))
        return false;
    int64_t calls_max =
        config->calls_max > 0 ? config->calls_max : (int64_t)(share.connections_max * count);
    ledger_share_holds(gateway->store, calls_max);
    for (unsigned i = 0; i < count; i++) {
        worker_bound_connections(gateway->workers[i], &share);
        if (!worker_start(gateway->workers[i], fault))
            return false;
    }
    return true;
}

static bool open_tls(struct gateway *gateway, struct fault *fault)
{
    const struct config *config = &gateway->options->config;
    if (config->tls_key[0] == '\0')
        return true;
    gateway->tls = tls_load(config->tls_certificate, config->tls_key, fault);
    return gateway->tls != NULL;
}

/* The TLS key may be root's; all files opened later are the user's. */
static bool become_user(struct gateway *gateway, struct fault *fault)
{
    return privileges_find_server(&gateway->options->config, &gateway->privileges, fault) &&
           open_tls(gateway, fault) && privileges_lend(&gateway->privileges, fault);
}

static bool open_store(struct gateway *gateway, struct fault *fault)
{
    const struct config *config = &gateway->options->config;
    if (!commands_make_folder(config->database, fault) ||
        !commands_make_folder(config->secret_file, fault) ||
        !secret_load(config->secret_file, &gateway->secret, fault))
        return false;
    if (gateway->options->first_run &&
        !first_run_prepare(&gateway->first_run, config, &gateway->secret, fault))
        return false;
    gateway->alerts = alerts_new(config->alerts.repeat_ms);
    alerts_wait_for_receivers(gateway->alerts);
    gateway->store = commands_open_store(config, gateway->alerts, fault);
    return gateway->store != NULL;
}

static void note_cost(const char *provider, int64_t nusd, void *arg)
{
    struct gateway *gateway = arg;
    struct spending_place *place = spending_of(gateway->spending, provider);
    if (place != NULL)
        (void)spending_add(place, 0, nusd, clock_wall_ms());
}

/* What the providers have cost today counts for their caps. */
static bool open_spending(struct gateway *gateway, struct fault *fault)
{
    gateway->spending = spending_new();
    return provider_costs_since(gateway->options->config.database,
                                period_start_ms(PERIOD_DAY, clock_wall_ms()), note_cost, gateway,
                                fault);
}

static bool start_crews(struct gateway *gateway, struct fault *fault)
{
    gateway->helpers = fair_pool_new(HELPER_THREADS, LIMIT_PASSWORD_JOBS);
    gateway->signer = thread_pool_new(1, LIMIT_SERVICE_ACCOUNTS);
    gateway->builder = thread_pool_new(1, BUILDER_JOBS_MAX);
    gateway->replay_runner = replay_runner_new(&gateway->options->config);
    if (gateway->helpers == NULL || gateway->signer == NULL || gateway->builder == NULL ||
        gateway->replay_runner == NULL)
        return fault_set(fault, "out_of_threads",
                         "no thread is left for passwords and policies; raise ulimit -u");
    return true;
}

/* Gives the settings of alerts and notices, which SIGHUP may change, to those who need them. */
static void configure_alerts(struct gateway *gateway)
{
    alert_settings_give(&gateway->options->config.alerts, gateway->public_url, gateway->alerts,
                        gateway->store);
}

/* What a restart has seen to is over: the policies are in force, the database is open. */
static bool start_courier(struct gateway *gateway, struct fault *fault)
{
    struct courier_settings settings;
    configure_alerts(gateway);
    alerts_clear_kind(gateway->alerts, ALERT_RELOAD_REFUSED);
    alerts_clear_kind(gateway->alerts, ALERT_LEDGER_UNWRITABLE);
    alerts_clear_kind(gateway->alerts, ALERT_BALANCE_LOW); /* asked at once, and raised again */
    alerts_clear_kind(gateway->alerts, ALERT_BILL_ABOVE);
    alerts_clear_kind(gateway->alerts, ALERT_CANARY_WORSE); /* counted anew */
    if (!config_courier(&gateway->options->config, gateway->public_url, &gateway->secret, &settings,
                        fault))
        return false;
    gateway->courier = courier_new(gateway->store, gateway->alerts, &settings, fault);
    secret_wipe(&settings, sizeof settings);
    return gateway->courier != NULL;
}

static void log_listening(const struct gateway *gateway, const char *revision)
{
    log_event(LOG_INFO, "listening", log_text("address", gateway->options->config.address),
              log_int("port", worker_port(gateway->workers[0])),
              log_text("url", gateway->public_url), log_int("workers", gateway->worker_count),
              log_text("policies", revision));
}

/* Refused or not: what is in force is. The log and the page "Policies" say which. */
static void on_reloaded(void *arg)
{
    service_manager_ready(&((const struct gateway *)arg)->manager, "Serving.");
}

static bool start(struct gateway *gateway, struct fault *fault)
{
    const struct config *config = &gateway->options->config;
    if (!job_queue_init(&gateway->queue, LIMIT_WORKERS * 4))
        return fault_set(fault, "out_of_descriptors", "no descriptor is left; raise ulimit -n");
    if (gateway->manager.listen_fd == 0 &&
        !listen_address_check_free(config->address, config->port, fault))
        return false;
    struct policy_files *files = policy_files_read(config->policies, fault);
    if (files == NULL)
        return false;
    gateway->pages = pages_load(config->webui, config->public_prices != 0, &config->brand, fault);
    bool good = gateway->pages != NULL && open_store(gateway, fault) &&
                open_spending(gateway, fault) && start_crews(gateway, fault);
    if (good) {
        gateway->tally = tally_new();
        gateway->limiter = limiter_new(LIMITER_ENTRIES);
        gateway->quotes = quotes_new();
        gateway->rates = rates_new();
        gateway->survey = survey_new();
        gateway->health = health_new();
        gateway->limit_queues = limit_queues_new();
        gateway->shared_calls = shared_calls_new();
        gateway->trial_watch = trial_watch_new();
        gateway->hedges = hedge_budgets_new();
        gateway->balances = balances_new();
        gateway->tokens = access_tokens_new();
        gateway->metrics = live_metrics_new(worker_count_of(config));
        gateway->reload_status = reload_status_new(config->policies);
        reload_status_accept(gateway->reload_status, files);
        gateway->shared =
            (struct worker_shared){.config = config,
                                   .store = gateway->store,
                                   .limiter = gateway->limiter,
                                   .quotes = gateway->quotes,
                                   .rates = gateway->rates,
                                   .survey = gateway->survey,
                                   .health = gateway->health,
                                   .limit_queues = gateway->limit_queues,
                                   .shared_calls = gateway->shared_calls,
                                   .trial_watch = gateway->trial_watch,
                                   .hedges = gateway->hedges,
                                   .spending = gateway->spending,
                                   .balances = gateway->balances,
                                   .alerts = gateway->alerts,
                                   .tokens = gateway->tokens,
                                   .helpers = gateway->helpers,
                                   .signer = gateway->signer,
                                   .builder = gateway->builder,
                                   .metrics = gateway->metrics,
                                   .reload_status = gateway->reload_status,
                                   .replay_service = replay_runner_service(gateway->replay_runner),
                                   .secret = &gateway->secret,
                                   .tls = gateway->tls,
                                   .tally = gateway->tally,
                                   .pages = gateway->pages,
                                   .public_url = gateway->public_url,
                                   .listen_fd = gateway->manager.listen_fd,
                                   .main_queue = &gateway->queue};
        good = make_workers(gateway, files, fault);
    }
    good = good && start_courier(gateway, fault);
    if (good) {
        gateway->reload = reload_new(&gateway->shared, gateway->workers, gateway->worker_count,
                                     on_reloaded, gateway);
        log_listening(gateway, policy_files_revision(files));
    }
    policy_files_unref(files);
    return good;
}

/* ---- run ---- */

/* Certificates are renewed in place, under the same names. */
static void reload_certificate(const struct gateway *gateway)
{
    const struct config *config = &gateway->options->config;
    struct fault fault;
    if (gateway->tls == NULL)
        return;
    if (tls_reload(gateway->tls, config->tls_certificate, config->tls_key, &fault)) {
        log_event(LOG_INFO, "certificate read again");
        alerts_clear(gateway->alerts, ALERT_RELOAD_REFUSED, "certificate");
    } else {
        log_event(LOG_ERROR, "the certificate in use stays", log_text("reason", fault.message));
        alerts_raise(gateway->alerts, ALERT_RELOAD_REFUSED, "certificate", fault.message);
    }
}

static void reload(struct gateway *gateway)
{
    struct serve_options *options = gateway->options;
    struct config fresh;
    struct fault fault;
    const char *needs_restart;
    service_manager_reloading(&gateway->manager);
    if (!config_load(&fresh, options->config_path, options->sets, options->set_count, &fault) ||
        !service_manager_set_listen(&gateway->manager, &fresh, &fault)) {
        log_event(LOG_ERROR, "reload refused, the old settings stay in force",
                  log_text("reason", fault.message));
        alerts_raise(gateway->alerts, ALERT_RELOAD_REFUSED, "gateway.conf", fault.message);
    } else {
        alerts_clear(gateway->alerts, ALERT_RELOAD_REFUSED, "gateway.conf");
        config_apply_reloadable(&options->config, &fresh, &needs_restart);
        if (needs_restart != NULL)
            log_event(LOG_WARN, "a changed setting needs a restart",
                      log_text("setting", needs_restart));
        log_configure((enum log_level)options->config.log_level, options->config.log_format == 1);
        struct courier_settings settings;
        configure_alerts(gateway);
        if (pages_set_brand(gateway->pages, &options->config.brand, &fault) &&
            config_courier(&options->config, gateway->public_url, &gateway->secret, &settings,
                           &fault))
            courier_configure(gateway->courier, &settings);
        else /* they were good a moment ago */
            alerts_raise(gateway->alerts, ALERT_RELOAD_REFUSED, "gateway.conf", fault.message);
        secret_wipe(&settings, sizeof settings);
    }
    reopen_log(&options->config);
    reload_certificate(gateway);
    reload_begin(gateway->reload);
}

static unsigned returned_count(const struct worker_job *jobs, unsigned count)
{
    unsigned returned = 0;
    for (unsigned i = 0; i < count; i++)
        returned += jobs[i].returned ? 1 : 0;
    return returned;
}

/* Waits until all jobs are back; returns false after timeout_ms. A second SIGTERM or SIGINT ends
 * the process at once: the ledger is consistent at every moment, and the next start voids open
 * holds. */
static bool wait_returned(struct gateway *gateway, const struct worker_job *jobs,
                          int64_t timeout_ms)
{
    int64_t deadline_us = clock_mono_us() + timeout_ms * 1000;
    while (returned_count(jobs, gateway->worker_count) < gateway->worker_count) {
        int64_t left_ms = (deadline_us - clock_mono_us()) / 1000;
        if (left_ms <= 0)
            return false;
        int signal_number = signals_wait(gateway->signal_fd, &gateway->queue,
                                         (int)(left_ms < 1000 ? left_ms : 1000));
        if (signal_number == SIGHUP)
            reopen_log(&gateway->options->config);
        if (signal_number == SIGTERM || signal_number == SIGINT) {
            log_settle(LOG_WAIT_MS);
            _exit(1);
        }
    }
    return true;
}

static void order_all(struct gateway *gateway, struct worker_job *jobs, enum worker_order order)
{
    for (unsigned i = 0; i < gateway->worker_count; i++)
        worker_send(gateway->workers[i], &jobs[i], order);
}

/* Lets running requests end, then cuts them, then stops the threads. If the disk fails, settlements
 * that wait for it come back unwritten at the end; *settled is then false. */
static bool drain(struct gateway *gateway, bool *settled)
{
    struct worker_job drains[LIMIT_WORKERS] = {0};
    struct worker_job cancels[LIMIT_WORKERS] = {0};
    struct worker_job stops[LIMIT_WORKERS] = {0};
    log_event(LOG_INFO, "stopping: no new connections, what runs may finish",
              log_int("drain_timeout_ms", gateway->options->config.drain_timeout_ms));
    order_all(gateway, drains, WORKER_DRAIN);
    bool empty = wait_returned(gateway, drains, gateway->options->config.drain_timeout_ms);
    if (!empty) {
        log_event(LOG_WARN, "drain_timeout_ms is over: running requests are cut");
        order_all(gateway, cancels, WORKER_CANCEL);
        if (!wait_returned(gateway, cancels, CANCEL_WAIT_MS)) {
            log_event(LOG_ERROR,
                      "a worker does not answer; its holds are voided at the next start");
            return false;
        }
        /* The requests that wanted these jobs are answered: wait only for those that run. */
        fair_pool_drop_waiting(gateway->helpers);
        store_cancel_reads(gateway->store);
        empty = wait_returned(gateway, drains, CANCEL_WAIT_MS);
    }
    *settled = empty;
    if (!empty) {
        log_event(LOG_ERROR, "stopping with requests whose charge could not be written; their "
                             "holds are voided at the next start");
        store_give_up(gateway->store);
        empty = wait_returned(gateway, drains, CANCEL_WAIT_MS);
    }
    if (!empty)
        return false;
    order_all(gateway, stops, WORKER_STOP);
    for (unsigned i = 0; i < gateway->worker_count; i++)
        worker_join(gateway->workers[i]);
    job_queue_finish(&gateway->queue);
    return true;
}

/* Whether all workers go round their loops, on which nothing waits. */
static bool workers_beat(const struct gateway *gateway)
{
    int64_t since_us = clock_mono_us() - gateway->manager.watchdog_us;
    for (unsigned i = 0; i < gateway->worker_count; i++) {
        if (worker_beat_us(gateway->workers[i]) < since_us)
            return false;
    }
    return true;
}

static void run(struct gateway *gateway)
{
    service_manager_ready(&gateway->manager, "Serving.");
    for (;;) {
        int signal_number = signals_wait(gateway->signal_fd, &gateway->queue,
                                         service_manager_wait_ms(&gateway->manager));
        if (signal_number == SIGHUP)
            reload(gateway);
        else if (signal_number == SIGTERM || signal_number == SIGINT)
            break;
        if (workers_beat(gateway))
            service_manager_alive(&gateway->manager);
    }
    service_manager_stopping(&gateway->manager);
    reload_stop(gateway->reload);
    replay_runner_cancel(gateway->replay_runner);
}

/* Frees the workers after the store, which returns jobs to their queues, and the builder after the
 * workers, because it closes their VMs. */
static void stop(struct gateway *gateway)
{
    if (gateway->helpers != NULL)
        fair_pool_free(gateway->helpers);
    if (gateway->signer != NULL)
        thread_pool_free(gateway->signer);
    courier_free(gateway->courier);
    if (gateway->store != NULL)
        store_close(gateway->store);
    for (unsigned i = 0; i < gateway->worker_count; i++)
        worker_free(gateway->workers[i]);
    if (gateway->builder != NULL)
        thread_pool_free(gateway->builder); /* closes the workers' VMs */
    if (gateway->queue.wake_fd >= 0)
        job_queue_finish(&gateway->queue); /* jobs that a reload under way waited for */
    reload_free(gateway->reload);
    if (gateway->limiter != NULL)
        limiter_free(gateway->limiter);
    quotes_free(gateway->quotes);
    rates_free(gateway->rates);
    health_free(gateway->health);
    limit_queues_free(gateway->limit_queues);
    shared_calls_free(gateway->shared_calls);
    trial_watch_free(gateway->trial_watch);
    hedge_budgets_free(gateway->hedges);
    spending_free(gateway->spending);
    balances_free(gateway->balances);
    alerts_free(gateway->alerts);
    survey_free(gateway->survey);
    access_tokens_free(gateway->tokens);
    live_metrics_free(gateway->metrics);
    reload_status_free(gateway->reload_status);
    replay_runner_free(gateway->replay_runner);
    tls_free(gateway->tls);
    tally_free(gateway->tally);
    pages_free(gateway->pages);
    secret_wipe(&gateway->secret, sizeof gateway->secret);
    secret_wipe(&gateway->first_run, sizeof gateway->first_run);
    if (gateway->queue.wake_fd >= 0)
        job_queue_fini(&gateway->queue);
    close(gateway->signal_fd);
    free(gateway);
}

int serve(struct serve_options *options)
{
    struct gateway *gateway = calloc(1, sizeof *gateway);
    struct fault fault;
    bool settled = true;
    check(gateway != NULL);
    gateway->options = options;
    gateway->queue.wake_fd = -1; /* not made yet */
    set_process_limits();
    gateway->signal_fd = signals_open();
    net_library_init();
    if (!service_manager_init(&gateway->manager, &options->config, &fault) ||
        !become_user(gateway, &fault) || !log_start(options->config.log_file, &fault) ||
        !start(gateway, &fault)) {
        log_event(LOG_ERROR, "cannot start", log_text("reason", fault.message));
        stop(gateway);
        log_stop(LOG_WAIT_MS);
        return fail(&fault);
    }
    if (options->config.payments == PAYMENTS_TEST)
        log_event(LOG_WARN, "payments = test: whoever signs in can take credits without paying");
    if (options->first_run)
        first_run_welcome(&gateway->first_run, gateway->public_url);
    run(gateway);
    if (!drain(gateway, &settled)) {
        log_stop(LOG_WAIT_MS);
        _exit(1); /* threads still run */
    }
    stop(gateway);
    log_event(LOG_INFO, "stopped");
    log_stop(LOG_WAIT_MS);
    return settled ? 0 : 1;
}
