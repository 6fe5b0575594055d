#include "exchange/surveyor.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/check.h"
#include "base/clock.h"

enum {
    ANSWER_BYTES_MAX = 4 * 1024 * 1024, /* OpenRouter's list has about 1 MB */
    ANSWER_MS = 10000,
    CONNECT_MS_MAX = 5000,
    RETRY_MS = 30000, /* a server that restarts or loads its model will soon answer */
    URL_BYTES = CANDIDATE_BASE_URL_BYTES + CANDIDATE_PATH_BYTES + 32
};

#define TOO_LARGE "its answer is larger than 4 MB"

struct surveyor {
    struct survey *survey;
    struct upstream *upstream;
    int64_t period_ms;
    struct survey_list *list; /* NULL: no server is asked */
    int64_t due_us;           /* when the next round begins */
    bool running;             /* a round runs */
    bool failing;             /* a server has not answered in this round */

    /* The server being asked. */
    size_t server;
    enum context_question question;
    struct upstream_call *call; /* NULL: the next question is to begin */
    int64_t deadline_us;
    int status;
    struct buffer body;
};

/* ---- the round ---- */

static void end_round(struct surveyor *surveyor)
{
    int64_t wait_ms = surveyor->period_ms;
    if (surveyor->failing && wait_ms > RETRY_MS)
        wait_ms = RETRY_MS;
    surveyor->running = false;
    surveyor->due_us = clock_mono_us() + wait_ms * 1000;
}

static void begin_server(struct surveyor *surveyor)
{
    surveyor->question = CONTEXT_OF_MODELS;
    if (surveyor->server == survey_list_count(surveyor->list))
        end_round(surveyor);
    else
        survey_begin(surveyor->survey, surveyor->server);
}

/* `error`: why it did not answer, or NULL. */
static void end_server(struct surveyor *surveyor, const char *error)
{
    surveyor->failing = surveyor->failing || error != NULL;
    survey_end(surveyor->survey, surveyor->server, error);
    surveyor->server++;
    begin_server(surveyor);
}

/* The next question waits for the next tick. A server that does not know a question gets the next
 * one; a server that does not answer at all does not. */
static void end_question(struct surveyor *surveyor, const char *error)
{
    bool last = surveyor->question + 1 == CONTEXT_QUESTIONS;
    surveyor->call = NULL;
    buffer_fini(&surveyor->body);
    if (error != NULL || last || !survey_lacks(surveyor->survey, surveyor->server))
        end_server(surveyor, error);
    else
        surveyor->question++;
}

/* ---- a question ---- */

static void on_head(const struct upstream_head *head, void *arg)
{
    struct surveyor *surveyor = arg;
    surveyor->status = head->status;
}

static void on_data(struct slice data, void *arg)
{
    struct surveyor *surveyor = arg;
    if (surveyor->status == 200)
        buffer_append_slice(&surveyor->body, data); /* if it is too much, the question has failed */
}

static void tell(const char *model, const struct context_lengths *lengths, void *arg)
{
    struct surveyor *surveyor = arg;
    survey_learn(surveyor->survey, surveyor->server, model, lengths);
}

/* It is no failure if the server does not know the question. */
static const char *failure_of(const struct surveyor *surveyor, char *room, size_t room_bytes)
{
    int status = surveyor->status;
    if (surveyor->body.failed)
        return TOO_LARGE;
    if (status != 401 && status != 403 && (status < 500 || status == 501))
        return NULL;
    snprintf(room, room_bytes, "it answers with HTTP status %d", status);
    return room;
}

static void on_end(enum upstream_end end, const char *detail, void *arg)
{
    struct surveyor *surveyor = arg;
    char room[64];
    const char *failure =
        end == UPSTREAM_COMPLETE ? failure_of(surveyor, room, sizeof room) : detail;
    if (failure == NULL && surveyor->status == 200)
        (void)context_form_read(buffer_slice(&surveyor->body), tell, surveyor);
    end_question(surveyor, failure);
}

static bool has_user_agent(const struct candidate *server)
{
    for (size_t i = 0; i < server->header_count; i++) {
        if (strncasecmp(server->headers[i], "user-agent:", 11) == 0)
            return true;
    }
    return false;
}

static size_t fill_headers(const struct candidate *server, const char **lines)
{
    size_t count = 0;
    if (!has_user_agent(server))
        lines[count++] = "User-Agent: llm-gateway/1";
    const char *key = candidate_key(server, server->terms.dialect);
    if (key != NULL)
        lines[count++] = key;
    for (size_t i = 0; i < server->header_count; i++)
        lines[count++] = server->headers[i];
    return count;
}

static void ask(struct surveyor *surveyor)
{
    const struct candidate *server = survey_list_server(surveyor->list, surveyor->server);
    const struct candidate_terms *terms = &server->terms;
    const char *lines[2 + CANDIDATE_HEADERS];
    char base_url[CANDIDATE_BASE_URL_BYTES + CANDIDATE_PATH_BYTES];
    char url[URL_BYTES];
    struct buffer out = {
        .data = base_url, .capacity_bytes = sizeof base_url, .bytes_max = sizeof base_url};
    struct fault fault;
    candidate_base(server, terms->dialect, &out);
    buffer_append_char(&out, '\0');
    check(!out.failed && context_form_url(surveyor->question, base_url, url, sizeof url));
    const struct upstream_request request = {
        .url = url,
        .headers = lines,
        .header_count = fill_headers(server, lines),
        .connect_timeout_ms =
            terms->connect_timeout_ms < CONNECT_MS_MAX ? terms->connect_timeout_ms : CONNECT_MS_MAX,
        .ca_file = terms->ca_file[0] != '\0' ? terms->ca_file : NULL,
    };
    const struct upstream_events events = {
        .on_head = on_head, .on_data = on_data, .on_end = on_end, .arg = surveyor};
    surveyor->status = 0;
    surveyor->deadline_us = clock_mono_us() + INT64_C(1000) * ANSWER_MS;
    buffer_init(&surveyor->body, ANSWER_BYTES_MAX);
    surveyor->call = upstream_start(surveyor->upstream, &request, &events, &fault);
    if (surveyor->call == NULL)
        end_question(surveyor, fault.message);
}

static void cancel(struct surveyor *surveyor)
{
    if (surveyor->call != NULL)
        upstream_cancel(surveyor->call);
    surveyor->call = NULL;
    buffer_fini(&surveyor->body);
}

void surveyor_tick(struct surveyor *surveyor)
{
    int64_t now_us = clock_mono_us();
    if (surveyor->list == NULL)
        return;
    if (!surveyor->running && now_us >= surveyor->due_us) {
        surveyor->running = true;
        surveyor->failing = false;
        surveyor->server = 0;
        begin_server(surveyor);
    }
    if (surveyor->call != NULL && (now_us > surveyor->deadline_us || surveyor->body.failed)) {
        bool large = surveyor->body.failed;
        cancel(surveyor);
        end_question(surveyor, large ? TOO_LARGE : "it does not answer within 10 s");
    }
    if (surveyor->running && surveyor->call == NULL)
        ask(surveyor);
}

/* ---- making and freeing ---- */

struct surveyor *surveyor_new(struct survey *survey, struct upstream *upstream, int64_t period_ms)
{
    struct surveyor *surveyor = calloc(1, sizeof *surveyor);
    check(surveyor != NULL);
    surveyor->survey = survey;
    surveyor->upstream = upstream;
    surveyor->period_ms = period_ms;
    buffer_init(&surveyor->body, ANSWER_BYTES_MAX);
    return surveyor;
}

void surveyor_stop(struct surveyor *surveyor)
{
    cancel(surveyor);
    survey_list_unref(surveyor->list);
    surveyor->list = NULL;
    surveyor->running = false;
}

void surveyor_take_list(struct surveyor *surveyor, struct survey_list *list)
{
    surveyor_stop(surveyor);
    survey_take_list(surveyor->survey, list);
    if (survey_list_count(list) > 0)
        surveyor->list = survey_list_ref(list);
    surveyor->due_us = 0;
}

void surveyor_free(struct surveyor *surveyor)
{
    if (surveyor == NULL)
        return;
    surveyor_stop(surveyor);
    free(surveyor);
}
