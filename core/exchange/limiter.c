#include "exchange/limiter.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/secret.h"
#include "exchange/sliding_log.h"

/* Names are not kept. An entry is found by 128 bits of SipHash over the window's length and the
 * name, under a random key for each limiter. So long names cost no memory, chosen names cannot fill
 * one bucket, and the same name counts apart under each window and for concurrency (which has no
 * window).
 *
 * Entries of windows stand in their shard's queue. A full shard drops entries from the front, but
 * an entry that was used since it was queued goes round once more: so names that come once push out
 * each other before those that come again. Entries of concurrency stand in no queue. They exist
 * from the first enter to the last leave, so there are no more of them than running exchanges,
 * which are bounded elsewhere. */

enum {
    SHARDS_MAX = 64,
    SHARD_ENTRIES_MIN = 64, /* few entries use fewer shards, so that no shard is full by chance */
    SECOND_CHANCES_MAX = 8, /* per dropped entry */
    BUSY_RETRY_MS = 1000    /* we do not know when another exchange ends */
};

#define WINDOW_MS_MAX (INT64_C(1) << 53)
#define NOW_MS_MAX (INT64_C(1) << 61)

struct entry {
    struct entry *next; /* in its bucket */
    struct limit_slot place;
    struct sliding_log log; /* for a window */
    int64_t held;           /* for a window: by callers that are not done */
    int64_t entered;        /* for concurrency: entered and not left */
    int64_t window_ms;      /* 0: concurrency */
    struct entry *behind;   /* the next one in the shard's queue */
    bool used;              /* since it was queued */
};

struct shard {
    pthread_mutex_t mutex;
    struct entry **buckets;
    struct entry *first; /* of the queue */
    struct entry *last;
    size_t queued_count; /* at most limiter->shard_entries_max */
    int64_t forgotten;   /* entries that still counted something and made room for others */
} __attribute__((aligned(64)));

struct limiter {
    uint64_t hash_key[2];
    size_t shard_count;  /* a power of two, like the next */
    size_t bucket_count; /* of each shard */
    size_t shard_entries_max;
    struct entry **buckets; /* of all shards, in one block: its unused pages take no memory */
    struct shard shards[];
};

/* ---- hashing ---- */

struct sip {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void sip_rounds(struct sip *sip, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        sip->v0 += sip->v1;
        sip->v2 += sip->v3;
        sip->v1 = rotate(sip->v1, 13) ^ sip->v0;
        sip->v3 = rotate(sip->v3, 16) ^ sip->v2;
        sip->v0 = rotate(sip->v0, 32);
        sip->v2 += sip->v1;
        sip->v0 += sip->v3;
        sip->v1 = rotate(sip->v1, 17) ^ sip->v2;
        sip->v3 = rotate(sip->v3, 21) ^ sip->v0;
        sip->v2 = rotate(sip->v2, 32);
    }
}

static void sip_word(struct sip *sip, uint64_t word)
{
    sip->v3 ^= word;
    sip_rounds(sip, 2);
    sip->v0 ^= word;
}

/* SipHash-2-4 with 128 bits of output, over the eight bytes of window_ms and then the name. */
struct limit_slot limiter_slot(const struct limiter *limiter, struct slice name, int64_t window_ms)
{
    uint64_t k0 = limiter->hash_key[0];
    uint64_t k1 = limiter->hash_key[1];
    struct sip sip = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f83),
                      k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
    uint64_t last = (uint64_t)(name.bytes + 8) << 56;
    uint64_t word;
    size_t at = 0;
    sip_word(&sip, (uint64_t)window_ms);
    for (; at + 8 <= name.bytes; at += 8) {
        memcpy(&word, name.data + at, 8);
        sip_word(&sip, word);
    }
    word = 0;
    if (at < name.bytes)
        memcpy(&word, name.data + at, name.bytes - at);
    sip_word(&sip, last | word);
    struct limit_slot place;
    sip.v2 ^= 0xee;
    sip_rounds(&sip, 4);
    place.low = sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
    sip.v1 ^= 0xdd;
    sip_rounds(&sip, 4);
    place.high = sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
    return place;
}

/* ---- entries: the caller holds the shard's mutex ---- */

static struct shard *lock_shard(struct limiter *limiter, const struct limit_slot *place)
{
    struct shard *shard = &limiter->shards[place->high & (limiter->shard_count - 1)];
    check(pthread_mutex_lock(&shard->mutex) == 0);
    return shard;
}

static void unlock_shard(struct shard *shard)
{
    check(pthread_mutex_unlock(&shard->mutex) == 0);
}

/* The place of the pointer to the entry, or where it would be. */
static struct entry **find(const struct limiter *limiter, const struct shard *shard,
                           const struct limit_slot *place)
{
    struct entry **at = &shard->buckets[place->low & (limiter->bucket_count - 1)];
    while (*at != NULL && ((*at)->place.low != place->low || (*at)->place.high != place->high))
        at = &(*at)->next;
    return at;
}

static struct entry *add(const struct limiter *limiter, struct shard *shard,
                         const struct limit_slot *place, int64_t window_ms)
{
    struct entry **bucket = &shard->buckets[place->low & (limiter->bucket_count - 1)];
    struct entry *entry = malloc(sizeof *entry);
    check(entry != NULL);
    *entry = (struct entry){.next = *bucket, .place = *place, .window_ms = window_ms};
    sliding_log_init(&entry->log);
    *bucket = entry;
    return entry;
}

static void free_entry(struct entry *entry)
{
    sliding_log_fini(&entry->log);
    free(entry);
}

static void queue_push(struct shard *shard, struct entry *entry)
{
    entry->behind = NULL;
    entry->used = false;
    if (shard->last != NULL)
        shard->last->behind = entry;
    else
        shard->first = entry;
    shard->last = entry;
    shard->queued_count++;
}

static struct entry *queue_shift(struct shard *shard)
{
    struct entry *entry = shard->first;
    check(entry != NULL);
    shard->first = entry->behind;
    if (shard->first == NULL)
        shard->last = NULL;
    shard->queued_count--;
    return entry;
}

static void drop_one(const struct limiter *limiter, struct shard *shard, int64_t now_ms)
{
    struct entry *entry = queue_shift(shard);
    for (int i = 0; i < SECOND_CHANCES_MAX && entry->used; i++) {
        sliding_log_advance(&entry->log, entry->window_ms, now_ms);
        if (entry->log.count == 0 && entry->held == 0)
            break; /* it counts nothing any more */
        queue_push(shard, entry);
        entry = queue_shift(shard);
    }
    struct entry **at = find(limiter, shard, &entry->place);
    check(*at == entry);
    *at = entry->next;
    sliding_log_advance(&entry->log, entry->window_ms, now_ms);
    shard->forgotten += entry->log.count > 0;
    free_entry(entry);
}

static struct entry *add_queued(const struct limiter *limiter, struct shard *shard,
                                const struct limit_slot *place, int64_t window_ms, int64_t now_ms)
{
    if (shard->queued_count == limiter->shard_entries_max)
        drop_one(limiter, shard, now_ms);
    struct entry *entry = add(limiter, shard, place, window_ms);
    queue_push(shard, entry);
    return entry;
}

/* ---- windows ---- */

static int64_t clamp(int64_t n, int64_t min, int64_t max)
{
    return n < min ? min : n > max ? max : n;
}

static int64_t clamp_window(int64_t window_ms)
{
    return clamp(window_ms, 1, WINDOW_MS_MAX);
}

/* What is asked of a window. */
struct asking {
    int64_t amount, more, limit, window_ms;
    bool takes;
};

static int64_t add_capped(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* Says how an entry (NULL: nothing was taken) stands with what is asked at now_ms. */
static void describe(const struct entry *entry, const struct asking *asked, int64_t now_ms,
                     bool fits, struct limit_state *out)
{
    int64_t limit = asked->limit;
    int64_t used = entry != NULL ? add_capped(entry->log.sum, entry->held) : 0;
    *out = (struct limit_state){.limit = limit, .remaining = used < limit ? limit - used : 0};
    if (entry != NULL)
        out->reset_ms = sliding_log_reset_ms(&entry->log, asked->window_ms, now_ms);
    if (fits)
        return;
    out->never = asked->amount > limit;
    out->retry_after_ms = asked->window_ms; /* if it never fits: at least do not retry at once */
    if (out->never || entry == NULL) /* what does not fit although nothing was taken never does */
        return;
    bool only_held = entry->log.sum <= limit - asked->amount;
    out->retry_after_ms = only_held ? BUSY_RETRY_MS
                                    : sliding_log_wait_ms(&entry->log, limit - asked->amount,
                                                          asked->window_ms, now_ms);
}

static bool ask(struct limiter *limiter, const struct limit_slot *place, struct asking asked,
                int64_t now_ms, struct limit_state *out)
{
    asked.amount = clamp(asked.amount, 0, INT64_MAX);
    asked.more = clamp(asked.more, 0, INT64_MAX);
    asked.limit = clamp(asked.limit, 0, INT64_MAX);
    asked.window_ms = clamp_window(asked.window_ms);
    now_ms = clamp(now_ms, 0, NOW_MS_MAX);
    struct shard *shard = lock_shard(limiter, place);
    struct entry *entry = *find(limiter, shard, place);
    if (entry != NULL) {
        entry->used = true;
        now_ms = sliding_log_advance(&entry->log, asked.window_ms, now_ms);
    }
    int64_t used = entry != NULL ? add_capped(entry->log.sum, entry->held) : 0;
    bool fits = used <= asked.limit - asked.amount;
    int64_t held = 0;
    if (asked.takes && fits && asked.amount > 0) {
        if (entry == NULL)
            entry = add_queued(limiter, shard, place, asked.window_ms, now_ms);
        sliding_log_add(&entry->log, asked.amount, asked.window_ms, now_ms);
        held = clamp(asked.more, 0, asked.limit - asked.amount - used);
        entry->held += held;
    }
    describe(entry, &asked, now_ms, fits, out);
    out->held = held;
    unlock_shard(shard);
    return fits;
}

bool limiter_take_at(struct limiter *limiter, const struct limit_slot *place, int64_t amount,
                     int64_t limit, int64_t window_ms, int64_t now_ms, struct limit_state *out)
{
    return limiter_hold_at(limiter, place, amount, 0, limit, window_ms, now_ms, out);
}

bool limiter_hold_at(struct limiter *limiter, const struct limit_slot *place, int64_t amount,
                     int64_t more, int64_t limit, int64_t window_ms, int64_t now_ms,
                     struct limit_state *out)
{
    const struct asking asked = {
        .amount = amount, .more = more, .limit = limit, .window_ms = window_ms, .takes = true};
    return ask(limiter, place, asked, now_ms, out);
}

/* An entry that made room for another, and came back, does not know what was held. */
void limiter_let_go_at(struct limiter *limiter, const struct limit_slot *place, int64_t held)
{
    struct shard *shard = lock_shard(limiter, place);
    struct entry *entry = *find(limiter, shard, place);
    if (entry != NULL)
        entry->held = entry->held > held ? entry->held - held : 0;
    unlock_shard(shard);
}

bool limiter_peek_at(struct limiter *limiter, const struct limit_slot *place, int64_t amount,
                     int64_t limit, int64_t window_ms, int64_t now_ms, struct limit_state *out)
{
    const struct asking asked = {.amount = amount, .limit = limit, .window_ms = window_ms};
    return ask(limiter, place, asked, now_ms, out);
}

void limiter_add_at(struct limiter *limiter, const struct limit_slot *place, int64_t amount,
                    int64_t window_ms, int64_t now_ms)
{
    window_ms = clamp_window(window_ms);
    now_ms = clamp(now_ms, 0, NOW_MS_MAX);
    if (amount <= 0)
        return;
    struct shard *shard = lock_shard(limiter, place);
    struct entry *entry = *find(limiter, shard, place);
    if (entry == NULL)
        entry = add_queued(limiter, shard, place, window_ms, now_ms);
    entry->used = true;
    now_ms = sliding_log_advance(&entry->log, window_ms, now_ms);
    sliding_log_add(&entry->log, amount, window_ms, now_ms);
    unlock_shard(shard);
}

void limiter_give_back_at(struct limiter *limiter, const struct limit_slot *place, int64_t amount,
                          int64_t window_ms, int64_t taken_ms, int64_t now_ms)
{
    window_ms = clamp_window(window_ms);
    taken_ms = clamp(taken_ms, 0, NOW_MS_MAX);
    now_ms = clamp(now_ms, 0, NOW_MS_MAX);
    struct shard *shard = lock_shard(limiter, place);
    struct entry *entry = *find(limiter, shard, place);
    if (entry != NULL) {
        entry->used = true;
        now_ms = sliding_log_advance(&entry->log, window_ms, now_ms);
        if (now_ms - taken_ms < window_ms) /* else that taking is forgotten already */
            sliding_log_give_back(&entry->log, amount, taken_ms);
    }
    unlock_shard(shard);
}

/* ---- concurrency ---- */

static bool enter(struct limiter *limiter, const struct limit_slot *place, int64_t limit,
                  bool entering, struct limit_state *out)
{
    struct shard *shard = lock_shard(limiter, place);
    struct entry *entry = *find(limiter, shard, place);
    int64_t entered = entry != NULL ? entry->entered : 0;
    bool fits = entered < limit;
    if (fits && entering) {
        if (entry == NULL)
            entry = add(limiter, shard, place, 0);
        entered = ++entry->entered;
    }
    unlock_shard(shard);
    *out = (struct limit_state){.limit = clamp(limit, 0, INT64_MAX),
                                .remaining = entered < limit ? limit - entered : 0,
                                .never = !fits && limit < 1,
                                .retry_after_ms = fits ? 0 : BUSY_RETRY_MS};
    return fits;
}

bool limiter_enter_at(struct limiter *limiter, const struct limit_slot *place, int64_t limit,
                      struct limit_state *out)
{
    return enter(limiter, place, limit, true, out);
}

bool limiter_could_enter_at(struct limiter *limiter, const struct limit_slot *place, int64_t limit,
                            struct limit_state *out)
{
    return enter(limiter, place, limit, false, out);
}

void limiter_leave_at(struct limiter *limiter, const struct limit_slot *place)
{
    struct shard *shard = lock_shard(limiter, place);
    struct entry **at = find(limiter, shard, place);
    struct entry *entry = *at;
    check(entry != NULL); /* else there were more leaves than enters */
    if (--entry->entered == 0) {
        *at = entry->next;
        free_entry(entry);
    }
    unlock_shard(shard);
}

/* ---- by name ---- */

bool limiter_take(struct limiter *limiter, struct slice name, int64_t amount, int64_t limit,
                  int64_t window_ms, int64_t now_ms, struct limit_state *out)
{
    struct limit_slot place = limiter_slot(limiter, name, clamp_window(window_ms));
    return limiter_take_at(limiter, &place, amount, limit, window_ms, now_ms, out);
}

bool limiter_peek(struct limiter *limiter, struct slice name, int64_t amount, int64_t limit,
                  int64_t window_ms, int64_t now_ms, struct limit_state *out)
{
    struct limit_slot place = limiter_slot(limiter, name, clamp_window(window_ms));
    return limiter_peek_at(limiter, &place, amount, limit, window_ms, now_ms, out);
}

/* ---- the limiter ---- */

struct limiter *limiter_new(size_t entries_max)
{
    size_t shard_count = 1;
    size_t bucket_count = 1;
    check(entries_max > 0);
    while (shard_count < SHARDS_MAX && entries_max / (shard_count * 2) >= SHARD_ENTRIES_MIN)
        shard_count *= 2;
    while (bucket_count < entries_max / shard_count)
        bucket_count *= 2;
    size_t bytes = sizeof(struct limiter) + shard_count * sizeof(struct shard);
    struct limiter *limiter = aligned_alloc(_Alignof(struct limiter), bytes);
    check(limiter != NULL);
    memset(limiter, 0, bytes);
    limiter->hash_key[0] = random_u64();
    limiter->hash_key[1] = random_u64();
    limiter->shard_count = shard_count;
    limiter->bucket_count = bucket_count;
    limiter->shard_entries_max = entries_max / shard_count;
    limiter->buckets = calloc(shard_count * bucket_count, sizeof *limiter->buckets);
    check(limiter->buckets != NULL);
    for (size_t i = 0; i < shard_count; i++) {
        struct shard *shard = &limiter->shards[i];
        check(pthread_mutex_init(&shard->mutex, NULL) == 0);
        shard->buckets = &limiter->buckets[i * bucket_count];
    }
    return limiter;
}

void limiter_free(struct limiter *limiter)
{
    if (limiter == NULL)
        return;
    for (size_t i = 0; i < limiter->shard_count; i++) {
        struct shard *shard = &limiter->shards[i];
        for (size_t j = 0; j < limiter->bucket_count; j++) {
            struct entry *next;
            for (struct entry *entry = shard->buckets[j]; entry != NULL; entry = next) {
                next = entry->next;
                free_entry(entry);
            }
        }
        check(pthread_mutex_destroy(&shard->mutex) == 0);
    }
    free(limiter->buckets);
    free(limiter);
}

int64_t limiter_forgotten(struct limiter *limiter)
{
    int64_t sum = 0;
    for (size_t i = 0; i < limiter->shard_count; i++) {
        struct shard *shard = &limiter->shards[i];
        check(pthread_mutex_lock(&shard->mutex) == 0);
        sum += shard->forgotten;
        check(pthread_mutex_unlock(&shard->mutex) == 0);
    }
    return sum;
}
