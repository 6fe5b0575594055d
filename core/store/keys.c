/* The operations on API keys. */
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/secret.h"
#include "store/changes.h"
#include "store/operations.h"
#include "store/reply.h"

#define KEY_COLUMNS                                                                                \
    "k.id, k.name, k.prefix, k.last4, k.created_ms, k.expires_ms, k.disabled, k.budget_nusd,"      \
    " k.models, t.spent_nusd, t.last_used_ms"
#define KEY_TABLES " FROM keys k LEFT JOIN key_totals t ON t.key_id = k.id"

static void render_models(struct buffer *out, const char *models)
{
    if (!models[0]) {
        reply_null(out, "models"); /* all of them */
        return;
    }
    reply_array(out, "models");
    while (*models) {
        char name[LIMIT_MODEL_NAME_BYTES];
        size_t bytes = strcspn(models, "\n");

        if (bytes > 0 && bytes < sizeof(name)) {
            memcpy(name, models, bytes);
            name[bytes] = '\0';
            reply_text(out, NULL, name);
        }
        models += bytes + (models[bytes] == '\n');
    }
    reply_array_end(out);
}

static void render_optional_time(struct buffer *out, const char *name, sqlite3_stmt *row,
                                 int column)
{
    if (column_null(row, column))
        reply_null(out, name);
    else
        reply_time(out, name, column_int(row, column));
}

/* Without its closing brace. */
static void render_open(struct buffer *out, sqlite3_stmt *row)
{
    reply_object(out, NULL);
    reply_text(out, "id", column_text(row, 0));
    reply_text(out, "name", column_text(row, 1));
    reply_text(out, "prefix", column_text(row, 2));
    reply_text(out, "last4", column_text(row, 3));
    reply_time(out, "created_at", column_int(row, 4));
    render_optional_time(out, "last_used_at", row, 10);
    render_optional_time(out, "expires_at", row, 5);
    reply_bool(out, "disabled", column_int(row, 6) != 0);
    if (column_null(row, 7))
        reply_null(out, "budget");
    else
        reply_money(out, "budget", column_int(row, 7));
    reply_money(out, "spent", column_int(row, 9));
    render_models(out, column_text(row, 8));
}

static bool not_found(struct store_call *call)
{
    return fault_set(&call->fault, "not_found", "there is no such key");
}

/* A key with what is left of its budget. */
static bool render_one(struct store_call *call, struct db *db, const char *key_id)
{
    struct buffer *out = &call->result;
    sqlite3_stmt *row =
        db_bind(db, "SELECT " KEY_COLUMNS KEY_TABLES " WHERE k.id = ?1 AND k.deleted_ms IS NULL",
                DB_VALUES(bind_text(key_id)));

    if (!db_row(db, row))
        return not_found(call);
    render_open(out, row);
    if (column_null(row, 7)) {
        reply_null(out, "remaining");
    } else {
        int64_t left = column_int(row, 7) - column_int(row, 9);
        reply_money(out, "remaining", left > 0 ? left : 0);
    }
    reply_object_end(out);
    db_leave(row);
    return true;
}

bool keys_get(struct store_call *call, struct db *db)
{
    return render_one(call, db, operations_text(call, 0));
}

bool keys_list(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    sqlite3_stmt *row = db_bind(db,
                                "SELECT " KEY_COLUMNS KEY_TABLES
                                " WHERE k.user_id = ?1 AND k.deleted_ms IS NULL ORDER BY k.id DESC",
                                call->args, 1);

    reply_object(out, NULL);
    reply_array(out, "data");
    while (db_row(db, row)) {
        render_open(out, row);
        reply_object_end(out);
    }
    reply_array_end(out);
    reply_object_end(out);
    return db->failure == 0;
}

/* The names as they will be matched: not empty, short enough, not too many. */
static bool check_models(struct store_call *call, const char *models)
{
    size_t count = 0;

    if (!operations_fits(call, 7, LIMIT_KEY_MODELS_BYTES - 1, "models"))
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

static bool check_new(struct store_call *call)
{
    if (call->args[1].text.bytes != 2 * DIGEST_BYTES)
        return fault_set(&call->fault, "invalid_value", "a key's digest has 64 hex digits");
    if (!operations_null(call, 6) && operations_int(call, 6) < 0)
        return fault_set(&call->fault, "invalid_amount", "budget must not be negative");
    if (!operations_null(call, 5) && operations_int(call, 5) <= 0)
        return fault_set(&call->fault, "invalid_value", "expires_at must be after 1970");
    return operations_fits(call, 2, LIMIT_NAME_BYTES, "prefix") &&
           operations_fits(call, 3, 4, "last4") &&
           operations_fits(call, 4, LIMIT_NAME_BYTES, "name") &&
           check_models(call, operations_text(call, 7));
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
            " budget_nusd, models, created_ms)"
            " SELECT ?1, id, account_id, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM users"
            " WHERE id = ?2",
            DB_VALUES(bind_text(key_id.text), call->args[0], call->args[1], call->args[2],
                      call->args[3], call->args[4], call->args[5], call->args[6],
                      bind_text(operations_text(call, 7)), bind_int(clock_wall_ms()))))
        return false;
    if (sqlite3_changes(db->handle) != 1)
        return fault_set(&call->fault, "not_found", "there is no such user");
    return changes_note(db, CHANGE_KEY, key_id.text) && render_one(call, db, key_id.text);
}

/* The row stays, for what refers to it; the directory forgets the key before the answer. */
bool keys_delete(struct store_call *call, struct db *db)
{
    if (!db_run(db,
                "UPDATE keys SET deleted_ms = ?3 WHERE id = ?2 AND user_id = ?1"
                " AND deleted_ms IS NULL",
                DB_VALUES(call->args[0], call->args[1], bind_int(clock_wall_ms()))))
        return false;
    if (sqlite3_changes(db->handle) != 1)
        return not_found(call);
    return changes_note(db, CHANGE_KEY, operations_text(call, 1)) &&
           buffer_append_text(&call->result, "{}");
}
