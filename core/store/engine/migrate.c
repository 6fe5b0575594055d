#include "store/engine/migrate.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sha256.h"
#include "store/engine/shortcuts.h"

static const char create_table[] =
    "CREATE TABLE IF NOT EXISTS migrations ("
    " name TEXT NOT NULL PRIMARY KEY, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL)"
    " STRICT, WITHOUT ROWID";

static const struct asset *find(const struct asset *migrations, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(migrations[i].name, name) == 0)
            return &migrations[i];
    }
    return NULL;
}

static struct slice text_of(const struct asset *migration)
{
    return (struct slice){.data = migration->data, .bytes = migration->bytes};
}

/* Compares the applied migrations with ours, and counts them. They are applied in order, so a gap
 * means that one was inserted between older ones. */
static bool compare(struct db *db, const struct asset *migrations, size_t count, size_t *applied,
                    struct fault *fault)
{
    struct row *row = db_bind(db, "SELECT name, sha256 FROM migrations ORDER BY name", NULL, 0);
    bool ok = true;
    *applied = 0;
    while (ok && db_row(db, row)) {
        const char *name = column_text(row, 0);
        const struct asset *migration = find(migrations, count, name);
        char hash[SHA256_HEX_BYTES];
        if (migration == NULL) {
            ok =
                fault_set(fault, "database_newer",
                          "the database has migration %s, which this program does not know: it was "
                          "written by a newer version; run that one",
                          name);
            break;
        }
        sha256_hex(text_of(migration), hash);
        if (strcmp(hash, column_text(row, 1)) != 0)
            ok = fault_set(
                fault, "migration_edited",
                "migration %s was changed after it had been applied; restore its text and "
                "put the change into a new migration",
                name);
        else if (migration != &migrations[*applied])
            ok = fault_set(fault, "migration_missing",
                           "migration %s is applied, but %s before it is not; a new migration must "
                           "come last",
                           name, migrations[*applied].name);
        else
            ++*applied;
    }
    db_leave(row);
    return ok && db_sound(db, fault);
}

static bool run_script(struct db *db, const struct asset *migration, const char *hash,
                       struct fault *fault)
{
    char *shortcut = shortcuts_script(migration->data, hash);
    bool ok = db_script(db, shortcut != NULL ? shortcut : migration->data, fault);
    free(shortcut);
    return ok;
}

/* Applies the next one. Another process may do the same, so the applied ones are read again under
 * the lock. */
static bool apply_next(struct db *db, const struct asset *migrations, size_t count, size_t *applied,
                       struct fault *fault)
{
    const struct asset *migration;
    char hash[SHA256_HEX_BYTES];
    char now[CLOCK_TEXT_BYTES];
    struct fault why;
    if (!db_script(db, "BEGIN IMMEDIATE", fault))
        return false;
    if (!compare(db, migrations, count, applied, fault)) {
        db_rollback(db);
        return false;
    }
    if (*applied == count) {
        db_rollback(db);
        return true;
    }
    migration = &migrations[*applied];
    sha256_hex(text_of(migration), hash);
    if (!run_script(db, migration, hash, &why)) {
        db_rollback(db);
        return fault_set(fault, "migration_failed", "migration %s failed: %s", migration->name,
                         why.message);
    }
    if (!db_run(db, "INSERT INTO migrations (name, sha256, applied_at) VALUES (?1, ?2, ?3)",
                DB_VALUES(bind_text(migration->name), bind_text(hash),
                          bind_text(clock_format(clock_wall_ms(), now)))) ||
        !db_script(db, "COMMIT", &why)) {
        db_rollback(db);
        return fault_set(fault, "migration_failed", "migration %s could not be written: %s",
                         migration->name, db_error(db));
    }
    log_event(LOG_INFO, "migration applied", log_text("name", migration->name));
    ++*applied;
    return true;
}

bool migrate_is_due(struct db *db, const struct asset *migrations, size_t migration_count,
                    bool *due, struct fault *fault)
{
    size_t applied = 0;
    if (!db_script(db, create_table, fault) ||
        !compare(db, migrations, migration_count, &applied, fault))
        return false;
    *due = applied < migration_count;
    return true;
}

/* A new index may sort more than memory holds. */
static bool apply_rest(struct db *db, const struct asset *migrations, size_t count, size_t *applied,
                       struct fault *fault)
{
    if (!db_script(db, "PRAGMA temp_store = FILE", fault))
        return false;
    while (*applied < count) {
        if (!apply_next(db, migrations, count, applied, fault))
            return false;
    }
    return db_script(db, "PRAGMA temp_store = MEMORY", fault);
}

bool migrate_run(struct db *db, const struct asset *migrations, size_t migration_count,
                 struct fault *fault)
{
    size_t applied = 0;
    if (!db_script(db, create_table, fault) ||
        !compare(db, migrations, migration_count, &applied, fault))
        return false;
    return applied == migration_count ||
           apply_rest(db, migrations, migration_count, &applied, fault);
}
