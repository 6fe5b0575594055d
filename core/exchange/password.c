#include "exchange/password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/network.h"
#include "base/text.h"
#include "exchange/exchange_internal.h"

/* The hash of no password, so that an address without an account takes as long. */
static const char nobodys_hash[] = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXRoaW5nIHNhbHR5IQ$"
                                   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

static bool verify(const struct password_job *work)
{
    bool same = work->normal_bytes == work->password_bytes &&
                memcmp(work->normal, work->password, work->normal_bytes) == 0;
    struct slice normal = {work->normal, work->normal_bytes};
    struct slice password = {work->password, work->password_bytes};
    bool right = password_verify(normal, work->hash);
    if (!same && password_verify(password, work->hash)) /* even if right: it takes as long */
        right = true;
    return right;
}

static void run(struct job *job, void *server)
{
    (void)server;
    struct password_job *work = (struct password_job *)(void *)job;
    struct slice normal = {work->normal, work->normal_bytes};
    work->ok = work->verify ? verify(work) : password_hash(normal, work->hash);
}

static void on_returned(struct job *job)
{
    struct password_job *work = (struct password_job *)(void *)job;
    struct exchange *exchange = work->exchange;
    exchange->password_pending = false;
    exchange_wake(exchange);
    exchange_free_if_over(exchange);
}

static uint64_t hash_of(const struct exchange *exchange, struct slice text)
{
    struct digest digest;
    uint64_t hash;
    secret_digest(exchange->env->secret, text, &digest);
    memcpy(&hash, digest.bytes, sizeof hash);
    return hash;
}

bool exchange_password(struct exchange *exchange, const struct password_question *question)
{
    char network[NETWORK_BYTES];
    struct slice password = question->password;
    check(exchange->password == NULL && password.bytes <= LIMIT_PASSWORD_BYTES);
    struct password_job *work = calloc(1, sizeof *work);
    check(work != NULL);
    network_of(exchange->peer_address, network);
    work->fair = (struct fair_job){
        .job = {.reply_queue = exchange->env->queue, .run = run, .done = on_returned},
        .address = hash_of(exchange, slice_of(network)),
        .account = hash_of(exchange, question->account),
        .rank = question->rank};
    work->exchange = exchange;
    work->verify = question->hash != NULL;
    work->password_bytes = password.bytes;
    memcpy(work->password, password.data, password.bytes);
    if (!text_normalise(password, work->normal, sizeof work->normal, &work->normal_bytes)) {
        work->normal_bytes = password.bytes; /* its normal form does not fit: takes it as it came */
        memcpy(work->normal, password.data, password.bytes);
    }
    if (question->hash != NULL)
        snprintf(work->hash, sizeof work->hash, "%s",
                 question->hash[0] != '\0' ? question->hash : nobodys_hash);
    exchange->password = work;
    exchange->password_pending = fair_pool_post(exchange->env->helpers, &work->fair);
    if (exchange->password_pending)
        return true;
    exchange_password_fini(exchange);
    const struct answer_error error = {
        .status = 503,
        .code = "overloaded",
        .message = "Too many people are signing in just now. Try again in a few seconds.",
        .retry_after_ms = 2000};
    exchange_refuse(exchange, &error);
    return false;
}

const struct password_job *exchange_password_result(const struct exchange *exchange)
{
    return exchange->password;
}

void exchange_password_fini(struct exchange *exchange)
{
    if (exchange->password == NULL)
        return;
    secret_wipe(exchange->password, sizeof *exchange->password);
    free(exchange->password);
    exchange->password = NULL;
}
