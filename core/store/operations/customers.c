/* Users as the operator sees them: who they are, what they have, what they use. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json_writer.h"
#include "base/secret.h"
#include "store/books/changes.h"
#include "store/operations/audit_log.h"
#include "store/operations/operations.h"
#include "store/questions/key_search.h"

enum { GROUP_BYTES_MAX = 31, REASON_BYTES_MAX = 500 };

#define CUSTOMER_COLUMNS                                                                           \
    USER_COLUMNS                                                                                   \
    ", b.credited_nusd - coalesce(d.credited_nusd, 0),"                                            \
    " b.debited_nusd - coalesce(d.credited_nusd, 0), (SELECT sum(t.requests) FROM keys k"          \
    " JOIN key_totals t ON t.key_id = k.id WHERE k.user_id = u.id),"                               \
    " (SELECT max(t.last_used_ms) FROM keys k JOIN key_totals t ON t.key_id = k.id"                \
    " WHERE k.user_id = u.id)"
#define CUSTOMER_TABLES                                                                            \
    " FROM users u JOIN balances b ON b.account_id = u.account_id"                                 \
    " LEFT JOIN balances d ON d.account_id = 'debt:' || u.account_id"

/* The user with the money, without the closing brace. */
static void render(struct store_call *call, struct db *db, struct row *row, bool whole)
{
    struct buffer *out = &call->result;
    struct wallet_state wallet = {0};
    users_render_open(out, row);
    if (credits_wallet(call, db, column_text(row, 4), &wallet)) {
        int64_t available = wallet.posted_nusd - wallet.held_nusd;
        json_writer_money(out, "balance", wallet.posted_nusd);
        json_writer_money(out, "held", wallet.held_nusd);
        json_writer_money(out, "owed", wallet.owed_nusd);
        if (whole)
            json_writer_money(out, "available", available > 0 ? available : 0);
    }
    json_writer_money(out, "total_credits", column_int(row, USER_COLUMN_COUNT));
    json_writer_money(out, "total_usage", column_int(row, USER_COLUMN_COUNT + 1));
    json_writer_int(out, "requests", column_int(row, USER_COLUMN_COUNT + 2));
    if (column_null(row, USER_COLUMN_COUNT + 3))
        json_writer_null(out, "last_used_at");
    else
        json_writer_time(out, "last_used_at", column_int(row, USER_COLUMN_COUNT + 3));
}

static bool end_list(struct store_call *call, const struct db *db, bool more, const struct id *last)
{
    json_writer_array_end(&call->result);
    json_writer_text_or_null(&call->result, "next_cursor", more ? last->text : "");
    json_writer_object_end(&call->result);
    return db->failure == 0;
}

/* JSON of their ids. */
static void write_owners(const struct key_search *keys, struct buffer *out)
{
    json_writer_array(out, NULL);
    for (size_t i = 0; i < keys->count; i++)
        json_writer_text(out, NULL, keys->user_ids[i].text);
    json_writer_array_end(out);
    buffer_append_char(out, '\0');
}

static struct row *find(struct store_call *call, struct db *db, const char *owners, int64_t limit)
{
    return db_bind(db,
                   "SELECT " CUSTOMER_COLUMNS CUSTOMER_TABLES
                   " WHERE u.id IN (SELECT id FROM " USER_PARTS
                   " WHERE id < coalesce(?2, '~') AND (?1 IS NULL OR ?1 = '' OR id = ?1"
                   " OR " USER_HAS("?1") " OR id IN (SELECT value FROM json_each(?4)))"
                                         " ORDER BY id DESC LIMIT ?3) ORDER BY u.id DESC",
                   DB_VALUES(call->args[0], call->args[1], bind_int(limit), bind_text(owners)));
}

static bool list(struct store_call *call, struct db *db, const struct key_search *keys,
                 int64_t limit)
{
    struct id last = {{0}};
    struct buffer owners;
    int64_t count = 0;
    buffer_init(&owners, sizeof keys->user_ids * 2);
    write_owners(keys, &owners);
    struct row *row = find(call, db, owners.data, limit + 1);
    for (; count < limit && db_row(db, row); count++) {
        id_parse(slice_of(column_text(row, 0)), "user", &last);
        render(call, db, row, false);
        json_writer_object_end(&call->result);
    }
    bool more = count == limit && db_row(db, row);
    db_leave(row);
    buffer_fini(&owners);
    return end_list(call, db, more, &last);
}

/* Lists the owners of a key or a request directly: they are few, so the list of all users is not
 * searched. */
static bool list_owners(struct store_call *call, struct db *db, const struct key_search *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        struct row *row = db_bind(db, "SELECT " CUSTOMER_COLUMNS CUSTOMER_TABLES " WHERE u.id = ?1",
                                  DB_VALUES(bind_text(keys->user_ids[i].text)));
        if (!db_row(db, row))
            continue;
        render(call, db, row, false);
        json_writer_object_end(&call->result);
        db_leave(row);
    }
    return end_list(call, db, false, NULL);
}

/* search? cursor? limit. Newest first; the cursor is the id of the last one, because ids sort by
 * time. */
bool customers_list(struct store_call *call, struct db *db)
{
    struct key_search keys;
    int64_t limit;
    if (!operations_limit(call, 2, &limit))
        return false;
    if (!operations_null(call, 1) && !id_parse(call->args[1].text, "user", NULL))
        return fault_set(&call->fault, "invalid_value", "cursor is not one of ours");
    key_search_init(&keys, db, operations_text(call, 0));
    json_writer_object(&call->result, NULL);
    json_writer_array(&call->result, "data");
    return keys.only ? list_owners(call, db, &keys) : list(call, db, &keys, limit);
}

static bool not_found(struct store_call *call)
{
    return fault_set(&call->fault, "not_found", "there is no such user");
}

/* user_id */
bool customers_get(struct store_call *call, struct db *db)
{
    struct row *row =
        db_bind(db, "SELECT " CUSTOMER_COLUMNS CUSTOMER_TABLES " WHERE u.id = ?1", call->args, 1);
    if (!db_row(db, row))
        return not_found(call);
    render(call, db, row, true);
    json_writer_int(&call->result, "keys",
                    db_number(db,
                              "SELECT count(*) FROM keys WHERE user_id = ?1 AND deleted_ms IS NULL",
                              call->args, 1, 0));
    json_writer_int(
        &call->result, "notes",
        db_number(db, "SELECT count(*) FROM customer_notes WHERE user_id = ?1", call->args, 1, 0));
    json_writer_object_end(&call->result);
    db_leave(row);
    return db->failure == 0;
}

/* What a change replaces, for the audit log. */
struct former {
    bool is_administrator; /* and may sign in */
    char group[GROUP_BYTES_MAX + 1];
    char role[16];
};

static void read_former(struct store_call *call, struct db *db, struct former *former)
{
    struct row *row = db_bind(
        db, "SELECT role = 'admin' AND disabled = 0, \"group\", role FROM users WHERE id = ?1",
        call->args, 1);
    *former = (struct former){.is_administrator = false};
    if (!db_row(db, row))
        return;
    former->is_administrator = column_int(row, 0) != 0;
    snprintf(former->group, sizeof former->group, "%s", column_text(row, 1));
    snprintf(former->role, sizeof former->role, "%s", column_text(row, 2));
    db_leave(row);
}

static bool note_update(struct store_call *call, struct db *db, const struct former *former)
{
    struct buffer detail;
    bool noted;
    buffer_init(&detail, 8192);
    json_writer_object(&detail, NULL);
    if (!operations_null(call, 1)) {
        json_writer_text(&detail, "former_group", former->group);
        json_writer_text(&detail, "group", operations_text(call, 1));
    }
    if (!operations_null(call, 2))
        json_writer_bool(&detail, "disabled", operations_int(call, 2) != 0);
    if (!operations_null(call, 4)) {
        json_writer_text(&detail, "former_role", former->role);
        json_writer_text(&detail, "role", operations_text(call, 4));
    }
    json_writer_text_or_null(&detail, "reason", operations_text(call, 3));
    noted = audit_log_note(call, db, operations_text(call, 0), "", &detail);
    buffer_fini(&detail);
    return noted;
}

/* Whether an administrator is left. */
static bool check_administrators(struct store_call *call, struct db *db, bool was_one)
{
    if (!was_one ||
        db_number(db, "SELECT count(*) FROM users WHERE role = 'admin' AND disabled = 0", NULL, 0,
                  0) > 0)
        return true;
    return fault_set(&call->fault, "last_administrator",
                     "this is the last administrator: make another one first");
}

/* user_id group? disabled? reason? role?. A disabled user is signed out everywhere for good. */
bool customers_update(struct store_call *call, struct db *db)
{
    struct former former;
    if (!operations_fits(call, 1, GROUP_BYTES_MAX, "group") ||
        !operations_fits(call, 3, REASON_BYTES_MAX, "reason"))
        return false;
    if (!operations_null(call, 4) && !operations_is_role(call, 4))
        return false;
    read_former(call, db, &former);
    if (!db_run(db,
                "UPDATE users SET \"group\" = coalesce(?2, \"group\"),"
                " disabled = coalesce(?3, disabled), role = coalesce(?4, role) WHERE id = ?1",
                DB_VALUES(call->args[0], call->args[1], call->args[2], call->args[4])))
        return false;
    if (db_changes(db) != 1)
        return not_found(call);
    if (!check_administrators(call, db, former.is_administrator))
        return false;
    if (operations_int(call, 2) != 0 &&
        !db_run(db, "DELETE FROM sessions WHERE user_id = ?1", call->args, 1))
        return false;
    return changes_note(db, CHANGE_USER, operations_text(call, 0)) &&
           note_update(call, db, &former) && users_get(call, db);
}

/* email name group token_digest_hex expires_ms: a customer without a password, and the link that
 * sets one. */
bool customers_create(struct store_call *call, struct db *db)
{
    const struct new_user user = {.email = operations_text(call, 0),
                                  .name = operations_text(call, 1),
                                  .password_hash = "",
                                  .role = "user",
                                  .group = operations_text(call, 2)};
    struct id user_id, account_id;
    if (!users_check_names(call, 0, 1) || !operations_fits(call, 2, GROUP_BYTES_MAX, "group"))
        return false;
    if (call->args[3].text.bytes != 2 * DIGEST_BYTES)
        return fault_set(&call->fault, "invalid_value", "a link's digest has 64 hex digits");
    return users_add(call, db, &user, &user_id, &account_id) &&
           db_run(db,
                  "INSERT INTO password_links (user_id, digest, created_ms, expires_ms)"
                  " VALUES (?1, ?2, ?3, ?4)",
                  DB_VALUES(bind_text(user_id.text), call->args[3], bind_int(clock_wall_ms()),
                            call->args[4])) &&
           users_note_new(call, db, &user_id, "group", operations_text(call, 2)) &&
           users_reply(call, db, &user_id);
}
