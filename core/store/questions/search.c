/* What an operator has in hand (an id that we print, a key or a part of it, an e-mail, a name) and
 * what it belongs to. Ids and what is shown of keys are looked up in an index, so they are found as
 * soon among ten million records as among ten. Only parts of addresses and names are compared with
 * all users. */
#include <stdio.h>
#include <string.h>

#include "base/json_writer.h"
#include "store/operations/operations.h"
#include "store/questions/key_search.h"

enum { HITS_MAX = 20, PART_BYTES = 2 };

struct search {
    struct buffer *out;
    struct db *db;
    size_t count;
    bool exact; /* the whole of what was looked for, and nothing else has it */
};

/* Adds the rows of a statement. Columns: id, label, amount or null, milliseconds or null, and the
 * user's id, e-mail and name. */
static void take(struct search *search, const char *kind, struct row *row)
{
    struct buffer *out = search->out;
    while (search->count < HITS_MAX && db_row(search->db, row)) {
        json_writer_object(out, NULL);
        json_writer_text(out, "kind", kind);
        json_writer_text(out, "id", column_text(row, 0));
        json_writer_text_or_null(out, "label", column_text(row, 1));
        if (column_null(row, 2))
            json_writer_null(out, "amount");
        else
            json_writer_money(out, "amount", column_int(row, 2));
        json_writer_time_or_null(out, "at", column_int(row, 3));
        json_writer_text_or_null(out, "user_id", column_text(row, 4));
        json_writer_text_or_null(out, "email", column_text(row, 5));
        json_writer_text_or_null(out, "name", column_text(row, 6));
        json_writer_object_end(out);
        search->count++;
    }
    db_leave(row);
}

#define USER "o.id, o.email, o.name"
#define KEYS                                                                                       \
    "SELECT k.id, k.prefix || '…' || k.last4 || ' ' || k.name, NULL, k.created_ms, " USER          \
    " FROM keys k JOIN users o ON o.id = k.user_id WHERE "
#define CUSTOMERS "SELECT o.id, NULL, NULL, o.created_ms, " USER " FROM users o WHERE "

static void find_exact(struct search *search, const char *kind, const char *sql, const char *text)
{
    take(search, kind, db_bind(search->db, sql, DB_VALUES(bind_text(text))));
    search->exact = search->exact || search->count == 1;
}

static void find_by_beginning(struct search *search, const char *text)
{
    struct shown_key shown;
    key_search_read(text, &shown);
    take(search, "key",
         db_bind(search->db,
                 *shown.last ? KEYS "k.id IN (" KEYS_SHOWN(SHOWN_BOTH) ")"
                             : KEYS "k.id IN (" KEYS_SHOWN(SHOWN_BEGINNING) ")",
                 DB_VALUES(bind_text(shown.prefix), bind_text(shown.last))));
    search->exact = search->count == 1 && *shown.last;
}

static void find_request(struct search *search, const char *id)
{
    find_exact(search, "request",
               "SELECT u.exchange_id, u.model, u.charge_nusd, u.created_ms, " USER
               " FROM resolutions r JOIN usage u ON u.seq = r.usage_seq"
               " JOIN users o ON o.account_id = u.account_id WHERE r.exchange_id = ?1"
               " UNION ALL SELECT f.exchange_id, f.code, NULL, f.created_ms, " USER
               " FROM refusals f JOIN users o ON o.account_id = f.account_id"
               " WHERE f.exchange_id = ?1",
               id);
}

static void find_transfer(struct search *search, const char *id)
{
    find_exact(search, "transfer",
               "SELECT t.id, t.kind, t.amount_nusd, t.created_ms, " USER
               " FROM transfers t JOIN users o ON o.account_id IN (t.credit_account,"
               " t.debit_account, substr(t.debit_account, 6)) WHERE t.id = ?1 AND t.id IS NOT NULL",
               id);
}

static void find_payment(struct search *search, const char *id)
{
    find_exact(search, "payment",
               "SELECT p.id, p.state, p.credit_nusd, p.created_ms, " USER
               " FROM payments p JOIN users o ON o.id = p.user_id WHERE p.id = ?1",
               id);
}

/* By the processor's id of the payment, which stands in its statements. */
static void find_charge(struct search *search, const char *id)
{
    find_exact(search, "payment",
               "SELECT p.id, p.state, p.credit_nusd, p.created_ms, " USER
               " FROM (SELECT DISTINCT processor FROM payment_customers) c"
               " CROSS JOIN payments p ON p.processor = c.processor AND p.charge_id = ?1"
               " JOIN users o ON o.id = p.user_id",
               id);
}

static void find_batch(struct search *search, const char *id)
{
    find_exact(search, "voucher",
               "SELECT id, name, amount_nusd, created_ms, NULL, NULL, NULL FROM voucher_batches"
               " WHERE id = ?1",
               id);
}

/* Parts of addresses and names, without regard to case; and the ends of keys. */
static void find_parts(struct search *search, const char *text)
{
    size_t bytes = strlen(text);
    find_exact(search, "customer", CUSTOMERS "o.email = ?1", text);
    if (search->exact || bytes < PART_BYTES)
        return;
    if (bytes == KEY_LAST_BYTES)
        take(search, "key",
             db_bind(search->db,
                     KEYS "k.id IN (" KEYS_SHOWN(SHOWN_END) " UNION " KEYS_SHOWN(
                         "prefix = ?1 || ?2") ")",
                     DB_VALUES(bind_text(KEY_MARK), bind_text(text))));
    take(search, "customer",
         db_bind(search->db,
                 CUSTOMERS "o.id IN (SELECT id FROM " USER_PARTS " WHERE " USER_HAS(
                     "?1") " ORDER BY id DESC LIMIT ?2) ORDER BY o.id DESC",
                 DB_VALUES(bind_text(text), bind_int(HITS_MAX))));
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void find_by_text(struct search *search, const char *text, bool with_money)
{
    if (begins(text, KEY_MARK))
        find_by_beginning(search, text);
    else if (begins(text, "req_"))
        find_request(search, text);
    else if (begins(text, "key_"))
        find_exact(search, "key", KEYS "k.id = ?1", text);
    else if (begins(text, "user_"))
        find_exact(search, "customer", CUSTOMERS "o.id = ?1", text);
    else if (begins(text, "acct_"))
        find_exact(search, "customer", CUSTOMERS "o.account_id = ?1", text);
    else if (begins(text, "tx_"))
        find_transfer(search, text);
    else if (begins(text, "pay_") && with_money)
        find_payment(search, text);
    else if (begins(text, "vch_") && with_money)
        find_batch(search, text);
    if (search->count == 0 && with_money)
        find_charge(search, text);
    if (search->count == 0)
        find_parts(search, text);
}

/* text? digest? with_money. */
bool search_find(struct store_call *call, struct db *db)
{
    struct search search = {.out = &call->result, .db = db};
    const char *digest = operations_text(call, 1);
    json_writer_object(&call->result, NULL);
    json_writer_array(&call->result, "data");
    if (*digest)
        find_exact(&search, "key", KEYS "k.id IN (" KEYS_SHOWN("digest = ?1") ")", digest);
    else
        find_by_text(&search, operations_text(call, 0), operations_int(call, 2) != 0);
    json_writer_array_end(&call->result);
    json_writer_bool(&call->result, "exact", search.exact);
    json_writer_object_end(&call->result);
    return db->failure == 0;
}
