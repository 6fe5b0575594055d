/* What stands before an attempt: who asks, what for, may he, can he pay. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "exchange/dashboard_url.h"
#include "exchange/departure.h"
#include "exchange/exchange_internal.h"
#include "exchange/relay.h"
#include "exchange/survey.h"

enum { HOLD_TRIES = 3 };

static bool refuse(struct exchange *exchange, int status, const char *code, const char *message,
                   const char *param)
{
    const struct answer_error error = {
        .status = status, .code = code, .message = message, .param = param};
    exchange_refuse(exchange, &error);
    return false;
}

/* ---- the key ---- */

/* Clients of the three great APIs send their key in different headers. */
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
    return (struct slice){0};
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
           (facts->expires_ms == 0 || facts->expires_ms > now_ms);
}

static bool refuse_body(struct refusal *out, int status, const char *code, const char *message)
{
    *out = (struct refusal){status, code, message};
    return false;
}

bool exchange_admits_body(const struct exchange_env *env, const struct http_head *head,
                          struct id *account_id, struct refusal *refusal)
{
    struct key_facts facts;
    if (find_credential(head).bytes == 0)
        return refuse_body(refusal, 413, "request_too_large",
                           "a body above 64 KB is read only with an API key");
    if (!exchange_find_key(env, head, &facts) || !may_call(&facts, clock_wall_ms()))
        return refuse_body(refusal, 401, "invalid_api_key",
                           "this API key is unknown, disabled or has expired; a body above 64 KB "
                           "is read only with a key that works");
    if (ledger_available_nusd(env->store, &facts.account_id, &facts.key_id) <= 0)
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

/* The key that was found. */
static bool admit_key(struct exchange *exchange)
{
    if (exchange->key.key_disabled)
        return refuse(exchange, 401, "key_disabled", "This API key is disabled.", NULL);
    if (exchange->key.user_disabled)
        return refuse(exchange, 401, "key_disabled", "The account of this API key is disabled.",
                      NULL);
    if (exchange->key.expires_ms != 0 && exchange->key.expires_ms <= exchange->created_ms)
        return refuse(exchange, 401, "key_expired",
                      "This API key has expired. Create a new one in the dashboard.", NULL);
    if (exchange->state < EXCHANGE_AUTHENTICATED)
        exchange_enter(exchange, EXCHANGE_AUTHENTICATED);
    return true;
}

bool exchange_authenticate(struct exchange *exchange)
{
    struct slice credential = find_credential(&exchange->request->head);
    struct digest *digest = &exchange->key_digest;
    if (credential.bytes != APIKEY_CHARS) /* whether its check fits matters only if it is unknown */
        return refuse_key(exchange, credential);
    secret_digest(exchange->env->secret, credential, digest);
    if (!directory_find_key(exchange->env->store, digest, &exchange->key))
        return refuse_key(exchange, credential);
    return admit_key(exchange);
}

bool exchange_authenticate_as(struct exchange *exchange, const struct digest *digest,
                              const char *user_id)
{
    exchange->key_digest = *digest;
    if (directory_find_key(exchange->env->store, digest, &exchange->key) &&
        strcmp(exchange->key.user_id.text, user_id) == 0)
        return admit_key(exchange);
    memset(&exchange->key, 0, sizeof exchange->key);
    return refuse(exchange, 404, "not_found", "You have no such key.", "key_id");
}

/* ---- the body ---- */

/* The end of an exchange's id is random, and the client does not know it yet. */
static uint64_t seed_of(const struct id *id)
{
    uint64_t seed;
    size_t bytes = strlen(id->text);
    check(bytes >= sizeof seed);
    memcpy(&seed, id->text + bytes - sizeof seed, sizeof seed);
    return seed;
}

bool exchange_read_chat(struct exchange *exchange)
{
    struct chat_fault fault;
    exchange->asks_model = true;
    if (chat_read(buffer_slice(&exchange->body), seed_of(&exchange->id), &exchange->chat, &fault))
        return true;
    return refuse(exchange, 400, fault.code, fault.message, fault.param);
}

/* ---- the hold ---- */

static void on_hold_returned(struct job *job)
{
    struct exchange *exchange =
        (struct exchange *)(void *)((char *)job - offsetof(struct exchange, hold.job));
    exchange->hold_pending = false;
    failpoint_reach(FAILPOINT_HOLD_DURABLE);
    if (!exchange->hold.durable)
        exchange_lose_hold(exchange);
    else if (exchange->void_wanted)
        exchange_void(exchange);
    if (exchange->charge_wanted)
        departure_hold_durable(exchange);
    relay_hold_decided(exchange);
}

/* The affordable answer for each of the n choices; < 1: none. */
static int64_t affordable(const struct exchange *exchange, const struct cost_ceiling *need,
                          int64_t available_nusd)
{
    int64_t choices = exchange->chat.choices;
    int64_t most = need->output_tokens_max;
    if (need->output_tokens_allowed > 0 && need->output_tokens_allowed < most)
        most = need->output_tokens_allowed;
    return money_affordable_output(&need->prices, need->input_tokens_max, most * choices,
                                   need->margin_ppm, available_nusd) /
           choices;
}

static bool refuse_money(struct exchange *exchange, const struct cost_ceiling *need,
                         int64_t required_nusd, enum hold_outcome outcome,
                         const struct hold_refusal *refusal)
{
    char available[MONEY_TEXT_BYTES];
    char required[MONEY_TEXT_BYTES];
    char budget[MONEY_TEXT_BYTES];
    char spent[MONEY_TEXT_BYTES];
    char resets[CLOCK_TEXT_BYTES];
    char url[DASHBOARD_URL_BYTES];
    char message[sizeof url + 320]; /* with the address: agents show nothing else */
    struct buffer metadata;
    bool of_key = outcome == HOLD_BUDGET;
    int64_t tokens = affordable(exchange, need, refusal->available_nusd);
    money_format_short(refusal->available_nusd, available);
    money_format_short(required_nusd, required);
    money_format_short(refusal->budget_nusd, budget);
    money_format_short(refusal->spent_nusd, spent);
    struct answer_error error = {.status = 402, .message = message};
    buffer_init(&metadata, 8192);
    dashboard_url_format(exchange->env->public_url, of_key ? "keys" : "credits", url);
    if (of_key) {
        error.code = "key_budget_exceeded";
        snprintf(message, sizeof message,
                 "This key's budget of $%s is spent or reserved; this request could cost up to "
                 "$%s. Raise the budget, or use another key: %s",
                 budget, required, url);
        buffer_printf(&metadata,
                      "{\"scope\":\"key\",\"limit\":\"%s\",\"spent\":\"%s\","
                      "\"required\":\"%s\",\"affordable_max_tokens\":%lld,\"resets_at\":",
                      budget, spent, required, (long long)(tokens > 0 ? tokens : 0));
        if (refusal->resets_ms > 0)
            json_write_text(&metadata, clock_format(refusal->resets_ms, resets));
        else
            buffer_append_text(&metadata, "null");
        buffer_append_char(&metadata, '}');
    } else {
        error.code = "insufficient_credits";
        snprintf(message, sizeof message,
                 "Not enough credits: $%s are available, this request could cost up to $%s. Ask "
                 "for fewer tokens (max_tokens), or add credits: %s",
                 available, required, url);
        buffer_printf(&metadata,
                      "{\"available\":\"%s\",\"required\":\"%s\",\"affordable_max_tokens\":%lld,"
                      "\"topup_url\":",
                      available, required, (long long)(tokens > 0 ? tokens : 0));
        dashboard_url_write_topup(exchange->env->public_url, &metadata);
        buffer_append_char(&metadata, '}');
    }
    buffer_append_char(&metadata, '\0');
    error.metadata = metadata.data;
    exchange_refuse(exchange, &error);
    buffer_fini(&metadata);
    return false;
}

/* The operator has corrected more than was there. */
static bool refuse_debtor(struct exchange *exchange, const struct hold_refusal *refusal)
{
    char owed[MONEY_TEXT_BYTES];
    char message[256];
    struct buffer metadata;
    money_format_short(refusal->owed_nusd, owed);
    snprintf(message, sizeof message,
             "This account owes $%s after a correction by the operator. Add credits: they pay that "
             "first, then calls work again.",
             owed);
    buffer_init(&metadata, 8192);
    buffer_printf(&metadata, "{\"available\":\"0\",\"owed\":\"%s\",\"topup_url\":", owed);
    dashboard_url_write_topup(exchange->env->public_url, &metadata);
    buffer_append_text(&metadata, "}");
    buffer_append_char(&metadata, '\0');
    const struct answer_error error = {.status = 402,
                                       .code = "insufficient_credits",
                                       .message = message,
                                       .metadata = metadata.data};
    exchange_refuse(exchange, &error);
    buffer_fini(&metadata);
    return false;
}

static bool refuse_hold(struct exchange *exchange, const struct cost_ceiling *need,
                        int64_t required_nusd, enum hold_outcome outcome,
                        const struct hold_refusal *refusal)
{
    struct answer_error error = {.status = 503, .retry_after_ms = 1000};
    switch (outcome) {
    case HOLD_INSUFFICIENT:
    case HOLD_BUDGET:
        return refuse_money(exchange, need, required_nusd, outcome, refusal);
    case HOLD_DEBT:
        return refuse_debtor(exchange, refusal);
    case HOLD_UNKNOWN:
        return refuse(exchange, 401, "invalid_api_key", "This API key has been deleted.", NULL);
    case HOLD_FULL:
        error.code = "overloaded";
        error.message =
            "The gateway has more requests under way than it can account for. Try again soon.";
        break;
    default:
        exchange_refuse_unwritable(exchange);
        return false;
    }
    exchange_refuse(exchange, &error);
    return false;
}

static bool worst_case(const struct exchange *exchange, const struct cost_ceiling *need,
                       int64_t output_tokens, int64_t *out_nusd)
{
    const struct token_counts tokens = {.input = need->input_tokens_max,
                                        .output = output_tokens * exchange->chat.choices};
    return money_charge(&need->prices, &tokens, need->margin_ppm, out_nusd);
}

static enum hold_outcome try_hold(struct exchange *exchange, int64_t amount_nusd,
                                  struct hold_refusal *refusal)
{
    struct ledger_hold *hold = &exchange->hold;
    memset(hold, 0, sizeof *hold);
    hold->job.reply_queue = exchange->env->queue;
    hold->job.done = on_hold_returned;
    hold->exchange_id = exchange->id;
    hold->account_id = exchange->key.account_id;
    hold->key_id = exchange->key.key_id;
    hold->amount_nusd = amount_nusd;
    hold->created_ms = exchange->created_ms;
    hold->expires_ms = exchange->created_ms + exchange->env->hold_expiry_ms;
    return ledger_hold(exchange->env->store, hold, refusal);
}

/* What an answer may be capped at where the money is short: 0: it may not. A client that has
 * named its longest answer wants all of it, or to know; but of a stream longer than a chunk it
 * gets what it can pay, for agents name far more than they need. */
static int64_t least_cap(const struct exchange *exchange)
{
    int64_t stated = exchange->chat.output_tokens;
    if (stated <= 0)
        return 1;
    return exchange->budget.chunked && stated > HOLD_CHUNK_TOKENS ? HOLD_CHUNK_TOKENS : 0;
}

/* The amount to be held now for an answer of up to `output_tokens` a choice, when
 * `available_nusd` is there. Where that is too little for all of it, and the client has left it
 * open, the answer is capped. */
static int64_t plan_hold(struct exchange *exchange, const struct cost_ceiling *need,
                         int64_t output_tokens, int64_t available_nusd)
{
    struct stream_budget *budget = &exchange->budget;
    int64_t amount_nusd;
    check(worst_case(exchange, need, output_tokens, &amount_nusd)); /* looked at before */
    budget->capped = false;
    if (amount_nusd > available_nusd && least_cap(exchange) > 0) {
        int64_t tokens = affordable(exchange, need, available_nusd);
        if (tokens < least_cap(exchange))
            return amount_nusd; /* to be refused */
        budget->capped = true;
        budget->short_of =
            ledger_short_of(exchange->env->store, &exchange->key.account_id, &exchange->key.key_id);
        output_tokens = exchange->budget.output_tokens_max = tokens;
    }
    budget->input_tokens_max = need->input_tokens_max;
    budget->output_tokens_most = output_tokens * exchange->chat.choices;
    if (budget->chunked && output_tokens > HOLD_CHUNK_TOKENS)
        output_tokens = HOLD_CHUNK_TOKENS;
    check(worst_case(exchange, need, output_tokens, &amount_nusd));
    return amount_nusd;
}

static enum hold_outcome find_hold(struct exchange *exchange, const struct cost_ceiling *need,
                                   int64_t output_tokens, struct hold_refusal *refusal)
{
    struct stream_budget *budget = &exchange->budget;
    int64_t said_max = exchange->budget.output_tokens_max;
    enum hold_outcome outcome = HOLD_INSUFFICIENT;
    refusal->available_nusd = INT64_MAX;
    if (budget->chunked) /* a chunk is soon taken: what matters is whether all could be */
        refusal->available_nusd = ledger_available_nusd(
            exchange->env->store, &exchange->key.account_id, &exchange->key.key_id);
    /* Others may take from the same balance between our look and our hold: hence a few tries. */
    for (unsigned i = 0; i < HOLD_TRIES; i++) {
        exchange->budget.output_tokens_max = said_max;
        int64_t amount_nusd = plan_hold(exchange, need, output_tokens, refusal->available_nusd);
        outcome = try_hold(exchange, amount_nusd, refusal);
        if (outcome != HOLD_INSUFFICIENT && outcome != HOLD_BUDGET)
            break;
        if (least_cap(exchange) == 0 ||
            affordable(exchange, need, refusal->available_nusd) < least_cap(exchange))
            break;
    }
    return outcome;
}

/* As many as the model's reported calls let us expect, and a margin (rates.h), but no token is
 * shorter than a byte; what nobody can foresee (a file) fills the context. What a provider counts
 * above that is asked of the wallet when the call ends. */
static int64_t most_input_tokens(const struct exchange *exchange, const struct cost_ceiling *need)
{
    const struct prompt *prompt = &exchange->chat.prompt;
    int64_t tokens = rates_tokens_held(&exchange->rates.input, &prompt->mix, prompt->text_bytes) +
                     prompt_template_tokens(prompt);
    if (tokens > prompt->bytes_most)
        tokens = prompt->bytes_most;
    tokens +=
        prompt->audio_bytes / PROMPT_AUDIO_BYTES_MIN + prompt->image_count * need->image_tokens_max;
    return prompt->opaque_count > 0 || tokens > need->context ? need->context : tokens;
}

/* Where servers say how much they take. What they said last may be out of date: so it decides what
 * is held, and what was stated, where it was, what may be charged. */
static void learn_context(const struct exchange *exchange, const struct cost_ceiling *offered,
                          struct cost_ceiling *need)
{
    if (offered->asked != NULL)
        need->context =
            survey_context_tokens(exchange->env->survey, offered->asked, offered->context);
    if (need->image_tokens_max == 0)
        need->image_tokens_max = need->context;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* `stated_context`: as models.lua states it, or 0. */
static bool hold(struct exchange *exchange, const struct cost_ceiling *need, int64_t stated_context)
{
    check(!exchange->hold_pending && !exchange->hold_open && !exchange->settlement_pending);
    const struct chat_request *chat = &exchange->chat;
    int64_t output = need->output_tokens_max;
    if (chat->output_tokens > 0 && chat->output_tokens < output)
        output = chat->output_tokens;
    exchange->budget.output_tokens_max = 0;
    if (need->output_tokens_allowed > 0 && need->output_tokens_allowed < output)
        output = exchange->budget.output_tokens_max = need->output_tokens_allowed;
    bool asked = chat->output_tokens > 0 || exchange->budget.output_tokens_max > 0;
    exchange->budget.output_tokens_asked = asked ? output * chat->choices : 0;
    int64_t longest_nusd;
    int64_t held = least(output, need->context);
    if (!worst_case(exchange, need, held, &longest_nusd))
        return refuse(
            exchange, 400, "invalid_value",
            "This request could cost more than the gateway can count; ask for fewer tokens.",
            "max_tokens");
    exchange->charge_limits = (struct charge_limits){
        .context_tokens = stated_context > 0 ? stated_context : need->context,
        .input_tokens = need->input_tokens_max,
        .image_tokens = need->image_tokens_max,
        .output_tokens = output * chat->choices};
    exchange->budget.choices = chat->choices;
    exchange->budget.chunked = chat->streamed && !need->output_hidden;
    struct hold_refusal refusal;
    enum hold_outcome outcome = find_hold(exchange, need, held, &refusal);
    if (outcome != HOLD_ACCEPTED)
        return refuse_hold(exchange, need, longest_nusd, outcome, &refusal);
    exchange->hold_pending = exchange->hold_open = true;
    exchange_enter(exchange, EXCHANGE_HELD);
    failpoint_reach(FAILPOINT_AFTER_HOLD);
    return true;
}

static bool refuse_content(struct exchange *exchange, const char *what)
{
    char message[192];
    snprintf(
        message, sizeof message,
        "This model reads no %s. Leave them out, or ask a model that does: GET /v1/models says "
        "which (architecture.input_modalities).",
        what);
    return refuse(exchange, 400, "unsupported_content", message, "messages");
}

/* What the model's entry does not name is not sent: its provider would refuse it, or leave it out
 * and answer as if it had read it. */
static bool takes_content(struct exchange *exchange, const struct cost_ceiling *need)
{
    const struct prompt *prompt = &exchange->chat.prompt;
    if (prompt->image_count > 0 && !need->takes_images)
        return refuse_content(exchange, "images");
    if (prompt->audio_count > 0 && !need->takes_audio)
        return refuse_content(exchange, "sound recordings");
    if (prompt->file_count > 0 && !need->takes_files)
        return refuse_content(exchange, "files");
    return true;
}

bool exchange_hold(struct exchange *exchange, const struct cost_ceiling *offered)
{
    struct cost_ceiling need = *offered;
    if (!takes_content(exchange, offered))
        return false;
    rates_get(exchange->env->rates, exchange->chat.model, &exchange->rates);
    learn_context(exchange, offered, &need);
    need.input_tokens_max = most_input_tokens(exchange, &need);
    return hold(exchange, &need, offered->context);
}
