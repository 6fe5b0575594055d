#include "exchange/idempotency.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/money.h"
#include "base/sha256.h"
#include "exchange/exchange_internal.h"

enum { RETRY_MS = 1000 };

/* ---- the key ---- */

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] < ' ' || text.data[i] > '~')
            return false;
    }
    return true;
}

/* Finds the header's value. Returns false if there is no header, or, with *bad set, if it cannot be
 * used. */
static bool find_key(const struct http_head *head, struct slice *key, bool *bad)
{
    size_t count = 0;
    for (size_t i = 0; i < head->header_count; i++) {
        if (!slice_equals_nocase(head->headers[i].name, "idempotency-key"))
            continue;
        *key = head->headers[i].value;
        count++;
    }
    *bad = count > 1 || (count == 1 && (key->bytes == 0 || !is_printable(*key) ||
                                        key->bytes > LIMIT_IDEMPOTENCY_KEY_BYTES));
    return count == 1 && !*bad;
}

/* SHA-256 of the request: equal for the same endpoint under all its mounts. A bound of the cost is
 * a part of the request, because the answer depends on it. */
static void digest_request(const struct exchange *exchange, const char *what,
                           char out[SHA256_HEX_BYTES])
{
    char body[SHA256_HEX_BYTES];
    char text[sizeof body + 96];
    const struct stream_budget *budget = &exchange->budget;
    const struct dialect_form *form = dialect_form(exchange->asks.dialect);
    if (form->digest != NULL)
        form->digest(&exchange->asks, body);
    else
        sha256_hex(buffer_slice(&exchange->body), body);
    int bytes = snprintf(text, sizeof text, "%s\n%.48s", body, what);
    if (budget->has_max_cost)
        snprintf(text + bytes, sizeof text - (size_t)bytes, "\n%lld",
                 (long long)budget->max_cost_nusd);
    sha256_hex(slice_of(text), out);
}

static void give_back(struct idempotency *idempotency)
{
    if (idempotency->claimed)
        claims_give_back(idempotency->exchange->env->store, &idempotency->claim);
    idempotency->claimed = false;
}

static void on_lookup_returned(struct job *job)
{
    struct idempotency *idempotency =
        (struct idempotency *)(void *)((char *)job - offsetof(struct idempotency, lookup.job));
    struct exchange *exchange = idempotency->exchange;
    idempotency->lookup_pending = false;
    if (!idempotency_is_fresh(exchange))
        give_back(idempotency);
    exchange_wake(exchange);
    exchange_free_if_over(exchange);
}

static bool refuse(struct exchange *exchange, int status, const char *code, const char *message,
                   int64_t retry_after_ms)
{
    const struct answer_error error = {.status = status,
                                       .code = code,
                                       .message = message,
                                       .param = "Idempotency-Key",
                                       .retry_after_ms = retry_after_ms};
    exchange_refuse(exchange, &error);
    return false;
}

bool idempotency_claim(struct exchange *exchange, const struct id *account_id, const char *what)
{
    struct slice key = {0};
    bool bad;
    check(exchange->idempotency == NULL);
    if (!find_key(&exchange->request->head, &key, &bad)) {
        return !bad || refuse(exchange, 400, "invalid_value",
                              "Idempotency-Key must be 1 to 255 printable ASCII characters, and "
                              "stand there once.",
                              0);
    }
    struct idempotency *idempotency = calloc(1, sizeof *idempotency);
    check(idempotency != NULL);
    exchange->idempotency = idempotency;
    idempotency->exchange = exchange;
    idempotency->claim.account_id = *account_id;
    memcpy(idempotency->claim.key, key.data, key.bytes);
    digest_request(exchange, what, idempotency->claim.digest);
    buffer_init(&idempotency->copy, LIMIT_KEPT_ANSWER_BYTES);
    /* Claim first, then look: the last holder of the key writes its answer before it gives the key
     * back. Look even if the claim fails: the holder may itself be here for the same old answer. */
    idempotency->claim_outcome = claims_take(exchange->env->store, &idempotency->claim);
    idempotency->claimed = idempotency->claim_outcome == CLAIM_TAKEN;
    struct answer_lookup *lookup = &idempotency->lookup;
    lookup->claim = &idempotency->claim;
    lookup->job = (struct job){.reply_queue = exchange->env->queue, .done = on_lookup_returned};
    idempotency->lookup_pending = answers_look(exchange->env->store, lookup);
    return idempotency->lookup_pending ||
           refuse(exchange, 503, "overloaded",
                  "Too much is asked of the database just now. Try again soon.", RETRY_MS);
}

bool idempotency_is_fresh(const struct exchange *exchange)
{
    const struct idempotency *idempotency = exchange->idempotency;
    return idempotency == NULL || (idempotency->claim_outcome == CLAIM_TAKEN &&
                                   idempotency->lookup.outcome == LOOKUP_NOTHING);
}

const struct claim *idempotency_claimed(const struct exchange *exchange)
{
    return exchange->idempotency != NULL ? &exchange->idempotency->claim : NULL;
}

/* ---- answers to a request that is not fresh ---- */

static void answer_again(struct exchange *exchange, const struct answer_lookup *lookup)
{
    char cost[MONEY_TEXT_BYTES];
    /* Such an answer costs nothing, so a client that asks often and does not read must not fill
     * memory. */
    if (!http_reply_has_room(exchange->request, lookup->body.bytes)) {
        refuse(exchange, 503, "overloaded",
               "Too many large answers are being given just now. Try again soon.", RETRY_MS);
        return;
    }
    exchange->replay_of = lookup->exchange_id;
    exchange_header(exchange, "Idempotent-Replayed", "true");
    if (lookup->cost_nusd >= 0)
        exchange_header(exchange, "x-llm-cost", money_format(lookup->cost_nusd, cost));
    if (lookup->status >= 400) /* only final failures are kept */
        exchange_header(exchange, "x-should-retry", "false");
    exchange_reply(exchange, lookup->status, lookup->content_type, buffer_slice(&lookup->body));
}

static void refuse_unkept(struct exchange *exchange, const struct id *first_id)
{
    char message[256];
    char metadata[64 + ID_BYTES];
    snprintf(message, sizeof message,
             "This was done, but its answer was too large to be kept for a retry. GET "
             "generation?id=%s shows its record; to have it done again, use another key.",
             first_id->text);
    snprintf(metadata, sizeof metadata, "{\"request_id\":\"%s\"}", first_id->text);
    const struct answer_error error = {.status = 409,
                                       .code = "idempotency_answer_not_kept",
                                       .message = message,
                                       .param = "Idempotency-Key",
                                       .metadata = metadata};
    exchange_refuse(exchange, &error);
}

void idempotency_answer(struct exchange *exchange)
{
    const struct idempotency *idempotency = exchange->idempotency;
    const struct answer_lookup *lookup = &idempotency->lookup;
    bool other = lookup->outcome == LOOKUP_NOTHING && idempotency->claim_outcome == CLAIM_OTHER;
    if (lookup->outcome == LOOKUP_FOUND)
        answer_again(exchange, lookup);
    else if (lookup->outcome == LOOKUP_TOO_LARGE)
        refuse_unkept(exchange, &lookup->exchange_id);
    else if (lookup->outcome == LOOKUP_FAILED)
        refuse(exchange, 503, "ledger_unavailable",
               "The gateway cannot look whether this was done before. Try again soon.", RETRY_MS);
    else if (lookup->outcome == LOOKUP_OTHER || other)
        refuse(exchange, 422, "idempotency_key_reused",
               "This Idempotency-Key was used for another request. A key stands for one request, "
               "byte for byte; use a new one.",
               0);
    else
        refuse(exchange, 409, "idempotency_in_progress",
               "The first request with this Idempotency-Key is still under way. Try again soon: "
               "then its answer is there.",
               RETRY_MS);
}

/* ---- what is kept ---- */

static bool is_claimed(const struct exchange *exchange)
{
    return exchange->idempotency != NULL && exchange->idempotency->claimed;
}

void idempotency_copy(struct exchange *exchange, struct slice bytes)
{
    struct idempotency *idempotency = exchange->idempotency;
    /* The copy must not move any more when the ledger has it. */
    if (!is_claimed(exchange) || idempotency->too_large || exchange->settlement.kept != NULL)
        return;
    if (buffer_append_slice(&idempotency->copy, bytes))
        return;
    idempotency->too_large = true;
    buffer_fini(&idempotency->copy);
}

void idempotency_keep(struct exchange *exchange, const char *content_type, int64_t cost_nusd)
{
    struct idempotency *idempotency = exchange->idempotency;
    if (!is_claimed(exchange))
        return;
    idempotency->kept = (struct kept_answer){.claim = &idempotency->claim,
                                             .exchange_id = exchange->id.text,
                                             .status = exchange->status,
                                             .content_type = content_type,
                                             .cost_nusd = cost_nusd};
    if (!idempotency->too_large)
        idempotency->kept.body = buffer_slice(&idempotency->copy);
    exchange->settlement.kept = &idempotency->kept;
}

void idempotency_keep_failure(struct exchange *exchange, int status, struct slice body)
{
    struct idempotency *idempotency = exchange->idempotency;
    if (!is_claimed(exchange) || exchange->settlement.kept != NULL)
        return;
    buffer_fini(&idempotency->copy);
    buffer_init(&idempotency->copy, LIMIT_KEPT_ANSWER_BYTES);
    idempotency->too_large = false;
    idempotency_copy(exchange, body);
    idempotency_keep(exchange, "application/json", -1);
    idempotency->kept.status = status;
}

void idempotency_refused(struct exchange *exchange, struct slice body, bool worth_retrying)
{
    if (!is_claimed(exchange) || exchange->settlement_pending)
        return;
    if (worth_retrying) {
        give_back(exchange->idempotency);
    } else if (exchange->hold_open) {
        idempotency_copy(exchange, body);
        idempotency_keep(exchange, "application/json", -1);
    }
}

bool idempotency_outlives_client(const struct exchange *exchange)
{
    return is_claimed(exchange) && exchange->hold_open && exchange->state < EXCHANGE_SETTLING;
}

void idempotency_finish(struct exchange *exchange)
{
    bool undecided = exchange->hold_open || exchange->settlement_pending || exchange->call_pending;
    if (is_claimed(exchange) && !undecided)
        give_back(exchange->idempotency);
}

bool idempotency_is_busy(const struct exchange *exchange)
{
    return exchange->idempotency != NULL && exchange->idempotency->lookup_pending;
}

void idempotency_fini(struct exchange *exchange)
{
    struct idempotency *idempotency = exchange->idempotency;
    if (idempotency == NULL)
        return;
    give_back(idempotency);
    answers_look_fini(&idempotency->lookup);
    buffer_fini(&idempotency->copy);
    free(idempotency);
    exchange->idempotency = NULL;
}
