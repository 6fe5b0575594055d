/* Operations on what a processor tells of payments. Events come late, repeated and in any order:
 * each is acted on once, in the transaction of what it causes, and what it says is only ever a
 * step forward. So a crash at any time, and the processor's repetition after it, credit a payment
 * once. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/money.h"
#include "store/books/changes.h"
#include "store/books/posting.h"
#include "store/operations/debts.h"
#include "store/operations/operations.h"
#include "store/operations/payments.h"

#define CORRECTIONS "corrections"

enum { TEXT_BYTES_MAX = 255, EVENT_ARGS = 4 };

/* The first four arguments of each: processor event_id kind created_ms. */
enum { PROCESSOR, EVENT_ID, KIND, CREATED_MS };

/* ---- each event once ---- */

static bool reply(struct store_call *call, const char *outcome, const struct payment *payment)
{
    struct buffer *out = &call->result;
    buffer_reset(out);
    json_writer_object(out, NULL);
    json_writer_text(out, "outcome", outcome);
    json_writer_text_or_null(out, "payment_id", payment != NULL ? payment->id.text : "");
    json_writer_object_end(out);
    return true;
}

/* Notes what the event has come to, and replies with it. Pages of the payment's customer, which
 * watch the wallet's version, have something new to see: also where the balance stays. */
static bool done(struct store_call *call, struct db *db, const char *outcome,
                 const struct payment *payment)
{
    return db_run(db,
                  "INSERT INTO payment_events (processor, id, kind, created_ms, received_ms,"
                  " outcome) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                  DB_VALUES(call->args[PROCESSOR], call->args[EVENT_ID], call->args[KIND],
                            call->args[CREATED_MS], bind_int(clock_wall_ms()),
                            bind_text(outcome))) &&
           (payment == NULL || changes_note(db, CHANGE_ACCOUNT, payment->account_id.text)) &&
           reply(call, outcome, payment);
}

/* Whether the event has been acted on; then the call is answered. */
static bool is_known(struct store_call *call, struct db *db)
{
    return db_number(db, "SELECT count(*) FROM payment_events WHERE processor = ?1 AND id = ?2",
                     call->args, 2, 0) != 0 &&
           reply(call, "known", NULL);
}

static bool fits(struct store_call *call)
{
    return operations_fits(call, PROCESSOR, PAYMENT_WORD_BYTES - 1, "processor") &&
           operations_fits(call, EVENT_ID, TEXT_BYTES_MAX, "event_id") &&
           operations_fits(call, KIND, TEXT_BYTES_MAX, "kind");
}

static bool find(struct store_call *call, struct db *db, size_t at, struct payment *out)
{
    return payments_find(db, PAYMENT_WHERE "p.processor = ?1 AND p.id = ?2",
                         DB_VALUES(call->args[PROCESSOR], call->args[at]), out);
}

/* ---- cards ---- */

/* As `done` does for a payment: for those whose card it is. */
static bool show_owners(struct store_call *call, struct db *db, size_t method_id)
{
    return db_run(db,
                  "INSERT INTO changes (kind, id) SELECT 'account', u.account_id"
                  " FROM payment_customers c JOIN users u ON u.id = c.user_id"
                  " WHERE c.processor = ?1 AND c.method_id = ?2",
                  DB_VALUES(call->args[PROCESSOR], call->args[method_id]));
}

/* ... payment_id? customer_id method_id: the card that is charged by itself from now on. */
bool payment_events_method(struct store_call *call, struct db *db)
{
    enum { PAYMENT_ID = EVENT_ARGS, CUSTOMER_ID, METHOD_ID };
    struct payment payment;
    if (!fits(call) || !operations_fits(call, CUSTOMER_ID, TEXT_BYTES_MAX, "customer_id") ||
        !operations_fits(call, METHOD_ID, TEXT_BYTES_MAX, "method_id"))
        return false;
    if (is_known(call, db))
        return true;
    if (operations_null(call, PAYMENT_ID) || !find(call, db, PAYMENT_ID, &payment))
        return done(call, db, "unknown", NULL);
    return db_run(db,
                  "INSERT INTO payment_customers (user_id, processor, customer_id, method_id,"
                  " event_ms) VALUES (?1, ?2, ?3, ?4, ?5)"
                  " ON CONFLICT (user_id, processor) DO UPDATE SET customer_id = ?3,"
                  " method_id = ?4, event_ms = ?5 WHERE ?5 >= event_ms",
                  DB_VALUES(bind_text(payment.user_id.text), call->args[PROCESSOR],
                            call->args[CUSTOMER_ID], call->args[METHOD_ID],
                            call->args[CREATED_MS])) &&
           done(call, db, "kept", &payment);
}

/* ... method_id name */
bool payment_events_named(struct store_call *call, struct db *db)
{
    enum { METHOD_ID = EVENT_ARGS, NAME };
    if (!fits(call) || !operations_fits(call, METHOD_ID, TEXT_BYTES_MAX, "method_id") ||
        !operations_fits(call, NAME, TEXT_BYTES_MAX, "name"))
        return false;
    return is_known(call, db) ||
           (db_run(db,
                   "INSERT OR REPLACE INTO payment_methods (processor, id, name)"
                   " VALUES (?1, ?2, ?3)",
                   DB_VALUES(call->args[PROCESSOR], call->args[METHOD_ID], call->args[NAME])) &&
            show_owners(call, db, METHOD_ID) && done(call, db, "named", NULL));
}

/* ... method_id: the processor no longer has it. */
bool payment_events_forgotten(struct store_call *call, struct db *db)
{
    enum { METHOD_ID = EVENT_ARGS };
    const struct store_value values[] = {call->args[PROCESSOR], call->args[METHOD_ID]};
    if (!fits(call))
        return false;
    return is_known(call, db) ||
           (show_owners(call, db, METHOD_ID) &&
            db_run(db,
                   "UPDATE automatic_top_ups SET paused = 'The saved card was removed.'"
                   " WHERE user_id IN (SELECT user_id FROM payment_customers"
                   "  WHERE processor = ?1 AND method_id = ?2)",
                   values, 2) &&
            db_run(db,
                   "UPDATE payment_customers SET method_id = NULL"
                   " WHERE processor = ?1 AND method_id = ?2",
                   values, 2) &&
            db_run(db, "DELETE FROM payment_methods WHERE processor = ?1 AND id = ?2", values, 2) &&
            done(call, db, "forgotten", NULL));
}

/* ---- automatic top-ups ---- */

/* An automatic one that fails, or cannot be credited, is not tried again before the customer has
 * looked: it would be charged for nothing, again and again. The row has its reason; an empty one
 * would be no pause. */
static bool pause(struct db *db, const struct payment *payment)
{
    return db_run(db,
                  "UPDATE automatic_top_ups SET paused = iif(p.failure = '', p.state, p.failure)"
                  " FROM payments p"
                  " WHERE p.id = ?1 AND p.origin = 'automatic'"
                  " AND automatic_top_ups.user_id = p.user_id",
                  DB_VALUES(bind_text(payment->id.text)));
}

/* What went back to a card is not to be charged to it again, and the balance may be low now. */
static bool pause_after(struct db *db, const struct payment *payment, const char *kind)
{
    return db_run(db,
                  "UPDATE automatic_top_ups SET paused = 'A payment was taken back (' || ?2 || ')."
                  " Save this again to go on.' WHERE user_id = ?1 AND paused = ''",
                  DB_VALUES(bind_text(payment->user_id.text), bind_text(kind)));
}

/* ---- refunds and disputes ---- */

static int64_t sum_taken(struct db *db, const struct payment *payment, struct store_value charge_id)
{
    return db_number(db,
                     "SELECT sum(amount_minor) FROM payment_reversals WHERE processor = ?1"
                     " AND charge_id = ?2 AND takes = 1",
                     DB_VALUES(bind_text(payment->processor), charge_id), 0);
}

static bool give_back(struct store_call *call, struct db *db, const struct payment *payment,
                      int64_t amount_nusd)
{
    struct id transfer_id;
    char reason[ID_BYTES + 32];
    struct posting_transfer transfer = {.amount_nusd = amount_nusd,
                                        .debit_account = CORRECTIONS,
                                        .kind = "reinstatement",
                                        .reason = reason};
    snprintf(reason, sizeof reason, "payment %s", payment->id.text);
    return credits_give(call, db, &transfer, &payment->account_id, &transfer_id);
}

static bool take(struct store_call *call, struct db *db, const struct payment *payment,
                 int64_t amount_nusd, const char *kind)
{
    char reason[ID_BYTES + 64];
    snprintf(reason, sizeof reason, "%s of payment %s", kind, payment->id.text);
    return debts_take(call, db, &payment->user_id, &payment->account_id, amount_nusd, reason) &&
           pause_after(db, payment, kind);
}

/* Brings what was taken back to what refunds and disputes have taken, by the part of the price. */
static bool reverse(struct store_call *call, struct db *db, const struct payment *payment,
                    struct store_value charge_id, const char *kind)
{
    int64_t taken_minor = sum_taken(db, payment, charge_id);
    int64_t wanted_nusd =
        payments_share_nusd(payment->credit_nusd, taken_minor, payment->total_minor);
    int64_t change_nusd = wanted_nusd - payment->reversed_nusd;
    if (change_nusd == 0)
        return db->failure == 0;
    return db_run(db, "UPDATE payments SET reversed_nusd = ?2 WHERE id = ?1",
                  DB_VALUES(bind_text(payment->id.text), bind_int(wanted_nusd))) &&
           (change_nusd > 0 ? take(call, db, payment, change_nusd, kind)
                            : give_back(call, db, payment, -change_nusd));
}

/* ... reversal_id kind charge_id amount_minor stage takes state */
bool payment_events_reversed(struct store_call *call, struct db *db)
{
    enum { REVERSAL_ID = EVENT_ARGS, WHAT, CHARGE_ID, AMOUNT_MINOR, STAGE, TAKES, STATE };
    struct payment payment;
    if (!fits(call) || !operations_fits(call, REVERSAL_ID, TEXT_BYTES_MAX, "reversal_id") ||
        !operations_fits(call, CHARGE_ID, TEXT_BYTES_MAX, "charge_id") ||
        !operations_fits(call, STATE, TEXT_BYTES_MAX, "state"))
        return false;
    if (is_known(call, db))
        return true;
    if (!db_run(db,
                "INSERT INTO payment_reversals (processor, id, kind, charge_id, amount_minor,"
                " stage, takes, state, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
                " ON CONFLICT (processor, id) DO UPDATE SET amount_minor = ?5, stage = ?6,"
                " takes = ?7, state = ?8 WHERE ?6 > stage",
                DB_VALUES(call->args[PROCESSOR], call->args[REVERSAL_ID], call->args[WHAT],
                          call->args[CHARGE_ID], call->args[AMOUNT_MINOR], call->args[STAGE],
                          call->args[TAKES], call->args[STATE], call->args[CREATED_MS])))
        return false;
    if (!payments_find(db,
                       PAYMENT_WHERE "p.processor = ?1 AND p.charge_id = ?2 AND p.state = 'paid'",
                       DB_VALUES(call->args[PROCESSOR], call->args[CHARGE_ID]), &payment))
        return done(call, db, "kept", NULL); /* the payment may be told later, or is another's */
    return reverse(call, db, &payment, call->args[CHARGE_ID], operations_text(call, WHAT)) &&
           done(call, db, operations_text(call, WHAT), &payment);
}

/* ---- paid, and not ---- */

enum { WHY_BYTES = 160 };

/* Why what was paid cannot be credited; false: it can be. `paid_minor` is before taxes. */
static bool is_unclear(struct db *db, const struct payment *payment, const char *currency,
                       int64_t paid_minor, char why[WHY_BYTES])
{
    if (strcmp(payment->currency, currency) != 0 || payment->amount_minor != paid_minor ||
        payment->total_minor < payment->amount_minor)
        snprintf(why, WHY_BYTES, "paid %lld %.16s where %lld %.16s were asked for (smallest units)",
                 (long long)paid_minor, currency, (long long)payment->amount_minor,
                 payment->currency);
    else if (payment->erased)
        snprintf(why, WHY_BYTES, "paid after the account was erased: give it back");
    else if (payment->credit_nusd > credits_room_nusd(db, &payment->account_id))
        snprintf(why, WHY_BYTES, "the balance would be above the most that one can be");
    else
        return false;
    return true;
}

static bool disagrees(struct store_call *call, struct db *db, const struct payment *payment,
                      const char *why)
{
    return db_run(db, "UPDATE payments SET state = 'disagreed', failure = ?2 WHERE id = ?1",
                  DB_VALUES(bind_text(payment->id.text), bind_text(why))) &&
           pause(db, payment) && done(call, db, "disagreed", payment);
}

/* "22.00 USD", and the taxes of it behind a bar. */
enum { PAID_BYTES = 2 * (PAYMENT_AMOUNT_BYTES + PAYMENT_WORD_BYTES) };

static void write_paid(const struct payment *payment, char out[PAID_BYTES])
{
    char total[PAYMENT_AMOUNT_BYTES], tax[PAYMENT_AMOUNT_BYTES], code[PAYMENT_WORD_BYTES];
    int64_t tax_minor = payment->total_minor - payment->amount_minor;
    payments_amount_text(payment->total_minor, payment->decimals, total);
    payments_amount_text(tax_minor, payment->decimals, tax);
    slice_copy(slice_of(payment->currency), code, sizeof code);
    for (char *c = code; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    if (tax_minor > 0)
        snprintf(out, PAID_BYTES, "%s %s|%s %s", total, code, tax, code);
    else
        snprintf(out, PAID_BYTES, "%s %s", total, code);
}

static bool credit(struct store_call *call, struct db *db, const struct payment *payment,
                   struct id *transfer_id)
{
    char from[PAYMENT_WORD_BYTES + 16], reason[ID_BYTES + 16], paid[PAID_BYTES];
    struct posting_transfer transfer = {.amount_nusd = payment->credit_nusd,
                                        .debit_account = from,
                                        .kind = "payment",
                                        .reason = reason,
                                        .paid = paid};
    write_paid(payment, paid);
    snprintf(from, sizeof from, "funding:%s", payment->processor);
    snprintf(reason, sizeof reason, "payment %s", payment->id.text);
    return credits_give(call, db, &transfer, &payment->account_id, transfer_id);
}

/* ... payment_id currency amount_minor total_minor charge_id? */
bool payment_events_paid(struct store_call *call, struct db *db)
{
    enum { PAYMENT_ID = EVENT_ARGS, CURRENCY, AMOUNT_MINOR, TOTAL_MINOR, CHARGE_ID };
    struct payment payment;
    struct id transfer_id;
    char why[WHY_BYTES];
    if (!fits(call) || !operations_fits(call, CHARGE_ID, TEXT_BYTES_MAX, "charge_id"))
        return false;
    if (is_known(call, db))
        return true;
    if (!find(call, db, PAYMENT_ID, &payment))
        return done(call, db, "unknown", NULL);
    if (strcmp(payment.state, "paid") == 0)
        return done(call, db, "repeated", &payment);
    payment.total_minor = operations_int(call, TOTAL_MINOR);
    if (is_unclear(db, &payment, operations_text(call, CURRENCY),
                   operations_int(call, AMOUNT_MINOR), why))
        return disagrees(call, db, &payment, why);
    return credit(call, db, &payment, &transfer_id) &&
           db_run(db,
                  "UPDATE payments SET state = 'paid', transfer_id = ?2, total_minor = ?3,"
                  " charge_id = ?4, paid_ms = ?5, failure = '' WHERE id = ?1",
                  DB_VALUES(bind_text(payment.id.text), bind_text(transfer_id.text),
                            call->args[TOTAL_MINOR], call->args[CHARGE_ID],
                            bind_int(clock_wall_ms()))) &&
           (operations_null(call, CHARGE_ID) ||
            reverse(call, db, &payment, call->args[CHARGE_ID], "reversal")) &&
           done(call, db, "paid", &payment);
}

/* ... payment_id state why: it is processing, or has failed or expired. */
bool payment_events_moved(struct store_call *call, struct db *db)
{
    enum { PAYMENT_ID = EVENT_ARGS, STATE, WHY };
    const char *state = operations_text(call, STATE);
    bool processing = strcmp(state, "processing") == 0;
    struct payment payment;
    if (!fits(call) || !operations_fits(call, WHY, TEXT_BYTES_MAX, "why"))
        return false;
    if (!processing && strcmp(state, "failed") != 0 && strcmp(state, "expired") != 0)
        return fault_set(&call->fault, "invalid_value", "no such state");
    if (is_known(call, db))
        return true;
    if (!find(call, db, PAYMENT_ID, &payment))
        return done(call, db, "unknown", NULL);
    bool open = strcmp(payment.state, "open") == 0;
    bool was_processing = strcmp(payment.state, "processing") == 0;
    if (!open && (processing || !was_processing))
        return done(call, db, "late", &payment);
    return db_run(db, "UPDATE payments SET state = ?2, failure = ?3 WHERE id = ?1",
                  DB_VALUES(bind_text(payment.id.text), call->args[STATE], call->args[WHY])) &&
           (processing || pause(db, &payment)) && done(call, db, state, &payment);
}

/* Of no interest, but not to be looked at again. */
bool payment_events_ignored(struct store_call *call, struct db *db)
{
    if (!fits(call))
        return false;
    return is_known(call, db) || done(call, db, "ignored", NULL);
}
