/* The key search: finds the owners of a key or request. An operator types the part of a key that a
 * page shows, or the id of a request, into the search of customers. On the reports threads. */
#ifndef STORE_QUESTIONS_KEY_SEARCH_H
#define STORE_QUESTIONS_KEY_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/id.h"
#include "store/engine/db.h"

enum { KEY_SEARCH_USERS_MAX = 100 };

struct key_search {
    bool only; /* the text is a key or a request: nothing else can match */
    size_t count;
    struct id user_ids[KEY_SEARCH_USERS_MAX];
};

/* `text`: "req_...", "key_...", the beginning of a key ("llm_sk_Ab3x"), the beginning and end as
 * pages show them ("llm_sk_Ab3x...yovT"), or the last four characters. */
void key_search_init(struct key_search *search, struct db *db, const char *text);
bool key_search_has(const struct key_search *search, const char *user_id);

/* Whether a user's address or name has the text in it, without regard to the case of ASCII letters.
 * No index can tell; but USER_PARTS has rows of a hundred bytes, and all of a million users are
 * looked at in a sixth of a second. */
#define USER_PARTS "users INDEXED BY users_search"
#define USER_HAS(text) "(email" USER_LIKE(text) " OR name" USER_LIKE(text) ")"
#define USER_LIKE(text)                                                                            \
    " LIKE '%' || replace(replace(replace(" text ", '\\', '\\\\'), '%', '\\%'), '_', '\\_')"       \
    " || '%' ESCAPE '\\'"

#define KEY_MARK "llm_sk_"                          /* every key begins so */
enum { KEY_PREFIX_BYTES = 11, KEY_LAST_BYTES = 4 }; /* as in keys.prefix and keys.last4 */

/* What is shown of a key. */
struct shown_key {
    char prefix[KEY_PREFIX_BYTES + 1];
    const char *last; /* in the text that was read; "": not shown */
};

/* Reads a text that begins with KEY_MARK, with the end of the key after some dots. Of a longer
 * beginning only so much is stored. */
void key_search_read(const char *text, struct shown_key *out);

/* Selects the ids of keys with a secret, the present or a replaced one, of which `where` is true:
 * by an index, and at most 64 of each kind. Deleted keys, too: an operator may still ask about
 * them. */
#define KEYS_SHOWN(where)                                                                          \
    "SELECT id FROM (SELECT id FROM keys WHERE " where " LIMIT 64) UNION"                          \
    " SELECT key_id FROM (SELECT key_id FROM old_secrets WHERE " where " LIMIT 64)"
#define SHOWN_BEGINNING "prefix >= ?1 AND prefix < ?1 || '~' AND ?2 = ''"
#define SHOWN_END "last4 = ?2"
/* The end is rarer than the beginning; + keeps the beginning from its index. */
#define SHOWN_BOTH "last4 = ?2 AND +prefix >= ?1 AND +prefix < ?1 || '~'"

#endif
