#include "store/books/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/period.h"
#include "store/books/quota_table.h"
#include "store/memory/directory_table.h"
#include "store/memory/quota_book.h"
#include "store/memory/quota_settings.h"
#include "store/memory/wallet.h"

#define HOUR_MS INT64_C(3600000)
/* So long who sends a secret that works no longer is told why: 30 days. */
#define OLD_SECRET_TOLD_MS "2592000000"

/* One account or key as it is on disk. */
struct change {
    struct change *next;
    /* ACCOUNT, KEY or QUOTAS: a change of a user becomes one of each of its keys, and of its
     * quotas. */
    enum change_kind kind;
    struct id id;
    int64_t owed_nusd;
    int64_t low_nusd;    /* what the customer wants to be told of; WALLET_NEVER_LOW: nothing */
    int64_t amount_nusd; /* posted; or spent in the period of `at_ms` */
    enum period period;
    int64_t at_ms;
    struct digest digest;
    bool deleted;
    struct key_facts facts;
    struct quota_list *quotas; /* owned; of CHANGE_QUOTAS */
};

/* These names are stored in the table. */
static const char *const kind_names[] = {
    [CHANGE_ACCOUNT] = "account", [CHANGE_KEY] = "key", [CHANGE_USER] = "user"};

bool changes_note(struct db *db, enum change_kind kind, const char *id)
{
    return db_run(db, "INSERT INTO changes (kind, id) VALUES (?1, ?2)",
                  DB_VALUES(bind_text(kind_names[kind]), bind_text(id)));
}

static void copy_text(char *out, size_t out_bytes, const char *text)
{
    int length = snprintf(out, out_bytes, "%s", text);
    check(length >= 0 && (size_t)length < out_bytes); /* key.create, user.create check it */
}

#define KEY_QUERY_OF(secret, spent, tables)                                                        \
    "SELECT k.id, k.user_id, k.account_id, " secret ", k.expires_ms, k.budget_nusd, k.models,"     \
    " k.disabled, u.disabled, u.\"group\", k.deleted_ms, " spent                                   \
    ", k.budget_period, ?5 FROM keys k"                                                            \
    " JOIN users u ON u.id = k.user_id LEFT JOIN key_totals t ON t.key_id = k.id" tables
#define SPENT                                                                                      \
    "CASE k.budget_period WHEN '' THEN t.spent_nusd ELSE (SELECT sum(h.charge_nusd) FROM hourly h" \
    " WHERE h.account_id = k.account_id AND h.key_id = k.id AND h.hour >= CASE k.budget_period"    \
    " WHEN 'day' THEN ?2 WHEN 'week' THEN ?3 ELSE ?4 END) END"
#define KEY_QUERY KEY_QUERY_OF("k.digest, 0, 0", SPENT, "")
/* Those that were replaced: a key has some for some days. */
#define OLD_SECRET_QUERY                                                                           \
    KEY_QUERY_OF("s.digest, s.until_ms, s.ended_ms IS NOT NULL", "0",                              \
                 " JOIN old_secrets s ON s.key_id = k.id")

/* The parameters of KEY_QUERY: an id or null, the hours in which the periods began, and the present
 * time. */
struct key_values {
    struct store_value values[5];
};

static struct key_values key_values(struct store_value id)
{
    int64_t now_ms = clock_wall_ms();
    return (struct key_values){{id, bind_int(period_start_ms(PERIOD_DAY, now_ms) / HOUR_MS),
                                bind_int(period_start_ms(PERIOD_WEEK, now_ms) / HOUR_MS),
                                bind_int(period_start_ms(PERIOD_MONTH, now_ms) / HOUR_MS),
                                bind_int(now_ms)}};
}

static struct change *read_key(struct row *row)
{
    struct change *change = calloc(1, sizeof *change);
    struct key_facts *facts;
    check(change != NULL);
    facts = &change->facts;
    change->kind = CHANGE_KEY;
    copy_text(change->id.text, sizeof change->id.text, column_text(row, 0));
    facts->key_id = change->id;
    copy_text(facts->user_id.text, sizeof facts->user_id.text, column_text(row, 1));
    copy_text(facts->account_id.text, sizeof facts->account_id.text, column_text(row, 2));
    check(digest_parse(column_text(row, 3), &change->digest)); /* the table allows no other */
    facts->secret_until_ms = column_int(row, 4);
    facts->secret_ended = column_int(row, 5) != 0;
    facts->expires_ms = column_int(row, 6);
    facts->budget_nusd = column_null(row, 7) ? -1 : column_int(row, 7);
    copy_text(facts->models, sizeof facts->models, column_text(row, 8));
    facts->key_disabled = column_int(row, 9) != 0;
    facts->user_disabled = column_int(row, 10) != 0;
    copy_text(facts->group, sizeof facts->group, column_text(row, 11));
    change->deleted = !column_null(row, 12);
    change->amount_nusd = column_int(row, 13);
    check(period_parse(column_text(row, 14), &change->period)); /* the table allows no other */
    change->at_ms = column_int(row, 15);
    return change;
}

/* The balance and the debt (debts.c) of accounts, and what is still to be told of the balance. */
#define ACCOUNT_QUERY                                                                              \
    "SELECT b.account_id, b.posted_nusd, coalesce(-d.posted_nusd, 0), iif(n.low_told, NULL,"       \
    " n.low_nusd) FROM balances b LEFT JOIN balances d ON d.account_id = 'debt:' || b.account_id"  \
    " LEFT JOIN notices n ON n.account_id = b.account_id WHERE b.floor_zero = 1"

static struct change *read_account(struct row *row)
{
    struct change *change = calloc(1, sizeof *change);
    check(change != NULL);
    change->kind = CHANGE_ACCOUNT;
    copy_text(change->id.text, sizeof change->id.text, column_text(row, 0));
    change->amount_nusd = column_int(row, 1);
    change->owed_nusd = column_int(row, 2);
    change->low_nusd = column_null(row, 3) ? WALLET_NEVER_LOW : column_int(row, 3);
    return change;
}

/* Its use goes into another group's quotas: the tables count a group by who is in it. */
static bool has_moved(struct directory *directory, const struct change *change)
{
    struct key_facts former;
    return directory_table_find(directory, &change->digest, &former) &&
           strcmp(former.group, change->facts.group) != 0;
}

static void apply(const struct change *change, const struct memory_tables *memory)
{
    const struct key_facts *facts = &change->facts;
    if (change->kind == CHANGE_ACCOUNT) {
        wallet_put(memory->wallets, &change->id, change->amount_nusd, change->owed_nusd);
        wallet_watch(memory->wallets, &change->id, change->low_nusd);
    } else if (change->kind == CHANGE_QUOTAS) {
        quota_settings_put(memory->quotas, change->id.text, change->quotas);
    } else if (change->deleted) {
        directory_table_remove(memory->directory, &change->digest);
        wallet_drop_key(memory->wallets, &change->id);
    } else {
        if (facts->secret_until_ms == 0) /* a replaced secret has the budget of the present one */
            wallet_put_key(memory->wallets, &change->id, &facts->account_id,
                           &(struct wallet_budget){.amount_nusd = facts->budget_nusd,
                                                   .period = change->period,
                                                   .at_ms = change->at_ms,
                                                   .spent_nusd = change->amount_nusd});
        if (has_moved(memory->directory, change))
            quota_book_reload(memory->used);
        directory_table_put(memory->directory, &change->digest, facts);
    }
}

static void free_change(struct change *change)
{
    free(change->quotas);
    free(change);
}

static void load_rows(const struct memory_tables *memory, struct db *db, struct row *row,
                      struct change *(*read)(struct row *row))
{
    while (db_row(db, row)) {
        struct change *change = read(row);
        apply(change, memory);
        free_change(change);
    }
}

static struct change *read_quotas(struct db *db, const char *subject)
{
    struct change *change = calloc(1, sizeof *change);
    check(change != NULL);
    change->kind = CHANGE_QUOTAS;
    copy_text(change->id.text, sizeof change->id.text, subject);
    change->quotas = calloc(1, sizeof *change->quotas);
    check(change->quotas != NULL);
    (void)quota_table_read(db, subject, change->quotas); /* the caller looks at db->failure */
    return change;
}

static void load_quotas(const struct memory_tables *memory, struct db *db)
{
    struct row *row = db_bind(db, "SELECT DISTINCT subject FROM quotas", NULL, 0);
    while (db_row(db, row)) {
        struct change *change = read_quotas(db, column_text(row, 0));
        apply(change, memory);
        free_change(change);
    }
}

bool changes_load(struct changes *changes, const struct memory_tables *memory, struct db *db)
{
    *changes = (struct changes){0};
    if (!db_run(db, "BEGIN", NULL, 0)) /* reads all at one moment */
        return false;
    changes->known_seq = db_number(db, "SELECT max(seq) FROM changes", NULL, 0, 0);
    load_rows(memory, db, db_bind(db, ACCOUNT_QUERY, NULL, 0), read_account);
    load_rows(memory, db,
              db_bind(db, KEY_QUERY " WHERE k.deleted_ms IS NULL AND ?1 IS NULL",
                      key_values(bind_null()).values, 5),
              read_key);
    load_rows(memory, db,
              db_bind(db,
                      OLD_SECRET_QUERY " WHERE k.deleted_ms IS NULL AND ?1 IS NULL"
                                       " AND s.until_ms > ?5 - " OLD_SECRET_TOLD_MS,
                      key_values(bind_null()).values, 5),
              read_key);
    load_quotas(memory, db);
    return db_run(db, "COMMIT", NULL, 0) && db->failure == 0;
}

static void push(struct changes *changes, struct change *change)
{
    if (changes->last != NULL)
        changes->last->next = change;
    else
        changes->first = change;
    changes->last = change;
}

static void stage_rows(struct changes *changes, struct db *db, struct row *row,
                       struct change *(*read)(struct row *row))
{
    while (db_row(db, row))
        push(changes, read(row));
}

static void stage_keys(struct changes *changes, struct db *db, const char *query,
                       const char *old_query, struct store_value id)
{
    stage_rows(changes, db, db_bind(db, query, key_values(id).values, 5), read_key);
    stage_rows(changes, db, db_bind(db, old_query, key_values(id).values, 5), read_key);
}

static void stage(struct changes *changes, struct db *db, const char *kind, const char *id)
{
    const struct store_value value = bind_text(id);
    if (strcmp(kind, kind_names[CHANGE_ACCOUNT]) != 0)
        push(changes, read_quotas(db, id));
    if (strcmp(kind, kind_names[CHANGE_ACCOUNT]) == 0)
        stage_rows(changes, db, db_bind(db, ACCOUNT_QUERY " AND b.account_id = ?1", &value, 1),
                   read_account);
    else if (strcmp(kind, kind_names[CHANGE_KEY]) == 0)
        stage_keys(changes, db, KEY_QUERY " WHERE k.id = ?1", OLD_SECRET_QUERY " WHERE k.id = ?1",
                   value);
    else
        stage_keys(changes, db, KEY_QUERY " WHERE k.user_id = ?1",
                   OLD_SECRET_QUERY " WHERE k.user_id = ?1", value);
}

bool changes_stage(struct changes *changes, struct db *db)
{
    const struct store_value after = bind_int(changes->known_seq);
    struct row *row;
    check(!changes->first);
    changes->staged_seq = changes->known_seq;
    row = db_bind(db, "SELECT seq, kind, id FROM changes WHERE seq > ?1 ORDER BY seq", &after, 1);
    while (db_row(db, row)) {
        changes->staged_seq = column_int(row, 0);
        stage(changes, db, column_text(row, 1), column_text(row, 2));
    }
    if (db->failure == 0)
        return true;
    changes_drop(changes);
    return false;
}

void changes_apply(struct changes *changes, const struct memory_tables *memory)
{
    for (const struct change *change = changes->first; change != NULL; change = change->next)
        apply(change, memory);
    changes->known_seq = changes->staged_seq;
    changes_drop(changes);
}

void changes_drop(struct changes *changes)
{
    while (changes->first != NULL) {
        struct change *change = changes->first;
        changes->first = change->next;
        free_change(change);
    }
    changes->last = NULL;
}
