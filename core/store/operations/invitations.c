/* Operations on invitations: made and revoked by the operator; sign_ups.c uses them up. */
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/money.h"
#include "base/secret.h"
#include "store/books/notices.h"
#include "store/operations/audit_log.h"
#include "store/operations/operations.h"

enum {
    ARG_ID,
    ARG_DIGEST,
    ARG_EMAIL,
    ARG_SEALED,
    ARG_GROUP,
    ARG_CREDIT,
    ARG_USES,
    ARG_EXPIRES,
    ARG_LANGUAGE
};
enum { USES_MAX = 10000, GROUP_BYTES_MAX = 31 };

#define INVITATION_COLUMNS                                                                         \
    "i.id, i.email, i.mailed, i.\"group\", i.credit_nusd, i.uses_max, i.uses, i.expires_ms,"       \
    " i.created_ms, u.email, i.revoked_ms, i.seq"
#define INVITATION_TABLES " FROM invitations i LEFT JOIN users u ON u.id = i.created_by"

static void render_open(struct buffer *out, struct row *row)
{
    json_writer_object(out, NULL);
    json_writer_text(out, "id", column_text(row, 0));
    json_writer_text_or_null(out, "email", column_text(row, 1));
    json_writer_bool(out, "mailed", column_int(row, 2) != 0);
    json_writer_text_or_null(out, "group", column_text(row, 3));
    if (column_null(row, 4))
        json_writer_null(out, "credit");
    else
        json_writer_money(out, "credit", column_int(row, 4));
    json_writer_int(out, "uses_max", column_int(row, 5));
    json_writer_int(out, "uses", column_int(row, 6));
    json_writer_time(out, "expires_at", column_int(row, 7));
    json_writer_time(out, "created_at", column_int(row, 8));
    json_writer_text_or_null(out, "created_by", column_text(row, 9));
    json_writer_time_or_null(out, "revoked_at", column_int(row, 10));
}

static void render(struct buffer *out, struct row *row)
{
    render_open(out, row);
    json_writer_object_end(out);
}

static bool no_invitation(struct store_call *call)
{
    return fault_set(&call->fault, "not_found", "there is no such invitation");
}

/* The result is the invitation; the audit log has the same. */
static bool note_and_reply(struct store_call *call, struct db *db)
{
    struct buffer detail;
    struct row *row = db_bind(db, "SELECT " INVITATION_COLUMNS INVITATION_TABLES " WHERE i.id = ?1",
                              DB_VALUES(call->args[ARG_ID]));
    bool noted;
    if (!db_row(db, row))
        return no_invitation(call);
    render(&call->result, row);
    buffer_init(&detail, 4096);
    json_writer_object(&detail, NULL);
    json_writer_text_or_null(&detail, "email", column_text(row, 1));
    json_writer_text_or_null(&detail, "group", column_text(row, 3));
    if (!column_null(row, 4))
        json_writer_money(&detail, "credit", column_int(row, 4));
    db_leave(row);
    noted = audit_log_note(call, db, "", operations_text(call, ARG_ID), &detail);
    buffer_fini(&detail);
    return noted;
}

static bool check(struct store_call *call, struct db *db)
{
    int64_t uses = operations_int(call, ARG_USES);
    int64_t credit_nusd = operations_int(call, ARG_CREDIT);
    if (call->args[ARG_DIGEST].text.bytes != 2 * DIGEST_BYTES)
        return fault_set(&call->fault, "invalid_value", "a link's digest has 64 hex digits");
    if (!operations_fits(call, ARG_EMAIL, LIMIT_EMAIL_BYTES, "email") ||
        !operations_fits(call, ARG_SEALED, LIMIT_SEALED_BYTES - 1, "the sealed token") ||
        !operations_fits(call, ARG_GROUP, GROUP_BYTES_MAX, "group"))
        return false;
    if (uses < 1 || uses > (operations_null(call, ARG_EMAIL) ? USES_MAX : 1))
        return fault_set(&call->fault, "invalid_value",
                         "uses must be between 1 and %d, and 1 for an e-mail address", USES_MAX);
    if (credit_nusd < 0 || credit_nusd > MONEY_AMOUNT_MAX_NUSD)
        return fault_set(&call->fault, "invalid_amount", "credit is too large");
    if (db_number(db, "SELECT count(*) FROM users WHERE email = ?1",
                  DB_VALUES(call->args[ARG_EMAIL]), 0) > 0)
        return fault_set(&call->fault, "email_taken",
                         "there is already a user with this e-mail address");
    return db->failure == 0;
}

static bool mail(struct store_call *call, struct db *db)
{
    struct notice_receiver to = {.verified = false};
    const struct customer_mail message = {.template = "invitation",
                                          .language = operations_null(call, ARG_LANGUAGE)
                                                          ? "en"
                                                          : operations_text(call, ARG_LANGUAGE),
                                          .values = {{"email", operations_text(call, ARG_EMAIL)}},
                                          .sealed = operations_text(call, ARG_SEALED)};
    if (operations_null(call, ARG_SEALED))
        return true;
    slice_copy(call->args[ARG_EMAIL].text, to.email, sizeof to.email);
    return notices_mail(db, &to, &message, clock_wall_ms(), operations_int(call, ARG_EXPIRES));
}

bool invitations_create(struct store_call *call, struct db *db)
{
    return check(call, db) &&
           db_run(db,
                  "INSERT INTO invitations (id, digest, email, mailed, \"group\", credit_nusd,"
                  " uses_max, expires_ms, created_ms, created_by)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                  DB_VALUES(call->args[ARG_ID], call->args[ARG_DIGEST], call->args[ARG_EMAIL],
                            bind_int(!operations_null(call, ARG_SEALED)), call->args[ARG_GROUP],
                            call->args[ARG_CREDIT], call->args[ARG_USES], call->args[ARG_EXPIRES],
                            bind_int(clock_wall_ms()), bind_text(call->actor.name))) &&
           mail(call, db) && note_and_reply(call, db);
}

bool invitations_list(struct store_call *call, struct db *db)
{
    int64_t limit, before = INT64_MAX;
    if (!operations_limit(call, 1, &limit) || !operations_cursor(call, 0, &before, NULL))
        return false;
    struct row *row = db_bind(db,
                              "SELECT " INVITATION_COLUMNS INVITATION_TABLES " WHERE i.seq < ?1"
                              " ORDER BY i.seq DESC LIMIT ?2",
                              DB_VALUES(bind_int(before), bind_int(limit + 1)));
    return operations_reply_page(call, db, row, limit, 11, render);
}

/* token_digest_hex: what its owner may see of one that still works */
bool invitations_find(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct row *row = db_bind(db,
                              "SELECT email, credit_nusd, expires_ms FROM invitations"
                              " WHERE digest = ?1 AND expires_ms > ?2 AND revoked_ms IS NULL"
                              " AND uses < uses_max",
                              DB_VALUES(call->args[0], bind_int(clock_wall_ms())));
    if (!db_row(db, row))
        return no_invitation(call);
    json_writer_object(out, NULL);
    json_writer_text_or_null(out, "email", column_text(row, 0));
    if (column_null(row, 1))
        json_writer_null(out, "credit");
    else
        json_writer_money(out, "credit", column_int(row, 1));
    json_writer_time(out, "expires_at", column_int(row, 2));
    json_writer_object_end(out);
    db_leave(row);
    return true;
}

bool invitations_revoke(struct store_call *call, struct db *db)
{
    return db_run(db, "UPDATE invitations SET revoked_ms = coalesce(revoked_ms, ?2) WHERE id = ?1",
                  DB_VALUES(call->args[ARG_ID], bind_int(clock_wall_ms()))) &&
           note_and_reply(call, db);
}
