#include "app/admin/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/admin/admin_request.h"
#include "base/check.h"
#include "base/json_writer.h"
#include "base/money.h"

enum { ROOM = 200, MODEL_COLUMN = 32, PROVIDER_COLUMN = 16 };

/* A request that waits for the workers. */
struct lookup {
    const struct workers *workers;
    struct pending *pending;
    struct http_request *request; /* NULL: the client has left */
    bool text;
    unsigned away; /* jobs that are not back */
    struct worker_listing listings[LIMIT_WORKERS];
    struct running_call found[]; /* ROOM for each worker */
};

/* ---- the reply ---- */

static int by_age(const void *a, const void *b)
{
    const struct running_call *left = a;
    const struct running_call *right = b;
    if (left->age_ms != right->age_ms)
        return left->age_ms > right->age_ms ? -1 : 1;
    return strcmp(left->exchange_id.text, right->exchange_id.text);
}

/* Moves what the workers have found to the front of `found`, the oldest first. */
static size_t gather(struct lookup *lookup, size_t *all)
{
    size_t count = 0;
    *all = 0;
    for (unsigned i = 0; i < lookup->workers->count; i++) {
        const struct worker_listing *listing = &lookup->listings[i];
        memmove(&lookup->found[count], listing->calls, listing->count * sizeof *listing->calls);
        count += listing->count;
        *all += listing->all;
    }
    qsort(lookup->found, count, sizeof lookup->found[0], by_age);
    return count < ROOM ? count : ROOM;
}

static void render_json(const struct running_call *found, size_t count, size_t all,
                        struct buffer *out)
{
    json_writer_object(out, NULL);
    json_writer_int(out, "running", (int64_t)all);
    json_writer_array(out, "calls");
    for (size_t i = 0; i < count; i++) {
        const struct running_call *call = &found[i];
        json_writer_object(out, NULL);
        json_writer_text(out, "id", call->exchange_id.text);
        json_writer_text_or_null(out, "user_id", call->user_id.text);
        json_writer_text_or_null(out, "key_id", call->key_id.text);
        json_writer_text_or_null(out, "model", call->model);
        json_writer_text_or_null(out, "provider", call->provider);
        json_writer_text(out, "state", call->state);
        json_writer_int(out, "attempts", call->attempts);
        json_writer_int(out, "age_ms", call->age_ms);
        json_writer_int_or_null(out, "first_byte_ms", call->first_byte_ms >= 0,
                                call->first_byte_ms);
        json_writer_money(out, "held", call->held_nusd);
        json_writer_object_end(out);
    }
    json_writer_array_end(out);
    json_writer_object_end(out);
    buffer_append_char(out, '\n');
}

/* A control character of a customer's would reach the operator's terminal. */
static void print_name(struct buffer *out, const char *text, int width)
{
    int printed = 0;
    for (; text[printed] != '\0' && printed < width; printed++) {
        unsigned char c = (unsigned char)text[printed];
        buffer_append_char(out, c < 0x20 || c >= 0x7f ? '?' : text[printed]);
    }
    buffer_printf(out, "%*s", width + 1 - printed, "");
}

static void render_text(const struct running_call *found, size_t count, size_t all,
                        struct buffer *out)
{
    buffer_printf(out, "%zu calls run%s\n\n", all, count < all ? "; the oldest are shown" : "");
    buffer_printf(out, "%9s %9s %3s %12s  %-*s %-*s %-20s %-30s %-30s %s\n", "AGE s", "FIRST s",
                  "TRY", "HELD USD", MODEL_COLUMN, "MODEL", PROVIDER_COLUMN, "PROVIDER", "STATE",
                  "REQUEST", "CUSTOMER", "KEY");
    for (size_t i = 0; i < count; i++) {
        const struct running_call *call = &found[i];
        char first[32] = "-", held[MONEY_TEXT_BYTES];
        if (call->first_byte_ms >= 0)
            snprintf(first, sizeof first, "%.3f", (double)call->first_byte_ms / 1000);
        buffer_printf(out, "%9.1f %9s %3d %12s  ", (double)call->age_ms / 1000, first,
                      call->attempts, money_format_short(call->held_nusd, held));
        print_name(out, call->model, MODEL_COLUMN);
        print_name(out, call->provider, PROVIDER_COLUMN);
        buffer_printf(out, "%-20s %-30s %-30s %s\n", call->state, call->exchange_id.text,
                      call->user_id.text, call->key_id.text);
    }
}

static void reply(struct lookup *lookup)
{
    struct buffer body;
    size_t all;
    size_t count = gather(lookup, &all);
    buffer_init(&body, ADMIN_REPLY_BYTES_MAX);
    if (lookup->text)
        render_text(lookup->found, count, all, &body);
    else
        render_json(lookup->found, count, all, &body);
    admin_reply(lookup->request, 200,
                lookup->text ? "text/plain; charset=utf-8" : "application/json", &body);
}

/* ---- jobs ---- */

static void on_gone(void *user)
{
    struct lookup *lookup = user;
    lookup->request = NULL;
}

static void on_listed(struct job *job)
{
    struct lookup *lookup = ((struct worker_listing *)(void *)job)->owner;
    struct pending *pending = lookup->pending;
    if (--lookup->away > 0)
        return;
    if (lookup->request != NULL)
        reply(lookup);
    free(lookup);
    pending_end(pending);
}

void calls_answer(const struct workers *workers, struct job_queue *queue, struct pending *pending,
                  struct http_request *request)
{
    unsigned count = workers->count;
    struct lookup *lookup =
        calloc(1, sizeof *lookup + (size_t)count * ROOM * sizeof lookup->found[0]);
    if (lookup == NULL || !pending_begin(pending)) {
        free(lookup);
        admin_refuse(request, 503, "overloaded", "The gateway stops, or has no memory.");
        return;
    }
    lookup->workers = workers;
    lookup->pending = pending;
    lookup->request = request;
    lookup->text = admin_wants_text(request);
    lookup->away = count;
    request->user = lookup;
    request->on_gone = on_gone;
    for (unsigned i = 0; i < count; i++) {
        struct worker_listing *listing = &lookup->listings[i];
        listing->job = (struct job){.reply_queue = queue, .done = on_listed};
        listing->owner = lookup;
        listing->calls = &lookup->found[(size_t)i * ROOM];
        listing->room = ROOM;
        worker_list_calls(workers->list[i], listing);
    }
}
