/* Whose key or request it is: what an operator who has only a leaked key, what a page shows of one,
 * or the id of a request types into the search of customers. On the reports threads. */
#ifndef STORE_QUESTIONS_KEY_SEARCH_H
#define STORE_QUESTIONS_KEY_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/id.h"
#include "store/engine/db.h"

enum { KEY_SEARCH_USERS_MAX = 100 };

struct key_search {
    bool only; /* the text is a key's or a request's: nothing else can match */
    size_t count;
    struct id user_ids[KEY_SEARCH_USERS_MAX];
};

/* `text`: "req_...", "key_...", the beginning of a key ("llm_sk_Ab3x"), that and its end as pages
 * show it ("llm_sk_Ab3x...yovT"), or its last four characters. `digest`: of a whole key, in hex;
 * "" when it is none. */
void key_search_init(struct key_search *search, struct db *db, const char *text,
                     const char *digest);
bool key_search_has(const struct key_search *search, const char *user_id);

#endif
