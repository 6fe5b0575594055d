/* The accountant's statement: for each customer and month the opening balance, what came in by
 * kind, what was charged, what went out, and the closing balance. A call counts in the month in
 * which it began, as in sales; everything else when it was posted. So opening + credits + refunds -
 * charges - debits = closing, each month opens as the one before has closed, and the balance of the
 * account is what the last one closes with.
 *
 * Counted back from the balance: opening balances need no sum over all the past. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/money.h"
#include "store/operations/operations.h"
#include "store/questions/spans.h"
#include "store/questions/usage_reports.h"

enum { MONTHS_MAX = 12, CUSTOMERS_OF_A_PAGE = 500 };
#define QUARTER_MS INT64_C(900000)
#define DAY_MS INT64_C(86400000)
#define FAR_MS (INT64_C(100000) * DAY_MS) /* year 2243 */

/* What moves an account, in the order of the columns; those from CHARGES on go out. */
enum movement {
    MANUAL,
    PAYMENT,
    PROMOTION,
    TEST,
    OTHER_CREDIT,
    REFUND,
    CHARGES,
    DEBIT,
    REPAYMENT,
    MOVEMENTS
};

static const char head[] =
    "month,user_id,account_id,email,name,group,opening_balance,credit_manual,credit_payment,"
    "credit_promotion,credit_test,credit_other,refunds,charges,debits,repayments,closing_balance,"
    "closing_owed\r\n";

/* The months that are asked for; after the last one the time until now. */
struct months {
    int count;
    char names[MONTHS_MAX][16];        /* "2026-11" */
    int64_t begins_ms[MONTHS_MAX + 2]; /* of the last two: the end, and what nothing is after */
    struct span spans[MONTHS_MAX + 1];
};

struct sums {
    int64_t of[MONTHS_MAX + 1][MOVEMENTS]; /* nano-USD */
    int64_t owed[MONTHS_MAX + 1];          /* how the debt has grown */
};

static bool refuse_month(struct store_call *call)
{
    return fault_set(&call->fault, "invalid_value", "month must be a month such as 2026-11");
}

/* "2026-11" -> months since the year 0. */
static bool parse_month(const char *text, int *out)
{
    char day[16];
    int64_t ignored_ms;
    snprintf(day, sizeof day, "%.7s-01", text);
    if (strlen(text) != 7 || text[0] < '1' || text[0] > '2' || !clock_parse(day, &ignored_ms))
        return false;
    *out = (text[5] - '0') * 10 + text[6] - '0' - 1;
    for (int i = 0, scale = 12000; i < 4; i++, scale /= 10)
        *out += (text[i] - '0') * scale;
    return true;
}

static bool read_months(struct store_call *call, struct db *db, const struct zone *zone,
                        struct months *months)
{
    int first = 0;
    months->count = (int)operations_int(call, 2);
    if (!parse_month(operations_text(call, 0), &first))
        return refuse_month(call);
    if (months->count < 1 || months->count > MONTHS_MAX)
        return fault_set(&call->fault, "invalid_value", "months must be 1 to %d", MONTHS_MAX);
    for (int i = 0; i <= months->count; i++) {
        char day[32];
        int64_t midnight_ms = 0;
        int at = first + i;
        snprintf(day, sizeof day, "%04d-%02d-01", at / 12, at % 12 + 1);
        if (!clock_parse(day, &midnight_ms) || midnight_ms < 0 || midnight_ms >= FAR_MS)
            return refuse_month(call);
        if (i < months->count)
            snprintf(months->names[i], sizeof months->names[i], "%.7s", day);
        months->begins_ms[i] = zone_day_begins_ms(zone, midnight_ms / DAY_MS);
    }
    months->begins_ms[months->count + 1] = FAR_MS;
    for (int i = 0; i <= months->count; i++) {
        const struct quarters quarters = {.from = months->begins_ms[i] / QUARTER_MS,
                                          .to = months->begins_ms[i + 1] / QUARTER_MS};
        months->spans[i] = span_of(db, &quarters);
    }
    return true;
}

/* The month of that time; -1: before the first. */
static int month_of(const struct months *months, int64_t at_ms)
{
    int i = months->count;
    while (i >= 0 && at_ms < months->begins_ms[i])
        i--;
    return i;
}

static enum movement credit_of(const char *kind)
{
    static const struct {
        const char *kind;
        enum movement movement;
    } known[] = {{"manual", MANUAL},
                 {"payment", PAYMENT},
                 {"promotion", PROMOTION},
                 {"test", TEST},
                 {"refund", REFUND}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(kind, known[i].kind) == 0)
            return known[i].movement;
    }
    return OTHER_CREDIT;
}

/* Adds what has moved the account since the first month, without its charges. */
static void add_transfers(struct db *db, const char *account_id, const struct months *months,
                          struct sums *sums)
{
    struct row *row = db_bind(db,
                              "SELECT 1, kind, amount_nusd, created_ms FROM transfers"
                              " WHERE credit_account = ?1 AND id IS NOT NULL AND created_ms >= ?2"
                              " UNION ALL SELECT 0, kind, amount_nusd, created_ms FROM transfers"
                              " WHERE debit_account = ?1 AND id IS NOT NULL AND created_ms >= ?2",
                              DB_VALUES(bind_text(account_id), bind_int(months->begins_ms[0])));
    while (db_row(db, row)) {
        const char *kind = column_text(row, 1);
        enum movement movement = column_int(row, 0)               ? credit_of(kind)
                                 : strcmp(kind, "repayment") == 0 ? REPAYMENT
                                                                  : DEBIT;
        sums->of[month_of(months, column_int(row, 3))][movement] += column_int(row, 2);
    }
}

/* Adds how the customer's debt has grown. */
static void add_debt(struct db *db, const char *account_id, const struct months *months,
                     struct sums *sums)
{
    struct row *row =
        db_bind(db,
                "SELECT amount_nusd, created_ms FROM transfers WHERE debit_account = 'debt:' || ?1"
                " AND id IS NOT NULL AND created_ms >= ?2"
                " UNION ALL SELECT -amount_nusd, created_ms FROM transfers"
                " WHERE credit_account = 'debt:' || ?1 AND id IS NOT NULL AND created_ms >= ?2",
                DB_VALUES(bind_text(account_id), bind_int(months->begins_ms[0])));
    while (db_row(db, row))
        sums->owed[month_of(months, column_int(row, 1))] += column_int(row, 0);
}

static void csv_money(struct buffer *out, int64_t nusd)
{
    char text[MONEY_TEXT_BYTES];
    buffer_printf(out, ",%s", money_format(nusd, text));
}

static int64_t change_of(const int64_t *moved)
{
    int64_t change = 0;
    for (int i = 0; i < MOVEMENTS; i++)
        change += i < CHARGES ? moved[i] : -moved[i];
    return change;
}

static bool any_of(const int64_t *moved)
{
    for (int i = 0; i < MOVEMENTS; i++) {
        if (moved[i] != 0)
            return true;
    }
    return false;
}

/* Columns of `user`: id, account_id, email, name, group. */
static void render_month(struct buffer *out, struct row *user, const char *month,
                         const int64_t *moved, int64_t closing_nusd, int64_t owed_nusd)
{
    int64_t opening_nusd = closing_nusd - change_of(moved);
    if (!any_of(moved) && opening_nusd == 0 && owed_nusd == 0)
        return;
    buffer_append_text(out, month);
    for (int column = 0; column <= 4; column++) {
        buffer_append_char(out, ',');
        csv_text(out, column_text(user, column));
    }
    csv_money(out, opening_nusd);
    for (int i = 0; i < MOVEMENTS; i++)
        csv_money(out, moved[i]);
    csv_money(out, closing_nusd);
    csv_money(out, owed_nusd);
    buffer_append_text(out, "\r\n");
}

/* The months of one customer. Columns 5 and 6 of `user`: what it has, and owes, now. */
static void render_customer(struct buffer *out, struct db *db, struct row *user,
                            const struct months *months)
{
    const char *account_id = column_text(user, 1);
    struct sums sums = {0};
    int64_t closing_nusd[MONTHS_MAX + 1];
    int64_t owed_nusd[MONTHS_MAX + 1];
    add_transfers(db, account_id, months, &sums);
    add_debt(db, account_id, months, &sums);
    for (int i = 0; i <= months->count; i++)
        sums.of[i][CHARGES] = span_charged_nusd(db, &months->spans[i], account_id);
    closing_nusd[months->count] = column_int(user, 5);
    owed_nusd[months->count] = column_int(user, 6);
    for (int i = months->count; i > 0; i--) {
        closing_nusd[i - 1] = closing_nusd[i] - change_of(sums.of[i]);
        owed_nusd[i - 1] = owed_nusd[i] - sums.owed[i];
    }
    for (int i = 0; i < months->count; i++)
        render_month(out, user, months->names[i], sums.of[i], closing_nusd[i], owed_nusd[i]);
}

static bool render_page(struct store_call *call, struct db *db, const struct months *months)
{
    struct buffer *out = &call->result;
    char last[ID_BYTES] = "";
    int64_t count = 0;
    struct row *row =
        db_bind(db,
                "SELECT u.id, u.account_id, u.email, u.name, u.\"group\", b.posted_nusd,"
                " -coalesce(d.posted_nusd, 0) FROM users u JOIN balances b"
                " ON b.account_id = u.account_id LEFT JOIN balances d"
                " ON d.account_id = 'debt:' || u.account_id WHERE u.id > ?1 ORDER BY u.id LIMIT ?2",
                DB_VALUES(call->args[1], bind_int(CUSTOMERS_OF_A_PAGE)));
    if (!*operations_text(call, 1)) {
        buffer_append_text(out, "\xEF\xBB\xBF"); /* or spreadsheets read Latin-1 */
        buffer_append_text(out, head);
    }
    while (db_row(db, row)) {
        snprintf(last, sizeof last, "%s", column_text(row, 0));
        render_customer(out, db, row, months);
        count++;
    }
    buffer_printf(out, "%s\n", count == CUSTOMERS_OF_A_PAGE ? last : "");
    return db->failure == 0;
}

/* month after months zone? -> rows, then the `after` of the next page, empty on the last. */
bool statement_csv(struct store_call *call, struct db *db)
{
    struct months months = {.count = 0};
    struct zone zone;
    bool ok;
    if (!usage_reports_zone(call, 3, &zone))
        return false;
    ok = read_months(call, db, &zone, &months) && render_page(call, db, &months);
    zone_fini(&zone);
    return ok;
}
