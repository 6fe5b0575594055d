/* Operations on vouchers: codes made in batches, each redeemed once for credits. A code is redeemed
 * in the transaction of its transfer, so a crash leaves both or neither. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json_writer.h"
#include "base/money.h"
#include "base/secret.h"
#include "base/voucher_code.h"
#include "base/zone.h"
#include "store/books/posting.h"
#include "store/operations/audit_log.h"
#include "store/operations/operations.h"

enum { NAME_BYTES_MAX = 100, GROUP_BYTES_MAX = 64 };

#define BATCH_COLUMNS                                                                              \
    "id, name, amount_nusd, kind, \"group\", expires_ms, count, redeemed, created_ms,"             \
    " withdrawn_ms, seq"

static void render_batch(struct buffer *out, struct row *row)
{
    json_writer_object(out, NULL);
    json_writer_text(out, "id", column_text(row, 0));
    json_writer_text(out, "name", column_text(row, 1));
    json_writer_money(out, "amount", column_int(row, 2));
    json_writer_text(out, "kind", column_text(row, 3));
    json_writer_text_or_null(out, "group", column_text(row, 4));
    json_writer_time_or_null(out, "expires_at", column_int(row, 5));
    json_writer_int(out, "count", column_int(row, 6));
    json_writer_int(out, "redeemed", column_int(row, 7));
    json_writer_time(out, "created_at", column_int(row, 8));
    json_writer_time_or_null(out, "withdrawn_at", column_int(row, 9));
    json_writer_object_end(out);
}

static bool no_batch(struct store_call *call)
{
    return fault_set(&call->fault, "not_found", "there is no such batch of vouchers");
}

static bool reply_batch(struct store_call *call, struct db *db, const char *id)
{
    struct row *row = db_bind(db, "SELECT " BATCH_COLUMNS " FROM voucher_batches WHERE id = ?1",
                              DB_VALUES(bind_text(id)));
    if (!db_row(db, row))
        return no_batch(call);
    render_batch(&call->result, row);
    db_leave(row);
    return true;
}

bool vouchers_get(struct store_call *call, struct db *db)
{
    return reply_batch(call, db, operations_text(call, 0));
}

bool vouchers_list(struct store_call *call, struct db *db)
{
    int64_t limit, before = INT64_MAX;
    if (!operations_limit(call, 1, &limit) || !operations_cursor(call, 0, &before, NULL))
        return false;
    struct row *row = db_bind(db,
                              "SELECT " BATCH_COLUMNS " FROM voucher_batches WHERE seq < ?1"
                              " ORDER BY seq DESC LIMIT ?2",
                              DB_VALUES(bind_int(before), bind_int(limit + 1)));
    return operations_reply_page(call, db, row, limit, 10, render_batch);
}

static bool note(struct store_call *call, struct db *db, const char *batch_id)
{
    struct buffer detail;
    struct row *row = db_bind(db,
                              "SELECT name, amount_nusd, kind, count, redeemed FROM voucher_batches"
                              " WHERE id = ?1",
                              DB_VALUES(bind_text(batch_id)));
    char text[24];
    bool noted;
    if (!db_row(db, row))
        return no_batch(call);
    buffer_init(&detail, 4096);
    json_writer_object(&detail, NULL);
    json_writer_text(&detail, "name", column_text(row, 0));
    json_writer_money(&detail, "amount", column_int(row, 1));
    json_writer_text(&detail, "kind", column_text(row, 2));
    snprintf(text, sizeof text, "%lld", (long long)column_int(row, 3));
    json_writer_text(&detail, "count", text);
    snprintf(text, sizeof text, "%lld", (long long)column_int(row, 4));
    json_writer_text(&detail, "redeemed", text);
    db_leave(row);
    noted = audit_log_note(call, db, "", batch_id, &detail);
    buffer_fini(&detail);
    return noted;
}

/* One code: a line "DIGEST SEALED". */
static bool insert_code(struct store_call *call, struct db *db, int64_t batch, int64_t number,
                        struct slice line)
{
    const size_t hex_chars = DIGEST_HEX_BYTES - 1;
    char hex[DIGEST_HEX_BYTES];
    struct digest digest;
    struct store_value sealed = {.type = STORE_TEXT};
    slice_copy(line, hex, sizeof hex);
    if (line.bytes <= hex_chars + 1 || line.data[hex_chars] != ' ' || !digest_parse(hex, &digest))
        return fault_set(&call->fault, "invalid_value", "a line is a digest and a sealed code");
    sealed.text = (struct slice){line.data + hex_chars + 1, line.bytes - hex_chars - 1};
    return db_run(db,
                  "INSERT INTO vouchers (digest, batch, number, sealed) VALUES (?1, ?2, ?3, ?4)",
                  DB_VALUES(bind_text(hex), bind_int(batch), bind_int(number), sealed));
}

static bool insert_codes(struct store_call *call, struct db *db, int64_t batch, struct slice lines)
{
    int64_t number = 0;
    size_t begin = 0;
    for (size_t i = 0; i < lines.bytes; i++) {
        if (lines.data[i] != '\n')
            continue;
        struct slice line = {lines.data + begin, i - begin};
        if (!insert_code(call, db, batch, ++number, line))
            return false;
        begin = i + 1;
    }
    return true;
}

static int64_t count_lines(struct slice lines)
{
    int64_t count = 0;
    for (size_t i = 0; i < lines.bytes; i++)
        count += lines.data[i] == '\n';
    return count;
}

/* batch_id name amount_nusd kind group? expires_ms? lines */
bool vouchers_create(struct store_call *call, struct db *db)
{
    int64_t amount_nusd = operations_int(call, 2);
    int64_t count = count_lines(call->args[6].text);
    const char *kind = operations_text(call, 3);
    if (!operations_fits(call, 1, NAME_BYTES_MAX, "name") ||
        !operations_fits(call, 4, GROUP_BYTES_MAX, "group"))
        return false;
    if (strcmp(kind, "manual") != 0 && strcmp(kind, "promotion") != 0)
        return fault_set(&call->fault, "invalid_value", "kind must be manual or promotion");
    if (amount_nusd <= 0 || amount_nusd > MONEY_AMOUNT_MAX_NUSD)
        return fault_set(&call->fault, "invalid_amount",
                         "the amount must be above 0 and at most $1,000,000,000");
    if (count < 1 || count > VOUCHER_BATCH_CODES_MAX)
        return fault_set(&call->fault, "invalid_value", "count must be between 1 and %d",
                         VOUCHER_BATCH_CODES_MAX);
    return db_run(db,
                  "INSERT INTO voucher_batches (id, name, amount_nusd, kind, \"group\", expires_ms,"
                  " count, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                  DB_VALUES(call->args[0], call->args[1], call->args[2], call->args[3],
                            call->args[4], call->args[5], bind_int(count),
                            bind_int(clock_wall_ms()))) &&
           insert_codes(
               call, db,
               db_number(db, "SELECT seq FROM voucher_batches WHERE id = ?1", call->args, 1, 0),
               call->args[6].text) &&
           note(call, db, operations_text(call, 0)) &&
           reply_batch(call, db, operations_text(call, 0));
}

static void render_code(struct buffer *out, struct row *row, const struct zone *zone)
{
    int64_t redeemed_ms = column_int(row, 1);
    char local[ZONE_LOCAL_TEXT_BYTES];
    json_writer_object(out, NULL);
    json_writer_text(out, "sealed", column_text(row, 0));
    json_writer_time_or_null(out, "redeemed_at", redeemed_ms);
    json_writer_text_or_null(out, "redeemed_local",
                             redeemed_ms > 0 ? zone_format(zone, redeemed_ms, local) : "");
    json_writer_text_or_null(out, "user_id", column_text(row, 2));
    json_writer_text_or_null(out, "email", column_text(row, 3));
    json_writer_text_or_null(out, "transfer_id", column_text(row, 4));
    json_writer_object_end(out);
}

/* batch_id zone? */
bool vouchers_codes(struct store_call *call, struct db *db)
{
    struct buffer *out = &call->result;
    struct row *row;
    struct zone zone;
    if (!zone_load(operations_text(call, 1), &zone, &call->fault))
        return false;
    json_writer_object(out, NULL);
    json_writer_array(out, "data");
    row = db_bind(db,
                  "SELECT v.sealed, v.redeemed_ms, v.user_id, u.email, v.transfer_id"
                  " FROM voucher_batches b JOIN vouchers v ON v.batch = b.seq"
                  " LEFT JOIN users u ON u.id = v.user_id WHERE b.id = ?1 ORDER BY v.number",
                  call->args, 1);
    while (db_row(db, row))
        render_code(out, row, &zone);
    db_leave(row);
    zone_fini(&zone);
    json_writer_array_end(out);
    json_writer_object_end(out);
    return db->failure == 0;
}

bool vouchers_withdraw(struct store_call *call, struct db *db)
{
    const char *id = operations_text(call, 0);
    return db_run(db,
                  "UPDATE voucher_batches SET withdrawn_ms = coalesce(withdrawn_ms, ?2)"
                  " WHERE id = ?1",
                  DB_VALUES(call->args[0], bind_int(clock_wall_ms()))) &&
           note(call, db, id) && reply_batch(call, db, id);
}

/* ---- to redeem ---- */

struct voucher {
    int64_t batch;
    char batch_id[ID_BYTES];
    char kind[16];
    int64_t amount_nusd;
    struct id account_id; /* of the customer */
};

/* Why the row's voucher gives this customer nothing; "" if it does. Columns: see find. */
static const char *judge(struct row *row, int64_t now_ms, const char **why)
{
    if (!column_null(row, 5)) {
        *why = column_int(row, 6) ? "you have redeemed this code before"
                                  : "this code has been redeemed before";
        return "voucher_redeemed";
    }
    *why = "this code can no longer be redeemed";
    if (!column_null(row, 7) || (!column_null(row, 4) && column_int(row, 4) <= now_ms))
        return "voucher_expired";
    *why = "this code is for other customers";
    return column_int(row, 8) ? "" : "voucher_not_yours";
}

/* user_id digest */
static bool find(struct store_call *call, struct db *db, struct voucher *out)
{
    const char *why = "", *code;
    struct row *row = db_bind(
        db,
        "SELECT b.seq, b.id, b.kind, b.amount_nusd, b.expires_ms, v.redeemed_ms,"
        " v.user_id IS ?1, b.withdrawn_ms, b.\"group\" IS NULL OR b.\"group\" = u.\"group\","
        " u.account_id FROM vouchers v JOIN voucher_batches b ON b.seq = v.batch"
        " JOIN users u ON u.id = ?1 WHERE v.digest = ?2",
        call->args, 2);
    if (!db_row(db, row))
        return fault_set(&call->fault, "not_found", "there is no such code");
    *out = (struct voucher){.batch = column_int(row, 0), .amount_nusd = column_int(row, 3)};
    slice_copy(slice_of(column_text(row, 1)), out->batch_id, sizeof out->batch_id);
    slice_copy(slice_of(column_text(row, 2)), out->kind, sizeof out->kind);
    code = id_parse(slice_of(column_text(row, 9)), "acct", &out->account_id)
               ? judge(row, clock_wall_ms(), &why)
               : "not_found";
    db_leave(row);
    return code[0] ? fault_set(&call->fault, code, "%s", why) : true;
}

bool vouchers_redeem(struct store_call *call, struct db *db)
{
    struct voucher voucher;
    struct id transfer_id;
    char reason[ID_BYTES + 16];
    if (!find(call, db, &voucher))
        return false;
    snprintf(reason, sizeof reason, "voucher %s", voucher.batch_id);
    const char *from = strcmp(voucher.kind, "manual") == 0 ? "funding:manual" : POSTING_PROMOTION;
    struct posting_transfer transfer = {.amount_nusd = voucher.amount_nusd,
                                        .debit_account = from,
                                        .kind = voucher.kind,
                                        .reason = reason,
                                        .receipt = "voucher"};
    return credits_give(call, db, &transfer, &voucher.account_id, &transfer_id) &&
           db_run(db,
                  "UPDATE vouchers SET redeemed_ms = ?3, user_id = ?1, transfer_id = ?4"
                  " WHERE digest = ?2",
                  DB_VALUES(call->args[0], call->args[1], bind_int(clock_wall_ms()),
                            bind_text(transfer_id.text))) &&
           db_run(db, "UPDATE voucher_batches SET redeemed = redeemed + 1 WHERE seq = ?1",
                  DB_VALUES(bind_int(voucher.batch)));
}
