#include "exchange/token_keeper.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "exchange/redact.h"

enum {
    ANSWER_BYTES_MAX = 64 * 1024,
    REQUEST_BYTES_MAX = 32 * 1024,
    ANSWER_MS = 10000,
    CONNECT_MS = 5000,
    LASTS_S_UNSAID = 600 /* RFC 6749, 5.1: expires_in is only recommended */
};

/* A question for one account. */
struct question {
    struct job job; /* first: jobs are cast back */
    struct token_keeper *keeper;
    struct question *next;
    struct service_account *account; /* a reference */
    struct buffer body;
    struct slice body_part; /* all of it; the call borrows it */
    bool is_signed;
    bool signing; /* the pool has it */
    struct upstream_call *call;
    int64_t deadline_us;
    int status;
    struct buffer answer;
};

struct token_keeper {
    struct access_tokens *tokens;
    struct upstream *upstream;
    struct thread_pool *signer;
    struct job_queue *queue;
    struct question *questions;
    bool stopped;
};

/* ---- the end of a question ---- */

static void drop(struct question *question)
{
    struct question **at = &question->keeper->questions;
    while (*at != question)
        at = &(*at)->next;
    *at = question->next;
    if (question->call != NULL)
        upstream_cancel(question->call);
    service_account_unref(question->account);
    buffer_wipe_fini(&question->body);
    buffer_wipe_fini(&question->answer);
    free(question);
}

static void fail(struct question *question, enum token_state state, const char *why)
{
    const struct service_account *account = question->account;
    int64_t retry_ms = access_tokens_fail(question->keeper->tokens, account, state, why);
    log_event(LOG_ERROR, "a service account gets no access token",
              log_text("account", account->email), log_text("key_id", account->key_id),
              log_text("token_uri", account->token_uri), log_int("status", question->status),
              log_text("reason", why), log_int("retry_in_ms", retry_ms));
    drop(question);
}

static void put(struct question *question, struct slice token, int64_t lasts_s)
{
    const struct service_account *account = question->account;
    bool failed = access_tokens_put(question->keeper->tokens, account, token, lasts_s);
    log_event(failed ? LOG_INFO : LOG_DEBUG, "a service account has an access token",
              log_text("account", account->email), log_int("lasts_s", lasts_s));
    drop(question);
}

/* ---- the answer ---- */

/* A token goes into a header: RFC 6750, 2.1 allows less. */
static bool is_token(struct slice text)
{
    return text.bytes > 0 && text.bytes <= LIMIT_ACCESS_TOKEN_BYTES && slice_is_visible(text);
}

/* Some servers say it as a text (google-auth 2.63.0, oauth2/_client.py). */
static int64_t lasts_s_of(const struct json_value *expires_in)
{
    int64_t lasts_s = 0;
    struct json_value number = *expires_in;
    if (number.type == JSON_STRING) {
        number.type = JSON_NUMBER;
        number.raw = (struct slice){number.raw.data + 1, number.raw.bytes - 2};
        bool digits = number.raw.bytes > 0 && number.raw.bytes < 10;
        for (size_t i = 0; i < number.raw.bytes; i++)
            digits = digits && number.raw.data[i] >= '0' && number.raw.data[i] <= '9';
        if (!digits)
            return LASTS_S_UNSAID;
    }
    bool said = number.type == JSON_NUMBER && json_int64(&number, &lasts_s) && lasts_s > 0;
    return said ? lasts_s : LASTS_S_UNSAID;
}

static void read_token(struct question *question, const struct json_value *root)
{
    enum { TOKEN, EXPIRES_IN, MEMBERS };
    struct json_member members[MEMBERS] = {
        [TOKEN] = {.name = "access_token"}, [EXPIRES_IN] = {.name = "expires_in"}};
    struct buffer token;
    json_find_all(root, members, MEMBERS);
    buffer_init(&token, LIMIT_ACCESS_TOKEN_BYTES);
    bool good = members[TOKEN].count == 1 && members[TOKEN].value.type == JSON_STRING &&
                buffer_reserve(&token, LIMIT_ACCESS_TOKEN_BYTES) != NULL &&
                json_decode_string(&members[TOKEN].value, &token) && is_token(buffer_slice(&token));
    if (good)
        put(question, buffer_slice(&token), lasts_s_of(&members[EXPIRES_IN].value));
    else
        fail(question, TOKEN_UNREACHABLE, "its answer has no access token");
    buffer_wipe_fini(&token);
}

static void append_word(const struct json_value *value, const char *before, struct buffer *out)
{
    if (value->type != JSON_STRING)
        return;
    buffer_append_text(out, before);
    (void)json_decode_string(value, out);
}

/* RFC 6749, 5.2: `error` and `error_description`. The words of a server that is down may be those
 * of anything between us and it. */
static void read_error(struct question *question, const struct json_value *root)
{
    enum { ERROR, DESCRIPTION, MEMBERS };
    struct json_member members[MEMBERS] = {
        [ERROR] = {.name = "error"}, [DESCRIPTION] = {.name = "error_description"}};
    char why[ACCESS_TOKEN_WHY_BYTES];
    struct buffer words;
    if (root != NULL)
        json_find_all(root, members, MEMBERS);
    buffer_init(&words, ANSWER_BYTES_MAX);
    buffer_printf(&words, "HTTP status %d", question->status);
    append_word(&members[ERROR].value, ": ", &words);
    append_word(&members[DESCRIPTION].value, ": ", &words);
    slice_copy(buffer_slice(&words), why, sizeof why);
    buffer_fini(&words);
    redact_secrets(why, "");
    bool refused = question->status == 400 || question->status == 401 || question->status == 403;
    fail(question, refused ? TOKEN_REFUSED : TOKEN_UNREACHABLE, why);
}

static void on_head(const struct upstream_head *head, void *arg)
{
    struct question *question = arg;
    question->status = head->status;
}

static void on_data(struct slice data, void *arg)
{
    struct question *question = arg;
    buffer_append_slice(&question->answer, data); /* if it is too much, it is no JSON */
}

static void on_end(enum upstream_end end, const char *detail, void *arg)
{
    struct question *question = arg;
    struct json_value root;
    struct fault fault;
    question->call = NULL;
    if (end != UPSTREAM_COMPLETE) {
        fail(question, TOKEN_UNREACHABLE, detail);
        return;
    }
    bool object = !question->answer.failed &&
                  json_parse(buffer_slice(&question->answer), LIMIT_JSON_DEPTH, &root, &fault) &&
                  root.type == JSON_OBJECT;
    if (question->status == 200 && object)
        read_token(question, &root);
    else
        read_error(question, object ? &root : NULL);
}

/* ---- a question ---- */

static void ask(struct question *question)
{
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
                                          "User-Agent: llm-gateway/1"};
    const struct upstream_events events = {
        .on_head = on_head, .on_data = on_data, .on_end = on_end, .arg = question};
    const struct upstream_request request = {
        .url = question->account->token_uri,
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers,
        .body = &question->body_part,
        .body_parts = 1,
        .ca_file = question->account->ca_file[0] != '\0' ? question->account->ca_file : NULL,
        .connect_timeout_ms = CONNECT_MS};
    struct fault fault;
    question->body_part = buffer_slice(&question->body);
    question->deadline_us = clock_mono_us() + INT64_C(1000) * ANSWER_MS;
    question->call = upstream_start(question->keeper->upstream, &request, &events, &fault);
    if (question->call == NULL)
        fail(question, TOKEN_UNREACHABLE, fault.message);
}

/* On the pool's thread. */
static void run_signing(struct job *job, void *server)
{
    struct question *question = (struct question *)(void *)job;
    (void)server;
    question->is_signed =
        service_account_write_request(question->account, clock_wall_ms(), &question->body);
}

static void on_signed(struct job *job)
{
    struct question *question = (struct question *)(void *)job;
    question->signing = false;
    if (question->keeper->stopped)
        drop(question);
    else if (!question->is_signed)
        fail(question, TOKEN_REFUSED, "its private key cannot sign");
    else
        ask(question);
}

static void begin(struct token_keeper *keeper, struct service_account *account)
{
    struct question *question = calloc(1, sizeof *question);
    check(question != NULL);
    question->job =
        (struct job){.reply_queue = keeper->queue, .run = run_signing, .done = on_signed};
    question->keeper = keeper;
    question->account = account;
    buffer_init(&question->body, REQUEST_BYTES_MAX);
    (void)buffer_reserve(&question->body, REQUEST_BYTES_MAX); /* so that it never moves, unwiped */
    buffer_init(&question->answer, ANSWER_BYTES_MAX);
    question->next = keeper->questions;
    keeper->questions = question;
    question->signing = thread_pool_post(keeper->signer, &question->job);
    if (!question->signing)
        fail(question, TOKEN_UNREACHABLE, "too many assertions wait to be signed");
}

void token_keeper_tick(struct token_keeper *keeper)
{
    struct service_account *account;
    struct question *next;
    int64_t now_us = clock_mono_us();
    for (struct question *question = keeper->questions; question != NULL; question = next) {
        next = question->next;
        if (question->call != NULL && now_us > question->deadline_us)
            fail(question, TOKEN_UNREACHABLE, "it does not answer within 10 s");
    }
    while (!keeper->stopped && (account = access_tokens_next(keeper->tokens)) != NULL)
        begin(keeper, account);
}

/* ---- making and freeing ---- */

struct token_keeper *token_keeper_new(struct access_tokens *tokens, struct upstream *upstream,
                                      struct thread_pool *signer, struct job_queue *queue)
{
    struct token_keeper *keeper = calloc(1, sizeof *keeper);
    check(keeper != NULL);
    keeper->tokens = tokens;
    keeper->upstream = upstream;
    keeper->signer = signer;
    keeper->queue = queue;
    return keeper;
}

void token_keeper_stop(struct token_keeper *keeper)
{
    keeper->stopped = true;
}

void token_keeper_free(struct token_keeper *keeper)
{
    struct question *next;
    if (keeper == NULL)
        return;
    for (struct question *question = keeper->questions; question != NULL; question = next) {
        next = question->next;
        check(!question->signing);
        drop(question);
    }
    free(keeper);
}
