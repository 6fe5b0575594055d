#include "app/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/admin/admin.h"
#include "app/alert_settings.h"
#include "app/commands.h"
#include "app/descriptors.h"
#include "app/first_run.h"
#include "app/pages.h"
#include "app/privileges.h"
#include "app/reload.h"
#include "app/replay_runner.h"
#include "app/restart_note.h"
#include "app/service_manager.h"
#include "app/signals.h"
#include "app/tracing.h"
#include "app/worker.h"
#include "app/workers.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/fair_pool.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/period.h"
#include "base/program_pages.h"
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
    LOG_WAIT_MS = 2000 /* how long the end waits for the log's reader */
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
    struct restart_note *restart_note;
    struct reload *reload;
    struct replay_runner *replay_runner;
    struct worker_shared shared;
    struct workers workers;
    atomic_bool draining; /* the admin server sets it */
    struct admin *admin;
};

static int fail(const struct fault *fault)
{
    char text[sizeof fault->message + 32];
    snprintf(text, sizeof text, "llm-gateway: %s\n", fault->message);
    log_last_words(text);
    return 1;
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

/* The first worker may get its port from the kernel; the others share it (SO_REUSEPORT). */
static bool make_workers(struct gateway *gateway, struct policy_files *files, struct fault *fault)
{
    const struct config *config = &gateway->options->config;
    unsigned count = workers_wanted(config);
    int port = config->port;
    for (unsigned i = 0; i < count; i++) {
        gateway->workers.list[i] = worker_new(&gateway->shared, i, port, fault);
        if (gateway->workers.list[i] == NULL)
            return false;
        gateway->workers.count++;
        port = worker_port(gateway->workers.list[i]);
    }
    set_public_url(gateway, port);
    if (!privileges_drop(&gateway->privileges, fault)) /* all ports are bound */
        return false;
    for (unsigned i = 0; i < count; i++) {
        struct vm *vm = worker_build_vm(&gateway->shared, files, fault);
        if (vm == NULL)
            return false;
        worker_take_vm(gateway->workers.list[i], vm);
    }
    struct descriptor_share share;
    if (!descriptors_share(config, count, &share, fault))
        return false;
    int64_t calls_max =
        config->calls_max > 0 ? config->calls_max : (int64_t)(share.connections_max * count);
    ledger_share_holds(gateway->store, calls_max);
    for (unsigned i = 0; i < count; i++) {
        worker_bound_connections(gateway->workers.list[i], &share);
        if (!worker_start(gateway->workers.list[i], fault))
            return false;
        gateway->workers.started++;
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
    const struct config *config = &gateway->options->config;
    log_event(LOG_INFO, "listening", log_text("address", config->address),
              log_int("port", worker_port(gateway->workers.list[0])),
              log_text("url", gateway->public_url), log_int("workers", gateway->workers.count),
              log_text("policies", revision), log_text("admin_socket", config->admin_socket));
    if (admin_metrics_port(gateway->admin) > 0)
        log_event(LOG_INFO, "metrics", log_text("address", config->metrics_address),
                  log_int("port", admin_metrics_port(gateway->admin)));
}

/* Refused or not: what is in force is. The log and the page "Policies" say which. */
static void on_reloaded(void *arg)
{
    service_manager_ready(&((const struct gateway *)arg)->manager, "Serving.");
}

static void share_all(struct gateway *gateway)
{
    gateway->shared =
        (struct worker_shared){.config = &gateway->options->config,
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
                               .main_queue = &gateway->queue,
                               .draining = &gateway->draining};
}

/* Its files count among those that are open before the workers share what is left. */
static bool open_admin(struct gateway *gateway, struct fault *fault)
{
    const struct admin_view view = {.config = &gateway->options->config,
                                    .workers = &gateway->workers,
                                    .draining = &gateway->draining,
                                    .restart_note = gateway->restart_note,
                                    .started_ms = clock_wall_ms()};
    if (!commands_make_folder(view.config->admin_socket, fault))
        return false;
    gateway->admin = admin_new(&view, fault);
    return gateway->admin != NULL;
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
    gateway->pages = pages_load(config, fault);
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
        gateway->metrics = live_metrics_new(workers_wanted(config));
        gateway->reload_status = reload_status_new(config->policies);
        gateway->restart_note = restart_note_new();
        reload_status_accept(gateway->reload_status, files);
        share_all(gateway);
        gateway->workers.shared = &gateway->shared;
        gateway->workers.signal_fd = gateway->signal_fd;
        good = open_admin(gateway, fault) && tracing_start(&gateway->shared, fault) &&
               make_workers(gateway, files, fault);
    }
    good = good && start_courier(gateway, fault) && admin_start(gateway->admin, fault);
    if (good) {
        gateway->reload = reload_new(&gateway->shared, gateway->workers.list,
                                     gateway->workers.count, on_reloaded, gateway);
        log_listening(gateway, policy_files_revision(files));
    }
    policy_files_unref(files);
    net_library_trim_memory(); /* of what only a start needs */
    program_pages_release();
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
    struct brand *brand = NULL;
    struct fault fault;
    char needs_restart[CONFIG_NAMES_BYTES];
    service_manager_reloading(&gateway->manager);
    if (!config_load(&fresh, options->config_path, options->sets, options->set_count, &fault) ||
        !service_manager_set_listen(&gateway->manager, &fresh, &fault) ||
        (brand = brand_new(&fresh.brand, &fault)) == NULL) {
        log_event(LOG_ERROR, "reload refused, the old settings stay in force",
                  log_text("reason", fault.message));
        alerts_raise(gateway->alerts, ALERT_RELOAD_REFUSED, "gateway.conf", fault.message);
    } else {
        alerts_clear(gateway->alerts, ALERT_RELOAD_REFUSED, "gateway.conf");
        config_apply_reloadable(&options->config, &fresh, needs_restart);
        restart_note_set(gateway->restart_note, needs_restart);
        if (needs_restart[0] != '\0')
            log_event(LOG_WARN, "changed settings need a restart",
                      log_text("settings", needs_restart));
        log_configure((enum log_level)options->config.log_level, options->config.log_format == 1);
        struct courier_settings settings;
        configure_alerts(gateway);
        pages_set_brand(gateway->pages, &options->config.brand, brand);
        if (config_courier(&options->config, gateway->public_url, &gateway->secret, &settings,
                           &fault))
            courier_configure(gateway->courier, &settings);
        else /* they were good a moment ago */
            alerts_raise(gateway->alerts, ALERT_RELOAD_REFUSED, "gateway.conf", fault.message);
        secret_wipe(&settings, sizeof settings);
    }
    (void)log_reopen(options->config.log_file);
    reload_certificate(gateway);
    reload_begin(gateway->reload);
}

static void run(struct gateway *gateway)
{
    service_manager_ready(&gateway->manager, "Serving.");
    for (;;) {
        int signal_number = signals_wait(gateway->signal_fd, &gateway->queue,
                                         service_manager_wait_ms(&gateway->manager));
        if (signal_number == SIGHUP)
            reload(gateway);
        else if (signal_number == SIGUSR1)
            (void)log_reopen(gateway->options->config.log_file);
        else if (signal_number != 0)
            break;
        if (workers_beat(&gateway->workers, clock_mono_us() - gateway->manager.watchdog_us))
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
    admin_free(gateway->admin); /* while workers take its jobs */
    workers_stop(&gateway->workers);
    if (gateway->helpers != NULL)
        fair_pool_free(gateway->helpers);
    thread_pool_free(gateway->signer);
    courier_free(gateway->courier);
    if (gateway->store != NULL)
        store_close(gateway->store);
    for (unsigned i = 0; i < gateway->workers.count; i++)
        worker_free(gateway->workers.list[i]);
    tracing_stop(&gateway->shared);
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
    restart_note_free(gateway->restart_note);
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
    if (!workers_drain(&gateway->workers, &settled)) {
        log_stop(LOG_WAIT_MS);
        _exit(1); /* threads still run */
    }
    stop(gateway);
    log_event(LOG_INFO, "stopped");
    log_stop(LOG_WAIT_MS);
    return settled ? 0 : 1;
}
