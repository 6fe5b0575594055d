#include "exchange/courier.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/service.h"
#include "exchange/courier_send.h"
#include "exchange/courier_settings.h"
#include "exchange/emergency.h"
#include "exchange/mail_refusal.h"
#include "exchange/mail_templates.h"
#include "exchange/processor_steps.h"
#include "net/client/delivery.h"
#include "store/outbox.h"

enum {
    POLL_MS = 200,        /* between two looks for new messages */
    REREAD_MS = 5 * 1000, /* between two readings: the command line may have written */
    STATUS_NEVER = -1,    /* it was not sent, and no later try can be any better */
    STATUS_GONE = 410,
    STATUS_REFUSED = 500, /* of SMTP, and above */
};

struct courier {
    struct service service;
    struct store *store;
    struct emergency emergency;
    pthread_mutex_t mutex; /* guards `settings` */
    struct courier_settings settings;
    /* the thread's own */
    struct deliveries *deliveries;
    struct outbox_message *under_way[LIMIT_DELIVERIES];
    uint64_t version; /* of the outbox when it was last read */
    int64_t read_ms, next_ms;
};

/* The copy has a count of the templates: mail_templates_unref. */
static void copy_settings(struct courier *courier, struct courier_settings *out)
{
    check(pthread_mutex_lock(&courier->mutex) == 0);
    *out = courier->settings;
    if (out->templates != NULL)
        mail_templates_ref(out->templates);
    check(pthread_mutex_unlock(&courier->mutex) == 0);
}

void courier_configure(struct courier *courier, const struct courier_settings *settings)
{
    check(pthread_mutex_lock(&courier->mutex) == 0);
    struct mail_templates *before = courier->settings.templates;
    courier->settings = *settings;
    check(pthread_mutex_unlock(&courier->mutex) == 0);
    mail_templates_unref(before);
}

/* ---- what came of it ---- */

/* These are about our own login (RFC 4954), which the operator may mend. */
static bool is_of_login(int status)
{
    return status == 530 || status == 534 || status == 535 || status == 538;
}

/* A processor that has read the request and refuses it will do so again; but 401 and 403 are about
 * our secret, 409 about a repetition that came too soon. */
static bool is_payment_final(int status)
{
    return status >= 400 && status < 500 && status != 401 && status != 403 && status != 408 &&
           status != 409 && status != 429;
}

static bool is_final(const struct outbox_message *message, int status)
{
    if (status == STATUS_NEVER)
        return true;
    if (message->kind == OUTBOX_MAIL)
        return status >= STATUS_REFUSED && !is_of_login(status);
    return outbox_is_payment(message) ? is_payment_final(status) : status == STATUS_GONE;
}

static void log_failure(const struct outbox_message *message, const struct outbox_result *result)
{
    bool given_up = result->state == OUTBOX_GIVEN_UP;
    log_event(given_up ? LOG_ERROR : LOG_WARN,
              given_up ? "a message is given up" : "a message could not be delivered",
              log_text("message", message->id.text),
              log_text("kind", message->kind == OUTBOX_MAIL ? "mail" : "webhook"),
              log_text("destination", message->destination), log_int("tries", result->tries),
              log_text("why", result->error));
}

static void note(struct courier *courier, const struct outbox_message *message,
                 const struct delivery_end *end, struct buffer *rest)
{
    int64_t now_ms = clock_wall_ms();
    struct outbox_result result = {.id = message->id,
                                   .webhook_of = message->webhook.user_id,
                                   .state = OUTBOX_DELIVERED,
                                   .tries = message->tries + 1,
                                   .due_ms = now_ms};
    if (end->taken && rest->bytes > 0) {
        result.state = OUTBOX_WAITING;
        result.tries = 0;
        result.rest = strndup(rest->data, rest->bytes);
        check(result.rest != NULL);
        result.charge_minor = processor_steps_charge(buffer_slice(rest));
    }
    if (!end->taken) {
        int64_t retry_ms = outbox_retry_ms(message->created_ms, result.tries, now_ms, random_u64());
        bool over = retry_ms == 0 || is_final(message, end->status);
        result.state = over ? OUTBOX_GIVEN_UP : OUTBOX_WAITING;
        result.due_ms = over ? now_ms : retry_ms;
        snprintf(result.error, sizeof result.error, "%s", end->words);
        result.address_refused = over && message->lane == OUTBOX_TO_CUSTOMERS &&
                                 mail_refusal_is_of_address(end->words, end->of_receiver);
        log_failure(message, &result);
    }
    outbox_note(courier->store, &result);
}

/* What a payment's end means: the processor's own words say why it refuses; and what it answers to
 * one question may be needed for the next. */
static void read_payment(const struct outbox_message *message, struct delivery_end *end,
                         struct buffer *rest)
{
    struct slice steps = slice_of(message->payload);
    struct buffer words;
    const char *why = "";
    buffer_init(&words, LIMIT_MESSAGE_BYTES);
    if (!end->taken && processor_steps_refusal(buffer_slice(&end->answer), &words))
        slice_copy(buffer_slice(&words), end->words, sizeof end->words);
    buffer_fini(&words);
    if (!end->taken || !processor_steps_more(steps) ||
        processor_steps_rest(steps, buffer_slice(&end->answer), rest, &why))
        return;
    buffer_reset(rest);
    end->taken = false;
    end->status = STATUS_NEVER;
    snprintf(end->words, sizeof end->words, "%s", why);
}

static void drop(struct outbox_message *message)
{
    outbox_message_fini(message);
    free(message);
}

static void finish(struct courier *courier, struct delivery_end *end)
{
    struct buffer rest;
    for (size_t i = 0; i < LIMIT_DELIVERIES; i++) {
        struct outbox_message *message = courier->under_way[i];
        if (message == NULL || message != end->arg)
            continue;
        buffer_init(&rest, LIMIT_MESSAGE_BYTES);
        if (outbox_is_payment(message))
            read_payment(message, end, &rest);
        note(courier, message, end, &rest);
        buffer_fini(&rest);
        buffer_fini(&end->answer);
        drop(message);
        courier->under_way[i] = NULL;
        courier->next_ms = 0; /* the destination may have more */
        return;
    }
    emergency_end(&courier->emergency, end);
    buffer_fini(&end->answer);
}

/* ---- taking messages ---- */

/* The places of each lane. A mail server that is slow with customers' mails, or customers whose
 * webhooks take all their time, hold up nothing of another lane. */
static const size_t lane_places[OUTBOX_LANES] = {[OUTBOX_TO_OPERATOR] = 4,
                                                 [OUTBOX_TO_CUSTOMERS] = 6,
                                                 [OUTBOX_TO_WEBHOOKS] = 6,
                                                 [OUTBOX_TO_PROCESSOR] = 4};
_Static_assert(4 + 6 + 6 + 4 == LIMIT_DELIVERIES, "all places are given");

static size_t count_free(const struct courier *courier, enum outbox_lane lane)
{
    size_t taken = 0;
    for (size_t i = 0; i < LIMIT_DELIVERIES; i++)
        taken += courier->under_way[i] != NULL && courier->under_way[i]->lane == lane ? 1 : 0;
    return lane_places[lane] - taken;
}

/* Whether a message of this destination, so maybe this one, is on its way. */
static bool is_busy(const struct courier *courier, const struct outbox_message *message)
{
    for (size_t i = 0; i < LIMIT_DELIVERIES; i++) {
        const struct outbox_message *other = courier->under_way[i];
        if (other != NULL && other->kind == message->kind &&
            strcmp(other->destination, message->destination) == 0)
            return true;
    }
    return false;
}

static void begin(struct courier *courier, const struct courier_settings *settings,
                  struct outbox_message *message)
{
    struct delivery_end end = {.arg = message};
    const char *why = "";
    size_t place = 0;
    while (courier->under_way[place] != NULL)
        place++;
    courier->under_way[place] = message;
    enum courier_start start = courier_send(courier->deliveries, settings, message, message, &why);
    if (start == COURIER_STARTED)
        return;
    end.status = start == COURIER_NEVER ? STATUS_NEVER : 0;
    snprintf(end.words, sizeof end.words, "%s", why);
    finish(courier, &end);
}

static void take_lane(struct courier *courier, const struct courier_settings *settings,
                      enum outbox_lane lane, int64_t now_ms)
{
    enum { READ_MOST = 2 * LIMIT_DELIVERIES }; /* half of them may be busy */
    struct outbox_message due[READ_MOST];
    int64_t next_ms;
    size_t free_count = count_free(courier, lane);
    if (free_count == 0) /* an end of this lane looks again */
        return;
    size_t count = outbox_due(courier->store, lane, now_ms, due, READ_MOST, &next_ms);
    courier->next_ms = next_ms < courier->next_ms ? next_ms : courier->next_ms;
    for (size_t i = 0; i < count; i++) {
        if (free_count > 0 && outbox_has_room(courier->store) && !is_busy(courier, &due[i])) {
            struct outbox_message *message = malloc(sizeof *message);
            check(message != NULL);
            *message = due[i];
            free_count--;
            begin(courier, settings, message);
        } else {
            outbox_message_fini(&due[i]);
        }
    }
}

static void take_due(struct courier *courier, const struct courier_settings *settings)
{
    int64_t now_ms = clock_wall_ms();
    uint64_t version = outbox_version(courier->store);
    if (version == courier->version && now_ms < courier->next_ms &&
        now_ms - courier->read_ms < REREAD_MS)
        return;
    courier->version = version;
    courier->read_ms = now_ms;
    courier->next_ms = INT64_MAX;
    for (enum outbox_lane lane = 0; lane < OUTBOX_LANES; lane++)
        take_lane(courier, settings, lane, now_ms);
}

/* ---- the thread ---- */

static void serve(void *server)
{
    struct courier *courier = server;
    struct courier_settings settings;
    struct delivery_end end;
    for (;;) {
        service_take(&courier->service, 0);
        if (courier->service.stopping)
            break;
        copy_settings(courier, &settings);
        emergency_look(&courier->emergency, courier->deliveries, &settings);
        take_due(courier, &settings);
        mail_templates_unref(settings.templates);
        int wake_fd = courier->service.queue.wake_fd;
        for (int ms = POLL_MS; deliveries_next(courier->deliveries, wake_fd, ms, &end); ms = 0)
            finish(courier, &end);
    }
    secret_wipe(&settings, sizeof settings);
}

struct courier *courier_new(struct store *store, struct alerts *alerts,
                            const struct courier_settings *settings, struct fault *fault)
{
    enum { JOBS = 1 };
    struct courier *courier = calloc(1, sizeof *courier);
    check(courier != NULL && pthread_mutex_init(&courier->mutex, NULL) == 0);
    courier->store = store;
    courier->settings = *settings;
    courier->deliveries = deliveries_new();
    emergency_init(&courier->emergency, store, alerts);
    if (service_start(&courier->service, "courier", JOBS, serve, courier, fault))
        return courier;
    courier_free(courier);
    return NULL;
}

void courier_free(struct courier *courier)
{
    if (courier == NULL)
        return;
    service_stop(&courier->service);
    deliveries_free(courier->deliveries);
    for (size_t i = 0; i < LIMIT_DELIVERIES; i++) {
        if (courier->under_way[i] != NULL)
            drop(courier->under_way[i]);
    }
    emergency_fini(&courier->emergency);
    check(pthread_mutex_destroy(&courier->mutex) == 0);
    mail_templates_unref(courier->settings.templates);
    secret_wipe(&courier->settings, sizeof courier->settings);
    free(courier);
}
