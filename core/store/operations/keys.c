/* Operations on API keys. */
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/period.h"
#include "base/secret.h"
#include "store/books/changes.h"
#include "store/books/notices.h"
#include "store/operations/audit_log.h"
#include "store/operations/operations.h"

#define HOUR_MS INT64_C(3600000)

enum { REASON_BYTES_MAX = 500 };

/* Two bits in keys.disabled: the key works if neither is set. */
enum { DISABLED_BY_OWNER = 1, DISABLED_BY_OPERATOR = 2 };
_Static_assert(DISABLED_BY_OWNER == 1 && DISABLED_BY_OPERATOR == 2, "numbers on disk");

bool keys_turn_off(struct db *db, const struct id *user_id)
{
    return db_run(db,
                  "UPDATE keys SET disabled = disabled | ?2 WHERE user_id = ?1"
                  " AND deleted_ms IS NULL",
                  DB_VALUES(bind_text(user_id->text), bind_int(DISABLED_BY_OWNER))) &&
           changes_note(db, CHANGE_USER, user_id->text);
}

#define KEY_COLUMNS                                                                                \
    "k.id, k.name, k.prefix, k.last4, k.created_ms, k.expires_ms, k.disabled, k.budget_nusd,"      \
    " k.models, t.spent_nusd, t.last_used_ms, t.requests, t.abandoned, k.budget_period,"           \
    " k.account_id"
#define KEY_TABLES " FROM keys k LEFT JOIN key_totals t ON t.key_id = k.id"

static void render_models(struct buffer *out, const char *models)
{
    if (!models[0]) {
        json_writer_null(out, "models"); /* all models */
        return;
    }
    json_writer_array(out, "models");
    while (*models) {
        char name[LIMIT_MODEL_NAME_BYTES];
        size_t bytes = strcspn(models, "\n");
        if (bytes > 0 && bytes < sizeof name) {
            memcpy(name, models, bytes);
            name[bytes] = '\0';
            json_writer_text(out, NULL, name);
        }
        models += bytes + (models[bytes] == '\n');
    }
    json_writer_array_end(out);
}

/* What was spent in the present period; for a budget for ever, all that was ever spent. */
static int64_t spent_of(struct db *db, struct row *row, enum period period, int64_t now_ms)
{
    if (period == PERIOD_NONE)
        return column_int(row, 9);
    return db_number(db,
                     "SELECT sum(charge_nusd) FROM hourly WHERE account_id = ?1 AND key_id = ?2"
                     " AND hour >= ?3",
                     DB_VALUES(bind_text(column_text(row, 14)), bind_text(column_text(row, 0)),
                               bind_int(period_start_ms(period, now_ms) / HOUR_MS)),
                     0);
}

/* budget, spent, budget_period, period_spent, resets_at, remaining. Without a budget all are null,
 * but `spent`. */
static void render_budget(struct buffer *out, struct db *db, struct row *row)
{
    enum period period = PERIOD_NONE;
    int64_t now_ms = clock_wall_ms(), left;
    if (column_null(row, 7)) {
        json_writer_null(out, "budget");
        json_writer_money(out, "spent", column_int(row, 9));
        json_writer_null(out, "budget_period");
        json_writer_null(out, "period_spent");
        json_writer_null(out, "resets_at");
        json_writer_null(out, "remaining");
        return;
    }
    period_parse(column_text(row, 13), &period);
    left = spent_of(db, row, period, now_ms);
    json_writer_money(out, "budget", column_int(row, 7));
    json_writer_money(out, "spent", column_int(row, 9));
    json_writer_text_or_null(out, "budget_period", period_name(period));
    json_writer_money(out, "period_spent", left);
    if (period == PERIOD_NONE)
        json_writer_null(out, "resets_at");
    else
        json_writer_time(out, "resets_at", period_end_ms(period, now_ms));
    left = column_int(row, 7) - left;
    json_writer_money(out, "remaining", left > 0 ? left : 0);
}

/* Without its closing brace. */
static void render_open(struct buffer *out, struct db *db, struct row *row)
{
    json_writer_object(out, NULL);
    json_writer_text(out, "id", column_text(row, 0));
    json_writer_text(out, "name", column_text(row, 1));
    json_writer_text(out, "prefix", column_text(row, 2));
    json_writer_text(out, "last4", column_text(row, 3));
    json_writer_time(out, "created_at", column_int(row, 4));
    json_writer_time_or_null(out, "last_used_at", column_int(row, 10));
    json_writer_time_or_null(out, "expires_at", column_int(row, 5));
    json_writer_bool(out, "disabled", column_int(row, 6) != 0);
    if (column_int(row, 6) & DISABLED_BY_OPERATOR)
        json_writer_text(out, "disabled_by", "operator");
    else
        json_writer_text_or_null(out, "disabled_by", column_int(row, 6) ? "owner" : "");
    render_budget(out, db, row);
    render_models(out, column_text(row, 8));
    json_writer_int(out, "requests", column_int(row, 11));
    json_writer_int(out, "abandoned", column_int(row, 12));
    key_secrets_render(out, db, column_text(row, 0));
}

static bool not_found(struct store_call *call)
{
    return fault_set(&call->fault, "not_found", "there is no such key");
}

bool keys_render_one(struct store_call *call, struct db *db, const char *key_id)
{
    struct buffer *out = &call->result;
    struct row *row =
        db_bind(db, "SELECT " KEY_COLUMNS KEY_TABLES " WHERE k.id = ?1 AND k.deleted_ms IS NULL",
                DB_VALUES(bind_text(key_id)));
    if (!db_row(db, row))
        return not_found(call);
    render_open(out, db, row);
    json_writer_object_end(out);
    db_leave(row);
    return true;
}

bool keys_get(struct store_call *call, struct db *db)
{
    return keys_render_one(call, db, operations_text(call, 0));
}

/* user_id key_id */
bool keys_own(struct store_call *call, struct db *db)
{
    if (!db_number(db, "SELECT count(*) FROM keys WHERE id = ?2 AND user_id = ?1", call->args, 2,
                   0))
        return not_found(call);
    return keys_render_one(call, db, operations_text(call, 1));
}

bool keys_list(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct row *row = db_bind(db,
                              "SELECT " KEY_COLUMNS KEY_TABLES
                              " WHERE k.user_id = ?1 AND k.deleted_ms IS NULL ORDER BY k.id DESC",
                              call->args, 1);
    json_writer_object(out, NULL);
    json_writer_array(out, "data");
    while (db_row(db, row)) {
        render_open(out, db, row);
        json_writer_object_end(out);
    }
    json_writer_array_end(out);
    json_writer_object_end(out);
    return db->failure == 0;
}

/* Checks names of models: not empty, short enough, not too many. */
static bool check_models(struct store_call *call, size_t at)
{
    const char *models = operations_text(call, at);
    size_t count = 0;
    if (!operations_fits(call, at, LIMIT_KEY_MODELS_BYTES - 1, "models"))
        return false;
    while (*models) {
        size_t bytes = strcspn(models, "\n");
        if (bytes == 0 || bytes >= LIMIT_MODEL_NAME_BYTES || ++count > LIMIT_KEY_MODELS)
            return fault_set(&call->fault, "invalid_value",
                             "models must be at most %d names of 1 to %d bytes", LIMIT_KEY_MODELS,
                             LIMIT_MODEL_NAME_BYTES - 1);
        models += bytes + (models[bytes] == '\n');
    }
    return true;
}

/* budget? budget_period?: arguments `at` and the next. */
static bool check_budget(struct store_call *call, size_t at)
{
    enum period period;
    if (!operations_null(call, at) && operations_int(call, at) < 0)
        return fault_set(&call->fault, "invalid_amount", "budget must not be negative");
    if (!period_parse(operations_text(call, at + 1), &period))
        return fault_set(&call->fault, "invalid_value", "budget_period must be day, week or month");
    return true;
}

static bool check_expiry(struct store_call *call, size_t at)
{
    if (!operations_null(call, at) && operations_int(call, at) <= 0)
        return fault_set(&call->fault, "invalid_value", "expires_at must be after 1970");
    return true;
}

/* Who was let in once is not locked out when the operator asks for verified addresses later. */
static bool let_in(struct store_call *call, struct db *db)
{
    return db_run(db, "UPDATE users SET must_verify = 0 WHERE id = ?1 AND must_verify = 1",
                  call->args, 1);
}

static bool check_new(struct store_call *call)
{
    if (call->args[1].text.bytes != 2 * DIGEST_BYTES)
        return fault_set(&call->fault, "invalid_value", "a key's digest has 64 hex digits");
    return check_expiry(call, 5) && check_budget(call, 6) &&
           operations_fits(call, 2, LIMIT_NAME_BYTES, "prefix") &&
           operations_fits(call, 3, 4, "last4") &&
           operations_fits(call, 4, LIMIT_NAME_BYTES, "name") && check_models(call, 8);
}

static bool note_create(struct store_call *call, struct db *db, const char *key_id)
{
    struct buffer detail;
    bool noted;
    buffer_init(&detail, 8192);
    json_writer_object(&detail, NULL);
    json_writer_text(&detail, "name", operations_text(call, 4));
    noted = audit_log_note(call, db, operations_text(call, 0), key_id, &detail);
    buffer_fini(&detail);
    return noted;
}

bool keys_create(struct store_call *call, struct db *db)
{
    struct id key_id;
    int64_t live;
    if (!check_new(call))
        return false;
    live = db_number(db, "SELECT count(*) FROM keys WHERE user_id = ?1 AND deleted_ms IS NULL",
                     call->args, 1, 0);
    if (live >= LIMIT_KEYS_PER_USER)
        return fault_set(&call->fault, "too_many_keys",
                         "a user may have at most %d keys; delete one", LIMIT_KEYS_PER_USER);
    id_make(&key_id, "key");
    if (!db_run(
            db,
            "INSERT INTO keys (id, user_id, account_id, digest, prefix, last4, name, expires_ms,"
            " budget_nusd, budget_period, models, created_ms)"
            " SELECT ?1, id, account_id, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 FROM users"
            " WHERE id = ?2",
            DB_VALUES(bind_text(key_id.text), call->args[0], call->args[1], call->args[2],
                      call->args[3], call->args[4], call->args[5], call->args[6],
                      bind_text(operations_text(call, 7)), bind_text(operations_text(call, 8)),
                      bind_int(clock_wall_ms()))))
        return false;
    if (db_changes(db) != 1)
        return fault_set(&call->fault, "not_found", "there is no such user");
    return let_in(call, db) && notices_arm_key(db, key_id.text, clock_wall_ms()) &&
           changes_note(db, CHANGE_KEY, key_id.text) && note_create(call, db, key_id.text) &&
           keys_render_one(call, db, key_id.text);
}

/* Reads the bits of keys.disabled and the owner of the key. */
static bool read_switches(struct store_call *call, struct db *db, struct id *owner,
                          int64_t *disabled)
{
    struct row *row = db_bind(db,
                              "SELECT user_id, disabled FROM keys WHERE id = ?2"
                              " AND (?1 IS NULL OR user_id = ?1) AND deleted_ms IS NULL",
                              call->args, 2);
    if (!db_row(db, row))
        return not_found(call);
    id_parse(slice_of(column_text(row, 0)), "user", owner);
    *disabled = column_int(row, 1);
    db_leave(row);
    return true;
}

static bool note_update(struct store_call *call, struct db *db, const char *owner)
{
    struct buffer detail;
    bool noted;
    buffer_init(&detail, 8192);
    json_writer_object(&detail, NULL);
    if (!operations_null(call, 3))
        json_writer_bool(&detail, "disabled", operations_int(call, 3) != 0);
    json_writer_text_or_null(&detail, "reason", operations_text(call, 4));
    noted = audit_log_note(call, db, owner, operations_text(call, 1), &detail);
    buffer_fini(&detail);
    return noted;
}

static bool note_all(struct store_call *call, struct db *db, const char *user_id)
{
    struct buffer detail;
    bool noted;
    buffer_init(&detail, 8192);
    json_writer_object(&detail, NULL);
    json_writer_bool(&detail, "disabled", operations_int(call, 1) != 0);
    json_writer_text_or_null(&detail, "reason", operations_text(call, 2));
    noted = audit_log_note(call, db, user_id, "", &detail);
    buffer_fini(&detail);
    return noted;
}

/* user_id? key_id name? disabled? reason?. Without a user the operator acts. */
bool keys_update(struct store_call *call, struct db *db)
{
    const char *key_id = operations_text(call, 1);
    bool operator= operations_null(call, 0);
    int64_t own = operator? DISABLED_BY_OPERATOR : DISABLED_BY_OWNER;
    struct id owner = {{0}};
    int64_t disabled = 0;
    if (!operations_fits(call, 2, LIMIT_NAME_BYTES, "name") ||
        !operations_fits(call, 4, REASON_BYTES_MAX, "reason") ||
        !read_switches(call, db, &owner, &disabled))
        return false;
    if (!operations_null(call, 3))
        disabled = operations_int(call, 3) ? disabled | own : disabled & ~own;
    if (!operator&& !operations_null(call, 3) && !operations_int(call, 3) && disabled)
        return fault_set(&call->fault, "key_disabled_by_operator",
                         "the operator has disabled this key: only he can enable it");
    return db_run(db, "UPDATE keys SET name = coalesce(?2, name), disabled = ?3 WHERE id = ?1",
                  DB_VALUES(call->args[1], call->args[2], bind_int(disabled))) &&
           changes_note(db, CHANGE_KEY, key_id) && note_update(call, db, owner.text) &&
           keys_render_one(call, db, key_id);
}

/* The members that key.change sets: bits of its third argument. */
enum { SETS_NAME = 1, SETS_DISABLED = 2, SETS_BUDGET = 4, SETS_EXPIRY = 8, SETS_MODELS = 16 };

static bool check_change(struct store_call *call, int64_t sets, int64_t disabled)
{
    if ((sets & SETS_DISABLED) && !operations_int(call, 4) && (disabled & DISABLED_BY_OPERATOR))
        return fault_set(&call->fault, "key_disabled_by_operator",
                         "the operator has disabled this key: only he can enable it");
    return operations_fits(call, 3, LIMIT_NAME_BYTES, "name") && check_budget(call, 5) &&
           check_expiry(call, 7) && check_models(call, 8);
}

/* user_id key_id sets name? disabled? budget_nusd? period? expires_ms? models?: the owner acts.
 * `sets` names the arguments to set; for them null means no value. */
bool keys_change(struct store_call *call, struct db *db)
{
    const char *key_id = operations_text(call, 1);
    int64_t sets = operations_int(call, 2);
    int64_t disabled = 0;
    struct id owner;
    if (!read_switches(call, db, &owner, &disabled) || !check_change(call, sets, disabled))
        return false;
    if (sets & SETS_DISABLED)
        disabled =
            operations_int(call, 4) ? disabled | DISABLED_BY_OWNER : disabled & ~DISABLED_BY_OWNER;
    return db_run(db,
                  "UPDATE keys SET disabled = ?2, name = iif(?3 & 1, ?4, name),"
                  " budget_nusd = iif(?3 & 4, ?5, budget_nusd),"
                  " budget_period = iif(?3 & 4, ?6, budget_period),"
                  " budget_changed_ms = iif(?3 & 4, ?7, budget_changed_ms),"
                  " expires_ms = iif(?3 & 8, ?8, expires_ms),"
                  " models = iif(?3 & 16, ?9, models) WHERE id = ?1",
                  DB_VALUES(call->args[1], bind_int(disabled), bind_int(sets), call->args[3],
                            call->args[5], bind_text(operations_text(call, 6)),
                            bind_int(clock_wall_ms()), call->args[7],
                            bind_text(operations_text(call, 8)))) &&
           ((sets & SETS_EXPIRY) == 0 || notices_arm_key(db, key_id, clock_wall_ms())) &&
           changes_note(db, CHANGE_KEY, key_id) && keys_render_one(call, db, key_id);
}

/* user_id disabled reason?: the operator locks or unlocks all keys of a user. */
bool keys_disable_all(struct store_call *call, struct db *db)
{
    const char *user_id = operations_text(call, 0);
    int64_t count;
    if (!operations_fits(call, 2, REASON_BYTES_MAX, "reason") ||
        !db_run(db,
                "UPDATE keys SET disabled = iif(?2, disabled | ?3, disabled & ~?3)"
                " WHERE user_id = ?1 AND deleted_ms IS NULL",
                DB_VALUES(call->args[0], call->args[1], bind_int(DISABLED_BY_OPERATOR))))
        return false;
    count = db_changes(db);
    json_writer_object(&call->result, NULL);
    json_writer_int(&call->result, "keys", count);
    json_writer_object_end(&call->result);
    return changes_note(db, CHANGE_USER, user_id) && note_all(call, db, user_id);
}

/* user_id key_id. The digest by which the directory finds the key: for the gateway, never for a
 * reply. */
bool keys_digest(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct row *row =
        db_bind(db, "SELECT digest FROM keys WHERE id = ?2 AND user_id = ?1 AND deleted_ms IS NULL",
                call->args, 2);
    if (!db_row(db, row))
        return not_found(call);
    json_writer_object(out, NULL);
    json_writer_text(out, "digest", column_text(row, 0));
    json_writer_object_end(out);
    db_leave(row);
    return true;
}

/* Keeps the row, because others refer to it. The directory forgets the key before the answer. */
bool keys_delete(struct store_call *call, struct db *db)
{
    if (!db_run(db,
                "UPDATE keys SET deleted_ms = ?3 WHERE id = ?2 AND user_id = ?1"
                " AND deleted_ms IS NULL",
                DB_VALUES(call->args[0], call->args[1], bind_int(clock_wall_ms()))))
        return false;
    if (db_changes(db) != 1)
        return not_found(call);
    return changes_note(db, CHANGE_KEY, operations_text(call, 1)) &&
           buffer_append_text(&call->result, "{}");
}
