/* Hedges: the second request of a call. The customer pays once; what the answer costs that came too
 * late moves from revenue to its provider, like the cost of a shadow. */
#include "base/clock.h"
#include "store/books/posting.h"
#include "store/operations/operations.h"

/* id exchange_id model provider provider_model policy_revision held_nusd created_ms */
bool hedges_begin(struct store_call *call, struct db *db)
{
    return db_run(
               db,
               "INSERT INTO hedges (id, exchange_id, model, provider, provider_model,"
               " policy_revision, held_nusd, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
               call->args, 8) &&
           buffer_append_text(&call->result, "{}");
}

/* The number of one that has no result yet; -1: call->fault is set. */
static int64_t find(struct store_call *call, struct db *db)
{
    int64_t seq = db_number(db,
                            "SELECT seq FROM hedges h WHERE id = ?1 AND NOT EXISTS"
                            " (SELECT 1 FROM hedge_results r WHERE r.seq = h.seq)",
                            call->args, 1, -1);
    if (seq < 0)
        (void)fault_set(&call->fault, "not_found", "no such hedge runs");
    return seq;
}

/* id won outcome source finish_reason provider provider_model status input_tokens
 * cached_input_tokens output_tokens cost_nusd total_us */
bool hedges_end(struct store_call *call, struct db *db)
{
    int64_t now_ms = clock_wall_ms();
    int64_t cost_nusd = operations_int(call, 11);
    bool unseen = cost_nusd < 0;
    int64_t seq = find(call, db);
    cost_nusd = unseen ? 0 : cost_nusd;
    return seq >= 0 &&
           db_run(db,
                  "INSERT INTO hedge_results (seq, won, outcome, source, finish_reason, provider,"
                  " provider_model, status, input_tokens, cached_input_tokens, output_tokens,"
                  " cost_nusd, billed_unseen, total_us, ended_ms)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
                  DB_VALUES(bind_int(seq), call->args[1], call->args[2], call->args[3],
                            call->args[4], call->args[5], call->args[6], call->args[7],
                            call->args[8], call->args[9], call->args[10], bind_int(cost_nusd),
                            bind_int(unseen), call->args[12], bind_int(now_ms))) &&
           posting_own_cost(db, "hedge", operations_text(call, 0), operations_text(call, 5),
                            cost_nusd, now_ms) &&
           buffer_append_text(&call->result, "{}");
}
