/* The operations on what providers keep for accounts. */
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "store/objects.h"
#include "store/operations/operations.h"

/* Reads one line, "KIND TOKENS ID". */
static bool read_line(const char *line, size_t bytes, struct store_value out[3])
{
    const char *first = memchr(line, ' ', bytes);
    const char *end = line + bytes;
    const char *second = first != NULL ? memchr(first + 1, ' ', (size_t)(end - first - 1)) : NULL;
    if (second == NULL)
        return false;
    for (size_t i = 0; i < 3; i++)
        out[i].type = STORE_TEXT;
    out[0].text = (struct slice){line, (size_t)(first - line)};
    out[1].text = (struct slice){first + 1, (size_t)(second - first - 1)};
    out[2].text = (struct slice){second + 1, (size_t)(end - second - 1)};
    return true;
}

/* What is known of an object that was noted before stays. */
static bool add(struct store_call *call, struct db *db, const struct store_value words[3],
                int64_t now_ms)
{
    return db_run(db,
                  "INSERT INTO provider_objects (account_id, id, kind, provider, response_id,"
                  " tokens, created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, '',"
                  " nullif(CAST(?5 AS INTEGER), -1), ?6, ?7) ON CONFLICT (account_id, id)"
                  " DO UPDATE SET expires_ms = excluded.expires_ms",
                  DB_VALUES(call->args[0], words[2], words[0], call->args[1], words[1],
                            bind_int(now_ms), bind_int(now_ms + LIMIT_OBJECT_MS)));
}

bool objects_add(struct store_call *call, struct db *db)
{
    int64_t now_ms = clock_wall_ms();
    const char *line = operations_text(call, 2);
    while (*line != '\0') {
        struct store_value words[3];
        size_t bytes = strcspn(line, "\n");
        if (!read_line(line, bytes, words))
            return fault_set(&call->fault, "invalid_value",
                             "an object has a kind, tokens and an id");
        if (!add(call, db, words, now_ms))
            return false;
        line += bytes + (line[bytes] == '\n');
    }
    return buffer_append_text(&call->result, "{}");
}

bool objects_grow(struct store_call *call, struct db *db)
{
    return db_run(db,
                  "UPDATE provider_objects SET tokens = tokens + ?3 WHERE account_id = ?1"
                  " AND id = ?2",
                  call->args, 3) &&
           buffer_append_text(&call->result, "{}");
}

bool objects_delete(struct store_call *call, struct db *db)
{
    return db_run(db, "DELETE FROM provider_objects WHERE account_id = ?1 AND id = ?2", call->args,
                  2) &&
           buffer_append_text(&call->result, "{}");
}
