#include "exchange/provider.h"

#include "dialect/chat.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/support.h"

enum { LONG_MS = 60000 };

struct loop *provider_loop;
struct upstream *provider_upstream;

static struct job_queue queue;

static void stop_now(void *arg)
{
    (void)arg;
    loop_stop(provider_loop);
}

static struct deferred stop = {.call = stop_now};

int provider_set_up(void **state)
{
    struct fault fault;
    (void)state;
    alarm(300); /* nothing here waits for ever */
    assert_true(job_queue_init(&queue, 100));
    provider_loop = loop_new(&queue, NULL, &fault);
    assert_non_null(provider_loop);
    provider_upstream = upstream_new(provider_loop);
    return 0;
}

int provider_tear_down(void **state)
{
    (void)state;
    loop_cancel(provider_loop, &stop);
    upstream_free(provider_upstream);
    loop_free(provider_loop);
    job_queue_finish(&queue);
    job_queue_fini(&queue);
    return 0;
}

void provider_run(void)
{
    loop_run(provider_loop);
}

void provider_stop(void)
{
    loop_defer(provider_loop, &stop);
}

struct candidate_terms provider_terms(void)
{
    return (struct candidate_terms){.dialects = 1 << DIALECT_CHAT,
                                    .provider = "",
                                    .model = "",
                                    .base_url = "",
                                    .query = "",
                                    .map_path = "",
                                    .key_header = "",
                                    .api_key = "",
                                    .ca_file = "",
                                    .max_tokens_field = "",
                                    .headers = "",
                                    .answers_as = "",
                                    .choice = "",
                                    .sold_features = "",
                                    .connect_timeout_ms = LONG_MS,
                                    .first_byte_timeout_ms = LONG_MS,
                                    .idle_timeout_ms = LONG_MS,
                                    .total_timeout_ms = LONG_MS,
                                    .stream_timeout_ms = LONG_MS};
}

int provider_listen_silently(char base_url[PROVIDER_URL_BYTES])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    assert_int_equal(listen(fd, 16), 0);
    snprintf(base_url, PROVIDER_URL_BYTES, "http://127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

void provider_read_chat(const char *body, struct model_request *out)
{
    struct request_fault fault;
    if (!chat_read(slice_of(body), 1, out, &fault))
        fail_msg("%s: %s", fault.message, body);
}

struct candidate *provider_target(const char *provider, const char *model, const char *api_key)
{
    struct candidate_terms terms = provider_terms();
    terms.provider = provider;
    terms.model = model;
    terms.api_key = api_key;
    terms.breaker = (struct breaker_terms){
        .consecutive_failures = 3, .base_ejection_ms = 1000, .max_ejection_ms = 60000};
    return candidate_new(&terms);
}
