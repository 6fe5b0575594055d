/* What payments.lua says of automatic top-ups: from who reads the policies to the ledger thread.
 * Any thread. */
#ifndef STORE_MEMORY_TOP_UP_BOOK_H
#define STORE_MEMORY_TOP_UP_BOOK_H

#include <pthread.h>

struct top_up_book {
    pthread_mutex_t mutex;
    char *terms; /* owned; NULL: no card is charged */
};

void top_up_book_init(struct top_up_book *book);
void top_up_book_fini(struct top_up_book *book);
void top_up_book_set(struct top_up_book *book, const char *terms);
/* A copy, which the caller frees. */
char *top_up_book_terms(struct top_up_book *book);

#endif
