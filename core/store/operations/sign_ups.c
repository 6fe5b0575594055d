/* Operations of customers who come in by themselves: the account, the use of an invitation, the
 * accepted terms and the first credit are one transaction, so a crash leaves all or none. */
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/secret.h"
#include "store/operations/first_credits.h"
#include "store/operations/operations.h"

enum {
    ARG_EMAIL,
    ARG_NAME,
    ARG_HASH,
    ARG_MUST_VERIFY,
    ARG_ADDRESS_DIGEST,
    ARG_INVITATION,
    ARG_TERMS,
    ARG_PROOF,
    ARG_PROOF_EXPIRES,
    ARG_CREDIT,
    ARG_DAY_MAX
};
enum { GROUP_BYTES = 32, TERMS_BYTES_MAX = 100 };

/* What an invitation gives to who comes by it. */
struct invited {
    int64_t seq; /* 0: there is none */
    bool is_verified;
    char group[GROUP_BYTES];
};

static bool use_invitation(struct store_call *call, struct db *db, struct invited *out)
{
    const struct store_value args[] = {call->args[ARG_INVITATION], bind_int(clock_wall_ms()),
                                       call->args[ARG_EMAIL]};
    *out = (struct invited){0};
    if (operations_null(call, ARG_INVITATION))
        return true;
    struct row *row = db_bind(db,
                              "SELECT seq, \"group\", mailed, email IS NULL OR email = ?3"
                              " FROM invitations WHERE digest = ?1 AND expires_ms > ?2"
                              " AND revoked_ms IS NULL AND uses < uses_max",
                              args, 3);
    if (!db_row(db, row))
        return fault_set(&call->fault, "invitation_invalid",
                         "this invitation does not work any more: it was used, or its time is over."
                         " Ask the operator for a new one");
    bool is_theirs = column_int(row, 3) != 0;
    out->seq = column_int(row, 0);
    out->is_verified = column_int(row, 2) != 0;
    slice_copy(slice_of(column_text(row, 1)), out->group, sizeof out->group);
    db_leave(row);
    if (!is_theirs)
        return fault_set(&call->fault, "invitation_not_yours",
                         "this invitation is for another e-mail address: sign up with that one");
    return db_run(db, "UPDATE invitations SET uses = uses + 1 WHERE seq = ?1",
                  DB_VALUES(bind_int(out->seq)));
}

/* Each use also deletes some that expired; no other code does it. */
static bool use_proof(struct store_call *call, struct db *db)
{
    if (operations_null(call, ARG_PROOF))
        return true;
    if (!db_run(db,
                "DELETE FROM sign_up_proofs WHERE digest IN (SELECT digest FROM sign_up_proofs"
                " WHERE expires_ms <= ?1 LIMIT 100)",
                DB_VALUES(bind_int(clock_wall_ms()))))
        return false;
    if (!db_run(db, "INSERT OR IGNORE INTO sign_up_proofs (digest, expires_ms) VALUES (?1, ?2)",
                DB_VALUES(call->args[ARG_PROOF], call->args[ARG_PROOF_EXPIRES])))
        return false;
    return db_changes(db) == 1 ||
           fault_set(&call->fault, "proof_invalid", "this proof has made an account before");
}

static bool note_terms(struct store_call *call, struct db *db, const struct id *user_id,
                       struct store_value version)
{
    if (version.type == STORE_NULL)
        return true;
    if (version.text.bytes == 0 || version.text.bytes > TERMS_BYTES_MAX)
        return fault_set(&call->fault, "invalid_value", "a version has 1 to %d bytes",
                         TERMS_BYTES_MAX);
    return db_run(db,
                  "INSERT OR IGNORE INTO terms_acceptances (user_id, version, accepted_ms)"
                  " VALUES (?1, ?2, ?3)",
                  DB_VALUES(bind_text(user_id->text), version, bind_int(clock_wall_ms())));
}

static bool check(struct store_call *call)
{
    if (!users_check_names(call, ARG_EMAIL, ARG_NAME) ||
        !operations_fits(call, ARG_HASH, PASSWORD_HASH_BYTES, "password_hash"))
        return false;
    if (call->args[ARG_ADDRESS_DIGEST].text.bytes != 2 * DIGEST_BYTES)
        return fault_set(&call->fault, "invalid_value", "an address's digest has 64 hex digits");
    return true;
}

bool sign_ups_create(struct store_call *call, struct db *db)
{
    const struct first_credit_terms terms = {call->args[ARG_CREDIT], call->args[ARG_DAY_MAX]};
    struct id user_id, account_id;
    struct invited invited;
    if (!check(call) || !use_proof(call, db) || !use_invitation(call, db, &invited))
        return false;
    const struct new_user user = {.email = operations_text(call, ARG_EMAIL),
                                  .name = operations_text(call, ARG_NAME),
                                  .password_hash = operations_text(call, ARG_HASH),
                                  .role = "user",
                                  .group = invited.group,
                                  .must_verify = operations_int(call, ARG_MUST_VERIFY) != 0,
                                  .is_verified = invited.is_verified};
    if (!users_add(call, db, &user, &user_id, &account_id))
        return false;
    return db_run(db,
                  "INSERT INTO sign_ups (user_id, invitation, address_digest, created_ms)"
                  " VALUES (?1, nullif(?2, 0), ?3, ?4)",
                  DB_VALUES(bind_text(user_id.text), bind_int(invited.seq),
                            call->args[ARG_ADDRESS_DIGEST], bind_int(clock_wall_ms()))) &&
           note_terms(call, db, &user_id, call->args[ARG_TERMS]) &&
           first_credits_give(call, db, &user_id, &terms) && users_reply(call, db, &user_id);
}

/* user_id version. The first acceptance of a version stays. */
bool sign_ups_accept_terms(struct store_call *call, struct db *db)
{
    struct id user_id;
    if (!id_parse(call->args[0].text, "user", &user_id))
        return fault_set(&call->fault, "not_found", "there is no such user");
    return note_terms(call, db, &user_id, call->args[1]) && users_reply(call, db, &user_id);
}
