#include "store/questions/object_lookup.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/books/objects_table.h"
#include "store/objects.h"
#include "store/questions/reports.h"

enum { RESPONSE_ID_BYTES = 256 };

/* What the name before has brought: items of one response come one after the other, and together
 * they are at most what it has generated. */
struct before {
    char response_id[RESPONSE_ID_BYTES];
};

static void note_provider(struct object_lookup *lookup, const char *provider)
{
    if (lookup->provider[0] == '\0')
        snprintf(lookup->provider, sizeof lookup->provider, "%s", provider);
    else if (strcmp(lookup->provider, provider) != 0)
        lookup->divided = true;
}

static void add_tokens(struct object_lookup *lookup, const struct named_object *name,
                       struct row *row, struct before *before)
{
    const char *response_id = column_text(row, 1);
    bool counted = response_id[0] != '\0' && strcmp(response_id, before->response_id) == 0;
    if (!name->brings || counted)
        return;
    snprintf(before->response_id, sizeof before->response_id, "%s", response_id);
    lookup->grows = lookup->grows || name->kind == KEPT_CONVERSATION;
    if (!column_null(row, 2))
        lookup->tokens += column_int(row, 2);
    else if (name->kind != KEPT_CONVERSATION)
        lookup->unknown = true;
}

static bool find(struct db *db, struct object_lookup *lookup, const struct named_object *name,
                 int64_t now_ms, struct before *before)
{
    struct row *row =
        db_bind(db,
                "SELECT provider, response_id, tokens FROM provider_objects"
                " WHERE account_id = ?1 AND id = ?2 AND kind = ?3 AND expires_ms > ?4",
                DB_VALUES(bind_text(lookup->account_id.text),
                          (struct store_value){.type = STORE_TEXT, .text = name->id},
                          bind_text(objects_table_kind(name->kind)), bind_int(now_ms)));
    if (!db_row(db, row))
        return false;
    note_provider(lookup, column_text(row, 0));
    add_tokens(lookup, name, row, before);
    db_leave(row);
    return true;
}

void object_lookup_run(struct job *job, void *server)
{
    struct object_lookup *lookup = (struct object_lookup *)job;
    struct reports *reports = server;
    struct db *db = &reports->db;
    struct before before = {""};
    int64_t now_ms = clock_wall_ms();
    _Static_assert(offsetof(struct object_lookup, job) == 0, "a job is cast to its lookup");
    db_clear(db);
    for (size_t i = 0; i < lookup->count && db->failure == 0; i++)
        lookup->found[i] = find(db, lookup, &lookup->names[i], now_ms, &before);
    lookup->failed = db->failure != 0;
}
