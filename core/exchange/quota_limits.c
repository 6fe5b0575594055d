#include "exchange/quota_limits.h"

#include "base/check.h"
#include "base/clock.h"
#include "exchange/exchange_internal.h"
#include "exchange/quota_text.h"

enum { BUSY_RETRY_MS = 1000 };

void quota_limits_told(struct exchange *exchange)
{
    if (exchange->quotas == NULL)
        return;
    struct quota_rule rule;
    struct quota_view view;
    for (size_t i = 0; quotas_rule(exchange->quotas, i, &rule); i++) {
        quotas_look(exchange->quotas, i, exchange->created_ms, &view);
        const struct limit_state state = {.limit = view.limit,
                                          .remaining = quota_text_left(&view),
                                          .reset_ms = view.ends_ms - exchange->created_ms};
        rate_limits_note(exchange, (enum limit_kind)rule.unit, &state);
    }
}

bool quota_limits_shortage(const struct exchange *exchange, int64_t more_nusd,
                           struct hold_refusal *refusal)
{
    struct quota_rule rule;
    for (size_t i = 0; exchange->quotas != NULL && quotas_rule(exchange->quotas, i, &rule); i++) {
        struct quota_view view;
        quotas_look(exchange->quotas, i, exchange->created_ms, &view);
        if (rule.unit != QUOTA_USD || quota_text_left(&view) >= more_nusd)
            continue;
        refusal->quota = (struct quota_refusal){.at = i, .required = more_nusd, .view = view};
        return true;
    }
    return false;
}

static int64_t retry_after(const struct quota_refusal *refusal, int64_t now_ms)
{
    const struct quota_view *view = &refusal->view;
    if (refusal->required > view->limit)
        return 0;
    if (view->used + refusal->required <= view->limit)
        return BUSY_RETRY_MS;
    return view->ends_ms > now_ms ? view->ends_ms - now_ms : 1;
}

bool quota_limits_pass(const struct quota_claim *claim, int64_t nusd, int64_t now_ms,
                       int64_t *retry_after_ms)
{
    struct quota_refusal refusal = {0};
    if (claim == NULL || quotas_would_take(claim, nusd, now_ms, &refusal))
        return true;
    *retry_after_ms = retry_after(&refusal, now_ms);
    return false;
}

void quota_limits_refuse(struct exchange *exchange, const struct quota_refusal *refusal)
{
    struct quota_rule rule;
    struct buffer metadata;
    char resets_at[CLOCK_TEXT_BYTES];
    char message[640];
    check(quotas_rule(exchange->quotas, refusal->at, &rule));
    quota_limits_told(exchange);
    quota_text_explain(&rule, refusal, clock_format(refusal->view.ends_ms, resets_at), message,
                       sizeof message);
    buffer_init(&metadata, 8192);
    quota_text_metadata(&rule, &refusal->view, refusal->required, &metadata);
    buffer_append_char(&metadata, '\0');
    bool never = refusal->required > refusal->view.limit;
    const struct answer_error error = {.status = 429,
                                       .code = "quota_exceeded",
                                       .message = message,
                                       .metadata = metadata.data,
                                       .retry_after_ms = retry_after(refusal, clock_wall_ms()),
                                       .final = never};
    exchange_refuse(exchange, &error);
    buffer_fini(&metadata);
}
