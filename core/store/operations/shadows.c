/* Shadows: calls whose answer nobody gets. The operator pays them, so their cost moves from revenue
 * to the provider, and to no customer. What they may cost in a day is decided here, in the
 * transaction that notes one: so the limit holds over workers, reloads and crashes. */
#include <string.h>

#include "base/clock.h"
#include "store/books/posting.h"
#include "store/operations/operations.h"

#define DAY_MS INT64_C(86400000)

/* What counts against the limit of the model and the day. */
static bool count(struct db *db, const char *model, int64_t day, int64_t nusd, int64_t left_out)
{
    return db_run(db,
                  "INSERT INTO shadow_days (model, day, counted_nusd, left_out)"
                  " VALUES (?1, ?2, max(?3, 0), ?4) ON CONFLICT (model, day) DO UPDATE"
                  " SET counted_nusd = counted_nusd + ?3, left_out = left_out + ?4",
                  DB_VALUES(bind_text(model), bind_int(day), bind_int(nusd), bind_int(left_out)));
}

/* id exchange_id model provider provider_model policy_revision streamed held_nusd limit_nusd
 * created_ms */
bool shadows_begin(struct store_call *call, struct db *db)
{
    const char *model = operations_text(call, 2);
    int64_t held_nusd = operations_int(call, 7);
    int64_t limit_nusd = operations_int(call, 8);
    int64_t day = operations_int(call, 9) / DAY_MS;
    int64_t counted_nusd =
        db_number(db, "SELECT counted_nusd FROM shadow_days WHERE model = ?1 AND day = ?2",
                  DB_VALUES(bind_text(model), bind_int(day)), 0);
    if (held_nusd > limit_nusd - counted_nusd)
        return count(db, model, day, 0, 1) && buffer_append_text(&call->result, SHADOW_LEFT_OUT);
    return db_run(db,
                  "INSERT INTO shadows (id, exchange_id, model, provider, provider_model,"
                  " policy_revision, streamed, held_nusd, created_ms)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                  DB_VALUES(call->args[0], call->args[1], call->args[2], call->args[3],
                            call->args[4], call->args[5], call->args[6], call->args[7],
                            call->args[9])) &&
           count(db, model, day, held_nusd, 0) && buffer_append_text(&call->result, SHADOW_HELD);
}

/* The shadow as it was noted. */
struct noted {
    int64_t seq;
    int64_t held_nusd;
    int64_t day;
    char model[LIMIT_MODEL_NAME_BYTES];
};

static bool find(struct store_call *call, struct db *db, struct noted *out)
{
    struct row *row = db_bind(db,
                              "SELECT seq, held_nusd, created_ms, model FROM shadows s WHERE"
                              " id = ?1 AND NOT EXISTS (SELECT 1 FROM shadow_results r"
                              "  WHERE r.seq = s.seq)",
                              call->args, 1);
    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "no such shadow runs");
    out->seq = column_int(row, 0);
    out->held_nusd = column_int(row, 1);
    out->day = column_int(row, 2) / DAY_MS;
    slice_copy(slice_of(column_text(row, 3)), out->model, sizeof out->model);
    db_leave(row);
    return true;
}

/* id outcome source finish_reason provider status input_tokens cached_input_tokens output_tokens
 * cost_nusd first_byte_us total_us */
bool shadows_end(struct store_call *call, struct db *db)
{
    int64_t now_ms = clock_wall_ms();
    int64_t cost_nusd = operations_int(call, 9);
    struct noted noted = {.seq = 0};
    if (!find(call, db, &noted))
        return false;
    int64_t counted_nusd = cost_nusd < 0 ? noted.held_nusd : cost_nusd;
    cost_nusd = cost_nusd < 0 ? 0 : cost_nusd;
    return db_run(db,
                  "INSERT INTO shadow_results (seq, outcome, source, finish_reason, status,"
                  " input_tokens, cached_input_tokens, output_tokens, cost_nusd, counted_nusd,"
                  " first_byte_us, total_us, ended_ms)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                  DB_VALUES(bind_int(noted.seq), call->args[1], call->args[2], call->args[3],
                            call->args[5], call->args[6], call->args[7], call->args[8],
                            bind_int(cost_nusd), bind_int(counted_nusd), call->args[10],
                            call->args[11], bind_int(now_ms))) &&
           count(db, noted.model, noted.day, counted_nusd - noted.held_nusd, 0) &&
           posting_own_cost(db, "shadow", operations_text(call, 0), operations_text(call, 4),
                            cost_nusd, now_ms) &&
           buffer_append_text(&call->result, "{}");
}
