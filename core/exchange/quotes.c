#include "exchange/quotes.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"

enum {
    PARTS = 256,
    SLOTS = 256 /* per part: 65,536 estimates in all, 2 MB */
};

struct slot {
    struct quote_name name;
    int64_t most_nusd;
    int64_t expires_ms; /* 0: free */
};

struct part {
    pthread_mutex_t lock;
    int64_t forgotten;  /* estimates that were good still and made room for others */
    struct slot *slots; /* SLOTS of quotes->slots */
};

struct quotes {
    struct part parts[PARTS];
    struct slot *slots; /* of all parts, apart from their locks: unused pages take no memory */
};

struct quotes *quotes_new(void)
{
    struct quotes *quotes = calloc(1, sizeof *quotes);
    check(quotes != NULL);
    quotes->slots = calloc((size_t)PARTS * SLOTS, sizeof *quotes->slots);
    check(quotes->slots != NULL);
    for (size_t i = 0; i < PARTS; i++) {
        check(pthread_mutex_init(&quotes->parts[i].lock, NULL) == 0);
        quotes->parts[i].slots = &quotes->slots[i * SLOTS];
    }
    return quotes;
}

void quotes_free(struct quotes *quotes)
{
    if (quotes == NULL)
        return;
    for (size_t i = 0; i < PARTS; i++)
        pthread_mutex_destroy(&quotes->parts[i].lock);
    free(quotes->slots);
    free(quotes);
}

static struct part *lock_part(struct quotes *quotes, const struct quote_name *name)
{
    struct part *part = &quotes->parts[name->high % PARTS];
    pthread_mutex_lock(&part->lock);
    return part;
}

/* Returns the request's slot, or else the one that ends first. */
static struct slot *find(struct part *part, const struct quote_name *name)
{
    struct slot *first = &part->slots[0];
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *slot = &part->slots[i];
        if (slot->name.low == name->low && slot->name.high == name->high)
            return slot;
        if (slot->expires_ms < first->expires_ms)
            first = slot;
    }
    return first;
}

void quotes_note(struct quotes *quotes, const struct quote_name *name, int64_t most_nusd,
                 int64_t now_ms)
{
    struct part *part = lock_part(quotes, name);
    struct slot *slot = find(part, name);
    bool same = slot->name.low == name->low && slot->name.high == name->high;
    part->forgotten += !same && slot->expires_ms > now_ms;
    *slot = (struct slot){
        .name = *name, .most_nusd = most_nusd, .expires_ms = now_ms + QUOTES_VALID_MS};
    pthread_mutex_unlock(&part->lock);
}

bool quotes_bind(struct quotes *quotes, const struct quote_name *name, int64_t nusd, int64_t now_ms)
{
    struct part *part = lock_part(quotes, name);
    const struct slot *slot = find(part, name);
    bool binds = slot->name.low == name->low && slot->name.high == name->high &&
                 slot->expires_ms > now_ms && slot->most_nusd <= nusd;
    pthread_mutex_unlock(&part->lock);
    return binds;
}

int64_t quotes_forgotten(struct quotes *quotes)
{
    int64_t sum = 0;
    for (size_t i = 0; i < PARTS; i++) {
        pthread_mutex_lock(&quotes->parts[i].lock);
        sum += quotes->parts[i].forgotten;
        pthread_mutex_unlock(&quotes->parts[i].lock);
    }
    return sum;
}
