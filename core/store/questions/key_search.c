#include "store/questions/key_search.h"

#include <stdio.h>
#include <string.h>

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void collect(struct key_search *search, struct db *db, struct row *row)
{
    while (search->count < KEY_SEARCH_USERS_MAX && db_row(db, row)) {
        struct id *id = &search->user_ids[search->count++];
        snprintf(id->text, sizeof id->text, "%s", column_text(row, 0));
    }
    db_leave(row);
}

static void find_request(struct key_search *search, struct db *db, const char *id)
{
    collect(search, db,
            db_bind(db,
                    "SELECT o.id FROM resolutions r JOIN usage u ON u.seq = r.usage_seq"
                    " JOIN users o ON o.account_id = u.account_id WHERE r.exchange_id = ?1"
                    " UNION SELECT o.id FROM refusals f JOIN users o ON o.account_id = f.account_id"
                    " WHERE f.exchange_id = ?1",
                    DB_VALUES(bind_text(id))));
}

#define OWNERS(keys) "SELECT DISTINCT user_id FROM keys WHERE id IN (" keys ")"

static void find_shown(struct key_search *search, struct db *db, const char *prefix,
                       const char *last)
{
    const char *sql = !*last     ? OWNERS(KEYS_SHOWN(SHOWN_BEGINNING))
                      : !*prefix ? OWNERS(KEYS_SHOWN(SHOWN_END))
                                 : OWNERS(KEYS_SHOWN(SHOWN_BOTH));
    collect(search, db, db_bind(db, sql, DB_VALUES(bind_text(prefix), bind_text(last))));
}

void key_search_read(const char *text, struct shown_key *out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t mark_bytes = strlen(KEY_MARK);
    size_t bytes = mark_bytes + strspn(text + mark_bytes, letters);
    out->last = text + strlen(text);
    snprintf(out->prefix, sizeof out->prefix, "%.*s",
             (int)(bytes < KEY_PREFIX_BYTES ? bytes : KEY_PREFIX_BYTES), text);
    if (strlen(text + bytes) > KEY_LAST_BYTES)
        out->last -= KEY_LAST_BYTES;
}

void key_search_init(struct key_search *search, struct db *db, const char *text)
{
    struct shown_key shown;
    *search = (struct key_search){.only = begins(text, KEY_MARK) || begins(text, "req_") ||
                                          begins(text, "key_")};
    if (begins(text, KEY_MARK)) {
        key_search_read(text, &shown);
        find_shown(search, db, shown.prefix, shown.last);
    } else if (begins(text, "req_"))
        find_request(search, db, text);
    else if (begins(text, "key_"))
        collect(search, db,
                db_bind(db, "SELECT user_id FROM keys WHERE id = ?1", DB_VALUES(bind_text(text))));
    else if (strlen(text) == KEY_LAST_BYTES)
        find_shown(search, db, "", text);
}

bool key_search_has(const struct key_search *search, const char *user_id)
{
    for (size_t i = 0; i < search->count; i++) {
        if (strcmp(search->user_ids[i].text, user_id) == 0)
            return true;
    }
    return false;
}
