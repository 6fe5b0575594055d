/* A file beside the database, through SQLite's VFS: so the failing disks of the tests have it, too.
 * One thread at a time. */
#ifndef STORE_ENGINE_FILE_H
#define STORE_ENGINE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;

/* `path` as db_path gives it, with empty parameters behind its end. The file takes owner and mode
 * from the database, as a "-wal" does. NULL: it is not there, or cannot be opened; with `make` it
 * is made. */
struct file *file_open(const char *path, bool make);
void file_close(struct file *file); /* also of NULL */

bool file_write(struct file *file, int64_t at, const char *data, size_t bytes);
/* What is beyond the end of the file is zeros. */
bool file_read(struct file *file, int64_t at, char *out, size_t bytes);
bool file_sync(struct file *file); /* of what was written, not of times */

#endif
