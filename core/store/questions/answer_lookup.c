#include "store/questions/answer_lookup.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/answers.h"
#include "store/questions/reports.h"

static enum lookup_outcome read_row(struct answer_lookup *lookup, struct row *row)
{
    struct slice body;
    if (strcmp(column_text(row, 0), lookup->claim->digest) != 0)
        return LOOKUP_OTHER;
    if (!id_parse(slice_of(column_text(row, 1)), "req", &lookup->exchange_id))
        return LOOKUP_FAILED;
    lookup->status = (int)column_int(row, 2);
    snprintf(lookup->content_type, sizeof lookup->content_type, "%s", column_text(row, 3));
    lookup->cost_nusd = column_null(row, 4) ? -1 : column_int(row, 4);
    if (column_null(row, 5))
        return LOOKUP_TOO_LARGE;
    body = column_blob(row, 5);
    return buffer_append_slice(&lookup->body, body) ? LOOKUP_FOUND : LOOKUP_FAILED;
}

void answer_lookup_run(struct job *job, void *server)
{
    struct answer_lookup *lookup = (struct answer_lookup *)job;
    struct reports *reports = server;
    struct db *db = &reports->db;
    struct row *row;
    _Static_assert(offsetof(struct answer_lookup, job) == 0, "a job is cast to its lookup");
    db_clear(db);
    row = db_bind(db,
                  "SELECT digest, exchange_id, status, content_type, cost_nusd, body"
                  " FROM kept_answers WHERE account_id = ?1 AND key = ?2 AND expires_ms > ?3",
                  DB_VALUES(bind_text(lookup->claim->account_id.text),
                            bind_text(lookup->claim->key), bind_int(clock_wall_ms())));
    lookup->outcome = LOOKUP_NOTHING;
    if (db_row(db, row)) {
        lookup->outcome = read_row(lookup, row);
        db_leave(row);
    }
    if (db->failure)
        lookup->outcome = LOOKUP_FAILED;
}
