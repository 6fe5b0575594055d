#include "store/memory/quota_book.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/slice.h"
#include "store/memory/quota_use.h"

/* A counter that was just made is loaded again when calls have ended that it did not see: those
 * that ran before its quota was there. Most end in a minute; the longest stream before the last. */
static const int64_t again_ms[] = {60000, 600000, INT64_C(7) * 3600000};
enum { AGAIN = sizeof again_ms / sizeof again_ms[0] };

#define MILLION 1000000

struct quota_counter {
    struct table_node node; /* first: nodes are cast back */
    struct quota_place place;
    enum quota_unit unit;
    enum quota_scope scope;
    enum quota_period period;
    char subject[40];
    char name[QUOTA_NAME_BYTES];
    char *models;
    size_t claims;
    uint64_t epoch;   /* of the book, when it was loaded; 0: it is not */
    uint64_t version; /* of the rule, likewise */
    int64_t made_ms;  /* when it was first loaded as it is now */
    size_t again;     /* how many of the later loads are over */
    bool told[2];     /* of the present period, by event kind */
    struct quota_use *now;
};

/* A quota in a claim. */
struct quota_part {
    struct quota_counter *counter;
    int64_t limit;
    uint64_t version;      /* of its rule */
    int64_t amount;        /* that each hold takes; of money the hold's own */
    int64_t more;          /* that it takes of what is left then */
    int64_t held;          /* of this call */
    struct quota_use *use; /* the period in which it is held; NULL: nothing was taken */
};

struct quota_claim {
    struct quota_book *book;
    size_t count;
    struct quota_part parts[];
};

void quota_book_init(struct quota_book *book)
{
    for (size_t i = 0; i < QUOTA_SHARDS; i++) {
        check(pthread_mutex_init(&book->shards[i].mutex, NULL) == 0);
        table_init(&book->shards[i].table);
    }
    atomic_init(&book->epoch, 1);
    book->near_ppm = 0;
    book->event_count = 0;
    check(pthread_mutex_init(&book->events_mutex, NULL) == 0);
}

static void free_counter(struct table_node *node)
{
    struct quota_counter *counter = (struct quota_counter *)node;
    free(counter->models);
    quota_use_free(counter->now);
    free(counter);
}

void quota_book_fini(struct quota_book *book)
{
    for (size_t i = 0; i < QUOTA_SHARDS; i++) {
        table_fini(&book->shards[i].table, free_counter);
        check(pthread_mutex_destroy(&book->shards[i].mutex) == 0);
    }
    check(pthread_mutex_destroy(&book->events_mutex) == 0);
}

static struct quota_shard *lock(struct quota_book *book, const struct quota_place *place)
{
    struct quota_shard *shard = &book->shards[place->high % QUOTA_SHARDS];
    check(pthread_mutex_lock(&shard->mutex) == 0);
    return shard;
}

static void unlock(struct quota_shard *shard)
{
    check(pthread_mutex_unlock(&shard->mutex) == 0);
}

/* ---- counters: under the shard's mutex ---- */

static struct quota_counter *find(const struct quota_shard *shard, const struct quota_place *place)
{
    for (struct table_node *node = table_first(&shard->table, place->low); node != NULL;
         node = table_next(node)) {
        struct quota_counter *counter = (struct quota_counter *)node;
        if (counter->place.low == place->low && counter->place.high == place->high)
            return counter;
    }
    return NULL;
}

/* Makes room: who comes back is loaded again. */
static void drop_unclaimed(struct quota_shard *shard)
{
    for (size_t i = 0; i < shard->table.bucket_count; i++) {
        struct table_node *node = shard->table.buckets[i];
        while (node != NULL) {
            struct table_node *next = node->next;
            if (((struct quota_counter *)node)->claims == 0) {
                table_remove(&shard->table, node);
                free_counter(node);
            }
            node = next;
        }
    }
}

static struct quota_counter *make(struct quota_shard *shard, const struct quota_ask *ask)
{
    struct quota_counter *counter = calloc(1, sizeof *counter);
    check(counter != NULL);
    if (shard->table.node_count >= QUOTA_SHARD_COUNTERS)
        drop_unclaimed(shard);
    counter->place = ask->place;
    counter->unit = ask->rule->unit;
    counter->scope = ask->rule->scope;
    counter->period = ask->rule->period;
    slice_copy(slice_of(ask->subject), counter->subject, sizeof counter->subject);
    slice_copy(slice_of(ask->rule->name), counter->name, sizeof counter->name);
    counter->models = strdup(ask->rule->models);
    check(counter->models != NULL);
    counter->now = quota_use_new();
    table_insert(&shard->table, &counter->node, ask->place.low);
    return counter;
}

/* Begins a new period, if one has begun. */
static void advance(struct quota_counter *counter, int64_t at_ms)
{
    if (quota_use_advance(&counter->now, counter->period, at_ms))
        memset(counter->told, 0, sizeof counter->told);
}

/* The period of the moment; of one that is not kept, the present one. */
static struct quota_use *use_at(struct quota_counter *counter, int64_t at_ms)
{
    advance(counter, at_ms);
    return quota_use_at(counter->now, at_ms);
}

int64_t quota_book_held(struct quota_book *book, const struct quota_place *place, int64_t now_ms)
{
    struct quota_shard *shard = lock(book, place);
    struct quota_counter *counter = find(shard, place);
    int64_t held = counter != NULL ? use_at(counter, now_ms)->held : 0;
    unlock(shard);
    return held;
}

/* ---- claims ---- */

struct quota_claim *quota_book_claim(struct quota_book *book, const struct quota_ask *asks,
                                     size_t count)
{
    struct quota_claim *claim = malloc(sizeof *claim + count * sizeof claim->parts[0]);
    check(claim != NULL);
    claim->book = book;
    claim->count = count;
    for (size_t i = 0; i < count; i++) {
        struct quota_shard *shard = lock(book, &asks[i].place);
        struct quota_counter *counter = find(shard, &asks[i].place);
        if (counter == NULL)
            counter = make(shard, &asks[i]);
        counter->claims++;
        unlock(shard);
        claim->parts[i] = (struct quota_part){.counter = counter,
                                              .limit = asks[i].rule->limit,
                                              .version = asks[i].rule->version,
                                              .amount = asks[i].amount,
                                              .more = asks[i].more};
    }
    return claim;
}

static struct quota_shard *lock_part(const struct quota_claim *claim, size_t at)
{
    return lock(claim->book, &claim->parts[at].counter->place);
}

static void give_back(struct quota_part *part, int64_t amount)
{
    if (part->use == NULL)
        return;
    part->use->held -= amount;
    part->held -= amount;
}

static void give_back_all(struct quota_part *part)
{
    if (part->use == NULL)
        return;
    give_back(part, part->held);
    part->use->takers--;
    part->use = NULL;
}

void quota_book_give_back(struct quota_claim *claim)
{
    for (size_t i = 0; i < claim->count; i++) {
        struct quota_shard *shard = lock_part(claim, i);
        give_back_all(&claim->parts[i]);
        unlock(shard);
    }
}

void quotas_claim_free(struct quota_claim *claim)
{
    if (claim == NULL)
        return;
    for (size_t i = 0; i < claim->count; i++) {
        struct quota_shard *shard = lock_part(claim, i);
        give_back_all(&claim->parts[i]);
        claim->parts[i].counter->claims--;
        unlock(shard);
    }
    free(claim);
}

bool quotas_rule(const struct quota_claim *claim, size_t at, struct quota_rule *out)
{
    if (at >= claim->count)
        return false;
    const struct quota_counter *counter = claim->parts[at].counter;
    *out = (struct quota_rule){.unit = counter->unit,
                               .scope = counter->scope,
                               .period = counter->period,
                               .limit = claim->parts[at].limit,
                               .name = counter->name,
                               .models = counter->models};
    return true;
}

/* ---- loading ---- */

static bool is_due(const struct quota_counter *counter, int64_t now_ms)
{
    return counter->again < AGAIN && now_ms - counter->made_ms >= again_ms[counter->again];
}

static bool is_known(const struct quota_part *part, uint64_t epoch)
{
    return part->counter->epoch == epoch && part->counter->version == part->version;
}

static bool is_loaded(const struct quota_part *part, uint64_t epoch, int64_t now_ms)
{
    return is_known(part, epoch) && !is_due(part->counter, now_ms);
}

static uint64_t epoch_of(const struct quota_claim *claim)
{
    return atomic_load_explicit(&claim->book->epoch, memory_order_relaxed);
}

bool quotas_are_loaded(const struct quota_claim *claim, int64_t now_ms)
{
    uint64_t epoch = epoch_of(claim);
    bool loaded = true;
    for (size_t i = 0; i < claim->count && loaded; i++) {
        struct quota_shard *shard = lock_part(claim, i);
        loaded = is_loaded(&claim->parts[i], epoch, now_ms);
        unlock(shard);
    }
    return loaded;
}

bool quota_book_source(const struct quota_claim *claim, int64_t now_ms, size_t *at,
                       struct quota_source *out)
{
    uint64_t epoch = epoch_of(claim);
    for (; *at < claim->count; (*at)++) {
        struct quota_counter *counter = claim->parts[*at].counter;
        struct quota_shard *shard = lock_part(claim, *at);
        bool loaded = is_loaded(&claim->parts[*at], epoch, now_ms);
        advance(counter, now_ms);
        int64_t start_ms = counter->now->start_ms;
        unlock(shard);
        if (loaded)
            continue;
        *out = (struct quota_source){counter->unit,    counter->scope,  counter->period,
                                     counter->subject, counter->models, start_ms};
        return true;
    }
    return false;
}

void quota_book_put(struct quota_claim *claim, size_t at, const struct quota_source *source,
                    int64_t used, uint64_t generation, int64_t now_ms)
{
    struct quota_counter *counter = claim->parts[at].counter;
    struct quota_shard *shard = lock_part(claim, at);
    struct quota_use *use = quota_use_from(counter->now, source->start_ms);
    uint64_t epoch = epoch_of(claim);
    if (use != NULL) {
        use->base = used;
        for (size_t i = 0; i < 2; i++) {
            if (use->settled[i].generation <= generation)
                use->settled[i].amount = 0;
        }
    }
    if (!is_known(&claim->parts[at], epoch)) {
        counter->made_ms = now_ms;
        counter->again = 0;
    } else if (counter->again < AGAIN) { /* it was due, whatever the clock says meanwhile */
        counter->again++;
    }
    while (is_due(counter, now_ms))
        counter->again++;
    counter->epoch = epoch;
    counter->version = claim->parts[at].version;
    unlock(shard);
}

/* ---- events ---- */

/* Under the shard's mutex. Where too many wait, the next settlement tells it. */
static void tell(struct quota_book *book, struct quota_counter *counter, enum quota_event_kind kind,
                 int64_t limit)
{
    if (counter->told[kind])
        return;
    check(pthread_mutex_lock(&book->events_mutex) == 0);
    if (book->event_count < QUOTA_EVENTS) {
        struct quota_event *event = &book->events[book->event_count++];
        *event = (struct quota_event){.kind = kind,
                                      .scope = counter->scope,
                                      .start_ms = counter->now->start_ms,
                                      .limit = limit,
                                      .used = quota_use_used(counter->now),
                                      .created_ms = clock_wall_ms()};
        memcpy(event->subject, counter->subject, sizeof event->subject);
        memcpy(event->name, counter->name, sizeof event->name);
        counter->told[kind] = true;
    }
    check(pthread_mutex_unlock(&book->events_mutex) == 0);
}

static void tell_if_near(struct quota_book *book, struct quota_counter *counter, int64_t limit)
{
    int64_t used = quota_use_used(counter->now);
    if (limit <= 0 || counter->epoch == 0)
        return;
    if (book->near_ppm > 0 && (double)used * MILLION >= (double)limit * (double)book->near_ppm)
        tell(book, counter, QUOTA_NEAR, limit);
    if (used >= limit)
        tell(book, counter, QUOTA_REACHED, limit);
}

size_t quota_book_events(struct quota_book *book, struct quota_event *out, size_t most)
{
    check(pthread_mutex_lock(&book->events_mutex) == 0);
    size_t count = book->event_count < most ? book->event_count : most;
    memcpy(out, book->events, count * sizeof *out);
    memmove(book->events, book->events + count, (book->event_count - count) * sizeof *book->events);
    book->event_count -= count;
    check(pthread_mutex_unlock(&book->events_mutex) == 0);
    return count;
}

/* ---- taking ---- */

/* Returns false if there is too little left. */
static bool take(struct quota_part *part, int64_t amount, int64_t at_ms)
{
    check(part->use == NULL);
    struct quota_use *use = use_at(part->counter, at_ms);
    int64_t left = quota_use_left(use, part->limit);
    if (left < amount)
        return false;
    amount += part->more < left - amount ? part->more : left - amount;
    use->held += amount;
    use->takers++;
    part->held += amount;
    part->use = use;
    return true;
}

/* That a hold of so much money takes at least. */
static int64_t amount_of(const struct quota_part *part, int64_t nusd)
{
    return part->counter->unit == QUOTA_USD ? nusd : part->amount;
}

static void view(const struct quota_part *part, int64_t at_ms, struct quota_view *out)
{
    const struct quota_use *use = use_at(part->counter, at_ms);
    *out = (struct quota_view){part->limit, quota_use_used(use), use->held, use->end_ms};
}

/* Of several obstacles, the one that lasts longest. */
static void note_refusal(struct quota_refusal *refusal, bool *refused, size_t at, int64_t required,
                         const struct quota_view *view)
{
    bool longer = view->ends_ms > refusal->view.ends_ms;
    if (!*refused || longer)
        *refusal = (struct quota_refusal){.at = at, .required = required, .view = *view};
    *refused = true;
}

bool quota_book_take(struct quota_claim *claim, int64_t nusd, int64_t now_ms,
                     struct quota_refusal *refusal)
{
    bool refused = false;
    for (size_t i = 0; i < claim->count; i++) {
        struct quota_part *part = &claim->parts[i];
        struct quota_view seen;
        int64_t amount = amount_of(part, nusd);
        struct quota_shard *shard = lock_part(claim, i);
        bool fits = take(part, amount, now_ms);
        if (!fits) {
            view(part, now_ms, &seen);
            if (seen.used > 0 && seen.used + amount > seen.limit) /* not only held by others */
                tell(claim->book, part->counter, QUOTA_REACHED, part->limit);
        }
        unlock(shard);
        if (!fits)
            note_refusal(refusal, &refused, i, amount, &seen);
    }
    if (refused)
        quota_book_give_back(claim);
    return !refused;
}

bool quotas_would_take(const struct quota_claim *claim, int64_t nusd, int64_t now_ms,
                       struct quota_refusal *refusal)
{
    bool refused = false;
    for (size_t i = 0; i < claim->count; i++) {
        const struct quota_part *part = &claim->parts[i];
        int64_t amount = amount_of(part, nusd);
        struct quota_view seen;
        struct quota_shard *shard = lock_part(claim, i);
        bool fits = quota_use_left(use_at(part->counter, now_ms), part->limit) >= amount;
        view(part, now_ms, &seen);
        unlock(shard);
        if (!fits)
            note_refusal(refusal, &refused, i, amount, &seen);
    }
    return !refused;
}

void quotas_look(const struct quota_claim *claim, size_t at, int64_t now_ms, struct quota_view *out)
{
    struct quota_part part = claim->parts[at];
    struct quota_shard *shard = lock_part(claim, at);
    view(&part, now_ms, out);
    unlock(shard);
}

int64_t quotas_left_nusd(const struct quota_claim *claim, int64_t now_ms)
{
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < claim->count; i++) {
        const struct quota_part *part = &claim->parts[i];
        if (part->counter->unit != QUOTA_USD)
            continue;
        struct quota_shard *shard = lock_part(claim, i);
        int64_t left = quota_use_left(use_at(part->counter, now_ms), part->limit);
        unlock(shard);
        least = left < least ? left : least;
    }
    return least;
}

/* Gives back so much of the first `count` quotas, of those of money. */
static void give_back_of(struct quota_claim *claim, size_t count, int64_t nusd)
{
    for (size_t i = 0; i < count; i++) {
        struct quota_part *part = &claim->parts[i];
        if (part->counter->unit != QUOTA_USD)
            continue;
        struct quota_shard *shard = lock_part(claim, i);
        give_back(part, nusd);
        unlock(shard);
    }
}

/* A call may outlive its period: it is bounded by what that has left. */
static int64_t extend(struct quota_part *part, int64_t nusd)
{
    struct quota_use *use = part->use;
    check(use != NULL);
    int64_t left = quota_use_left(use, part->limit);
    int64_t taken = left < nusd ? left : nusd;
    use->held += taken;
    part->held += taken;
    return taken;
}

int64_t quota_book_extend(struct quota_claim *claim, int64_t nusd)
{
    for (size_t i = 0; i < claim->count; i++) {
        struct quota_part *part = &claim->parts[i];
        if (part->counter->unit != QUOTA_USD)
            continue;
        struct quota_shard *shard = lock_part(claim, i);
        int64_t taken = extend(part, nusd);
        unlock(shard);
        if (taken < nusd)
            give_back_of(claim, i, nusd - taken);
        nusd = taken;
    }
    return nusd;
}

void quota_book_unextend(struct quota_claim *claim, int64_t nusd)
{
    give_back_of(claim, claim->count, nusd);
}

/* ---- the end of a call ---- */

static bool counts(const char *models, const char *model)
{
    size_t bytes = strlen(model);
    if (models[0] == '\0')
        return true;
    while (models[0] != '\0') {
        size_t own = strcspn(models, "\n");
        if (own == bytes && memcmp(models, model, bytes) == 0)
            return true;
        models += own + (models[own] == '\n');
    }
    return false;
}

static int64_t used_by(const struct usage_record *record, enum quota_unit unit)
{
    if (unit == QUOTA_TOKENS)
        return usage_tokens_counted(record);
    return unit == QUOTA_USD ? record->charge_nusd : 1;
}

void quota_book_settle(struct quota_claim *claim, const struct usage_record *record,
                       uint64_t generation)
{
    for (size_t i = 0; claim != NULL && i < claim->count; i++) {
        struct quota_part *part = &claim->parts[i];
        struct quota_counter *counter = part->counter;
        struct quota_shard *shard = lock_part(claim, i);
        struct quota_use *use = use_at(counter, record->created_ms);
        give_back_all(part);
        if (quota_use_covers(use, record->created_ms) && counts(counter->models, record->model))
            quota_use_add(use, used_by(record, counter->unit), generation);
        if (use == counter->now)
            tell_if_near(claim->book, counter, part->limit);
        unlock(shard);
    }
}
