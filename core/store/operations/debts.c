/* Corrections downwards. The whole correction goes through "debt:ACCOUNT", a receivable. The
 * customer's account pays into it what it has; "corrections" gets the whole amount from it. The
 * missing part stays there as a negative balance, and no hold is accepted until it is paid. New
 * credits pay it first; money that an ended hold frees is collected within 0.1 s.
 *
 * Held money stays untouched: what a correction may take is reserved in the wallet, where holds are
 * decided, until the transaction has ended. Beside a server (the command line) nothing is taken:
 * the whole amount is a debt at once, and the server collects it.
 *
 * What an erased customer had is forfeited: corrected into "forfeited:ACCOUNT". It stays apart,
 * because it pays first what the account turns out to owe later (a dispute, say): the customer is
 * gone. What a call holds is forfeited, too, and so a debt until the call has ended; then what it
 * has freed is collected, and the rest, its charge, is paid by what was forfeited. */
#include "store/operations/debts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/least.h"
#include "base/money.h"
#include "store/books/changes.h"
#include "store/books/posting.h"
#include "store/memory/wallet.h"
#include "store/operations/audit_log.h"
#include "store/operations/operations.h"
#include "store/store.h"

enum { REASON_BYTES_MAX = 500, COLLECTED_MAX = 256 };

#define CORRECTIONS "corrections"
#define DEBT_PREFIX "debt:"
#define FORFEITED_PREFIX "forfeited:"

static void debt_account(const char *account_id, char out[POSTING_ACCOUNT_BYTES])
{
    snprintf(out, POSTING_ACCOUNT_BYTES, DEBT_PREFIX "%s", account_id);
}

int64_t debts_owed(struct db *db, const char *account_id)
{
    char name[POSTING_ACCOUNT_BYTES];
    debt_account(account_id, name);
    return -db_number(db, "SELECT posted_nusd FROM balances WHERE account_id = ?1",
                      DB_VALUES(bind_text(name)), 0);
}

static int64_t posted(struct db *db, const char *account_id)
{
    return db_number(db, "SELECT posted_nusd FROM balances WHERE account_id = ?1",
                     DB_VALUES(bind_text(account_id)), 0);
}

/* Reserves up to `amount_nusd` of what is not held. */
static int64_t reserve(struct store_call *call, struct db *db, const char *account_id,
                       int64_t amount_nusd)
{
    struct id id;
    int64_t left;
    if (call->wallets != NULL)
        return id_parse(slice_of(account_id), "acct", &id)
                   ? wallet_reserve(call->wallets, &id, amount_nusd)
                   : 0;
    if (!store_lock_alone(call->store))
        return 0;
    left = posted(db, account_id) -
           db_number(db, "SELECT sum(amount_nusd) FROM open_holds WHERE account_id = ?1",
                     DB_VALUES(bind_text(account_id)), 0);
    return left > 0 ? least_int64(left, amount_nusd) : 0;
}

static bool move(struct db *db, const char *debit, const char *credit, int64_t amount_nusd,
                 const char *kind, const char *reason, struct id *transfer_id)
{
    struct posting_transfer transfer = {.debit_account = debit,
                                        .credit_account = credit,
                                        .amount_nusd = amount_nusd,
                                        .kind = kind,
                                        .reason = reason};
    if (amount_nusd == 0)
        return true;
    id_make(&transfer.id, "tx");
    if (!transfer_id->text[0])
        *transfer_id = transfer.id;
    return posting_transfer(db, &transfer, clock_wall_ms());
}

/* Moves an amount from the account to its debt. */
static bool repay(struct db *db, const char *account_id, int64_t amount_nusd)
{
    char name[POSTING_ACCOUNT_BYTES];
    struct id ignored = {{0}};
    debt_account(account_id, name);
    return move(db, account_id, name, amount_nusd, "repayment", "Pays what was owed.", &ignored) &&
           (amount_nusd == 0 || changes_note(db, CHANGE_ACCOUNT, account_id));
}

bool debts_pay(struct store_call *call, struct db *db, const char *account_id, int64_t fresh_nusd)
{
    int64_t owed_nusd = debts_owed(db, account_id);
    int64_t there_nusd;
    if (owed_nusd == 0)
        return true;
    /* The wallet does not know the new credit yet. */
    there_nusd = call->wallets != NULL ? reserve(call, db, account_id, owed_nusd) : 0;
    return repay(db, account_id, least_int64(owed_nusd, there_nusd + fresh_nusd));
}

static void forfeited_account(const char *account_id, char out[POSTING_ACCOUNT_BYTES])
{
    snprintf(out, POSTING_ACCOUNT_BYTES, FORFEITED_PREFIX "%s", account_id);
}

/* Pays up to `amount_nusd` of the debt by what was forfeited. It passes through the account within
 * the transaction, so the wallet sees nothing of it. */
static bool repay_by_forfeited(struct db *db, const char *account_id, int64_t amount_nusd)
{
    char name[POSTING_ACCOUNT_BYTES];
    struct id ignored = {{0}};
    forfeited_account(account_id, name);
    int64_t back_nusd =
        least_int64(least_int64(amount_nusd, debts_owed(db, account_id)), posted(db, name));
    return move(db, name, account_id, back_nusd, "reinstatement", "Pays what was owed.",
                &ignored) &&
           repay(db, account_id, back_nusd);
}

/* ---- a correction ---- */

struct debit {
    struct id user_id;
    struct id account_id;
    struct id transfer_id; /* for the whole correction */
    int64_t amount_nusd;
    int64_t taken_nusd;
    const char *reason;
};

/* Where the corrected amount goes. */
enum goal { TO_CORRECTIONS, TO_FORFEITED };

static bool find_account(struct store_call *call, struct db *db, struct debit *debit)
{
    struct row *row = db_bind(db, "SELECT id, account_id FROM users WHERE id = ?1", call->args, 1);
    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "there is no such user");
    id_parse(slice_of(column_text(row, 0)), "user", &debit->user_id);
    id_parse(slice_of(column_text(row, 1)), "acct", &debit->account_id);
    db_leave(row);
    return true;
}

static bool note(struct store_call *call, struct db *db, const struct debit *debit)
{
    struct buffer detail;
    bool noted;
    buffer_init(&detail, 8192);
    json_writer_object(&detail, NULL);
    json_writer_money(&detail, "amount", debit->amount_nusd);
    json_writer_money(&detail, "taken", debit->taken_nusd);
    json_writer_text(&detail, "reason", debit->reason);
    noted = audit_log_note(call, db, debit->user_id.text, debit->transfer_id.text, &detail);
    buffer_fini(&detail);
    return noted;
}

/* `taken_nusd` of it is there. */
static bool post_taken(struct store_call *call, struct db *db, struct debit *debit, enum goal goal)
{
    const char *account_id = debit->account_id.text;
    char name[POSTING_ACCOUNT_BYTES], to[POSTING_ACCOUNT_BYTES] = CORRECTIONS;
    debt_account(account_id, name);
    if (goal == TO_FORFEITED)
        forfeited_account(account_id, to);
    return move(db, name, to, debit->amount_nusd, "correction", debit->reason,
                &debit->transfer_id) &&
           move(db, account_id, name, debit->taken_nusd, "debit", debit->reason,
                &debit->transfer_id) &&
           changes_note(db, CHANGE_ACCOUNT, account_id) && note(call, db, debit);
}

static bool post(struct store_call *call, struct db *db, struct debit *debit)
{
    const char *account_id = debit->account_id.text;
    debit->taken_nusd = reserve(call, db, account_id, debit->amount_nusd);
    return post_taken(call, db, debit, TO_CORRECTIONS) &&
           repay_by_forfeited(db, account_id, debit->amount_nusd - debit->taken_nusd);
}

bool debts_take(struct store_call *call, struct db *db, const struct id *user_id,
                const struct id *account_id, int64_t amount_nusd, const char *reason)
{
    struct debit debit = {.user_id = *user_id,
                          .account_id = *account_id,
                          .amount_nusd = amount_nusd,
                          .reason = reason};
    return post(call, db, &debit);
}

#define FORFEITED_REASON "Forfeited: the account was erased."

bool debts_forfeit(struct store_call *call, struct db *db, const struct id *user_id,
                   const struct id *account_id, int64_t amount_nusd)
{
    struct debit debit = {.user_id = *user_id,
                          .account_id = *account_id,
                          .amount_nusd = amount_nusd,
                          .reason = FORFEITED_REASON};
    debit.taken_nusd = reserve(call, db, account_id->text, amount_nusd);
    return post_taken(call, db, &debit, TO_FORFEITED);
}

bool debts_forfeit_fresh(struct store_call *call, struct db *db, const struct id *user_id,
                         const struct id *account_id, int64_t fresh_nusd)
{
    struct debit debit = {.user_id = *user_id,
                          .account_id = *account_id,
                          .amount_nusd = fresh_nusd,
                          .taken_nusd = fresh_nusd,
                          .reason = FORFEITED_REASON};
    return post_taken(call, db, &debit, TO_FORFEITED);
}

static bool render(struct store_call *call, struct db *db, const struct debit *debit)
{
    struct buffer *out = &call->result;
    json_writer_object(out, NULL);
    json_writer_text(out, "transfer_id", debit->transfer_id.text);
    json_writer_money(out, "amount", debit->amount_nusd);
    json_writer_money(out, "taken", debit->taken_nusd);
    json_writer_money(out, "owed", debts_owed(db, debit->account_id.text));
    json_writer_money(out, "balance", posted(db, debit->account_id.text));
    json_writer_object_end(out);
    return db->failure == 0;
}

static bool create(struct store_call *call, struct db *db, struct debit *debit)
{
    *debit =
        (struct debit){.amount_nusd = operations_int(call, 1), .reason = operations_text(call, 2)};
    if (debit->amount_nusd <= 0 || debit->amount_nusd > MONEY_AMOUNT_MAX_NUSD)
        return fault_set(&call->fault, "invalid_amount",
                         "the amount must be above 0 and at most $1,000,000,000");
    if (!operations_fits(call, 2, REASON_BYTES_MAX, "reason") || !find_account(call, db, debit))
        return false;
    int64_t room_nusd = MONEY_AMOUNT_MAX_NUSD - debts_owed(db, debit->account_id.text);
    char text[MONEY_TEXT_BYTES];
    if (debit->amount_nusd > room_nusd)
        return fault_set(&call->fault, "invalid_amount",
                         "the amount must be at most $%s: no debt is above $1,000,000,000",
                         money_format_short(room_nusd, text));
    return post(call, db, debit) && render(call, db, debit);
}

bool debts_create(struct store_call *call, struct db *db)
{
    struct debit debit;
    return create(call, db, &debit);
}

bool debts_create_once(struct store_call *call, struct db *db)
{
    struct debit debit;
    return create(call, db, &debit) &&
           credits_keep_answer(call, db, &debit.account_id, &debit.transfer_id, 3);
}

/* ---- collecting ---- */

/* Of those who have something, or had: who has not would else keep those behind the first ones
 * waiting, for ever. Collects the ids first: no statement may be open while others write. */
static size_t list_debtors(struct db *db, struct id debtors[COLLECTED_MAX])
{
    size_t count = 0;
    struct row *row = db_bind(
        db,
        "SELECT substr(d.account_id, length('" DEBT_PREFIX "') + 1) AS debtor FROM balances d"
        " WHERE d.account_id > '" DEBT_PREFIX
        "' AND d.account_id < 'debt;' AND d.posted_nusd < 0 AND EXISTS (SELECT 1 FROM balances b"
        " WHERE b.account_id IN (debtor, '" FORFEITED_PREFIX "' || debtor) AND b.posted_nusd > 0)",
        NULL, 0);
    while (count < COLLECTED_MAX && db_row(db, row)) {
        if (id_parse(slice_of(column_text(row, 0)), "acct", &debtors[count]))
            count++;
    }
    db_leave(row);
    return count;
}

/* What was forfeited pays only when no call runs: before, the debt may be what one holds. */
static bool collect(struct store_call *call, struct db *db, const char *account_id)
{
    struct wallet_state wallet = {0};
    if (!debts_pay(call, db, account_id, 0))
        return false;
    return !credits_wallet(call, db, account_id, &wallet) || wallet.held_nusd > 0 ||
           repay_by_forfeited(db, account_id, MONEY_AMOUNT_MAX_NUSD);
}

bool debts_collect(struct store_call *call, struct db *db)
{
    struct id debtors[COLLECTED_MAX];
    size_t count = list_debtors(db, debtors);
    for (size_t i = 0; i < count; i++) {
        if (!collect(call, db, debtors[i].text))
            return false;
    }
    return db->failure == 0 && buffer_append_text(&call->result, "{}");
}
