#include "store/engine/reader.h"

#include "store/store.h"

bool reader_open(struct db *db, const char *path, struct fault *fault)
{
    *db = (struct db){0};
    return store_await_tables(path, fault) && db_open(db, path, DB_READ, fault);
}
