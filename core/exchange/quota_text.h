/* What clients are told of quotas: in messages, and as metadata. Pure. */
#ifndef EXCHANGE_QUOTA_TEXT_H
#define EXCHANGE_QUOTA_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "store/quotas.h"

/* What is neither used nor held. */
int64_t quota_text_left(const struct quota_view *view);
/* Why a request does not fit: "Quota reached: $1 a day for this key; $0.2 left, ..." */
void quota_text_explain(const struct quota_rule *rule, const struct quota_refusal *refusal,
                        const char *resets_at, char *out, size_t out_bytes);
/* Appends the quota as a JSON object; `required` < 0: nothing was asked of it. */
void quota_text_metadata(const struct quota_rule *rule, const struct quota_view *view,
                         int64_t required, struct buffer *out);
/* Appends why a stream ends: the message as JSON, then the members `scope` and `quota`, of the
 * claim's quota of money with the least left. */
void quota_text_end(const struct quota_claim *claim, int64_t at_ms, struct buffer *out);

#endif
