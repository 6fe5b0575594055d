/* A file beside the database, through SQLite's VFS, so that the tests' failing disks cover it, too.
 * One thread at a time. */
#ifndef STORE_ENGINE_FILE_H
#define STORE_ENGINE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;

/* Opens a file; `make`: makes a missing one. `path` must have empty parameters after its end, as
 * db_path has. The file gets owner and mode of the database, as a "-wal" does. NULL: it is missing
 * or cannot be opened. */
struct file *file_open(const char *path, bool make);
void file_close(struct file *file); /* NULL is allowed */

bool file_write(struct file *file, int64_t at, const char *data, size_t bytes);
/* Bytes beyond the end of the file read as zeros. */
bool file_read(struct file *file, int64_t at, char *out, size_t bytes);
bool file_sync(struct file *file); /* syncs the data, not the times */

#endif
