/* Operations on credits: balances, top-ups, refunds, the list of transfers. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/money.h"
#include "store/books/answers_table.h"
#include "store/books/changes.h"
#include "store/books/posting.h"
#include "store/memory/wallet.h"
#include "store/operations/audit_log.h"
#include "store/operations/debts.h"
#include "store/operations/operations.h"
#include "store/store_internal.h"

enum { REASON_BYTES_MAX = 500 };

static bool not_found(struct store_call *call, const char *what)
{
    return fault_set(&call->fault, "not_found", "there is no such %s", what);
}

/* With a server the wallets decide: they know the holds that are on their way to disk. */
bool credits_wallet(struct store_call *call, struct db *db, const char *account_id,
                    struct wallet_state *out)
{
    struct row *row;
    struct id id;
    if (call->wallets != NULL)
        return id_parse(slice_of(account_id), "acct", &id) && wallet_peek(call->wallets, &id, out);
    row = db_bind(db,
                  "SELECT posted_nusd, (SELECT coalesce(sum(amount_nusd), 0) FROM open_holds h"
                  " WHERE h.account_id = b.account_id) FROM balances b WHERE account_id = ?1"
                  " AND floor_zero = 1",
                  DB_VALUES(bind_text(account_id)));
    if (!db_row(db, row))
        return false;
    *out =
        (struct wallet_state){.posted_nusd = column_int(row, 0), .held_nusd = column_int(row, 1)};
    db_leave(row);
    out->owed_nusd = debts_owed(db, account_id);
    return true;
}

/* Without the closing brace. */
static void render_wallet(struct buffer *out, const struct wallet_state *wallet)
{
    int64_t available = wallet->posted_nusd - wallet->held_nusd;
    json_writer_object(out, NULL);
    json_writer_money(out, "balance", wallet->posted_nusd);
    json_writer_money(out, "held", wallet->held_nusd);
    json_writer_money(out, "available", available > 0 ? available : 0);
    json_writer_money(out, "owed", wallet->owed_nusd);
    json_writer_text(out, "currency", "USD");
}

bool credits_balance(struct store_call *call, struct db *db)
{
    struct wallet_state wallet;
    if (!credits_wallet(call, db, operations_text(call, 0), &wallet))
        return not_found(call, "account");
    render_wallet(&call->result, &wallet);
    json_writer_object_end(&call->result);
    return true;
}

/* token_digest_hex. For pages that ask every second: reads the session from the database, the rest
 * from memory. */
bool credits_pulse(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct wallet_state wallet;
    char version[48];
    struct row *row = db_bind(db, SESSION_USER("u.account_id"),
                              DB_VALUES(call->args[0], bind_int(clock_wall_ms())));
    bool known;
    if (!db_row(db, row))
        return not_found(call, "session");
    known = credits_wallet(call, db, column_text(row, 0), &wallet);
    db_leave(row);
    if (!known)
        return not_found(call, "account");
    /* The version counts anew in each process. */
    snprintf(version, sizeof version, "%" PRIx64 "-%" PRIx64, (uint64_t)call->wallets->epoch_ms,
             wallet.version);
    render_wallet(out, &wallet);
    json_writer_text(out, "version", version);
    json_writer_object_end(out);
    return true;
}

/* What corrections have taken from account ?1. */
#define CREDITS_CORRECTED                                                                          \
    "coalesce((SELECT d.credited_nusd FROM balances d WHERE d.account_id = 'debt:' || ?1), 0)"

/* Totals of all that was paid in or given back, less corrections, and of all that was spent. They
 * are kept with the balance, not added up here. */
bool credits_get(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct row *row = db_bind(db,
                              "SELECT b.credited_nusd - " CREDITS_CORRECTED
                              ", b.debited_nusd - " CREDITS_CORRECTED " FROM balances b"
                              " WHERE b.account_id = ?1 AND b.floor_zero = 1",
                              call->args, 1);
    if (!db_row(db, row))
        return not_found(call, "account");
    json_writer_object(out, NULL);
    json_writer_money_number(out, "total_credits", column_int(row, 0));
    json_writer_money_number(out, "total_usage", column_int(row, 1));
    json_writer_object_end(out);
    db_leave(row);
    return true;
}

/* Columns: id, kind, signed amount, reason, exchange_id, created_ms. Without the closing brace. */
static void render_transfer_open(struct buffer *out, const char *name, struct row *row)
{
    json_writer_object(out, name);
    json_writer_text_or_null(out, "id", column_text(row, 0));
    json_writer_text(out, "kind", column_text(row, 1));
    json_writer_money(out, "amount", column_int(row, 2));
    json_writer_text_or_null(out, "reason", column_text(row, 3));
    json_writer_text_or_null(out, "exchange_id", column_text(row, 4));
    json_writer_time(out, "created_at", column_int(row, 5));
}

static const char *funding_account(const char *kind)
{
    if (strcmp(kind, "manual") == 0)
        return "funding:manual";
    if (strcmp(kind, "test") == 0)
        return "funding:test";
    if (strcmp(kind, "promotion") == 0)
        return POSTING_PROMOTION;
    return NULL;
}

static bool find_account(struct store_call *call, struct db *db, struct id *account_id)
{
    struct row *row = db_bind(
        db, "SELECT account_id, erased_ms IS NOT NULL FROM users WHERE id = ?1", call->args, 1);
    bool ok, erased;
    if (!db_row(db, row))
        return not_found(call, "user");
    ok = id_parse(slice_of(column_text(row, 0)), "acct", account_id);
    erased = column_int(row, 1) != 0;
    db_leave(row);
    if (erased)
        return fault_set(&call->fault, "already_erased",
                         "this customer is erased: nobody could spend the credit");
    return ok ? true : not_found(call, "account");
}

static int64_t posted(struct db *db, const struct id *account_id)
{
    return db_number(db, "SELECT posted_nusd FROM balances WHERE account_id = ?1",
                     DB_VALUES(bind_text(account_id->text)), 0);
}

static bool render_credit(struct store_call *call, struct db *db, const struct id *transfer_id,
                          int64_t balance_nusd)
{
    struct buffer *out = &call->result;
    struct row *row = db_bind(db,
                              "SELECT id, kind, amount_nusd, reason, exchange_id, created_ms"
                              " FROM transfers WHERE id = ?1 AND id IS NOT NULL",
                              DB_VALUES(bind_text(transfer_id->text)));
    if (!db_row(db, row))
        return false;
    json_writer_object(out, NULL);
    render_transfer_open(out, "transfer", row);
    json_writer_object_end(out);
    json_writer_money(out, "balance", balance_nusd);
    json_writer_object_end(out);
    db_leave(row);
    return true;
}

static bool note_transfer(struct store_call *call, struct db *db,
                          const struct posting_transfer *transfer)
{
    struct buffer detail;
    struct id user_id = {{0}};
    bool noted;
    struct row *row = db_bind(db, "SELECT id FROM users WHERE account_id = ?1",
                              DB_VALUES(bind_text(transfer->credit_account)));
    if (db_row(db, row))
        id_parse(slice_of(column_text(row, 0)), "user", &user_id);
    db_leave(row);
    buffer_init(&detail, 8192);
    json_writer_object(&detail, NULL);
    json_writer_money(&detail, "amount", transfer->amount_nusd);
    json_writer_text(&detail, "kind", transfer->kind);
    json_writer_text(&detail, "reason", transfer->reason);
    if (transfer->exchange_id != NULL)
        json_writer_text(&detail, "exchange_id", transfer->exchange_id);
    noted = audit_log_note(call, db, user_id.text, transfer->id.text, &detail);
    buffer_fini(&detail);
    return noted;
}

static bool add_receipt(struct store_call *call, struct db *db,
                        const struct posting_transfer *transfer, const struct id *account_id)
{
    bool by_hand = strcmp(transfer->kind, "manual") == 0;
    const struct notice_receipt receipt = {.account_id = account_id->text,
                                           .kind = transfer->receipt != NULL ? transfer->receipt
                                                   : by_hand                 ? "top_up"
                                                                             : transfer->kind,
                                           .transfer_id = transfer->id.text,
                                           .paid = transfer->paid,
                                           .amount_nusd = transfer->amount_nusd,
                                           .balance_nusd = posted(db, account_id)};
    return notices_receipt(db, &call->store->notices, &receipt, clock_wall_ms());
}

/* What comes in pays debts first. To an erased customer only what was taken back or refunded still
 * comes: it is forfeited as what was there before. */
static bool settle(struct store_call *call, struct db *db, const struct posting_transfer *transfer,
                   const struct id *account_id)
{
    struct id user_id = {{0}};
    struct row *row = db_bind(db,
                              "SELECT id FROM users WHERE account_id = ?1"
                              " AND erased_ms IS NOT NULL",
                              DB_VALUES(bind_text(account_id->text)));
    if (!db_row(db, row))
        return debts_pay(call, db, account_id->text, transfer->amount_nusd);
    id_parse(slice_of(column_text(row, 0)), "user", &user_id);
    db_leave(row);
    return debts_forfeit_fresh(call, db, &user_id, account_id, transfer->amount_nusd);
}

int64_t credits_room_nusd(struct db *db, const struct id *account_id)
{
    return MONEY_AMOUNT_MAX_NUSD - posted(db, account_id);
}

bool credits_give(struct store_call *call, struct db *db, struct posting_transfer *transfer,
                  const struct id *account_id, struct id *transfer_id)
{
    int64_t room_nusd = credits_room_nusd(db, account_id);
    char text[MONEY_TEXT_BYTES];
    if (transfer->amount_nusd > room_nusd)
        return fault_set(&call->fault, "invalid_amount",
                         "the amount must be at most $%s: no balance is above $1,000,000,000",
                         money_format_short(room_nusd, text));
    id_make(transfer_id, "tx");
    transfer->id = *transfer_id;
    transfer->credit_account = account_id->text;
    return posting_transfer(db, transfer, clock_wall_ms()) &&
           settle(call, db, transfer, account_id) &&
           changes_note(db, CHANGE_ACCOUNT, transfer->credit_account) &&
           note_transfer(call, db, transfer) && add_receipt(call, db, transfer, account_id) &&
           render_credit(call, db, &transfer->id, posted(db, account_id));
}

static bool create(struct store_call *call, struct db *db, struct id *account_id,
                   struct id *transfer_id)
{
    struct posting_transfer transfer = {.amount_nusd = operations_int(call, 1),
                                        .debit_account = funding_account(operations_text(call, 2)),
                                        .kind = operations_text(call, 2),
                                        .reason = operations_text(call, 3)};
    if (transfer.debit_account == NULL)
        return fault_set(&call->fault, "invalid_value", "kind must be manual, test or promotion");
    if (transfer.amount_nusd <= 0 || transfer.amount_nusd > MONEY_AMOUNT_MAX_NUSD)
        return fault_set(&call->fault, "invalid_amount",
                         "the amount must be above 0 and at most $1,000,000,000");
    if (!operations_fits(call, 3, REASON_BYTES_MAX, "reason") ||
        !find_account(call, db, account_id))
        return false;
    return credits_give(call, db, &transfer, account_id, transfer_id);
}

bool credits_create(struct store_call *call, struct db *db)
{
    struct id account_id;
    struct id transfer_id;
    return create(call, db, &account_id, &transfer_id);
}

bool credits_keep_answer(struct store_call *call, struct db *db, const struct id *account_id,
                         const struct id *transfer_id, size_t at)
{
    struct claim claim = {.account_id = *account_id};
    struct kept_answer answer = {.claim = &claim,
                                 .exchange_id = operations_text(call, at + 2),
                                 .transfer_id = transfer_id->text,
                                 .status = (int)operations_int(call, at + 3),
                                 .content_type = "application/json",
                                 .cost_nusd = -1,
                                 .body = buffer_slice(&call->result)};
    if (!operations_fits(call, at, LIMIT_IDEMPOTENCY_KEY_BYTES, "key") ||
        !operations_fits(call, at + 1, SHA256_HEX_BYTES - 1, "digest"))
        return false;
    memcpy(claim.key, operations_text(call, at), call->args[at].text.bytes);
    memcpy(claim.digest, operations_text(call, at + 1), call->args[at + 1].text.bytes);
    return answers_table_keep(db, &answer, clock_wall_ms());
}

bool credits_create_once(struct store_call *call, struct db *db)
{
    struct id account_id;
    struct id transfer_id;
    return create(call, db, &account_id, &transfer_id) &&
           credits_keep_answer(call, db, &account_id, &transfer_id, 4);
}

/* What can still be refunded of an exchange's charge. The customer did not pay the overrun. */
static bool find_rest(struct store_call *call, struct db *db, struct id *account_id,
                      int64_t *rest_nusd)
{
    const char *exchange_id = operations_text(call, 0);
    struct row *row = db_bind(db,
                              "SELECT u.account_id, u.charge_nusd FROM resolutions r"
                              " JOIN usage u ON u.seq = r.usage_seq WHERE r.exchange_id = ?1",
                              call->args, 1);
    bool ok;
    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "no request %.64s was charged", exchange_id);
    ok = id_parse(slice_of(column_text(row, 0)), "acct", account_id);
    *rest_nusd = column_int(row, 1);
    db_leave(row);
    if (!ok)
        return not_found(call, "account");
    *rest_nusd -= db_number(db,
                            "SELECT sum(amount_nusd) FROM transfers WHERE credit_account = ?1"
                            " AND id IS NOT NULL AND exchange_id = ?2 AND kind = 'refund'",
                            DB_VALUES(bind_text(account_id->text), call->args[0]), 0);
    if (db->failure)
        return false;
    if (*rest_nusd > 0)
        return true;
    return fault_set(&call->fault, "nothing_to_refund",
                     "nothing of request %.64s is left to refund", exchange_id);
}

/* A refund is a transfer of its own, from revenue to the customer, that names the exchange. Usage
 * records, key totals and the sums by hour stay: they say what was used and what it cost. So a
 * key's budget does not grow, either. There is only one writing transaction, so of two refunds at
 * once the second sees the first. */
static bool refund(struct store_call *call, struct db *db, struct id *account_id,
                   struct id *transfer_id)
{
    struct posting_transfer transfer = {.debit_account = POSTING_REVENUE,
                                        .kind = "refund",
                                        .exchange_id = operations_text(call, 0),
                                        .reason = operations_text(call, 2)};
    char text[MONEY_TEXT_BYTES];
    int64_t rest_nusd = 0;
    if (!operations_fits(call, 2, REASON_BYTES_MAX, "reason") ||
        !find_rest(call, db, account_id, &rest_nusd))
        return false;
    transfer.amount_nusd = operations_null(call, 1) ? rest_nusd : operations_int(call, 1);
    if (transfer.amount_nusd <= 0 || transfer.amount_nusd > rest_nusd)
        return fault_set(&call->fault, "invalid_amount",
                         "the amount must be above 0 and at most $%s: the charge less what was "
                         "refunded before",
                         money_format_short(rest_nusd, text));
    return credits_give(call, db, &transfer, account_id, transfer_id);
}

bool credits_refund(struct store_call *call, struct db *db)
{
    struct id account_id;
    struct id transfer_id;
    return refund(call, db, &account_id, &transfer_id);
}

bool credits_refund_once(struct store_call *call, struct db *db)
{
    struct id account_id;
    struct id transfer_id;
    return refund(call, db, &account_id, &transfer_id) &&
           credits_keep_answer(call, db, &account_id, &transfer_id, 3);
}

static void render_transfer(struct buffer *out, struct row *row)
{
    render_transfer_open(out, NULL, row);
    json_writer_null(out, "balance");
    json_writer_object_end(out);
}

/* Newest first, without the settlements (those are the usage records). Amounts that leave the
 * account are negative. The cursor is the number of the last transfer. */
bool credits_transfers(struct store_call *call, struct db *db)
{
    int64_t limit, before = INT64_MAX;
    struct row *row;
    if (!operations_limit(call, 2, &limit) || !operations_cursor(call, 1, &before, NULL))
        return false;
    row = db_bind(
        db,
        "SELECT id, kind, amount_nusd, reason, exchange_id, created_ms, seq FROM ("
        " SELECT * FROM (SELECT id, kind, amount_nusd, reason, exchange_id, created_ms, seq"
        "  FROM transfers WHERE credit_account = ?1 AND id IS NOT NULL AND seq < ?2"
        "  ORDER BY seq DESC LIMIT ?3)"
        " UNION ALL"
        " SELECT * FROM (SELECT id, kind, -amount_nusd, reason, exchange_id, created_ms, seq"
        "  FROM transfers WHERE debit_account = ?1 AND id IS NOT NULL AND seq < ?2"
        "  ORDER BY seq DESC LIMIT ?3)"
        ") ORDER BY seq DESC LIMIT ?3",
        DB_VALUES(call->args[0], bind_int(before), bind_int(limit + 1)));
    return operations_reply_page(call, db, row, limit, 6, render_transfer);
}

/* The newest transfers before ?2 of each kind, each along its own index; and the charges along
 * their chain from ?4 on. (A forged cursor may name another account's: those are not shown.) */
#define HISTORY_COLUMNS(amount)                                                                    \
    "id, kind, " amount " AS amount_nusd, reason, exchange_id, created_ms, seq"
#define NEWEST(amount, account, which)                                                             \
    "SELECT * FROM (SELECT " HISTORY_COLUMNS(amount) ", previous_charge FROM transfers"            \
                                                     "  WHERE " account " = ?1 AND " which         \
                                                     " AND seq < ?2 ORDER BY seq DESC LIMIT ?3)"
#define NEWEST_IN NEWEST("amount_nusd", "credit_account", "id IS NOT NULL")
#define NEWEST_OUT NEWEST("-amount_nusd", "debit_account", "id IS NOT NULL")
#define NEWEST_UNCHAINED                                                                           \
    NEWEST("-amount_nusd", "debit_account", "kind = 'charge' AND previous_charge IS NULL")
#define CHAIN                                                                                      \
    "WITH RECURSIVE chain (at, place) AS (SELECT ?4, 1 UNION ALL"                                  \
    " SELECT t.previous_charge, place + 1 FROM chain JOIN transfers t ON t.seq = at"               \
    " WHERE place < ?3 AND t.debit_account = ?1 AND t.kind = 'charge')"
#define NEWEST_CHAINED                                                                             \
    "SELECT " HISTORY_COLUMNS(                                                                     \
        "-amount_nusd") ", previous_charge FROM chain"                                             \
                        " CROSS JOIN transfers t ON t.seq = at"                                    \
                        " WHERE t.debit_account = ?1 AND t.kind = 'charge' AND t.seq < ?2"

/* The start of a page of the history. */
struct history {
    int64_t before;       /* transfers.seq */
    int64_t balance_nusd; /* after the first line */
    int64_t charge;       /* the chain of charges goes on there */
};

/* The first page starts from the present balance; a cursor continues it. Older entries never
 * change. */
static bool begin_history(struct store_call *call, struct db *db, struct history *at)
{
    int64_t *const numbers[] = {&at->before, &at->balance_nusd, &at->charge};
    struct row *row = db_bind(
        db, "SELECT posted_nusd, last_charge FROM balances WHERE account_id = ?1", call->args, 1);
    *at = (struct history){.before = INT64_MAX};
    if (db_row(db, row)) {
        at->balance_nusd = column_int(row, 0);
        at->charge = column_int(row, 1);
        db_leave(row);
    }
    if (!operations_place(call, 1, numbers, 3))
        return false;
    if (at->balance_nusd <= MONEY_AMOUNT_MAX_NUSD)
        return true;
    /* No account ever had so much; the limit keeps sums from overflowing. */
    return fault_set(&call->fault, "invalid_value", "cursor is not one of ours");
}

static void end_history(struct buffer *out, bool more, const struct history *at)
{
    char text[64];
    json_writer_array_end(out);
    snprintf(text, sizeof text, "%" PRIx64 "-%" PRIx64 "-%" PRIx64, (uint64_t)at->before,
             (uint64_t)at->balance_nusd, (uint64_t)at->charge);
    json_writer_text_or_null(out, "next_cursor", more ? text : "");
    json_writer_object_end(out);
}

/* All transfers in the ledger's order, each with the balance after it. */
bool credits_history(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    int64_t limit, count = 0;
    struct history at;
    bool more = false;
    struct row *row;
    if (!operations_limit(call, 2, &limit) || !begin_history(call, db, &at))
        return false;
    row = db_bind(
        db,
        CHAIN "SELECT * FROM (" NEWEST_IN " UNION ALL " NEWEST_OUT " UNION ALL " NEWEST_UNCHAINED
              " UNION ALL " NEWEST_CHAINED ") ORDER BY seq DESC LIMIT ?3",
        DB_VALUES(call->args[0], bind_int(at.before), bind_int(limit + 1), bind_int(at.charge)));
    json_writer_object(out, NULL);
    json_writer_array(out, "data");
    while (db_row(db, row)) {
        more = ++count > limit;
        if (more)
            break;
        render_transfer_open(out, NULL, row);
        json_writer_money(out, "balance", at.balance_nusd);
        json_writer_object_end(out);
        at.balance_nusd -= column_int(row, 2);
        at.before = column_int(row, 6);
        if (!column_null(row, 7))
            at.charge = column_int(row, 7);
    }
    db_leave(row);
    end_history(out, more, &at);
    return db->failure == 0;
}
