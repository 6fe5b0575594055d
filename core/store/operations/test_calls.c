/* Test calls: what an administrator asks of one provider. Their cost moves from revenue to the
 * provider, like that of shadows and hedges. */
#include "base/clock.h"
#include "base/json_writer.h"
#include "store/books/posting.h"
#include "store/operations/audit_log.h"
#include "store/operations/operations.h"

static bool note_act(struct store_call *call, struct db *db, const char *id)
{
    struct buffer detail;
    buffer_init(&detail, 4096);
    json_writer_object(&detail, NULL);
    json_writer_text(&detail, "provider", operations_text(call, 1));
    json_writer_text(&detail, "model", operations_text(call, 2));
    if (operations_int(call, 3) > 0)
        json_writer_int(&detail, "key", operations_int(call, 3));
    if (operations_int(call, 4) != 0)
        json_writer_bool(&detail, "stream", true);
    bool ok = audit_log_note(call, db, "", id, &detail);
    buffer_fini(&detail);
    return ok;
}

/* model provider provider_model key streamed */
bool test_calls_begin(struct store_call *call, struct db *db)
{
    struct id id;
    id_make(&id, "req");
    if (!db_run(db,
                "INSERT INTO test_calls (id, model, provider, provider_model, created_ms)"
                " VALUES (?1, ?2, ?3, ?4, ?5)",
                DB_VALUES(bind_text(id.text), call->args[0], call->args[1], call->args[2],
                          bind_int(clock_wall_ms()))) ||
        !note_act(call, db, id.text))
        return false;
    json_writer_object(&call->result, NULL);
    json_writer_text(&call->result, "id", id.text);
    json_writer_object_end(&call->result);
    return true;
}

/* One that has no result yet: its number, and whose cost it is. Returns false with call->fault. */
static bool find(struct store_call *call, struct db *db, int64_t *seq, char provider[64])
{
    struct row *row = db_bind(db,
                              "SELECT seq, provider FROM test_calls t WHERE id = ?1 AND NOT EXISTS"
                              " (SELECT 1 FROM test_call_results r WHERE r.seq = t.seq)",
                              call->args, 1);
    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "no such test call runs");
    *seq = column_int(row, 0);
    slice_copy(slice_of(column_text(row, 1)), provider, 64);
    db_leave(row);
    return true;
}

/* id outcome words source finish_reason status input_tokens cached_input_tokens output_tokens
 * cost_nusd total_us */
bool test_calls_end(struct store_call *call, struct db *db)
{
    int64_t now_ms = clock_wall_ms();
    int64_t cost_nusd = operations_int(call, 9);
    bool unseen = cost_nusd < 0;
    int64_t seq = 0;
    char provider[64];
    if (!find(call, db, &seq, provider))
        return false;
    cost_nusd = unseen ? 0 : cost_nusd;
    return db_run(db,
                  "INSERT INTO test_call_results (seq, outcome, words, source, finish_reason,"
                  " status, input_tokens, cached_input_tokens, output_tokens, cost_nusd,"
                  " billed_unseen, total_us, ended_ms)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                  DB_VALUES(bind_int(seq), call->args[1], call->args[2], call->args[3],
                            call->args[4], call->args[5], call->args[6], call->args[7],
                            call->args[8], bind_int(cost_nusd), bind_int(unseen), call->args[10],
                            bind_int(now_ms))) &&
           posting_own_cost(db, "test_call", operations_text(call, 0), provider, cost_nusd,
                            now_ms) &&
           buffer_append_text(&call->result, "{}");
}

/* id */
bool test_calls_get(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct row *row =
        db_bind(db,
                "SELECT t.id, t.model, t.provider, t.provider_model, r.outcome, r.words, r.status,"
                " r.finish_reason, r.input_tokens + r.cached_input_tokens, r.output_tokens,"
                " r.cost_nusd, r.billed_unseen, r.total_us"
                " FROM test_calls t JOIN test_call_results r ON r.seq = t.seq WHERE t.id = ?1",
                call->args, 1);
    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "no such test call has ended");
    json_writer_object(out, NULL);
    json_writer_text(out, "id", column_text(row, 0));
    json_writer_text(out, "model", column_text(row, 1));
    json_writer_text(out, "provider", column_text(row, 2));
    json_writer_text(out, "provider_model", column_text(row, 3));
    json_writer_text(out, "outcome", column_text(row, 4));
    json_writer_text_or_null(out, "words", column_text(row, 5));
    json_writer_int_or_null(out, "status", column_int(row, 6) > 0, column_int(row, 6));
    json_writer_text_or_null(out, "finish_reason", column_text(row, 7));
    json_writer_int(out, "input_tokens", column_int(row, 8));
    json_writer_int(out, "output_tokens", column_int(row, 9));
    json_writer_money(out, "cost", column_int(row, 10));
    json_writer_bool(out, "billed_unseen", column_int(row, 11) != 0);
    json_writer_int(out, "total_ms", column_int(row, 12) / 1000);
    json_writer_object_end(out);
    db_leave(row);
    return db->failure == 0;
}
