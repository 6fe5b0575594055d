/* The operations on turns that the gateway itself keeps for accounts. */
#include "store/turns.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "store/books/turns_table.h"
#include "store/operations/operations.h"

static bool add(struct store_call *call, struct db *db, bool begins)
{
    struct id account_id;
    struct buffer sealed;
    buffer_init(&sealed, LIMIT_KEPT_TURN_BYTES);
    bool good = id_parse(call->args[0].text, "acct", &account_id) &&
                base64_decode(call->args[2].text, &sealed);
    if (!good) {
        buffer_fini(&sealed);
        return fault_set(&call->fault, "invalid_value", "a turn has an account and a sealed text");
    }
    const struct made_turn turn = {
        .terms = {.keep_ms = call->args[3].number, .bytes_max = call->args[4].number},
        .conversation_id = call->args[1].text,
        .begins = begins,
        .sealed = buffer_slice(&sealed)};
    const char *why = NULL;
    if (!turns_table_goes_on(db, &account_id, &turn))
        why = "this conversation is no longer kept";
    else if (!turns_table_has_room(db, &account_id, &turn))
        why = "this conversation has no room for more: begin a new one";
    if (why != NULL && db->failure == 0) {
        buffer_fini(&sealed);
        return fault_set(&call->fault, "not_found", "%s", why);
    }
    good = turns_table_add(db, &account_id, &turn, clock_wall_ms()) &&
           buffer_append_text(&call->result, "{}");
    buffer_fini(&sealed);
    return good;
}

bool turns_begin(struct store_call *call, struct db *db)
{
    return add(call, db, true);
}

bool turns_add(struct store_call *call, struct db *db)
{
    return add(call, db, false);
}

/* Its items are still known as the account's, but nothing stands behind them: to find them would
 * take a look at all that the account has. */
bool turns_delete_response(struct store_call *call, struct db *db)
{
    return db_run(db,
                  "UPDATE kept_turns SET response_id = '' WHERE account_id = ?1"
                  " AND response_id = ?2 AND response_id <> '' AND conversation_id <> ''",
                  call->args, 2) &&
           db_run(db,
                  "DELETE FROM kept_turns WHERE account_id = ?1 AND response_id = ?2"
                  " AND response_id <> ''",
                  call->args, 2) &&
           db_run(db, "DELETE FROM provider_objects WHERE account_id = ?1 AND id = ?2", call->args,
                  2) &&
           buffer_append_text(&call->result, "{}");
}

bool turns_delete_conversation(struct store_call *call, struct db *db)
{
    return db_run(db,
                  "DELETE FROM kept_turns WHERE account_id = ?1 AND conversation_id = ?2"
                  " AND conversation_id <> ''",
                  call->args, 2) &&
           db_run(db, "DELETE FROM provider_objects WHERE account_id = ?1 AND id = ?2", call->args,
                  2) &&
           buffer_append_text(&call->result, "{}");
}

/* account_id cursor? limit. The oldest first, so what is kept meanwhile comes too; sealed. */
bool turns_list(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    int64_t limit, after = 0, last = 0, count = 0;
    if (!operations_limit(call, 2, &limit) || !operations_cursor(call, 1, &after, NULL))
        return false;
    struct row *row =
        db_bind(db,
                "SELECT turn, response_id, conversation_id, created_ms, sealed FROM kept_turns"
                " WHERE account_id = ?1 AND turn > ?2 ORDER BY turn LIMIT ?3",
                DB_VALUES(call->args[0], bind_int(after), bind_int(limit)));
    json_writer_object(out, NULL);
    json_writer_array(out, "data");
    for (; db_row(db, row); count++) {
        last = column_int(row, 0);
        json_writer_object(out, NULL);
        json_writer_text_or_null(out, "response_id", column_text(row, 1));
        json_writer_text_or_null(out, "conversation_id", column_text(row, 2));
        json_writer_time(out, "created_at", column_int(row, 3));
        json_writer_json(out, "sealed", "\"");
        base64_append(column_blob(row, 4), out);
        buffer_append_char(out, '"');
        json_writer_object_end(out);
    }
    json_writer_array_end(out);
    operations_reply_cursor(out, count == limit, last, 0);
    json_writer_object_end(out);
    return db->failure == 0;
}
