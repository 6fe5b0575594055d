/* What a task may read of its exchange. */
#include "exchange/exchange_internal.h"

bool exchange_is_over(const struct exchange *exchange)
{
    bool gone = exchange->request == NULL && !exchange->detached;
    return gone || exchange->state == EXCHANGE_ENDED;
}

bool exchange_has_begun_reply(const struct exchange *exchange)
{
    return exchange->reply_begun;
}

struct exchange_env *exchange_shared(const struct exchange *exchange)
{
    return exchange->env;
}

const struct id *exchange_id(const struct exchange *exchange)
{
    return &exchange->id;
}

const struct http_request *exchange_request(const struct exchange *exchange)
{
    return exchange->request;
}

const char *exchange_peer_address(const struct exchange *exchange)
{
    return exchange->peer_address;
}

struct slice exchange_body(const struct exchange *exchange)
{
    return buffer_slice(&exchange->body);
}

const struct caller *exchange_key(const struct exchange *exchange)
{
    return &exchange->key;
}

const struct model_request *exchange_model_request(const struct exchange *exchange)
{
    return &exchange->asks;
}

bool exchange_has_answer(const struct exchange *exchange)
{
    return exchange->attempt.outcome == ATTEMPT_ANSWERED;
}

const char *exchange_attempt_cause(const struct exchange *exchange)
{
    return attempt_outcome_cause(exchange->attempt.outcome);
}

bool exchange_attempt_is_unknown(const struct exchange *exchange)
{
    return attempt_class(&exchange->attempt) == ATTEMPT_PERHAPS;
}
