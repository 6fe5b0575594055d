/* What the operations on usage share: time windows, sums, and how a record is shown. Inside the
 * store floor only; on the reports threads. */
#ifndef STORE_QUESTIONS_USAGE_REPORTS_H
#define STORE_QUESTIONS_USAGE_REPORTS_H

#include <stdint.h>

#include "base/zone.h"
#include "store/call.h"
#include "store/engine/db.h"
#include "store/usage.h"

#define USAGE_HOUR_MS INT64_C(3600000)

/* A time window, from (inclusive) to (exclusive), and the whole hours in it. Its records outside of
 * whole hours lie before `hour_from`, or from `hour_to` on. */
struct usage_window {
    int64_t from_ms;
    int64_t to_ms;
    int64_t hour_from;
    int64_t hour_to; /* exclusive */
};

/* The viewer's zone, from an argument that may be null (UTC). False: call->fault is set. */
bool usage_reports_zone(struct store_call *call, size_t at, struct zone *out);
/* Reads the window from two arguments, which may be null. False: one is a text, but no date. */
bool usage_reports_window(struct store_call *call, size_t from_at, size_t to_at,
                          const struct zone *zone, struct usage_window *out);
/* A summary has all its groups or none: a part would not add up to its totals. */
enum { USAGE_GROUPS_MAX = 20000 };
bool usage_reports_too_many_groups(struct store_call *call); /* sets the fault; returns false */
/* Adds `totals` of one model and key, or of all (null). */
void usage_reports_totals(struct store_call *call, struct db *db, const struct usage_window *window,
                          struct store_value model, struct store_value key);

/* A record as customers see it, from `usage u LEFT JOIN keys k`; rendered without its closing
 * brace. */
#define USAGE_RECORD_COLUMNS                                                                       \
    "u.exchange_id, u.created_ms, u.model, u.provider, u.key_id, k.name, u.status, u.streamed,"    \
    " u.input_tokens, u.cached_input_tokens, u.output_tokens, u.reasoning_tokens, u.charge_nusd,"  \
    " u.source, u.finish_reason, u.error_code, u.attempts, u.first_byte_us, u.total_us, u.seq"
enum {
    USAGE_MODEL = 2,
    USAGE_KEY_ID = 4,
    USAGE_CREATED_MS = 1,
    USAGE_ATTEMPTS = 16,
    USAGE_SEQ = 19,
    USAGE_RECORD_COLUMN_COUNT = 20
};
void usage_reports_record(struct buffer *out, struct row *row, bool provider_shown);
/* The member `conditions`: the words that decided the prices. */
void usage_reports_conditions(struct buffer *out, const struct usage_facts *facts);
/* The member `canary`: whether the model's canary has answered; null if the caller may not see who
 * answers. */
void usage_reports_canary(struct buffer *out, struct row *row, const struct usage_facts *facts,
                          bool provider_shown);
/* Whether the caller may see the provider: the operator always, customers if the operator allows
 * it. */
bool usage_reports_shows_provider(const struct store_call *call);

#endif
