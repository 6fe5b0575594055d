/* What happens before a hold: which key it is, whether it may call, and what the request asks
 * for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "exchange/body_pass.h"
#include "exchange/exchange_internal.h"
#include "exchange/form_intake.h"
#include "exchange/max_cost.h"

static bool refuse(struct exchange *exchange, int status, const char *code, const char *message,
                   const char *param)
{
    const struct answer_error error = {
        .status = status, .code = code, .message = message, .param = param};
    exchange_refuse(exchange, &error);
    return false;
}

/* ---- the key ---- */

/* Gemini's clients may send the key in the query. It is never logged: no query is. */
static struct slice find_query_key(struct slice query)
{
    static const char name[] = "key=";
    while (query.bytes > 0) {
        const char *end = slice_char(query, '&');
        size_t bytes = end != NULL ? (size_t)(end - query.data) : query.bytes;
        struct slice pair = {query.data, bytes};
        if (slice_starts_with(pair, name))
            return (struct slice){pair.data + sizeof name - 1, bytes - (sizeof name - 1)};
        bytes += end != NULL ? 1 : 0;
        query = (struct slice){query.data + bytes, query.bytes - bytes};
    }
    return (struct slice){0};
}

/* GET models is one address for the clients of all dialects: Anthropic's say their version. */
enum dialect exchange_dialect_of(const struct http_head *head)
{
    return dialect_of_path(head->path, head_header(head, "anthropic-version") != NULL);
}

/* Clients of the three big APIs send their key in different headers. */
static struct slice find_credential(const struct http_head *head)
{
    static const char *const names[] = {"x-api-key", "x-goog-api-key", "api-key"};
    const struct slice *value = head_header(head, "authorization");
    if (value != NULL && value->bytes > 7 &&
        slice_equals_nocase((struct slice){value->data, 7}, "bearer "))
        return slice_trim((struct slice){value->data + 7, value->bytes - 7});
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        value = head_header(head, names[i]);
        if (value != NULL)
            return *value;
    }
    return exchange_dialect_of(head) == DIALECT_GEMINI ? find_query_key(head->query)
                                                       : (struct slice){0};
}

bool exchange_find_key(const struct exchange_env *env, const struct http_head *head,
                       struct key_facts *out)
{
    struct slice credential = find_credential(head);
    struct digest digest;
    if (!apikey_well_formed(credential))
        return false;
    secret_digest(env->secret, credential, &digest);
    return directory_find_key(env->store, &digest, out);
}

static bool may_call(const struct key_facts *facts, int64_t now_ms)
{
    return !facts->key_disabled && !facts->user_disabled &&
           (facts->expires_ms == 0 || facts->expires_ms > now_ms) &&
           (facts->secret_until_ms == 0 || facts->secret_until_ms > now_ms);
}

static bool refuse_body(struct refusal *out, int status, const char *code, const char *message)
{
    *out = (struct refusal){status, code, message};
    return false;
}

/* The key whose account answers for a large body: that of the request, or the one that a page of
 * the dashboard has a pass for. */
static bool find_payer(const struct exchange_env *env, const struct http_head *head,
                       struct slice pass, struct key_facts *out)
{
    struct digest digest;
    if (pass.bytes == 0)
        return exchange_find_key(env, head, out);
    return body_pass_read(env->secret, pass, clock_wall_ms(), &digest) &&
           directory_find_key(env->store, &digest, out);
}

bool exchange_admits_body(const struct exchange_env *env, const struct http_head *head,
                          struct id *account_id, struct refusal *refusal)
{
    struct key_facts facts;
    const struct slice *pass = head_header(head, "x-body-pass");
    bool named = find_credential(head).bytes > 0;
    if (!named && pass == NULL)
        return refuse_body(refusal, 413, "request_too_large",
                           "a body above 64 KB is read only with an API key");
    if (!find_payer(env, head, named ? (struct slice){0} : *pass, &facts) ||
        !may_call(&facts, clock_wall_ms()))
        return refuse_body(refusal, 401, "invalid_api_key",
                           "this API key is unknown, disabled or has expired; a body above 64 KB "
                           "is read only with a key that works");
    if (ledger_available_nusd(env->store, &facts.account_id, &facts.key_id, NULL, 0) <= 0)
        return refuse_body(refusal, 402, "insufficient_credits",
                           "a body above 64 KB is read only when there is money for it, in the "
                           "account and in the key's budget; add credits in the dashboard of");
    *account_id = facts.account_id;
    return true;
}

static bool refuse_key(struct exchange *exchange, struct slice credential)
{
    if (credential.bytes == 0)
        return refuse(
            exchange, 401, "invalid_api_key",
            "You did not provide an API key. Send it as: Authorization: Bearer llm_sk_...", NULL);
    if (!apikey_well_formed(credential))
        return refuse(
            exchange, 401, "invalid_api_key",
            "This is no key of this gateway, or it was copied incompletely: a key is llm_sk_ "
            "and 38 characters.",
            NULL);
    return refuse(exchange, 401, "invalid_api_key",
                  "This API key is unknown or has been deleted. Create one in the dashboard.",
                  NULL);
}

static bool admit_key(struct exchange *exchange)
{
    if (exchange->key.key_disabled)
        return refuse(exchange, 401, "key_disabled", "This API key is disabled.", NULL);
    if (exchange->key.user_disabled)
        return refuse(exchange, 401, "key_disabled", "The account of this API key is disabled.",
                      NULL);
    if (exchange->key.secret_until_ms != 0 && exchange->key.secret_until_ms <= exchange->created_ms)
        return refuse(exchange, 401, "key_replaced",
                      "This API key was replaced by a new one, and works no longer. Use the new "
                      "one.",
                      NULL);
    if (exchange->key.expires_ms != 0 && exchange->key.expires_ms <= exchange->created_ms)
        return refuse(exchange, 401, "key_expired",
                      "This API key has expired. Create a new one in the dashboard.", NULL);
    if (exchange->state < EXCHANGE_AUTHENTICATED)
        exchange_enter(exchange, EXCHANGE_AUTHENTICATED);
    return true;
}

static bool find_key(struct exchange *exchange, const struct digest *digest)
{
    struct key_facts facts;
    exchange_forget_key(exchange);
    if (!directory_find_key(exchange->env->store, digest, &facts))
        return false;
    exchange->key = (struct caller){.key_id = facts.key_id,
                                    .account_id = facts.account_id,
                                    .user_id = facts.user_id,
                                    .expires_ms = facts.expires_ms,
                                    .secret_until_ms = facts.secret_until_ms,
                                    .key_disabled = facts.key_disabled,
                                    .user_disabled = facts.user_disabled};
    memcpy(exchange->key.group, facts.group, sizeof facts.group);
    if (facts.models[0] != '\0') {
        exchange->key.models = strdup(facts.models);
        check(exchange->key.models != NULL);
    }
    return true;
}

bool exchange_authenticate(struct exchange *exchange)
{
    struct slice credential = find_credential(&exchange->request->head);
    struct digest *digest = &exchange->key_digest;
    if (credential.bytes != APIKEY_CHARS) /* the checksum matters only for an unknown key */
        return refuse_key(exchange, credential);
    secret_digest(exchange->env->secret, credential, digest);
    if (!find_key(exchange, digest))
        return refuse_key(exchange, credential);
    return admit_key(exchange);
}

bool exchange_authenticate_as(struct exchange *exchange, const struct digest *digest,
                              const char *user_id)
{
    exchange->key_digest = *digest;
    if (find_key(exchange, digest) && strcmp(exchange->key.user_id.text, user_id) == 0)
        return admit_key(exchange);
    exchange_forget_key(exchange);
    return refuse(exchange, 404, "not_found", "You have no such key.", "key_id");
}

/* ---- the body ---- */

/* The end of an exchange's id is random. */
uint64_t exchange_seed(const struct exchange *exchange)
{
    uint64_t seed;
    const char *text = exchange->id.text;
    size_t bytes = strlen(text);
    check(bytes >= sizeof seed);
    memcpy(&seed, text + bytes - sizeof seed, sizeof seed);
    return seed;
}

void exchange_speak(struct exchange *exchange, enum dialect dialect)
{
    exchange->asks.dialect = dialect;
}

void exchange_mean(struct exchange *exchange, const char *model)
{
    snprintf(exchange->asks.model, sizeof exchange->asks.model, "%s", model);
}

bool exchange_read_request(struct exchange *exchange, const struct request_address *address,
                           bool asks_model)
{
    struct request_fault fault;
    enum dialect dialect = exchange->asks.dialect;
    struct request_address asked = *address;
    asked.kept = &exchange->names;
    const struct slice *type =
        exchange->request != NULL ? head_header(&exchange->request->head, "content-type") : NULL;
    asked.content_type = type != NULL ? *type : (struct slice){0};
    bool good;
    exchange->asks_model = asks_model;
    if (exchange->intake != NULL && form_intake_read(exchange, &good))
        return good && max_cost_read(exchange);
    /* Samples may look cheaper than the rest, so who could ask for many estimates would take the
     * cheapest. */
    uint64_t seed = asks_model ? exchange_seed(exchange) : 0;
    bool read = dialect_form(dialect)->read_request(buffer_slice(&exchange->body), &asked, seed,
                                                    &exchange->asks, &fault);
    exchange->asks.dialect = dialect; /* also of a request that was not read */
    if (read)
        return max_cost_read(exchange);
    return refuse(exchange, 400, fault.code, fault.message, fault.param);
}
