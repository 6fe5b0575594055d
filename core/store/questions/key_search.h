/* The key search: finds the owners of a key or request. An operator types a leaked key, the part of
 * a key that a page shows, or the id of a request into the search of customers. On the reports
 * threads. */
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
 * pages show them ("llm_sk_Ab3x...yovT"), or the last four characters. `digest`: of a whole key, in
 * hex; "" if the text is none. */
void key_search_init(struct key_search *search, struct db *db, const char *text,
                     const char *digest);
bool key_search_has(const struct key_search *search, const char *user_id);

#endif
