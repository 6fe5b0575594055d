#include "store/questions/turn_lookup.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/seal.h"
#include "store/questions/reports.h"
#include "store/turns.h"

#define COLUMNS "turn, depth, created_ms, response_id, sealed, previous_turn"

struct looking {
    struct turn_lookup *lookup;
    struct db *db;
    int64_t now_ms;
};

static struct store_value text_of(struct slice text)
{
    return (struct store_value){.type = STORE_TEXT, .text = text};
}

static bool has(const struct turn_lookup *lookup, int64_t turn)
{
    for (size_t i = 0; i < lookup->turn_count; i++) {
        if (lookup->turns[i].turn == turn)
            return true;
    }
    return false;
}

static struct found_turn *add_room(struct turn_lookup *lookup)
{
    if (lookup->turn_count == LIMIT_KEPT_TURNS) {
        lookup->too_large = true;
        return NULL;
    }
    if (lookup->turn_count == lookup->turn_room) {
        lookup->turn_room = lookup->turn_room > 0 ? 2 * lookup->turn_room : 16;
        lookup->turns = realloc(lookup->turns, lookup->turn_room * sizeof *lookup->turns);
        check(lookup->turns != NULL);
    }
    return &lookup->turns[lookup->turn_count++];
}

static void add(struct looking *looking, struct row *row)
{
    struct turn_lookup *lookup = looking->lookup;
    if (has(lookup, column_int(row, 0)))
        return;
    struct found_turn *found = add_room(lookup);
    if (found == NULL)
        return;
    *found = (struct found_turn){
        .turn = column_int(row, 0), .depth = column_int(row, 1), .created_ms = column_int(row, 2)};
    snprintf(found->response_id, sizeof found->response_id, "%s", column_text(row, 3));
    struct slice sealed = column_blob(row, 4);
    lookup->bytes += sealed.bytes;
    buffer_init(&found->sealed, LIMIT_KEPT_TURN_BYTES + SEAL_EXTRA_BYTES);
    if (lookup->bytes > LIMIT_KEPT_TURN_BYTES || !buffer_append_slice(&found->sealed, sealed))
        lookup->too_large = true;
}

/* The turn, and with `whole` those that it continues: found from the newest on, then turned
 * round. */
static void add_chain(struct looking *looking, int64_t turn, bool whole)
{
    size_t first = looking->lookup->turn_count;
    while (turn != 0 && !looking->lookup->too_large) {
        struct row *row = db_bind(
            looking->db, "SELECT " COLUMNS " FROM kept_turns WHERE turn = ?1 AND account_id = ?2",
            DB_VALUES(bind_int(turn), bind_text(looking->lookup->account_id.text)));
        if (!db_row(looking->db, row)) {
            looking->lookup->missing = true;
            return;
        }
        add(looking, row);
        turn = !whole || column_null(row, 5) ? 0 : column_int(row, 5);
        db_leave(row);
    }
    struct found_turn *turns = looking->lookup->turns;
    for (size_t last = looking->lookup->turn_count; first + 1 < last; first++) {
        struct found_turn other = turns[--last];
        turns[last] = turns[first];
        turns[first] = other;
    }
}

static int64_t newest(struct looking *looking, const char *sql, struct slice id)
{
    return db_number(looking->db, sql,
                     DB_VALUES(bind_text(looking->lookup->account_id.text), text_of(id),
                               bind_int(looking->now_ms)),
                     0);
}

/* Providers may give an id twice: the newest turn counts. */
static void look_response(struct looking *looking, const struct named_object *name)
{
    int64_t turn = newest(looking,
                          "SELECT max(turn) FROM kept_turns WHERE account_id = ?1"
                          " AND response_id = ?2 AND response_id <> '' AND expires_ms > ?3",
                          name->id);
    if (turn == 0)
        looking->lookup->missing = true;
    else
        add_chain(looking, turn, name->brings);
}

static void look_conversation(struct looking *looking, const struct named_object *name)
{
    struct row *row =
        db_bind(looking->db,
                "SELECT " COLUMNS " FROM kept_turns WHERE account_id = ?1"
                " AND conversation_id = ?2 AND conversation_id <> '' ORDER BY turn",
                DB_VALUES(bind_text(looking->lookup->account_id.text), text_of(name->id)));
    size_t before = looking->lookup->turn_count;
    while (db_row(looking->db, row)) {
        add(looking, row);
        if (looking->lookup->too_large) {
            db_leave(row);
            return;
        }
    }
    looking->lookup->missing |= looking->lookup->turn_count == before;
}

static void look_item(struct looking *looking, const struct named_object *name)
{
    struct row *row =
        db_bind(looking->db,
                "SELECT " COLUMNS " FROM kept_turns WHERE account_id = ?1 AND response_id ="
                " (SELECT response_id FROM provider_objects WHERE account_id = ?1 AND id = ?2)"
                " AND response_id <> '' ORDER BY turn DESC LIMIT 1",
                DB_VALUES(bind_text(looking->lookup->account_id.text), text_of(name->id)));
    if (!db_row(looking->db, row)) {
        looking->lookup->missing = true;
        return;
    }
    add(looking, row);
    db_leave(row);
}

static void look(struct looking *looking, enum kept_kind kind,
                 void (*run)(struct looking *, const struct named_object *))
{
    const struct turn_lookup *lookup = looking->lookup;
    for (size_t i = 0; i < lookup->count && looking->db->failure == 0 && !lookup->too_large; i++) {
        if (lookup->names[i].kind == kind)
            run(looking, &lookup->names[i]);
    }
}

void turn_lookup_run(struct job *job, void *server)
{
    struct turn_lookup *lookup = (struct turn_lookup *)job;
    struct reports *reports = server;
    struct looking looking = {lookup, &reports->db, clock_wall_ms()};
    _Static_assert(offsetof(struct turn_lookup, job) == 0, "a job is cast to its lookup");
    db_clear(looking.db);
    look(&looking, KEPT_CONVERSATION, look_conversation);
    look(&looking, KEPT_RESPONSE, look_response);
    lookup->continued = lookup->turn_count;
    look(&looking, KEPT_ITEM, look_item);
    lookup->failed = looking.db->failure != 0;
}
