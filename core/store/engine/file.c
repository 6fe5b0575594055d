#include "store/engine/file.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/check.h"

enum { PIECE_BYTES = 64 * 1024 }; /* SQLite's VFS reads and writes less than 128 KB at a time */

static sqlite3_file *vfs_file(struct file *file)
{
    return (sqlite3_file *)(void *)file;
}

struct file *file_open(const char *path, bool make)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL | (make ? SQLITE_OPEN_CREATE : 0);
    check(file != NULL);
    bool opened = vfs->xOpen(vfs, path, file, flags, NULL) == SQLITE_OK;
    if (opened)
        return (struct file *)(void *)file;
    file_close((struct file *)(void *)file);
    return NULL;
}

void file_close(struct file *file)
{
    if (file != NULL && vfs_file(file)->pMethods != NULL)
        vfs_file(file)->pMethods->xClose(vfs_file(file));
    free(file);
}

bool file_write(struct file *file, int64_t at, const char *data, size_t bytes)
{
    while (bytes > 0) {
        int piece = bytes < PIECE_BYTES ? (int)bytes : PIECE_BYTES;
        if (vfs_file(file)->pMethods->xWrite(vfs_file(file), data, piece, at) != SQLITE_OK)
            return false;
        data += piece;
        at += piece;
        bytes -= (size_t)piece;
    }
    return true;
}

bool file_read(struct file *file, int64_t at, char *out, size_t bytes)
{
    while (bytes > 0) {
        int piece = bytes < PIECE_BYTES ? (int)bytes : PIECE_BYTES;
        int rc = vfs_file(file)->pMethods->xRead(vfs_file(file), out, piece, at);
        if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
            return false;
        out += piece;
        at += piece;
        bytes -= (size_t)piece;
    }
    return true;
}

bool file_sync(struct file *file)
{
    int flags = SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY;
    return vfs_file(file)->pMethods->xSync(vfs_file(file), flags) == SQLITE_OK;
}
