#include "store/questions/key_search.h"

#include <stdio.h>
#include <string.h>

enum { PREFIX_BYTES = 11, LAST_BYTES = 4 }; /* as in keys.prefix and keys.last4 */

static const char key_mark[] = "llm_sk_";

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

/* "llm_sk_Ab3x", and after some dots the end of the key. Of a longer beginning only so much is
 * stored. */
static void find_by_beginning(struct key_search *search, struct db *db, const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char prefix[PREFIX_BYTES + 1];
    size_t bytes = strlen(key_mark) + strspn(text + strlen(key_mark), letters);
    const char *last = text + strlen(text);
    snprintf(prefix, sizeof prefix, "%.*s", (int)(bytes < PREFIX_BYTES ? bytes : PREFIX_BYTES),
             text);
    if (strlen(text + bytes) > LAST_BYTES)
        last -= LAST_BYTES;
    find_shown(search, db, prefix, last);
}

static void find_digest(struct key_search *search, struct db *db, const char *digest)
{
    collect(search, db,
            db_bind(db, OWNERS(KEYS_SHOWN("digest = ?1")), DB_VALUES(bind_text(digest))));
}

void key_search_init(struct key_search *search, struct db *db, const char *text, const char *digest)
{
    *search = (struct key_search){.only = digest[0] || begins(text, key_mark) ||
                                          begins(text, "req_") || begins(text, "key_")};
    if (digest[0])
        find_digest(search, db, digest);
    else if (begins(text, key_mark))
        find_by_beginning(search, db, text);
    else if (begins(text, "req_"))
        find_request(search, db, text);
    else if (begins(text, "key_"))
        collect(search, db,
                db_bind(db, "SELECT user_id FROM keys WHERE id = ?1", DB_VALUES(bind_text(text))));
    else if (strlen(text) == LAST_BYTES)
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
