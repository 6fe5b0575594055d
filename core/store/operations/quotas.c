/* Operations on quotas that the dashboard sets. */
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "store/books/changes.h"
#include "store/books/quota_table.h"
#include "store/operations/audit_log.h"
#include "store/operations/operations.h"
#include "store/operations/quota_use.h"

#define AMOUNT_MAX (INT64_C(1) << 53) /* Lua's numbers are exact up to there */

#define QUOTA_COLUMNS "id, scope, subject, unit, period, model, amount, created_ms"

static void render(struct buffer *out, struct row *row)
{
    struct quota_rule rule = {0};
    bool of_key = column_text(row, 1)[0] == 'k';
    (void)quota_table_rule(row, 3, 6, &rule); /* the table allows no other */
    json_writer_object(out, NULL);
    json_writer_text(out, "id", column_text(row, 0));
    json_writer_text(out, "scope", column_text(row, 1));
    json_writer_text_or_null(out, "key_id", of_key ? column_text(row, 2) : "");
    json_writer_text(out, "unit", column_text(row, 3));
    json_writer_text_or_null(out, "period", column_text(row, 4));
    json_writer_text_or_null(out, "model", column_text(row, 5));
    quota_use_amount(out, "amount", rule.unit, rule.limit);
    json_writer_text(out, "count", column_text(row, 6)); /* exact; of money in nano-USD */
    json_writer_time(out, "created_at", column_int(row, 7));
    json_writer_object_end(out);
}

/* user_id: the customer's, and those of its keys. */
bool quotas_list(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct row *row = db_bind(db,
                              "SELECT " QUOTA_COLUMNS " FROM quotas WHERE subject = ?1"
                              " OR subject IN (SELECT id FROM keys WHERE user_id = ?1"
                              " AND deleted_ms IS NULL) ORDER BY id",
                              call->args, 1);
    json_writer_object(out, NULL);
    json_writer_array(out, "data");
    while (db_row(db, row))
        render(out, row);
    json_writer_array_end(out);
    json_writer_object_end(out);
    return db->failure == 0;
}

/* ---- setting ---- */

static bool not_found(struct store_call *call, const char *what)
{
    return fault_set(&call->fault, "not_found", "there is no such %s", what);
}

static bool check_set(struct store_call *call)
{
    const char *unit = operations_text(call, 2);
    const char *period = operations_text(call, 3);
    int64_t amount = operations_int(call, 5);
    bool timed = strcmp(unit, "concurrency") != 0;
    if (strcmp(unit, "requests") != 0 && strcmp(unit, "tokens") != 0 && strcmp(unit, "usd") != 0 &&
        timed)
        return fault_set(&call->fault, "invalid_value",
                         "unit must be requests, tokens, usd or concurrency");
    if (timed && strcmp(period, "minute") != 0 && strcmp(period, "day") != 0 &&
        strcmp(period, "month") != 0)
        return fault_set(&call->fault, "invalid_value", "period must be minute, day or month");
    if (!timed && period[0] != '\0')
        return fault_set(&call->fault, "invalid_value",
                         "period must be null: what runs at the same time has none");
    if (amount < 0 || amount > AMOUNT_MAX)
        return fault_set(&call->fault, "invalid_amount", "amount must be 0 to 2^53");
    return operations_fits(call, 4, LIMIT_MODEL_NAME_BYTES - 1, "model");
}

/* The user or the key whose quota it is. */
static bool find_subject(struct store_call *call, struct db *db)
{
    if (operations_null(call, 1))
        return db_number(db, "SELECT count(*) FROM users WHERE id = ?1", call->args, 1, 0) > 0 ||
               not_found(call, "user");
    return db_number(db,
                     "SELECT count(*) FROM keys WHERE user_id = ?1 AND id = ?2"
                     " AND deleted_ms IS NULL",
                     call->args, 2, 0) > 0 ||
           not_found(call, "key");
}

/* What a note in the audit log says of a quota. */
static void write_detail(struct buffer *out, const char *unit, const char *period,
                         const char *model)
{
    json_writer_object(out, NULL);
    json_writer_text(out, "unit", unit);
    if (period[0] != '\0')
        json_writer_text(out, "period", period);
    if (model[0] != '\0')
        json_writer_text(out, "model", model);
}

static bool note_set(struct store_call *call, struct db *db)
{
    struct buffer detail;
    bool of_money = strcmp(operations_text(call, 2), "usd") == 0;
    buffer_init(&detail, 8192);
    write_detail(&detail, operations_text(call, 2), operations_text(call, 3),
                 operations_text(call, 4));
    if (of_money)
        json_writer_money(&detail, "amount", operations_int(call, 5));
    else
        json_writer_int(&detail, "limit", operations_int(call, 5));
    bool noted =
        audit_log_note(call, db, operations_text(call, 0), operations_text(call, 1), &detail);
    buffer_fini(&detail);
    return noted;
}

static bool render_one(struct store_call *call, struct db *db, const struct store_value *subject)
{
    struct row *row =
        db_bind(db,
                "SELECT " QUOTA_COLUMNS " FROM quotas WHERE subject = ?1"
                " AND unit = ?2 AND period = ?3 AND model = ?4",
                DB_VALUES(*subject, call->args[2], bind_text(operations_text(call, 3)),
                          bind_text(operations_text(call, 4))));
    if (!db_row(db, row))
        return not_found(call, "quota");
    render(&call->result, row);
    db_leave(row);
    return true;
}

/* The room is bounded, because each request of the key looks at each quota. */
static bool has_room(struct store_call *call, struct db *db, const struct store_value *subject)
{
    int64_t count = db_number(db, "SELECT count(*) FROM quotas WHERE subject = ?1", subject, 1, 0);
    return count <= QUOTAS_OF_SUBJECT ||
           fault_set(&call->fault, "too_many_quotas",
                     "a customer or key may have at most %d quotas; delete one", QUOTAS_OF_SUBJECT);
}

/* user_id key_id? unit period model amount: makes the quota, or replaces the one that counts the
 * same. */
bool quotas_set_one(struct store_call *call, struct db *db)
{
    bool of_key = !operations_null(call, 1);
    const struct store_value subject = call->args[of_key ? 1 : 0];
    struct id id;
    if (!check_set(call) || !find_subject(call, db))
        return false;
    id_make(&id, "quo");
    return db_run(db,
                  "INSERT INTO quotas (id, scope, subject, unit, period, model, amount, created_ms)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                  " ON CONFLICT (subject, unit, period, model) DO UPDATE SET amount = ?7",
                  DB_VALUES(bind_text(id.text), bind_text(of_key ? "key" : "user"), subject,
                            call->args[2], bind_text(operations_text(call, 3)),
                            bind_text(operations_text(call, 4)), call->args[5],
                            bind_int(clock_wall_ms()))) &&
           has_room(call, db, &subject) &&
           changes_note(db, of_key ? CHANGE_KEY : CHANGE_USER, subject.text.data) &&
           note_set(call, db) && render_one(call, db, &subject);
}

/* user_id? id: with a user one of its keys' quotas; without one the operator acts, on any
 * customer's. */
bool quotas_delete(struct store_call *call, struct db *db)
{
    struct buffer detail;
    struct row *row = db_bind(db,
                              "SELECT q.subject, q.scope, coalesce(k.user_id, q.subject), q.unit,"
                              " q.period, q.model FROM quotas q"
                              " LEFT JOIN keys k ON k.id = q.subject WHERE q.id = ?2"
                              " AND (?1 IS NULL AND q.scope = 'user' OR k.user_id = ?1)",
                              call->args, 2);
    if (!db_row(db, row))
        return not_found(call, "quota");
    struct id subject = {{0}};
    struct id owner = {{0}};
    bool of_key = column_text(row, 1)[0] == 'k';
    slice_copy(slice_of(column_text(row, 0)), subject.text, sizeof subject.text);
    slice_copy(slice_of(column_text(row, 2)), owner.text, sizeof owner.text);
    buffer_init(&detail, 8192);
    write_detail(&detail, column_text(row, 3), column_text(row, 4), column_text(row, 5));
    db_leave(row);
    bool done = db_run(db, "DELETE FROM quotas WHERE id = ?2", call->args, 2) &&
                changes_note(db, of_key ? CHANGE_KEY : CHANGE_USER, subject.text) &&
                audit_log_note(call, db, owner.text, of_key ? subject.text : "", &detail) &&
                buffer_append_text(&call->result, "{}");
    buffer_fini(&detail);
    return done;
}
