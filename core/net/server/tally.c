#include "net/server/tally.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/secret.h"

enum { BUCKETS = 4096, V6_NETWORK_BYTES = 8 };

struct entry {
    struct entry *next;
    struct tally_key key;
    size_t amount;
};

struct tally {
    pthread_mutex_t mutex;
    uint64_t seed; /* random, so that chosen addresses do not gather in one bucket */
    struct entry *buckets[BUCKETS];
};

void tally_key_of_address(enum tally_kind kind, const struct ip_address *address,
                          struct tally_key *out)
{
    size_t bytes = ip_address_is_v4(address) ? sizeof address->bytes : V6_NETWORK_BYTES;
    memset(out, 0, sizeof *out);
    out->bytes[0] = (unsigned char)kind;
    memcpy(out->bytes + 1, address->bytes, bytes);
}

void tally_key_of_account(const struct id *account_id, struct tally_key *out)
{
    memset(out, 0, sizeof *out);
    out->bytes[0] = TALLY_ACCOUNT_BODIES;
    memcpy(out->bytes + 1, account_id->text, strnlen(account_id->text, ID_BYTES));
}

struct tally *tally_new(void)
{
    struct tally *tally = calloc(1, sizeof *tally);
    check(tally != NULL && pthread_mutex_init(&tally->mutex, NULL) == 0);
    tally->seed = random_u64();
    return tally;
}

void tally_free(struct tally *tally)
{
    if (tally == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        struct entry *next;
        for (struct entry *entry = tally->buckets[i]; entry != NULL; entry = next) {
            next = entry->next;
            free(entry);
        }
    }
    check(pthread_mutex_destroy(&tally->mutex) == 0);
    free(tally);
}

/* Hashes by multiplying and folding, with a random start. */
static struct entry **bucket_of(struct tally *tally, const struct tally_key *key)
{
    uint64_t hash = tally->seed;
    for (size_t i = 0; i < sizeof key->bytes; i++) {
        hash = (hash ^ key->bytes[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return &tally->buckets[hash % BUCKETS];
}

/* Returns the pointer that points to the key's entry, or to NULL at the bucket's end. */
static struct entry **find(struct tally *tally, const struct tally_key *key)
{
    struct entry **place = bucket_of(tally, key);
    while (*place != NULL && memcmp(&(*place)->key, key, sizeof *key) != 0)
        place = &(*place)->next;
    return place;
}

static bool add(struct tally *tally, const struct tally_key *key, size_t amount, size_t most)
{
    struct entry **place = find(tally, key);
    size_t before = *place != NULL ? (*place)->amount : 0;
    if (amount > most || before > most - amount)
        return false;
    if (*place == NULL) {
        *place = calloc(1, sizeof **place);
        if (*place == NULL)
            return false;
        (*place)->key = *key;
    }
    (*place)->amount += amount;
    return true;
}

bool tally_add(struct tally *tally, const struct tally_key *key, size_t amount, size_t most)
{
    check(pthread_mutex_lock(&tally->mutex) == 0);
    bool added = add(tally, key, amount, most);
    check(pthread_mutex_unlock(&tally->mutex) == 0);
    return added;
}

void tally_take(struct tally *tally, const struct tally_key *key, size_t amount)
{
    check(pthread_mutex_lock(&tally->mutex) == 0);
    struct entry **place = find(tally, key);
    struct entry *entry = *place;
    check(entry != NULL && entry->amount >= amount);
    entry->amount -= amount;
    if (entry->amount == 0) {
        *place = entry->next;
        free(entry);
    }
    check(pthread_mutex_unlock(&tally->mutex) == 0);
}
