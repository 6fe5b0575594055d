#include "store/operations/first_credits.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "store/books/posting.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define SIGN_UP "sign_up"

struct due {
    struct id account_id;
    char source[ID_BYTES];
    char address_digest[DIGEST_HEX_BYTES];
    int64_t amount_nusd; /* 0: nothing */
};

/* Takes up what is still to be decided: false if nothing is. An invitation's own credit stands in
 * the place of the usual one. */
static bool find_due(struct db *db, const struct id *user_id,
                     const struct first_credit_terms *terms, struct due *out)
{
    struct row *row = db_bind(
        db,
        "SELECT u.account_id, s.address_digest, i.credit_nusd, i.id FROM users u"
        " JOIN sign_ups s ON s.user_id = u.id LEFT JOIN invitations i ON i.seq = s.invitation"
        " WHERE u.id = ?1 AND (u.must_verify = 0 OR u.email_verified_ms IS NOT NULL)"
        " AND s.credit_due = 1",
        DB_VALUES(bind_text(user_id->text)));
    if (!db_row(db, row))
        return false;
    bool invited = !column_null(row, 2);
    *out = (struct due){.amount_nusd = invited ? column_int(row, 2) : terms->amount_nusd.number};
    slice_copy(slice_of(invited ? column_text(row, 3) : SIGN_UP), out->source, sizeof out->source);
    slice_copy(slice_of(column_text(row, 1)), out->address_digest, sizeof out->address_digest);
    bool known = id_parse(slice_of(column_text(row, 0)), "acct", &out->account_id);
    db_leave(row);
    return known && db_run(db, "UPDATE sign_ups SET credit_due = 0 WHERE user_id = ?1",
                           DB_VALUES(bind_text(user_id->text)));
}

/* There is one writing transaction at a time, so of two at once the second sees the first. */
static bool is_allowed(struct db *db, const struct due *due, const struct first_credit_terms *terms,
                       int64_t day)
{
    int64_t given_nusd;
    if (due->amount_nusd <= 0)
        return false;
    if (db_number(db,
                  "SELECT count(*) FROM first_credits WHERE source = ?1 AND address_digest = ?2",
                  DB_VALUES(bind_text(due->source), bind_text(due->address_digest)), 0) > 0)
        return false;
    if (strcmp(due->source, SIGN_UP) != 0 || terms->day_max_nusd.type != STORE_INT)
        return true;
    given_nusd =
        db_number(db, "SELECT sum(amount_nusd) FROM first_credits WHERE day = ?1 AND source = ?2",
                  DB_VALUES(bind_int(day), bind_text(SIGN_UP)), 0);
    return due->amount_nusd <= terms->day_max_nusd.number - given_nusd;
}

bool first_credits_give(struct store_call *call, struct db *db, const struct id *user_id,
                        const struct first_credit_terms *terms)
{
    int64_t now_ms = clock_wall_ms();
    int64_t day = now_ms / DAY_MS;
    struct id transfer_id;
    struct due due;
    char reason[ID_BYTES + 16] = "sign-up";
    if (!find_due(db, user_id, terms, &due) || !is_allowed(db, &due, terms, day))
        return db->failure == 0;
    if (strcmp(due.source, SIGN_UP) != 0)
        snprintf(reason, sizeof reason, "invitation %s", due.source);
    struct posting_transfer transfer = {.amount_nusd = due.amount_nusd,
                                        .debit_account = POSTING_PROMOTION,
                                        .kind = "promotion",
                                        .reason = reason};
    return credits_give(call, db, &transfer, &due.account_id, &transfer_id) &&
           db_run(db,
                  "INSERT INTO first_credits (user_id, source, address_digest, amount_nusd, day,"
                  " transfer_id, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                  DB_VALUES(bind_text(user_id->text), bind_text(due.source),
                            bind_text(due.address_digest), bind_int(due.amount_nusd), bind_int(day),
                            bind_text(transfer_id.text), bind_int(now_ms)));
}
