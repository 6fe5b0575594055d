#include "exchange/tracer.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/service.h"
#include "exchange/otlp_answer.h"
#include "exchange/otlp_body.h"
#include "exchange/otlp_spans.h"
#include "exchange/trace_record.h"
#include "net/client/delivery.h"

enum {
    QUEUE_JOBS_MAX = 100000,  /* the records in them are counted */
    GATHER_MS = 1000,         /* how long the first record of a body waits for others */
    IDLE_MS = 60 * 1000,      /* a job wakes the thread */
    SEND_MS = 10 * 1000,      /* until the collector has answered */
    PAUSE_MIN_MS = 1000,      /* before the first repetition */
    PAUSE_MAX_MS = 30 * 1000, /* also of what the collector names */
    GIVE_UP_MS = 120 * 1000,
    LAST_MS = 3000, /* at the end of the process */
    TELL_MS = 60 * 1000,
    INSTANCE_BYTES = 37,
    DRAWN_NUMBERS = 64,
    /* A worker hands a batch over when it has so many bytes: the rest is for one more record. */
    BATCH_BYTES_ENOUGH = LIMIT_TRACE_BODY_BYTES * 3 / 4,
    /* A body and the longest record, with all its attempts, many times over. */
    BATCH_BYTES_MAX = LIMIT_TRACE_BODY_BYTES + 1024 * 1024
};

/* Spans on their way from a worker, in a body that only lacks its front (otlp_body.h): it is sent
 * from where the worker has written it, since to copy it costs as much as to write it. */
struct trace_batch {
    struct job job; /* first: jobs are cast back */
    struct trace_batch *next;
    size_t count; /* of the records that they come from */
    size_t span_count;
    struct buffer body;
};

struct tracer {
    struct service service;
    struct tracer_settings settings;
    char instance_id[INSTANCE_BYTES];
    atomic_size_t waiting;       /* records that are not in a body yet */
    atomic_size_t waiting_bytes; /* of batches that are not in a body yet */
    /* One that was sent, for the next feed that needs one: memory that is freed on another thread
     * than it comes from goes back to the system, and costs a page fault for each page. */
    _Atomic(struct trace_batch *) spare;
    atomic_uint_least64_t sent, lost, rejected;
    /* the thread's own */
    struct deliveries *deliveries;
    struct trace_batch *first, *last;
    size_t count;             /* of the records in them */
    int64_t since_us;         /* when the first of them came */
    struct trace_batch *body; /* taken from them, to be sent; NULL: none */
    struct slice sending;     /* of `body` */
    int64_t body_us;          /* when it was first sent; 0: not yet */
    int64_t next_us;          /* not before */
    int tries;
    bool under_way;
    int64_t end_us;        /* when the thread ends, whatever is left; 0: it is not stopped */
    int64_t told_us;       /* when trouble was last logged; 0: there is none */
    int64_t told_lost_us;  /* likewise, of calls that are not traced */
    uint64_t told_lost;    /* so many of them */
    uint64_t end_rejected; /* so many spans were rejected before the end began */
};

/* ---- trouble ---- */

/* Once a minute: the collector may be down for days. */
static bool is_time(int64_t *told_us)
{
    int64_t now_us = clock_mono_us();
    if (*told_us != 0 && now_us - *told_us < INT64_C(1000) * TELL_MS)
        return false;
    *told_us = now_us;
    return true;
}

static void tell(struct tracer *tracer, const char *what, const char *why)
{
    if (is_time(&tracer->told_us))
        log_event(LOG_WARN, what, log_text("why", why),
                  log_int("spans_rejected",
                          (int64_t)atomic_load_explicit(&tracer->rejected, memory_order_relaxed)));
}

static void tell_lost(struct tracer *tracer)
{
    uint64_t lost = atomic_load_explicit(&tracer->lost, memory_order_relaxed);
    if (lost == tracer->told_lost || !is_time(&tracer->told_lost_us))
        return;
    log_event(LOG_WARN, "calls are not traced: trace_queue_max of them wait for the collector",
              log_int("calls", (int64_t)(lost - tracer->told_lost)));
    tracer->told_lost = lost;
}

/* ---- what is to be sent ---- */

/* Moves what the workers have sent to the list. */
static void take_batches(struct tracer *tracer)
{
    struct job *job;
    while ((job = job_list_pop(&tracer->service.waiting)) != NULL) {
        struct trace_batch *batch = (struct trace_batch *)(void *)job;
        if (tracer->count == 0)
            tracer->since_us = clock_mono_us();
        if (tracer->last != NULL)
            tracer->last->next = batch;
        else
            tracer->first = batch;
        tracer->last = batch;
        tracer->count += batch->count;
    }
}

static void batch_free(struct trace_batch *batch)
{
    if (batch == NULL)
        return;
    buffer_fini(&batch->body);
    free(batch);
}

static struct trace_batch *batch_allocate(void)
{
    struct trace_batch *batch = calloc(1, sizeof *batch);
    check(batch != NULL);
    buffer_init(&batch->body, BATCH_BYTES_MAX);
    check(buffer_reserve(&batch->body, LIMIT_TRACE_BODY_BYTES) != NULL);
    return batch;
}

static struct trace_batch *batch_new(struct tracer *tracer)
{
    struct trace_batch *batch = atomic_exchange(&tracer->spare, NULL);
    if (batch == NULL)
        batch = batch_allocate();
    otlp_body_begin(&batch->body);
    return batch;
}

static void batch_end(struct tracer *tracer, struct trace_batch *batch)
{
    batch->next = NULL;
    batch->count = batch->span_count = 0;
    buffer_reset(&batch->body);
    batch_free(atomic_exchange(&tracer->spare, batch));
}

static struct trace_batch *pop(struct tracer *tracer)
{
    struct trace_batch *batch = tracer->first;
    tracer->first = batch->next;
    if (tracer->first == NULL)
        tracer->last = NULL;
    tracer->count -= batch->count;
    atomic_fetch_sub_explicit(&tracer->waiting, batch->count, memory_order_relaxed);
    atomic_fetch_sub_explicit(&tracer->waiting_bytes, batch->body.bytes, memory_order_relaxed);
    return batch;
}

static void reject(struct tracer *tracer, size_t spans)
{
    atomic_fetch_add_explicit(&tracer->rejected, spans, memory_order_relaxed);
}

static void forget_body(struct tracer *tracer)
{
    batch_end(tracer, tracer->body);
    tracer->body = NULL;
    tracer->sending = (struct slice){0};
}

static void reject_body(struct tracer *tracer)
{
    reject(tracer, tracer->body->span_count);
    forget_body(tracer);
}

/* Those that are short follow the first one in its room. */
static void gather(struct tracer *tracer, struct trace_batch *body)
{
    while (tracer->count > 0) {
        struct slice spans = otlp_body_spans(&tracer->first->body);
        if (body->body.bytes + spans.bytes > LIMIT_TRACE_BODY_BYTES)
            return;
        struct trace_batch *batch = pop(tracer);
        buffer_append_slice(&body->body, spans);
        body->span_count += batch->span_count;
        batch_end(tracer, batch);
    }
}

static void write_body(struct tracer *tracer)
{
    const struct otlp_resource resource = {.service_name = tracer->settings.service_name,
                                           .service_version = tracer->settings.service_version,
                                           .instance_id = tracer->instance_id};
    tracer->body_us = tracer->next_us = 0;
    tracer->tries = 0;
    tracer->body = pop(tracer);
    gather(tracer, tracer->body);
    tracer->sending = otlp_body_end(&resource, &tracer->body->body);
    if (!tracer->body->body.failed)
        return;
    reject_body(tracer);
    tell(tracer, "spans are lost", "memory is short");
}

/* ---- sending ---- */

static int64_t ms_left(const struct tracer *tracer, int64_t now_us)
{
    int64_t left_ms = (tracer->end_us - now_us) / 1000;
    return tracer->end_us == 0 || left_ms > SEND_MS ? SEND_MS : left_ms < 1 ? 1 : left_ms;
}

static void send_body(struct tracer *tracer, int64_t now_us)
{
    const char *why = "";
    struct delivery delivery = {.url = tracer->settings.url,
                                .body = tracer->sending,
                                .timeout_ms = ms_left(tracer, now_us),
                                .ca_file = tracer->settings.ca_file,
                                .keeps_answer = true,
                                .keeps_connection = true,
                                .lends_body = true,
                                .headers = {"Content-Type: application/x-protobuf"}};
    for (size_t i = 0; i < TRACER_HEADERS && tracer->settings.headers[i][0] != '\0'; i++)
        delivery.headers[1 + i] = tracer->settings.headers[i];
    if (tracer->body_us == 0)
        tracer->body_us = now_us;
    tracer->tries++;
    tracer->under_way = deliveries_start(tracer->deliveries, &delivery, tracer, &why);
    if (tracer->under_way)
        return;
    reject_body(tracer);
    tell(tracer, "spans cannot be sent", why);
}

static void note_taken(struct tracer *tracer, struct slice answer)
{
    char words[OTLP_WORDS_BYTES];
    int64_t rejected = otlp_answer_rejected(answer, words);
    size_t spans = tracer->body->span_count;
    if (rejected < 0 || (size_t)rejected > spans)
        rejected = (int64_t)spans;
    atomic_fetch_add_explicit(&tracer->sent, spans - (size_t)rejected, memory_order_relaxed);
    if (rejected > 0) {
        reject(tracer, (size_t)rejected);
        tell(tracer, "the collector has not taken all spans", words);
    } else if (tracer->told_us != 0) {
        log_event(LOG_INFO, "the collector takes spans again");
        tracer->told_us = 0;
    }
    forget_body(tracer);
}

/* Those that OTLP names, and no answer at all. */
static bool may_take_later(int status)
{
    return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

/* Half of it is chance, so that many gateways do not come back at once. */
static int64_t pause_ms(const struct tracer *tracer, int64_t retry_after_ms)
{
    int64_t ms = PAUSE_MAX_MS;
    if (tracer->tries < 6)
        ms = (int64_t)PAUSE_MIN_MS << (tracer->tries - 1);
    ms = ms / 2 + (int64_t)(random_u64() % (uint64_t)(ms / 2));
    if (retry_after_ms > ms)
        ms = retry_after_ms;
    return ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
}

/* Of an answer that refuses, or of the way to the collector. */
static void tell_refusal(struct tracer *tracer, const struct delivery_end *end, const char *what)
{
    char words[OTLP_WORDS_BYTES], why[OTLP_WORDS_BYTES + 32];
    otlp_answer_refusal(buffer_slice(&end->answer), words);
    if (end->status != 0)
        snprintf(why, sizeof why, "status %d%s%s", end->status, words[0] != '\0' ? ": " : "",
                 words);
    tell(tracer, what, end->status != 0 ? why : end->words);
}

static void note_refusal(struct tracer *tracer, const struct delivery_end *end)
{
    int64_t now_us = clock_mono_us();
    bool again = may_take_later(end->status) && tracer->end_us == 0 &&
                 now_us - tracer->body_us < INT64_C(1000) * GIVE_UP_MS;
    tell_refusal(tracer, end, again ? "spans wait for the collector" : "spans are given up");
    tracer->next_us = now_us + 1000 * pause_ms(tracer, end->retry_after_ms);
    if (again)
        return;
    reject_body(tracer);
}

static void note_end(struct tracer *tracer, struct delivery_end *end)
{
    check(tracer->body != NULL); /* it is forgotten at its end */
    tracer->under_way = false;
    if (end->taken)
        note_taken(tracer, buffer_slice(&end->answer));
    else
        note_refusal(tracer, end);
    buffer_fini(&end->answer);
}

/* ---- the thread ---- */

static bool is_due(const struct tracer *tracer, int64_t now_us)
{
    return tracer->count >= LIMIT_TRACE_RECORDS || tracer->end_us != 0 ||
           (tracer->count > 0 && now_us - tracer->since_us >= INT64_C(1000) * GATHER_MS);
}

/* How long there is nothing to do but to wait for an end or a job. */
static int64_t wait_ms(const struct tracer *tracer, int64_t now_us)
{
    int64_t until_us = now_us + INT64_C(1000) * IDLE_MS;
    if (tracer->body != NULL && !tracer->under_way)
        until_us = tracer->next_us;
    else if (tracer->body == NULL && tracer->count > 0)
        until_us = tracer->since_us + INT64_C(1000) * GATHER_MS;
    if (tracer->end_us != 0 && tracer->end_us < until_us)
        until_us = tracer->end_us;
    return until_us > now_us ? (until_us - now_us) / 1000 + 1 : 0;
}

/* Does what can be done now. */
static void step(struct tracer *tracer, int64_t now_us)
{
    tell_lost(tracer);
    if (tracer->body == NULL && tracer->count > 0 && is_due(tracer, now_us))
        write_body(tracer);
    if (tracer->body != NULL && !tracer->under_way && now_us >= tracer->next_us)
        send_body(tracer, now_us);
}

static bool is_over(const struct tracer *tracer, int64_t now_us)
{
    if (tracer->end_us == 0)
        return false;
    return (tracer->body == NULL && tracer->count == 0) || now_us >= tracer->end_us;
}

/* What waits for the collector gets its last try at once. */
static void begin_end(struct tracer *tracer, int64_t now_us)
{
    if (!tracer->service.stopping || tracer->end_us != 0)
        return;
    tracer->end_us = now_us + INT64_C(1000) * LAST_MS;
    tracer->next_us = now_us;
    tracer->end_rejected = atomic_load_explicit(&tracer->rejected, memory_order_relaxed);
}

static void serve(void *server)
{
    struct tracer *tracer = server;
    struct delivery_end end;
    for (;;) {
        service_take(&tracer->service, 0);
        int64_t now_us = clock_mono_us();
        take_batches(tracer);
        begin_end(tracer, now_us);
        if (is_over(tracer, now_us))
            break;
        step(tracer, now_us);
        int wake_fd = tracer->service.queue.wake_fd;
        int64_t ms = wait_ms(tracer, clock_mono_us());
        for (; deliveries_next(tracer->deliveries, wake_fd, (int)ms, &end); ms = 0)
            note_end(tracer, &end);
    }
}

/* ---- life ---- */

/* A UUID of version 4 (RFC 9562). */
static void make_instance_id(char out[INSTANCE_BYTES])
{
    unsigned char b[16];
    random_bytes(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(out, INSTANCE_BYTES,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

struct tracer *tracer_new(const struct tracer_settings *settings, struct fault *fault)
{
    struct tracer *tracer = calloc(1, sizeof *tracer);
    check(tracer != NULL);
    tracer->settings = *settings;
    make_instance_id(tracer->instance_id);
    tracer->deliveries = deliveries_new();
    if (service_start(&tracer->service, "tracer", QUEUE_JOBS_MAX, serve, tracer, fault))
        return tracer;
    tracer_free(tracer);
    return NULL;
}

/* The last word: what was not told in the end. */
static void tell_rest(struct tracer *tracer)
{
    struct tracer_counts counts;
    tracer_count(tracer, &counts);
    size_t left = tracer->body != NULL ? tracer->body->span_count : 0;
    left += counts.rejected - tracer->end_rejected;
    if (left > 0 || tracer->count > 0 || counts.lost > tracer->told_lost)
        log_event(LOG_WARN, "the end of the traces is lost", log_int("spans", (int64_t)left),
                  log_int("calls_waiting", (int64_t)tracer->count),
                  log_int("calls", (int64_t)(counts.lost - tracer->told_lost)));
}

void tracer_free(struct tracer *tracer)
{
    if (tracer == NULL)
        return;
    service_stop(&tracer->service);
    deliveries_free(tracer->deliveries);
    tell_rest(tracer);
    while (tracer->count > 0)
        batch_free(pop(tracer));
    batch_free(tracer->body);
    batch_free(atomic_load(&tracer->spare));
    secret_wipe(&tracer->settings, sizeof tracer->settings);
    free(tracer);
}

void tracer_count(const struct tracer *tracer, struct tracer_counts *out)
{
    out->sent = atomic_load_explicit(&tracer->sent, memory_order_relaxed);
    out->lost = atomic_load_explicit(&tracer->lost, memory_order_relaxed);
    out->rejected = atomic_load_explicit(&tracer->rejected, memory_order_relaxed);
}

/* ---- a worker's feed ---- */

struct trace_feed {
    struct tracer *tracer;
    struct trace_batch *batch; /* NULL: none is begun */
    struct trace_pool pool;
    uint64_t drawn[DRAWN_NUMBERS];
    size_t left; /* of `drawn` */
};

struct trace_feed *trace_feed_new(struct tracer *tracer)
{
    if (tracer == NULL)
        return NULL;
    struct trace_feed *feed = calloc(1, sizeof *feed);
    check(feed != NULL);
    feed->tracer = tracer;
    return feed;
}

void trace_feed_free(struct trace_feed *feed)
{
    if (feed == NULL)
        return;
    trace_feed_flush(feed);
    if (feed->batch != NULL)
        batch_free(feed->batch);
    trace_pool_fini(&feed->pool);
    free(feed);
}

const struct tracer_settings *trace_feed_settings(const struct trace_feed *feed)
{
    return &feed->tracer->settings;
}

bool trace_feed_has_room(const struct trace_feed *feed)
{
    return atomic_load_explicit(&feed->tracer->waiting_bytes, memory_order_relaxed) <
           LIMIT_TRACE_CONTENT_BYTES;
}

struct trace_pool *trace_feed_pool(struct trace_feed *feed)
{
    return &feed->pool;
}

uint64_t trace_feed_draw(struct trace_feed *feed)
{
    if (feed->left == 0) {
        random_bytes(feed->drawn, sizeof feed->drawn);
        feed->left = sizeof feed->drawn / sizeof *feed->drawn;
    }
    uint64_t number = feed->drawn[--feed->left];
    return number != 0 ? number : 1;
}

static void lose(struct tracer *tracer, size_t count)
{
    atomic_fetch_sub_explicit(&tracer->waiting, count, memory_order_relaxed);
    atomic_fetch_add_explicit(&tracer->lost, count, memory_order_relaxed);
}

void trace_feed_flush(struct trace_feed *feed)
{
    struct trace_batch *batch = feed->batch;
    if (batch == NULL || batch->count == 0)
        return;
    size_t bytes = batch->body.bytes;
    feed->batch = NULL;
    atomic_fetch_add_explicit(&feed->tracer->waiting_bytes, bytes, memory_order_relaxed);
    if (job_queue_post(&feed->tracer->service.queue, &batch->job))
        return;
    atomic_fetch_sub_explicit(&feed->tracer->waiting_bytes, bytes, memory_order_relaxed);
    lose(feed->tracer, batch->count);
    batch_free(batch);
}

void trace_feed_take(struct trace_feed *feed, struct trace_record *record,
                     const struct exchange_facts *facts)
{
    struct tracer *tracer = feed->tracer;
    size_t waiting = atomic_fetch_add_explicit(&tracer->waiting, 1, memory_order_relaxed);
    size_t spans = 0;
    if (feed->batch == NULL)
        feed->batch = batch_new(tracer);
    struct trace_batch *batch = feed->batch;
    if (waiting < tracer->settings.records_max)
        spans = otlp_spans_add(record, facts, &batch->body);
    trace_record_free(record);
    if (spans == 0) {
        lose(tracer, 1);
        return;
    }
    batch->count++;
    batch->span_count += spans;
    if (batch->body.bytes >= BATCH_BYTES_ENOUGH)
        trace_feed_flush(feed);
}
