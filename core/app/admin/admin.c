#include "app/admin/admin.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/admin/admin_request.h"
#include "app/admin/calls.h"
#include "app/admin/metrics_page.h"
#include "app/admin/refresh.h"
#include "app/admin/status.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "net/loop/loop.h"
#include "net/loop/unix_socket.h"
#include "net/server/listen_address.h"
#include "net/server/tally.h"

enum {
    QUEUE_JOBS_MAX = 10000,
    BODY_BYTES_MAX = 64 * 1024,
    REQUEST_MS = 10000,
    IDLE_MS = 60000,
    REFUSALS = 4
};

struct admin {
    struct admin_view view;
    struct job_queue queue;
    struct loop *loop;
    struct tally *tally;
    struct server *local; /* on admin_socket; NULL: off */
    struct server *open;  /* on metrics_listen; NULL: off */
    struct peer_trust trust;
    struct pending pending;
    pthread_t thread;
    bool started;
    int64_t drained_us; /* when draining began */
    struct job stop;
};

/* ---- routes ---- */

static void answer_health(struct admin *admin, struct http_request *request)
{
    (void)admin;
    struct buffer body;
    buffer_init(&body, ADMIN_REPLY_BYTES_MAX);
    buffer_append_text(&body, "{\"status\":\"ok\"}\n");
    admin_reply(request, 200, "application/json", &body);
}

static void answer_status(struct admin *admin, struct http_request *request)
{
    struct buffer body;
    bool text = admin_wants_text(request);
    buffer_init(&body, ADMIN_REPLY_BYTES_MAX);
    if (text)
        status_render_text(&admin->view, &body);
    else
        status_render_json(&admin->view, &body);
    admin_reply(request, 200, text ? "text/plain; charset=utf-8" : "application/json", &body);
}

static void answer_metrics(struct admin *admin, struct http_request *request)
{
    const struct slice *accept = head_header(&request->head, "accept");
    enum metrics_format format = metrics_format_of(accept != NULL ? *accept : slice_of(""));
    struct buffer body;
    buffer_init(&body, METRICS_PAGE_BYTES);
    metrics_page_render(&admin->view, format, &body);
    admin_reply(request, 200, metrics_content_type(format), &body);
}

static void answer_calls(struct admin *admin, struct http_request *request)
{
    calls_answer(admin->view.workers, &admin->queue, &admin->pending, request);
}

static void answer_refresh(struct admin *admin, struct http_request *request)
{
    refresh_answer(admin->view.workers->shared->store, &admin->queue, &admin->pending, request);
}

static void answer_text(struct http_request *request, const char *text)
{
    struct buffer body;
    buffer_init(&body, ADMIN_REPLY_BYTES_MAX);
    buffer_printf(&body, "%s\n", text);
    admin_reply(request, 200, "text/plain; charset=utf-8", &body);
}

static void answer_log_level(struct admin *admin, struct http_request *request)
{
    (void)admin;
    answer_text(request, log_level_name());
}

static void set_log_level(struct admin *admin, struct http_request *request)
{
    (void)admin;
    enum log_level level;
    if (!log_level_of(admin_query(request, "level"), &level)) {
        admin_refuse(request, 400, "invalid_value", "level must be debug, info, warn or error");
        return;
    }
    log_set_level(level);
    log_event(LOG_WARN, "the log's level is set until the next reload",
              log_text("level", log_level_name()));
    answer_text(request, log_level_name());
}

/* `current`: all workers have counted since the draining began. */
static void answer_drain(struct admin *admin, struct http_request *request)
{
    const struct workers *workers = admin->view.workers;
    bool draining = atomic_load_explicit(admin->view.draining, memory_order_relaxed);
    struct worker_figures sum;
    struct buffer body;
    workers_sum_figures(workers, &sum);
    buffer_init(&body, ADMIN_REPLY_BYTES_MAX);
    json_writer_object(&body, NULL);
    json_writer_bool(&body, "draining", draining);
    json_writer_bool(&body, "current", workers_beat(workers, admin->drained_us + 1));
    json_writer_int(&body, "exchanges", sum.exchanges);
    json_writer_object_end(&body);
    buffer_append_char(&body, '\n');
    admin_reply(request, 200, "application/json", &body);
}

static void set_draining(struct admin *admin, struct http_request *request, bool draining)
{
    bool before = atomic_exchange_explicit(admin->view.draining, draining, memory_order_relaxed);
    admin->drained_us = clock_mono_us();
    if (before != draining)
        log_event(LOG_WARN, draining ? "draining: /readyz says 503, what comes is still served"
                                     : "no longer draining");
    answer_drain(admin, request);
}

static void begin_drain(struct admin *admin, struct http_request *request)
{
    set_draining(admin, request, true);
}

static void end_drain(struct admin *admin, struct http_request *request)
{
    set_draining(admin, request, false);
}

struct admin_route {
    enum http_method method;
    const char *path;
    bool open; /* also on metrics_listen */
    void (*answer)(struct admin *admin, struct http_request *request);
};

static const struct admin_route routes[] = {
    {HTTP_GET, "/healthz", true, answer_health},
    {HTTP_GET, "/metrics", true, answer_metrics},
    {HTTP_GET, "/status", false, answer_status},
    {HTTP_GET, "/calls", false, answer_calls},
    {HTTP_PUT, "/refresh", false, answer_refresh},
    {HTTP_GET, "/log-level", false, answer_log_level},
    {HTTP_PUT, "/log-level", false, set_log_level},
    {HTTP_GET, "/drain", false, answer_drain},
    {HTTP_PUT, "/drain", false, begin_drain},
    {HTTP_DELETE, "/drain", false, end_drain},
};
enum { ROUTE_COUNT = sizeof routes / sizeof routes[0] };

static void on_request(struct admin *admin, struct http_request *request, bool local)
{
    bool known = false;
    if (request->refusal.status != 0) {
        admin_refuse(request, request->refusal.status, request->refusal.code,
                     request->refusal.message);
        return;
    }
    enum http_method method = request->head.method == HTTP_HEAD ? HTTP_GET : request->head.method;
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (!slice_equals(request->head.path, routes[i].path) || !(local || routes[i].open))
            continue;
        known = true;
        if (routes[i].method != method)
            continue;
        routes[i].answer(admin, request);
        return;
    }
    if (known)
        admin_refuse(request, 405, "method_not_allowed", "This path does not take the method.");
    else
        admin_refuse(request, 404, "not_found", "There is no such path.");
}

static void on_local_request(struct http_request *request, void *arg)
{
    on_request(arg, request, true);
}

static void on_open_request(struct http_request *request, void *arg)
{
    on_request(arg, request, false);
}

static bool refuse_large_body(const struct http_head *head, struct id *account_id,
                              struct refusal *refusal, void *arg)
{
    (void)head;
    (void)account_id;
    (void)arg;
    *refusal = (struct refusal){413, "request_too_large", "No request here has a large body."};
    return false;
}

/* ---- making and freeing ---- */

static struct server *listen_on(struct admin *admin, struct server_options *options,
                                void (*answer)(struct http_request *request, void *arg),
                                struct fault *fault)
{
    const struct server_handler handler = {
        .on_request = answer, .on_large_body = refuse_large_body, .arg = admin};
    options->trust = &admin->trust;
    options->tally = admin->tally;
    options->connections_max = ADMIN_CONNECTIONS;
    options->refusals_max = REFUSALS;
    options->bounds.address_connections_max = ADMIN_CONNECTIONS;
    options->body_bytes_max = options->bodies_bytes_max = BODY_BYTES_MAX;
    options->body_window_ms = options->head_timeout_ms = options->body_timeout_ms = REQUEST_MS;
    options->write_timeout_ms = REQUEST_MS;
    options->idle_timeout_ms = IDLE_MS;
    return server_new(admin->loop, options, &handler, fault);
}

static bool listen_locally(struct admin *admin, struct fault *fault)
{
    const char *path = admin->view.config->admin_socket;
    struct server_options options = {.address = path};
    if (path[0] == '\0')
        return true;
    int fd = unix_socket_listen(path, fault);
    if (fd < 0)
        return false;
    options.listen_fd = fd;
    admin->local = listen_on(admin, &options, on_local_request, fault);
    close(fd); /* the server has its own */
    return admin->local != NULL;
}

static bool listen_openly(struct admin *admin, struct fault *fault)
{
    const struct config *config = admin->view.config;
    struct server_options options = {.address = config->metrics_address,
                                     .port = config->metrics_port};
    if (config->metrics_listen[0] == '\0')
        return true;
    if (!listen_address_check_free(options.address, options.port, fault))
        return false;
    admin->open = listen_on(admin, &options, on_open_request, fault);
    return admin->open != NULL;
}

struct admin *admin_new(const struct admin_view *view, struct fault *fault)
{
    struct admin *admin = calloc(1, sizeof *admin);
    check(admin != NULL);
    admin->view = *view;
    if (!job_queue_init(&admin->queue, QUEUE_JOBS_MAX)) {
        free(admin);
        fault_set(fault, "out_of_descriptors",
                  "no descriptor is left for the admin server; raise ulimit -n");
        return NULL;
    }
    admin->tally = tally_new();
    admin->loop = loop_new(&admin->queue, admin, fault);
    if (admin->loop == NULL || !listen_locally(admin, fault) || !listen_openly(admin, fault)) {
        admin_free(admin);
        return NULL;
    }
    return admin;
}

static void *thread_main(void *arg)
{
    struct admin *admin = arg;
    loop_run(admin->loop);
    return NULL;
}

bool admin_start(struct admin *admin, struct fault *fault)
{
    if (pthread_create(&admin->thread, NULL, thread_main, admin) != 0)
        return fault_set(fault, "out_of_threads", "the admin server's thread could not be started");
    pthread_setname_np(admin->thread, "admin");
    admin->started = true;
    return true;
}

int admin_metrics_port(const struct admin *admin)
{
    return admin->open != NULL ? server_port(admin->open) : 0;
}

static void end_loop(void *arg)
{
    struct admin *admin = arg;
    loop_stop(admin->loop);
}

/* On the admin thread. */
static void run_stop(struct job *job, void *server)
{
    (void)job;
    struct admin *admin = server;
    pending_finish(&admin->pending, end_loop, admin);
}

void admin_free(struct admin *admin)
{
    if (admin == NULL)
        return;
    if (admin->started) {
        admin->stop = (struct job){.run = run_stop};
        check(job_queue_post_always(&admin->queue, &admin->stop));
        check(pthread_join(admin->thread, NULL) == 0);
    }
    if (admin->local != NULL) {
        (void)unlink(admin->view.config->admin_socket);
        server_free(admin->local);
    }
    if (admin->open != NULL)
        server_free(admin->open);
    if (admin->loop != NULL)
        loop_free(admin->loop);
    tally_free(admin->tally);
    job_queue_fini(&admin->queue);
    free(admin);
}
