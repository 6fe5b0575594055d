/* The groups and models that the database names, for `check`. */
#include "base/clock.h"
#include "store/audit.h"
#include "store/engine/db.h"
#include "store/engine/reader.h"

/* What names groups or models: how many of it name which one. ?1 is now. */
struct namer {
    const char *what;
    const char *table; /* a database of an older version may lack it */
    const char *sql;
};

static const struct namer namers[] = {
    {"user", "users",
     "SELECT \"group\", count(*) FROM users WHERE ?1 > 0 AND \"group\" <> ''"
     " GROUP BY \"group\" ORDER BY \"group\""},
    {"invitation", "invitations",
     "SELECT \"group\", count(*) FROM invitations WHERE \"group\" <> '' AND revoked_ms IS NULL"
     " AND uses < uses_max AND expires_ms > ?1 GROUP BY \"group\" ORDER BY \"group\""},
    {"vouchers", "voucher_batches",
     "SELECT \"group\", count(*) FROM voucher_batches WHERE \"group\" <> ''"
     " AND withdrawn_ms IS NULL AND redeemed < count AND coalesce(expires_ms, ?1 + 1) > ?1"
     " GROUP BY \"group\" ORDER BY \"group\""},
    {"quota", "quotas",
     "SELECT model, count(*) FROM quotas WHERE ?1 > 0 AND model <> ''"
     " GROUP BY model ORDER BY model"},
    {"key", "keys", /* which has its models in lines */
     "WITH RECURSIVE parts(name, rest) AS ("
     " SELECT '', models || char(10) FROM keys WHERE ?1 > 0 AND deleted_ms IS NULL AND models <> ''"
     " UNION ALL SELECT substr(rest, 1, instr(rest, char(10)) - 1),"
     " substr(rest, instr(rest, char(10)) + 1) FROM parts WHERE rest <> '')"
     " SELECT name, count(*) FROM parts WHERE name <> '' GROUP BY name ORDER BY name"}};

static bool has_table(struct db *db, const char *name)
{
    return db_number(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1",
                     DB_VALUES(bind_text(name)), 0) > 0;
}

static void append(struct db *db, const struct namer *namer, struct buffer *out)
{
    if (!has_table(db, namer->table))
        return;
    struct row *row = db_bind(db, namer->sql, DB_VALUES(bind_int(clock_wall_ms())));
    while (db_row(db, row))
        buffer_printf(out, "%s %lld %s\n", namer->what, (long long)column_int(row, 1),
                      column_text(row, 0));
    db_leave(row);
}

bool store_policy_names(const char *path, struct buffer *out, struct fault *fault)
{
    struct db db;
    bool read = reader_open(&db, path, fault);
    for (size_t i = 0; read && i < sizeof namers / sizeof namers[0]; i++)
        append(&db, &namers[i], out);
    read = read && db_sound(&db, fault);
    db_close(&db);
    if (read && out->failed)
        return fault_set(fault, "too_long", "the database names too many groups and models");
    return read;
}
