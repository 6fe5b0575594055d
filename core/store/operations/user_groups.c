/* The groups of the users, for `check`. */
#include "store/audit.h"
#include "store/engine/db.h"
#include "store/engine/reader.h"

bool store_user_groups(const char *path, struct buffer *out, struct fault *fault)
{
    struct db db;
    struct row *row;
    bool read = reader_open(&db, path, fault);
    if (read) {
        row = db_bind(&db,
                      "SELECT \"group\", count(*) FROM users WHERE \"group\" <> ''"
                      " GROUP BY \"group\" ORDER BY \"group\"",
                      NULL, 0);
        while (db_row(&db, row))
            buffer_printf(out, "%lld %s\n", (long long)column_int(row, 1), column_text(row, 0));
        db_leave(row);
        read = db_sound(&db, fault);
    }
    db_close(&db);
    return read && !out->failed;
}
