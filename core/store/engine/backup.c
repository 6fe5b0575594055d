/* store_backup: SQLite's backup API in one step, so in one read transaction. The server writes on
 * meanwhile; only its log cannot begin anew until the step has ended. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "store/audit.h"
#include "store/engine/db.h"
#include "store/engine/reader.h"
#include "store/store.h"

static bool cannot(struct fault *fault, const char *what, const char *path)
{
    return fault_set(fault, "cannot_write", "cannot %s %s: %s", what, path, strerror(errno));
}

static bool exists(struct fault *fault, const char *path)
{
    return fault_set(fault, "exists", "%s is there already: a backup overwrites nothing", path);
}

/* Makes the file, which must be new: later we remove only a file that we have made. */
static bool make_part(const char *part, struct fault *fault)
{
    int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? fault_set(fault, "exists",
                                           "%s is there already: another backup is under way, or "
                                           "was killed; then remove it",
                                           part)
                               : cannot(fault, "make", part);
    close(fd);
    return true;
}

/* Copies all pages of one moment, then leaves WAL mode, so that the copy is complete without a
 * log. */
static bool copy_pages(struct db *source, const char *part, struct fault *fault)
{
    sqlite3 *target = NULL;
    sqlite3_backup *backup = NULL;
    int rc = sqlite3_open_v2(part, &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK) {
        backup = sqlite3_backup_init(target, "main", source->handle, "main");
        if (backup == NULL)
            rc = sqlite3_extended_errcode(target);
    }
    if (backup != NULL) {
        rc = sqlite3_backup_step(backup, -1);
        int end = sqlite3_backup_finish(backup);
        rc = rc == SQLITE_DONE ? end : rc;
    }
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(target, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    /* The journal does not belong to the copy. */
    if (rc == SQLITE_OK && sqlite3_table_column_metadata(target, NULL, "tail", "salt", NULL, NULL,
                                                         NULL, NULL, NULL) == SQLITE_OK)
        rc = sqlite3_exec(target, "UPDATE tail SET salt = random()", NULL, NULL, NULL);
    int closed = sqlite3_close(target);
    if (rc == SQLITE_OK && closed == SQLITE_OK)
        return true;
    return fault_set(fault, "cannot_write", "the copy to %s failed: %s", part,
                     sqlite3_errstr(rc != SQLITE_OK ? rc : closed));
}

static bool check_pages(struct db *copy, struct fault *fault)
{
    struct row *row = db_bind(copy, "PRAGMA integrity_check(1)", NULL, 0);
    bool ok = db_row(copy, row);
    if (ok && strcmp(column_text(row, 0), "ok") != 0)
        ok = fault_set(fault, "database_unusable", "the copy is damaged: %s", column_text(row, 0));
    else if (!ok)
        db_sound(copy, fault);
    db_leave(row);
    return ok;
}

/* Opens the copy like a user who restores it. */
static bool verify_copy(const char *part, struct buffer *report, struct fault *fault)
{
    struct db copy;
    bool ok = db_open(&copy, part, DB_READ, fault) && check_pages(&copy, fault);
    db_close(&copy);
    return ok && store_verify(part, report, fault);
}

static bool sync_path(const char *path, int flags, struct fault *fault)
{
    int fd = open(path, flags | O_RDONLY | O_CLOEXEC);
    bool ok;
    if (fd < 0)
        return cannot(fault, "open", path);
    ok = fsync(fd) == 0;
    if (!ok)
        cannot(fault, "sync", path);
    close(fd);
    return ok;
}

static bool sync_folder_of(const char *path, struct fault *fault)
{
    char *copy = strdup(path);
    bool ok;
    check(copy != NULL);
    ok = sync_path(dirname(copy), O_DIRECTORY, fault);
    free(copy);
    return ok;
}

/* Gives the copy its name, but never replaces a file. */
static bool name_copy(const char *part, const char *target, struct fault *fault)
{
    int rc = renameat2(AT_FDCWD, part, AT_FDCWD, target, RENAME_NOREPLACE);
    if (rc != 0 && (errno == EINVAL || errno == ENOSYS)) { /* this file system cannot do it */
        if (access(target, F_OK) == 0)
            return exists(fault, target);
        rc = rename(part, target);
    }
    if (rc == 0)
        return sync_folder_of(target, fault);
    return errno == EEXIST ? exists(fault, target) : cannot(fault, "rename", part);
}

static bool copy_to(const char *path, const char *part, struct fault *fault)
{
    struct db source;
    bool ok = reader_open(&source, path, fault) && copy_pages(&source, part, fault);
    db_close(&source);
    return ok;
}

bool store_backup(const char *path, const char *target, struct buffer *report, struct fault *fault)
{
    char *part;
    bool ok;
    if (access(target, F_OK) == 0)
        return exists(fault, target);
    check(asprintf(&part, "%s.part", target) > 0);
    if (!make_part(part, fault)) {
        free(part);
        return false;
    }
    ok = copy_to(path, part, fault) && verify_copy(part, report, fault) &&
         sync_path(part, 0, fault) && name_copy(part, target, fault);
    if (!ok)
        unlink(part);
    free(part);
    return ok;
}
