#include "exchange/form_intake.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "dialect/form_flow.h"
#include "exchange/departure.h"
#include "exchange/exchange_internal.h"
#include "exchange/offer_check.h"
#include "exchange/relay.h"
#include "net/client/upstream_tail.h"
#include "net/http1/head.h"
#include "net/server/body_flow.h"

enum { TYPE_BYTES = 256 };

enum intake_state {
    INTAKE_FRONT,
    INTAKE_PASSES,
    INTAKE_HOLDS,
    INTAKE_WHOLE, /* exchange->body has it */
    INTAKE_FAILED
};

struct form_intake {
    struct exchange *exchange;
    enum intake_state state;
    bool task_waits;
    struct deferred later;
    struct form_flow *flow; /* NULL: not begun */
    struct buffer window;   /* what came and is not dropped; PASSES: without the front */
    size_t taken;           /* of the window: known to be good */
    size_t sent;            /* of it: given to the attempt */
    int64_t tail_bytes;     /* PASSES: behind the front; -1: not known */
    bool all_came;          /* nothing follows what is in the window */
    bool judged;            /* the whole form is good: its end may go */
    bool dropped;           /* the window does not begin at the front's end any more */
    struct slice type;      /* the Content-Type, in `type_text` */
    char type_text[TYPE_BYTES];
    struct upstream_tail tail;
    struct refusal failure;     /* status 0: the client's connection has not failed */
    struct request_fault fault; /* of FAILED */
};

static bool is_path(const struct exchange_env *env, const struct http_head *head)
{
    bool vast = !head->chunked && head->content_length > env->body_bytes_max;
    return form_flow_is_sound(head->path) || (vast && form_flow_is_pictures(head->path));
}

/* Whether the request needs a digest of the whole body: an Idempotency-Key, or an estimate and the
 * call that names it. */
static bool names_whole(const struct http_head *head)
{
    return head_header(head, "idempotency-key") != NULL ||
           head_header(head, "x-llm-max-cost") != NULL ||
           slice_find(head->path, slice_of("/estimate/")) >= 0;
}

bool form_intake_wants(const struct exchange_env *env, const struct http_head *head)
{
    static const char form[] = "multipart/form-data";
    const struct slice *type = head_header(head, "content-type");
    return head->method == HTTP_POST && is_path(env, head) && type != NULL &&
           type->bytes >= sizeof form - 1 && type->bytes < TYPE_BYTES &&
           slice_same_nocase(type->data, form, sizeof form - 1) && !names_whole(head);
}

/* ---- what is not good ---- */

static void fail(struct form_intake *intake, const struct answer_error *error)
{
    struct exchange *exchange = intake->exchange;
    intake->state = INTAKE_FAILED;
    if (exchange->state >= EXCHANGE_SETTLING)
        return;
    if (exchange->stream.started)
        relay_fail(exchange, error->code, error->message);
    else
        departure_refuse(exchange, error);
}

static void refuse(struct form_intake *intake, const struct request_fault *fault)
{
    const struct answer_error error = {
        .status = 400, .code = fault->code, .message = fault->message, .param = fault->param};
    fail(intake, &error);
}

static void fail_by_connection(struct form_intake *intake)
{
    const struct refusal *failure = &intake->failure;
    const struct answer_error error = {
        .status = failure->status, .code = failure->code, .message = failure->message};
    fail(intake, &error);
}

static void refuse_held(struct form_intake *intake)
{
    const struct answer_error error = {
        .status = 413,
        .code = "request_too_large",
        .message = "In so large a form all fields must stand before the file: send 'model' and the "
                   "others first. (A form whose file comes first is held whole, up to "
                   "body_bytes_max.)",
        .param = "file"};
    fail(intake, &error);
}

/* Reads the client on, if it was stopped for want of room and there is some. */
static void resume_if_room(const struct form_intake *intake)
{
    struct exchange *exchange = intake->exchange;
    if (!intake->all_came && intake->window.bytes < LIMIT_FORM_FLOW_BYTES &&
        exchange->request != NULL)
        http_resume_body(exchange->request);
}

/* ---- FRONT ---- */

/* Its beginning tells what it asks for: the rest passes. */
static void pass(struct form_intake *intake, struct buffer *text)
{
    struct exchange *exchange = intake->exchange;
    buffer_fini(&exchange->body);
    exchange->body = *text;
    buffer_consume(&intake->window, intake->taken);
    if (intake->tail_bytes >= 0)
        intake->tail_bytes -= (int64_t)intake->taken;
    intake->taken = 0;
    intake->tail.bytes = intake->tail_bytes;
    intake->state = INTAKE_PASSES;
    form_flow_pass(intake->flow);
    resume_if_room(intake);
}

static int64_t most_bytes(const struct form_intake *intake)
{
    return intake->tail_bytes >= 0 ? intake->tail_bytes : intake->exchange->env->form_bytes_max;
}

static void hold(struct form_intake *intake)
{
    struct exchange *exchange = intake->exchange;
    intake->state = INTAKE_HOLDS;
    if (exchange->request != NULL)
        http_resume_body(exchange->request);
}

/* At the first file: can the rest pass? */
static void decide_at_file(struct form_intake *intake)
{
    struct exchange *exchange = intake->exchange;
    struct model_request asks;
    struct request_fault fault;
    struct buffer text;
    if (form_flow_read(intake->flow, exchange->asks.dialect, intake->type, most_bytes(intake),
                       exchange_seed(exchange), &text, &asks, &fault)) {
        pass(intake, &text);
        exchange->asks = asks;
        return;
    }
    buffer_fini(&text);
    hold(intake);
}

static void read_front(struct form_intake *intake)
{
    struct request_fault *fault = &intake->fault;
    size_t bytes = 0;
    if (intake->flow == NULL)
        intake->flow = form_flow_new(intake->type, fault);
    struct slice ahead = buffer_slice(&intake->window);
    ahead.data += intake->taken;
    ahead.bytes -= intake->taken;
    enum form_step step =
        intake->flow == NULL ? FORM_REFUSED
                             : form_flow_take(intake->flow, ahead, intake->all_came, &bytes, fault);
    intake->taken += bytes;
    if (step == FORM_AT_FILE)
        decide_at_file(intake);
    else if (step == FORM_TOO_LONG || intake->all_came)
        hold(intake);
    else if (step == FORM_REFUSED)
        intake->state = INTAKE_FAILED;
}

/* ---- HOLDS ---- */

static void hold_more(struct form_intake *intake)
{
    struct exchange *exchange = intake->exchange;
    int64_t most = exchange->env->body_bytes_max;
    int64_t bytes = (int64_t)intake->window.bytes;
    if (bytes > most || intake->window.failed || (!intake->all_came && intake->tail_bytes > most)) {
        refuse_held(intake);
        return;
    }
    if (!intake->all_came)
        return;
    intake->state = INTAKE_WHOLE;
    exchange->body_open = false;
    buffer_fini(&exchange->body);
    exchange->body = intake->window;
    buffer_init(&intake->window, 0);
}

/* ---- PASSES ---- */

/* All is here, but the end has not gone: is it what was planned, held and paid for? */
static bool judge(struct form_intake *intake, struct request_fault *fault)
{
    struct exchange *exchange = intake->exchange;
    struct model_request now;
    struct buffer text;
    bool good = form_flow_read(intake->flow, exchange->asks.dialect, intake->type, 0,
                               exchange_seed(exchange), &text, &now, fault) &&
                form_flow_agrees(&exchange->asks, &now, fault) &&
                offer_check_length(&now.prompt, exchange->budget.most.second, fault);
    if (good)
        exchange->asks.prompt = now.prompt;
    buffer_fini(&text);
    intake->judged = good;
    exchange->body_open = !good;
    return good;
}

static bool take_more(struct form_intake *intake, struct request_fault *fault)
{
    size_t bytes;
    struct slice ahead = {intake->window.data + intake->taken,
                          intake->window.bytes - intake->taken};
    switch (form_flow_take(intake->flow, ahead, intake->all_came, &bytes, fault)) {
    case FORM_TOO_LONG:
        return request_refuse(fault, "invalid_form", NULL,
                              "In so large a form the fields beside the files may have at most %d "
                              "KB together.",
                              LIMIT_FORM_TEXT_BYTES / 1024);
    case FORM_REFUSED:
        return false;
    case FORM_TAKEN:
    case FORM_AT_FILE:
        break;
    }
    if (form_flow_is_over(intake->flow) && !judge(intake, fault))
        return false;
    intake->taken += bytes;
    return true;
}

/* Drops what the provider has, when there is no room for what comes. */
static void make_room(struct form_intake *intake)
{
    struct buffer *window = &intake->window;
    bool all_sent = intake->sent == intake->taken; /* what is left waits for what comes */
    if (intake->all_came || window->bytes < LIMIT_FORM_FLOW_BYTES ||
        (intake->sent < LIMIT_FORM_FLOW_BYTES / 2 && !all_sent))
        return;
    buffer_consume(window, intake->sent);
    intake->taken -= intake->sent;
    intake->sent = 0;
    intake->dropped = true;
    resume_if_room(intake);
}

static void pass_more(struct form_intake *intake)
{
    struct exchange *exchange = intake->exchange;
    struct request_fault fault;
    if (intake->judged)
        return;
    if (!take_more(intake, &fault))
        refuse(intake, &fault);
    else if (exchange->attempt.call != NULL)
        upstream_more(exchange->attempt.call);
    make_room(intake);
}

static struct slice peek(bool *over, void *arg)
{
    const struct form_intake *intake = arg;
    *over = intake->judged;
    return (struct slice){intake->window.data + intake->sent, intake->taken - intake->sent};
}

static void on_sent(size_t bytes, void *arg)
{
    struct form_intake *intake = arg;
    intake->sent += bytes;
    intake->exchange->attempt.sent_us = clock_mono_us();
    make_room(intake);
}

/* ---- what comes ---- */

/* The request is read, or the client has its answer: as on_news in holding.c. */
static void end_wait(struct form_intake *intake)
{
    struct exchange *exchange = intake->exchange;
    struct exchange_task task = exchange->task;
    const struct request_address address = {.streamed = false};
    intake->task_waits = false;
    exchange->task.task = NULL;
    if (exchange->state < EXCHANGE_ENDED && exchange_read_request(exchange, &address, true)) {
        exchange->task = task;
        exchange_wake(exchange);
    } else if (task.task != NULL) {
        task.drop(task.task);
    }
    exchange_free_if_over(exchange);
}

static void act(struct form_intake *intake)
{
    if (intake->failure.status != 0 && intake->state != INTAKE_FAILED) {
        fail_by_connection(intake);
        return;
    }
    if (intake->state == INTAKE_FRONT && intake->task_waits)
        read_front(intake);
    if (intake->state == INTAKE_HOLDS)
        hold_more(intake);
    if (intake->state == INTAKE_PASSES)
        pass_more(intake);
}

static void act_later(void *arg)
{
    struct form_intake *intake = arg;
    struct exchange *exchange = intake->exchange;
    if (exchange->state == EXCHANGE_ENDED)
        return;
    act(intake);
    bool decided = intake->state != INTAKE_FRONT && intake->state != INTAKE_HOLDS;
    if (intake->task_waits && decided)
        end_wait(intake);
}

static void on_body(struct slice data, bool over, void *user)
{
    static const struct refusal no_memory = {503, "overloaded", "there is no memory for the form"};
    struct exchange *exchange = user;
    struct form_intake *intake = exchange->intake;
    bool fits = data.bytes <= intake->window.bytes_max - intake->window.bytes;
    bool kept = buffer_append_slice(&intake->window, data);
    if (!kept && (fits || intake->state != INTAKE_HOLDS)) /* else hold_more says what fits */
        intake->failure = no_memory;
    intake->all_came = over;
    if (intake->state == INTAKE_HOLDS)
        (void)http_count_body(exchange->request, intake->window.bytes, &intake->failure);
    else if (intake->window.bytes >= LIMIT_FORM_FLOW_BYTES)
        http_pause_body(exchange->request);
    loop_defer(exchange->env->loop, &intake->later);
}

static void on_failed(const struct refusal *refusal, void *user)
{
    struct exchange *exchange = user;
    exchange->intake->failure = *refusal;
    loop_defer(exchange->env->loop, &exchange->intake->later);
}

static const struct body_events events = {.on_body = on_body, .on_failed = on_failed};

/* ---- making and freeing ---- */

void form_intake_begin(struct exchange *exchange)
{
    struct http_request *request = exchange->request;
    const struct slice *type = head_header(&request->head, "content-type");
    struct form_intake *intake = calloc(1, sizeof *intake);
    check(intake != NULL && type != NULL);
    int64_t announced = request->head.chunked ? -1 : request->head.content_length;
    *intake = (struct form_intake){.exchange = exchange,
                                   .later = {.call = act_later, .arg = intake},
                                   .tail = {.peek = peek, .sent = on_sent, .arg = intake},
                                   .tail_bytes = announced};
    slice_copy(*type, intake->type_text, sizeof intake->type_text);
    intake->type = slice_of(intake->type_text);
    size_t most = (size_t)exchange->env->body_bytes_max;
    buffer_init(&intake->window, most + 2 * (size_t)LIMIT_FORM_FLOW_BYTES);
    (void)buffer_append_slice(&intake->window, buffer_slice(&exchange->body));
    buffer_fini(&exchange->body);
    exchange->intake = intake;
    request->body_events = &events;
    exchange->body_open = true;
    if (intake->window.bytes >= LIMIT_FORM_FLOW_BYTES)
        http_pause_body(request);
}

void form_intake_fini(struct exchange *exchange)
{
    struct form_intake *intake = exchange->intake;
    exchange->intake = NULL;
    if (intake == NULL)
        return;
    loop_cancel(exchange->env->loop, &intake->later);
    form_flow_free(intake->flow);
    buffer_fini(&intake->window);
    free(intake);
}

/* ---- what the exchange asks ---- */

bool form_intake_waits(struct exchange *exchange)
{
    struct form_intake *intake = exchange->intake;
    if (intake == NULL || intake->state != INTAKE_FRONT)
        return false;
    read_front(intake);
    if (intake->state == INTAKE_HOLDS && intake->all_came)
        hold_more(intake);
    intake->task_waits = intake->state == INTAKE_FRONT || intake->state == INTAKE_HOLDS;
    if (intake->task_waits)
        loop_defer(exchange->env->loop, &intake->later);
    return intake->task_waits;
}

bool form_intake_read(struct exchange *exchange, bool *good)
{
    struct form_intake *intake = exchange->intake;
    if (intake == NULL || intake->state == INTAKE_WHOLE)
        return false;
    *good = intake->state == INTAKE_PASSES;
    if (*good) /* the file's first bytes may be here */
        loop_defer(exchange->env->loop, &intake->later);
    else
        refuse(intake, &intake->fault);
    return true;
}

const struct upstream_tail *form_intake_tail(const struct exchange *exchange, size_t *closing_bytes)
{
    const struct form_intake *intake = exchange->intake;
    if (intake == NULL || intake->state != INTAKE_PASSES)
        return NULL;
    *closing_bytes = form_flow_closing_bytes(intake->flow);
    return &intake->tail;
}

bool form_intake_can_begin(struct exchange *exchange)
{
    struct form_intake *intake = exchange->intake;
    if (intake == NULL || intake->state != INTAKE_PASSES)
        return true;
    intake->sent = 0;
    return !intake->dropped;
}

bool form_intake_starves(const struct exchange *exchange)
{
    const struct form_intake *intake = exchange->intake;
    return exchange->body_open && intake->sent == intake->taken;
}

void form_intake_settle(struct exchange *exchange)
{
    struct prompt *prompt = &exchange->asks.prompt;
    const struct form_intake *intake = exchange->intake;
    if (!exchange->body_open || intake->state != INTAKE_PASSES || prompt->sound_seconds == 0)
        return;
    int64_t unsent_bytes = (int64_t)(intake->taken - intake->sent);
    int64_t seconds = form_flow_sound_seconds(intake->flow, unsent_bytes);
    if (seconds < prompt->sound_seconds) /* else what was held */
        prompt->sound_seconds = seconds;
}
