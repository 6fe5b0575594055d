#include "store/memory/top_up_book.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static char *copy(const char *text)
{
    char *made = text != NULL ? strdup(text) : NULL;
    check(text == NULL || made != NULL);
    return made;
}

void top_up_book_init(struct top_up_book *book)
{
    book->terms = NULL;
    check(pthread_mutex_init(&book->mutex, NULL) == 0);
}

void top_up_book_fini(struct top_up_book *book)
{
    free(book->terms);
    check(pthread_mutex_destroy(&book->mutex) == 0);
}

void top_up_book_set(struct top_up_book *book, const char *terms)
{
    char *fresh = copy(terms);
    check(pthread_mutex_lock(&book->mutex) == 0);
    char *stale = book->terms;
    book->terms = fresh;
    check(pthread_mutex_unlock(&book->mutex) == 0);
    free(stale);
}

char *top_up_book_terms(struct top_up_book *book)
{
    check(pthread_mutex_lock(&book->mutex) == 0);
    char *made = copy(book->terms);
    check(pthread_mutex_unlock(&book->mutex) == 0);
    return made;
}
