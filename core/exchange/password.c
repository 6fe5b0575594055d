#include "exchange/password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/crew.h"
#include "exchange/exchange.h"

static void run(struct job *job, void *server)
{
    (void)server;
    struct password_job *work = (struct password_job *)(void *)job;
    struct slice password = {work->password, work->password_bytes};
    work->ok =
        work->verify ? password_verify(password, work->hash) : password_hash(password, work->hash);
}

static void on_home(struct job *job)
{
    struct password_job *work = (struct password_job *)(void *)job;
    struct exchange *exchange = work->exchange;
    exchange->password_away = false;
    exchange_wake(exchange);
    exchange_free_if_over(exchange);
}

bool exchange_password(struct exchange *exchange, struct slice password, const char *hash)
{
    check(exchange->password == NULL && password.bytes <= LIMIT_PASSWORD_BYTES);
    struct password_job *work = calloc(1, sizeof *work);
    check(work != NULL);
    work->job = (struct job){.home = exchange->env->inbox, .run = run, .done = on_home};
    work->exchange = exchange;
    work->verify = hash != NULL;
    work->password_bytes = password.bytes;
    memcpy(work->password, password.data, password.bytes);
    if (hash != NULL)
        snprintf(work->hash, sizeof work->hash, "%s", hash);
    exchange->password = work;
    exchange->password_away = crew_post(exchange->env->helpers, &work->job);
    if (exchange->password_away)
        return true;
    exchange_password_fini(exchange);
    const struct answer_error error = {
        .status = 503,
        .code = "overloaded",
        .message = "Too many people are signing in just now. Try again soon.",
        .retry_after_ms = 1000};
    exchange_refuse(exchange, &error);
    return false;
}

void exchange_password_fini(struct exchange *exchange)
{
    if (exchange->password == NULL)
        return;
    secret_wipe(exchange->password, sizeof *exchange->password);
    free(exchange->password);
    exchange->password = NULL;
}
