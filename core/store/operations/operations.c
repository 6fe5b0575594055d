#include "store/operations/operations.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/json_writer.h"
#include "base/limits.h"

static const struct operation operations[] = {
    {"user.create", "tTtt", OPERATION_WRITES, users_create},
    {"user.sign_up", "tTtitTTTIII", OPERATION_WRITES, sign_ups_create},
    {"user.accept", "tt", OPERATION_WRITES, sign_ups_accept_terms},
    {"invitation.create", "ttTTtIiiT", OPERATION_WRITES, invitations_create},
    {"invitation.list", "Ti", OPERATION_QUICK, invitations_list},
    {"invitation.find", "t", OPERATION_QUICK, invitations_find},
    {"invitation.revoke", "t", OPERATION_WRITES, invitations_revoke},
    {"user.credentials", "tTT", OPERATION_QUICK, users_credentials},
    {"user.get", "t", OPERATION_QUICK, users_get},
    {"user.of_key", "t", OPERATION_QUICK, users_of_key},
    {"customer.create", "tttti", OPERATION_WRITES, customers_create},
    {"customer.list", "TTi", OPERATION_LONG, customers_list},
    {"customer.get", "t", OPERATION_QUICK, customers_get},
    {"customer.update", "tTITT", OPERATION_WRITES, customers_update},
    {"user.password", "ttTTT", OPERATION_WRITES, passwords_set},
    {"user.unlock", "t", OPERATION_WRITES, passwords_unlock},
    {"link.create", "tti", OPERATION_WRITES, passwords_link},
    {"link.find", "t", OPERATION_QUICK, passwords_find_link},
    {"link.redeem", "ttIII", OPERATION_WRITES, passwords_redeem},
    {"link.mail", "ttti", OPERATION_WRITES, notices_mail_password_link},
    {"address.mail", "ttti", OPERATION_WRITES, notices_mail_address_link},
    {"address.verify", "ttII", OPERATION_WRITES, notices_verify_address},
    {"address.refused", "tt", OPERATION_WRITES, notices_note_refused},
    {"address.restored", "t", OPERATION_WRITES, notices_note_restored},
    {"notice.get", "t", OPERATION_QUICK, notices_get_wishes},
    {"notice.set", "tiIIITI", OPERATION_WRITES, notices_set_wishes},
    {"webhook.set", "ttt", OPERATION_WRITES, notices_set_webhook},
    {"webhook.delete", "t", OPERATION_WRITES, notices_delete_webhook},
    {"webhook.test", "t", OPERATION_WRITES, notices_try_webhook},
    {"factor.get", "t", OPERATION_QUICK, second_factors_get},
    {"factor.begin", "tt", OPERATION_WRITES, second_factors_begin},
    {"factor.confirm", "titt", OPERATION_WRITES, second_factors_confirm},
    {"factor.renew", "tITt", OPERATION_WRITES, second_factors_renew},
    {"factor.use", "tIT", OPERATION_WRITES, second_factors_use},
    {"factor.off", "tIT", OPERATION_WRITES, second_factors_off},
    {"factor.remove", "t", OPERATION_WRITES, second_factors_remove},
    {"signin.await", "ttti", OPERATION_WRITES, second_factors_await},
    {"signin.try", "t", OPERATION_WRITES, second_factors_try},
    {"signin.enter", "ttittIT", OPERATION_WRITES, second_factors_enter},
    {"user.erase", "ti", OPERATION_WRITES, erasure_run},
    {"user.export", "t", OPERATION_WRITES, erasure_note_export},
    {"turn.list", "tTi", OPERATION_LONG, turns_list},
    {"session.create", "ttittt", OPERATION_WRITES, sessions_create},
    {"session.user", "t", OPERATION_QUICK, sessions_user},
    {"session.delete", "t", OPERATION_WRITES, sessions_delete},
    {"session.seen", "t", OPERATION_WRITES, sessions_seen},
    {"session.list", "tT", OPERATION_QUICK, sessions_list},
    {"session.end", "tt", OPERATION_WRITES, sessions_end},
    {"session.end_all", "t", OPERATION_WRITES, sessions_end_all},
    {"session.end_others", "tt", OPERATION_WRITES, sessions_end_others},
    {"device.create", "ttiT", OPERATION_WRITES, devices_create},
    {"pulse.get", "t", OPERATION_QUICK, credits_pulse},
    {"key.create", "tttttIITT", OPERATION_WRITES, keys_create},
    {"key.list", "t", OPERATION_QUICK, keys_list},
    {"key.get", "t", OPERATION_QUICK, keys_get},
    {"key.own", "tt", OPERATION_QUICK, keys_own},
    {"key.update", "TtTIT", OPERATION_WRITES, keys_update},
    {"key.change", "ttiTIITIT", OPERATION_WRITES, keys_change},
    {"key.rotate", "tttttiT", OPERATION_WRITES, key_secrets_rotate},
    {"key.secrets", "tt", OPERATION_QUICK, key_secrets_list},
    {"key.retire", "tt", OPERATION_WRITES, key_secrets_end},
    {"key.lock", "tiT", OPERATION_WRITES, keys_disable_all},
    {"key.digest", "tt", OPERATION_QUICK, keys_digest},
    {"key.delete", "tt", OPERATION_WRITES, keys_delete},
    {"key.use", "t", OPERATION_QUICK, keys_use},
    {"note.list", "tTi", OPERATION_QUICK, customer_notes_list},
    {"note.get", "t", OPERATION_QUICK, customer_notes_get},
    {"note.create", "tt", OPERATION_WRITES, customer_notes_create},
    {"note.update", "tt", OPERATION_WRITES, customer_notes_update},
    {"note.delete", "t", OPERATION_WRITES, customer_notes_delete},
    {"quota.list", "t", OPERATION_QUICK, quotas_list},
    {"quota.set", "tTttTi", OPERATION_WRITES, quotas_set_one},
    {"quota.delete", "Tt", OPERATION_WRITES, quotas_delete},
    {"quota.use", "tB", OPERATION_LONG, quotas_use},
    {"quota.use_of_key", "tB", OPERATION_QUICK, quotas_use},
    {"balance.get", "t", OPERATION_QUICK, credits_balance},
    {"credit.create", "titt", OPERATION_WRITES, credits_create},
    {"credit.create_once", "tittttti", OPERATION_WRITES, credits_create_once},
    {"refund.create", "tIt", OPERATION_WRITES, credits_refund},
    {"refund.create_once", "tItttti", OPERATION_WRITES, credits_refund_once},
    {"debit.create", "tit", OPERATION_WRITES, debts_create},
    {"debit.create_once", "titttti", OPERATION_WRITES, debts_create_once},
    {"debt.collect", "", OPERATION_WRITES, debts_collect},
    {"credits.get", "t", OPERATION_QUICK, credits_get},
    {"transfer.list", "tTi", OPERATION_LONG, credits_transfers},
    {"transfer.history", "tTi", OPERATION_LONG, credits_history},
    {"voucher.create", "ttitTIB", OPERATION_WRITES, vouchers_create},
    {"voucher.list", "Ti", OPERATION_QUICK, vouchers_list},
    {"voucher.get", "t", OPERATION_QUICK, vouchers_get},
    {"voucher.codes", "tT", OPERATION_LONG, vouchers_codes},
    {"voucher.withdraw", "t", OPERATION_WRITES, vouchers_withdraw},
    {"voucher.redeem", "tt", OPERATION_WRITES, vouchers_redeem},
    {"payment.create", "tttiiiT", OPERATION_WRITES, payments_create},
    {"payment.opened", "ttt", OPERATION_WRITES, payments_opened},
    {"payment.refused", "tt", OPERATION_WRITES, payments_refused},
    {"payment.get", "tt", OPERATION_QUICK, payments_get},
    {"payment.list", "tTi", OPERATION_QUICK, payments_list},
    {"payment.all", "TTTi", OPERATION_LONG, payments_all},
    {"payment.customer", "tt", OPERATION_QUICK, payments_customer},
    {"payment.introduce", "ttt", OPERATION_WRITES, payments_introduce},
    {"payment.paid", "tttittiiT", OPERATION_WRITES, payment_events_paid},
    {"payment.moved", "tttittt", OPERATION_WRITES, payment_events_moved},
    {"payment.reversed", "tttitttiiit", OPERATION_WRITES, payment_events_reversed},
    {"payment.method", "tttiTtt", OPERATION_WRITES, payment_events_method},
    {"payment.named", "tttitt", OPERATION_WRITES, payment_events_named},
    {"payment.forgotten", "tttit", OPERATION_WRITES, payment_events_forgotten},
    {"payment.ignored", "ttti", OPERATION_WRITES, payment_events_ignored},
    {"top_up.get", "tt", OPERATION_QUICK, top_ups_get},
    {"top_up.set", "ttitiiiiti", OPERATION_WRITES, top_ups_set},
    {"top_up.delete", "t", OPERATION_WRITES, top_ups_delete},
    {"top_up.run", "t", OPERATION_WRITES, top_ups_run},
    {"sales.summary", "MMtT", OPERATION_LONG, sales_summary},
    {"sales.csv", "MMtT", OPERATION_LONG, sales_csv},
    {"statement.csv", "ttiT", OPERATION_LONG, statement_csv},
    {"search.find", "TTi", OPERATION_LONG, search_find},
    {"audit.list", "TTTMMTTi", OPERATION_LONG, audit_log_list},
    {"audit.csv", "TTTMMTT", OPERATION_LONG, audit_log_csv},
    {"object.add", "ttt", OPERATION_WRITES, objects_add},
    {"object.grow", "tti", OPERATION_WRITES, objects_grow},
    {"object.delete", "tt", OPERATION_WRITES, objects_delete},
    {"turn.begin", "ttBii", OPERATION_WRITES, turns_begin},
    {"turn.add", "ttBii", OPERATION_WRITES, turns_add},
    {"turn.delete_response", "tt", OPERATION_WRITES, turns_delete_response},
    {"turn.delete_conversation", "tt", OPERATION_WRITES, turns_delete_conversation},
    {"shadow.begin", "ttttttiiii", OPERATION_WRITES, shadows_begin},
    {"shadow.end", "tttttiiiiiii", OPERATION_WRITES, shadows_end},
    {"hedge.begin", "ttttttii", OPERATION_WRITES, hedges_begin},
    {"hedge.end", "titttttiiiiii", OPERATION_WRITES, hedges_end},
    {"provider.test", "tttii", OPERATION_WRITES, test_calls_begin},
    {"provider.test_end", "tttttiiiiii", OPERATION_WRITES, test_calls_end},
    {"provider.test_result", "t", OPERATION_QUICK, test_calls_get},
    {"trial.compare", "tMMT", OPERATION_LONG, trials_compare},
    {"alert.list", "", OPERATION_LONG, alerts_list},
    {"alert.test", "", OPERATION_WRITES, alerts_test},
    {"attempt.list", "t", OPERATION_LONG, attempts_list},
    {"attempt.failed", "t", OPERATION_LONG, attempts_failed},
    {"policy.reload", "TT", OPERATION_WRITES, audit_log_reload},
    {"usage.list", "tMMTTtTiiT", OPERATION_LONG, usage_list_page},
    {"usage.list_operator", "tMMTTtTiiT", OPERATION_LONG, usage_list_page},
    {"usage.csv", "tMMTTTT", OPERATION_LONG, usage_list_csv},
    {"usage.csv_operator", "tMMTTTT", OPERATION_LONG, usage_list_csv},
    {"usage.summary", "tMMtTTT", OPERATION_LONG, usage_reports_summary},
    {"refusal.count", "tii", OPERATION_LONG, refusals_count},
    {"refusal.list", "tMMTTTiT", OPERATION_LONG, refusals_list},
    {"usage.get", "tt", OPERATION_QUICK, usage_list_get},
    {"usage.explain", "tt", OPERATION_QUICK, usage_detail_customer},
    {"usage.audit", "ti", OPERATION_QUICK, usage_detail_operator},
};

const struct operation *operations_find(const char *name)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (strcmp(operations[i].name, name) == 0)
            return &operations[i];
    }
    return NULL;
}

void operations_fail(struct store_call *call, const struct db *db)
{
    buffer_reset(&call->result);
    call->ok = false;
    if (db_sound(db, &call->fault))
        fault_set(&call->fault, "unavailable", "the database cannot be used now");
}

void operations_run(struct store_call *call, struct db *db)
{
    buffer_reset(&call->result);
    call->fault = (struct fault){0};
    call->ok = call->operation->run(call, db);
    if (db->failure) {
        operations_fail(call, db);
        return;
    }
    if (call->ok && call->result.failed)
        call->ok = fault_set(&call->fault, "response_too_large",
                             "the result of %s is too large; ask for less", call->operation->name);
    /* A constraint that the operation did not expect: nothing of it is written. */
    if (!call->ok && !call->fault.code[0])
        fault_set(&call->fault, "conflict", "%s contradicts what is stored (%s)",
                  call->operation->name, db_constraint_text(db));
    if (!call->ok)
        buffer_reset(&call->result);
}

const char *operations_text(const struct store_call *call, size_t at)
{
    check(at < call->arg_count && call->args[at].type != STORE_INT);
    return call->args[at].type == STORE_NULL ? "" : call->args[at].text.data;
}

int64_t operations_int(const struct store_call *call, size_t at)
{
    check(at < call->arg_count && call->args[at].type != STORE_TEXT);
    return call->args[at].number;
}

bool operations_null(const struct store_call *call, size_t at)
{
    check(at < call->arg_count);
    return call->args[at].type == STORE_NULL;
}

bool operations_limit(struct store_call *call, size_t at, int64_t *out)
{
    *out = operations_int(call, at);
    if (*out >= 1 && *out <= LIMIT_PAGE_ROWS)
        return true;
    return fault_set(&call->fault, "invalid_value", "limit must be between 1 and %d",
                     LIMIT_PAGE_ROWS);
}

bool operations_is_role(struct store_call *call, size_t at)
{
    static const char *const roles[] = {"user", "support", "billing", "admin"};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (strcmp(operations_text(call, at), roles[i]) == 0)
            return true;
    }
    return fault_set(&call->fault, "invalid_value", "role must be user, support, billing or admin");
}

bool operations_fits(struct store_call *call, size_t at, size_t bytes_max, const char *name)
{
    if (operations_null(call, at) || call->args[at].text.bytes <= bytes_max)
        return true;
    return fault_set(&call->fault, "invalid_value", "%s must have at most %zu bytes", name,
                     bytes_max);
}

static bool parse_hex(const char **at, int64_t *out)
{
    uint64_t number = 0;
    size_t digits = 0;
    for (; digits < 16; digits++, ++*at) {
        char c = **at;
        if (c >= '0' && c <= '9')
            number = number << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            number = number << 4 | (uint64_t)(c - 'a' + 10);
        else
            break;
    }
    *out = (int64_t)number;
    return digits > 0 && number <= INT64_MAX;
}

bool operations_place(struct store_call *call, size_t at, int64_t *const *numbers, size_t count)
{
    const char *text = operations_text(call, at);
    bool ok = true;
    if (operations_null(call, at))
        return true;
    for (size_t i = 0; ok && i < count; i++)
        ok = (i == 0 || *text++ == '-') && parse_hex(&text, numbers[i]);
    if (ok && !*text)
        return true;
    return fault_set(&call->fault, "invalid_value", "cursor is not one of ours");
}

bool operations_cursor(struct store_call *call, size_t at, int64_t *first, int64_t *second)
{
    int64_t *const numbers[] = {first, second};
    return operations_place(call, at, numbers, second != NULL ? 2 : 1);
}

void operations_append_cursor(struct buffer *out, int64_t first, int64_t second)
{
    buffer_printf(out, "%" PRIx64 "-%" PRIx64, (uint64_t)first, (uint64_t)second);
}

void operations_reply_pair(struct buffer *out, int64_t first, int64_t second)
{
    char text[40];
    snprintf(text, sizeof text, "%" PRIx64 "-%" PRIx64, (uint64_t)first, (uint64_t)second);
    json_writer_text(out, "next_cursor", text);
}

void operations_reply_cursor(struct buffer *out, bool more, int64_t first, int64_t second)
{
    char text[40];
    if (!more) {
        json_writer_null(out, "next_cursor");
    } else if (second) {
        operations_reply_pair(out, first, second);
    } else {
        snprintf(text, sizeof text, "%" PRIx64, (uint64_t)first);
        json_writer_text(out, "next_cursor", text);
    }
}

bool operations_reply_page(struct store_call *call, struct db *db, struct row *row, int64_t limit,
                           int number_at, void (*render)(struct buffer *out, struct row *row))
{
    struct buffer *out = &call->result;
    int64_t last = 0, count = 0;
    bool more = false;
    json_writer_object(out, NULL);
    json_writer_array(out, "data");
    while (db_row(db, row)) {
        more = ++count > limit;
        if (more)
            break;
        render(out, row);
        last = column_int(row, number_at);
    }
    db_leave(row);
    json_writer_array_end(out);
    operations_reply_cursor(out, more, last, 0);
    json_writer_object_end(out);
    return db->failure == 0;
}
