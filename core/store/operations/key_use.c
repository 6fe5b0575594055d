/* What a key has used and may use, as OpenRouter's GET key tells it. */
#include <stdio.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/period.h"
#include "store/operations/operations.h"

#define HOUR_MS INT64_C(3600000)

enum { ID, PREFIX, LAST4, BUDGET, PERIOD, SPENT, USER, ACCOUNT };

/* What was spent since the period began. */
static int64_t spent_in(struct db *db, struct row *row, enum period period, int64_t now_ms)
{
    if (period == PERIOD_NONE)
        return column_int(row, SPENT);
    return db_number(db,
                     "SELECT sum(charge_nusd) FROM hourly WHERE account_id = ?1 AND key_id = ?2"
                     " AND hour >= ?3",
                     DB_VALUES(bind_text(column_text(row, ACCOUNT)),
                               bind_text(column_text(row, ID)),
                               bind_int(period_start_ms(period, now_ms) / HOUR_MS)),
                     0);
}

static void render_limit(struct buffer *out, struct row *row, const int64_t spent_nusd[])
{
    static const char *const resets[] = {[PERIOD_NONE] = "",
                                         [PERIOD_DAY] = "daily",
                                         [PERIOD_WEEK] = "weekly",
                                         [PERIOD_MONTH] = "monthly"};
    enum period period = PERIOD_NONE;
    if (column_null(row, BUDGET)) {
        json_writer_null(out, "limit");
        json_writer_null(out, "limit_remaining");
        json_writer_null(out, "limit_reset");
        return;
    }
    (void)period_parse(column_text(row, PERIOD), &period); /* the table allows no other */
    int64_t left_nusd = column_int(row, BUDGET) - spent_nusd[period];
    json_writer_money_number(out, "limit", column_int(row, BUDGET));
    json_writer_money_number(out, "limit_remaining", left_nusd > 0 ? left_nusd : 0);
    json_writer_text_or_null(out, "limit_reset", resets[period]);
}

static void render(struct buffer *out, struct db *db, struct row *row)
{
    static const char *const names[] = {[PERIOD_NONE] = "usage",
                                        [PERIOD_DAY] = "usage_daily",
                                        [PERIOD_WEEK] = "usage_weekly",
                                        [PERIOD_MONTH] = "usage_monthly"};
    static const char *const byok[] = {"byok_usage", "byok_usage_daily", "byok_usage_weekly",
                                       "byok_usage_monthly"};
    int64_t spent_nusd[PERIOD_MONTH + 1];
    char label[64];
    int64_t now_ms = clock_wall_ms();
    snprintf(label, sizeof label, "%.32s...%.8s", column_text(row, PREFIX),
             column_text(row, LAST4));
    json_writer_object(out, NULL);
    json_writer_text(out, "label", label);
    for (enum period period = PERIOD_NONE; period <= PERIOD_MONTH; period++) {
        spent_nusd[period] = spent_in(db, row, period, now_ms);
        json_writer_money_number(out, names[period], spent_nusd[period]);
        json_writer_int(out, byok[period], 0); /* nobody brings a provider's key */
    }
    render_limit(out, row, spent_nusd);
    json_writer_bool(out, "include_byok_in_limit", false);
    json_writer_bool(out, "is_free_tier", false);
    json_writer_bool(out, "is_management_key", false);
    json_writer_bool(out, "is_provisioning_key", false);
    json_writer_text(out, "creator_user_id", column_text(row, USER));
    json_writer_object_end(out);
}

bool keys_use(struct store_call *call, struct db *db)
{
    struct row *row = db_bind(db,
                              "SELECT k.id, k.prefix, k.last4, k.budget_nusd, k.budget_period,"
                              " coalesce(t.spent_nusd, 0), k.user_id, k.account_id"
                              " FROM keys k LEFT JOIN key_totals t ON t.key_id = k.id"
                              " WHERE k.id = ?1 AND k.deleted_ms IS NULL",
                              call->args, 1);
    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "there is no such key");
    render(&call->result, db, row);
    db_leave(row);
    return true;
}
