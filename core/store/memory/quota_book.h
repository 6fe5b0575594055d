/* The counters of quotas (quotas.h is the face). A counter has what the tables say (`base`, loaded
 * by the ledger thread at one generation of the journal) and what was settled since, by the
 * generation of the journal that has it. Of these at most two are not in the tables; so a counter
 * can be loaded at any time, and nothing is missed or counted twice.
 *
 * Any thread; guarded by the mutexes of the shards. A counter stays while a claim has it; others
 * may go when there are many, and are loaded again. */
#ifndef STORE_MEMORY_QUOTA_BOOK_H
#define STORE_MEMORY_QUOTA_BOOK_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/memory/table.h"
#include "store/quotas.h"
#include "store/usage.h"

enum { QUOTA_SHARDS = 32, QUOTA_SHARD_COUNTERS = 4096, QUOTA_EVENTS = 64 };

struct quota_counter;

struct quota_shard {
    pthread_mutex_t mutex;
    struct table table;
} __attribute__((aligned(64)));

enum quota_event_kind { QUOTA_NEAR, QUOTA_REACHED };

/* What someone is to be told of, once in each period. */
struct quota_event {
    enum quota_event_kind kind;
    enum quota_scope scope;
    char subject[40];
    char name[QUOTA_NAME_BYTES];
    int64_t start_ms;
    int64_t limit;
    int64_t used;
    int64_t created_ms;
};

struct quota_book {
    struct quota_shard shards[QUOTA_SHARDS];
    atomic_uint_fast64_t epoch; /* grows when all counters must be loaded again */
    int64_t near_ppm;           /* that share of a quota is worth a warning; 0: none is */
    pthread_mutex_t events_mutex;
    struct quota_event events[QUOTA_EVENTS]; /* that wait for the ledger thread */
    size_t event_count;
};

void quota_book_init(struct quota_book *book);
void quota_book_fini(struct quota_book *book);

/* Loads every counter again before it is next used. Any thread. */
static inline void quota_book_reload(struct quota_book *book)
{
    atomic_fetch_add(&book->epoch, 1);
}

/* What is held at this place in the period of the moment. */
int64_t quota_book_held(struct quota_book *book, const struct quota_place *place, int64_t now_ms);
struct quota_claim *quota_book_claim(struct quota_book *book, const struct quota_ask *asks,
                                     size_t count);

/* Takes the asked amounts and `nusd` of money from all quotas of the claim. False: from none, and
 * *refusal says which one has too little. The claim must hold nothing. */
bool quota_book_take(struct quota_claim *claim, int64_t nusd, int64_t now_ms,
                     struct quota_refusal *refusal);
/* Gives back all that the claim holds. */
void quota_book_give_back(struct quota_claim *claim);
/* Takes up to so much money more; returns how much. */
int64_t quota_book_extend(struct quota_claim *claim, int64_t nusd);
void quota_book_unextend(struct quota_claim *claim, int64_t nusd);
/* The call is settled: what was held is replaced by what was used. `generation`: of the journal
 * that has the settlement; 0: the tables have it. NULL: the call has no quotas. */
void quota_book_settle(struct quota_claim *claim, const struct usage_record *record,
                       uint64_t generation);

/* ---- for the ledger thread ---- */

/* A counter that is to be loaded. */
struct quota_source {
    enum quota_unit unit;
    enum quota_scope scope;
    enum quota_period period;
    const char *subject;
    const char *models;
    int64_t start_ms; /* of the present period */
};
/* The next counter of the claim, from *at on, that is not loaded. False: none is left. */
bool quota_book_source(const struct quota_claim *claim, int64_t now_ms, size_t *at,
                       struct quota_source *out);
/* Puts what the tables have at that generation into the counter at this place of the claim. */
void quota_book_put(struct quota_claim *claim, size_t at, const struct quota_source *source,
                    int64_t used, uint64_t generation, int64_t now_ms);
/* Takes the oldest events, at most `most`; returns how many. */
size_t quota_book_events(struct quota_book *book, struct quota_event *out, size_t most);

#endif
