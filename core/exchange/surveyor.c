#include "exchange/surveyor.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "exchange/inquiry.h"

enum {
    ANSWER_BYTES_MAX = 4 * 1024 * 1024, /* OpenRouter's list has about 1 MB */
    RETRY_MS = 30000, /* a server that restarts or loads its model will soon answer */
    URL_BYTES = CANDIDATE_BASE_URL_BYTES + CANDIDATE_PATH_BYTES + 32
};

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
    struct inquiry inquiry; /* idle: the next question is to begin */
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
    if (error != NULL || last || !survey_lacks(surveyor->survey, surveyor->server))
        end_server(surveyor, error);
    else
        surveyor->question++;
}

/* ---- a question ---- */

static void tell(const char *model, const struct context_lengths *lengths, void *arg)
{
    struct surveyor *surveyor = arg;
    survey_learn(surveyor->survey, surveyor->server, model, lengths);
}

/* It is no failure if the server does not know the question. */
static const char *failure_of(int status, char *room, size_t room_bytes)
{
    if (status != 401 && status != 403 && (status < 500 || status == 501))
        return NULL;
    snprintf(room, room_bytes, "it answers with HTTP status %d", status);
    return room;
}

static void on_end(int status, struct slice body, const char *failure, void *arg)
{
    struct surveyor *surveyor = arg;
    char room[64];
    if (failure == NULL)
        failure = failure_of(status, room, sizeof room);
    if (failure == NULL && status == 200)
        (void)context_form_read(body, tell, surveyor);
    end_question(surveyor, failure);
}

static void ask(struct surveyor *surveyor)
{
    const struct candidate *server = survey_list_server(surveyor->list, surveyor->server);
    char base_url[CANDIDATE_BASE_URL_BYTES + CANDIDATE_PATH_BYTES];
    char url[URL_BYTES];
    struct buffer out = {
        .data = base_url, .capacity_bytes = sizeof base_url, .bytes_max = sizeof base_url};
    candidate_base(server, server->terms.dialect, &out);
    buffer_append_char(&out, '\0');
    check(!out.failed && context_form_url(surveyor->question, base_url, url, sizeof url));
    const struct inquiry_terms terms = {.server = server,
                                        .url = url,
                                        .bytes_max = ANSWER_BYTES_MAX,
                                        .on_end = on_end,
                                        .arg = surveyor};
    inquiry_ask(&surveyor->inquiry, surveyor->upstream, &terms);
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
    inquiry_tick(&surveyor->inquiry);
    if (surveyor->running && !inquiry_runs(&surveyor->inquiry))
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
    return surveyor;
}

void surveyor_stop(struct surveyor *surveyor)
{
    inquiry_cancel(&surveyor->inquiry);
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
