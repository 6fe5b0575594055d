#include "store/alerts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/log.h"

enum {
    QUIET_MS = 5 * 60 * 1000,    /* after a close is told: until the next opening is */
    FADES_MS = 60 * 60 * 1000,   /* without a raise: then what has no end is over */
    SAVE_MS = 5 * 1000,          /* between two writings of a mere count */
    FULL_LOG_MS = 60 * 60 * 1000 /* between two complaints that there are too many */
};

struct entry {
    uint64_t hash; /* of kind and subject; 0: a free place */
    struct alert alert;
    int64_t quiet_since_ms; /* its close was told then; 0: never */
    int64_t saved_ms;
    bool dirty;     /* its row is not as it is here */
    bool news;      /* its row is to be written now */
    bool taken;     /* by alerts_take */
    bool inherited; /* of another process; not raised since */
};

struct alerts {
    pthread_mutex_t mutex; /* guards all that follows, but for what is atomic */
    struct entry entries[LIMIT_ALERTS];
    int64_t repeat_ms;
    struct alert_receivers receivers;
    bool waits; /* for its receivers */
    int64_t inherited_ms;
    int64_t full_logged_ms;
    atomic_uint inherited;
    struct alert_scope scope; /* no revision: none was set */
};

uint64_t alerts_subject_hash(enum alert_kind kind, const char *subject)
{
    uint64_t hash = hash_on(HASH_START, slice_of(alert_facts(kind)->word));
    return hash_on(hash_on(hash, slice_of("\n")), slice_of(subject)) | 1; /* never 0 */
}

struct alerts *alerts_new(int64_t repeat_ms)
{
    struct alerts *alerts = calloc(1, sizeof *alerts);
    check(alerts != NULL && pthread_mutex_init(&alerts->mutex, NULL) == 0);
    alerts->repeat_ms = repeat_ms;
    return alerts;
}

void alerts_free(struct alerts *alerts)
{
    if (alerts == NULL)
        return;
    check(pthread_mutex_destroy(&alerts->mutex) == 0);
    free(alerts->scope.subjects);
    free(alerts);
}

static void lock(struct alerts *alerts)
{
    check(pthread_mutex_lock(&alerts->mutex) == 0);
}

static void unlock(struct alerts *alerts)
{
    check(pthread_mutex_unlock(&alerts->mutex) == 0);
}

void alerts_set_repeat(struct alerts *alerts, int64_t repeat_ms)
{
    lock(alerts);
    alerts->repeat_ms = repeat_ms;
    unlock(alerts);
}

void alerts_set_receivers(struct alerts *alerts, const struct alert_receivers *receivers)
{
    lock(alerts);
    alerts->receivers = *receivers;
    alerts->waits = false;
    unlock(alerts);
}

void alerts_wait_for_receivers(struct alerts *alerts)
{
    lock(alerts);
    alerts->waits = true;
    unlock(alerts);
}

void alerts_get_receivers(struct alerts *alerts, struct alert_receivers *out)
{
    lock(alerts);
    *out = alerts->receivers;
    unlock(alerts);
}

static bool is_open(const struct entry *entry)
{
    return entry->hash != 0 && entry->alert.closed_ms == 0;
}

size_t alerts_list_open(struct alerts *alerts, struct alert *out, size_t room)
{
    size_t count = 0;
    lock(alerts);
    for (size_t i = 0; i < LIMIT_ALERTS; i++) {
        const struct entry *entry = &alerts->entries[i];
        if (!is_open(entry))
            continue;
        if (count < room)
            out[count] = entry->alert;
        count++;
    }
    unlock(alerts);
    return count;
}

/* Whether the time since then is that long. A clock that was set back by more than it has made it
 * so, too: else nothing would be told until it has caught up. */
static bool has_passed(int64_t since_ms, int64_t span_ms, int64_t now_ms)
{
    int64_t between_ms = now_ms - since_ms;
    return between_ms >= span_ms || -between_ms >= span_ms;
}

static bool is_quiet(const struct entry *entry, int64_t now_ms)
{
    return entry->quiet_since_ms != 0 && !has_passed(entry->quiet_since_ms, QUIET_MS, now_ms);
}

/* ---- entries; with the lock ---- */

static struct entry *find(struct alerts *alerts, enum alert_kind kind, const char *subject)
{
    uint64_t hash = alerts_subject_hash(kind, subject);
    for (size_t i = 0; i < LIMIT_ALERTS; i++) {
        struct entry *entry = &alerts->entries[i];
        if (entry->hash == hash && entry->alert.kind == kind &&
            strncmp(entry->alert.subject, subject, ALERT_SUBJECT_BYTES - 1) == 0)
            return entry;
    }
    return NULL;
}

/* Whether nothing is lost with it. */
static bool is_over(const struct entry *entry, int64_t now_ms)
{
    return entry->alert.closed_ms != 0 && !entry->dirty && !entry->taken &&
           !entry->alert.told_open && !is_quiet(entry, now_ms);
}

static struct entry *free_place(struct alerts *alerts, int64_t now_ms)
{
    for (size_t i = 0; i < LIMIT_ALERTS; i++) {
        struct entry *entry = &alerts->entries[i];
        if (entry->hash == 0 || is_over(entry, now_ms))
            return entry;
    }
    return NULL;
}

static struct entry *add(struct alerts *alerts, enum alert_kind kind, const char *subject,
                         int64_t now_ms)
{
    struct entry *entry = free_place(alerts, now_ms);
    if (entry == NULL)
        return NULL;
    *entry = (struct entry){.hash = alerts_subject_hash(kind, subject),
                            .alert = {.kind = kind, .opened_ms = now_ms}};
    id_make_at(&entry->alert.id, "alrt", now_ms);
    slice_copy(slice_of(subject), entry->alert.subject, ALERT_SUBJECT_BYTES);
    return entry;
}

static void disinherit(struct alerts *alerts, struct entry *entry)
{
    if (entry->inherited)
        atomic_fetch_sub(&alerts->inherited, 1);
    entry->inherited = false;
}

/* What was closed and is known to be closed is another alert when it opens again. */
static struct entry *find_or_add(struct alerts *alerts, enum alert_kind kind, const char *subject,
                                 int64_t now_ms)
{
    struct entry *entry = find(alerts, kind, subject);
    if (entry != NULL && !is_over(entry, now_ms))
        return entry;
    if (entry != NULL)
        entry->hash = 0;
    return add(alerts, kind, subject, now_ms);
}

static void close_entry(struct alerts *alerts, struct entry *entry, int64_t now_ms)
{
    if (entry->alert.closed_ms != 0)
        return;
    disinherit(alerts, entry);
    entry->alert.closed_ms = now_ms;
    entry->dirty = entry->news = true;
}

/* ---- raised and cleared ---- */

static int compare_hashes(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

/* Whether the policies in force have the subject, or need not. */
static bool is_in_scope(const struct alert_scope *scope, enum alert_kind kind, uint64_t hash)
{
    enum alert_bond bond = alert_facts(kind)->bond;
    if (scope->subjects == NULL || (bond != ALERT_OF_TARGET && bond != ALERT_OF_SUBJECT))
        return true;
    return bsearch(&hash, scope->subjects, scope->count, sizeof hash, compare_hashes) != NULL;
}

static bool is_under(const struct alerts *alerts, const char *revision)
{
    const char *in_force = alerts->scope.revision;
    return in_force[0] == '\0' || revision[0] == '\0' || strcmp(in_force, revision) == 0;
}

static void complain(struct alerts *alerts, int64_t now_ms)
{
    if (alerts->full_logged_ms != 0 && !has_passed(alerts->full_logged_ms, FULL_LOG_MS, now_ms))
        return;
    alerts->full_logged_ms = now_ms;
    log_event(LOG_ERROR, "too many alerts are open; further ones are not told");
}

static void raise_entry(struct alerts *alerts, struct entry *entry, const char *detail,
                        int64_t now_ms)
{
    struct alert *alert = &entry->alert;
    disinherit(alerts, entry);
    entry->news |= alert->count == 0 || alert->closed_ms != 0;
    entry->dirty = true;
    alert->closed_ms = 0;
    alert->last_ms = now_ms;
    alert->count++;
    if (detail[0] != '\0')
        slice_copy(slice_of(detail), alert->detail, sizeof alert->detail);
}

void alerts_raise_under(struct alerts *alerts, const char *revision, enum alert_kind kind,
                        const char *subject, const char *detail)
{
    if (alerts == NULL)
        return;
    int64_t now_ms = clock_wall_ms();
    lock(alerts);
    bool concerns = is_in_scope(&alerts->scope, kind, alerts_subject_hash(kind, subject)) &&
                    (alert_facts(kind)->bond != ALERT_OF_POLICY || is_under(alerts, revision));
    struct entry *entry = concerns ? find_or_add(alerts, kind, subject, now_ms) : NULL;
    if (entry != NULL)
        raise_entry(alerts, entry, detail, now_ms);
    else if (concerns)
        complain(alerts, now_ms);
    unlock(alerts);
}

void alerts_raise(struct alerts *alerts, enum alert_kind kind, const char *subject,
                  const char *detail)
{
    alerts_raise_under(alerts, "", kind, subject, detail);
}

void alerts_clear(struct alerts *alerts, enum alert_kind kind, const char *subject)
{
    if (alerts == NULL)
        return;
    int64_t now_ms = clock_wall_ms();
    lock(alerts);
    struct entry *entry = find(alerts, kind, subject);
    if (entry != NULL)
        close_entry(alerts, entry, now_ms);
    unlock(alerts);
}

void alerts_clear_kind(struct alerts *alerts, enum alert_kind kind)
{
    if (alerts == NULL)
        return;
    int64_t now_ms = clock_wall_ms();
    lock(alerts);
    for (size_t i = 0; i < LIMIT_ALERTS; i++) {
        struct entry *entry = &alerts->entries[i];
        if (entry->hash != 0 && entry->alert.kind == kind)
            close_entry(alerts, entry, now_ms);
    }
    unlock(alerts);
}

/* ---- the policies in force ---- */

void alerts_set_scope(struct alerts *alerts, const struct alert_scope *scope)
{
    int64_t now_ms = clock_wall_ms();
    lock(alerts);
    free(alerts->scope.subjects);
    alerts->scope = *scope;
    for (size_t i = 0; i < LIMIT_ALERTS; i++) {
        struct entry *entry = &alerts->entries[i];
        enum alert_bond bond = alert_facts(entry->alert.kind)->bond;
        if (entry->hash == 0 || bond == ALERT_UNBOUND ||
            (bond == ALERT_OF_TARGET && is_in_scope(scope, entry->alert.kind, entry->hash)))
            continue;
        close_entry(alerts, entry, now_ms);
    }
    unlock(alerts);
}

bool alerts_are_under(struct alerts *alerts, const char *revision)
{
    if (alerts == NULL)
        return true;
    lock(alerts);
    bool under = is_under(alerts, revision);
    unlock(alerts);
    return under;
}

bool alerts_have_inherited(const struct alerts *alerts)
{
    return alerts != NULL && atomic_load_explicit(&alerts->inherited, memory_order_relaxed) > 0;
}

/* ---- told ---- */

/* What comes from before a restart may still be true: nothing was tried since. */
static void fade(struct alerts *alerts, struct entry *entry, int64_t now_ms)
{
    bool lasts = alert_facts(entry->alert.kind)->lasts && !entry->inherited;
    int64_t last_ms = entry->alert.last_ms;
    if (entry->inherited && last_ms < alerts->inherited_ms)
        last_ms = alerts->inherited_ms;
    if (!lasts && has_passed(last_ms, FADES_MS, now_ms))
        close_entry(alerts, entry, now_ms);
}

/* What is never told is told once even if it is over already. */
static enum alert_telling telling_of(const struct alerts *alerts, const struct entry *entry,
                                     int64_t now_ms)
{
    const struct alert *alert = &entry->alert;
    bool open = alert->closed_ms == 0;
    if (!alert->told_open)
        return (open || alert->tellings == 0) && !is_quiet(entry, now_ms) ? ALERT_OPENED
                                                                          : ALERT_TELLS_NOTHING;
    if (!open)
        return ALERT_CLOSED;
    bool again = alerts->repeat_ms > 0 && has_passed(alert->told_ms, alerts->repeat_ms, now_ms);
    return again ? ALERT_STILL_OPEN : ALERT_TELLS_NOTHING;
}

/* Takes the entry if it has something to be written or told. */
static bool take(struct alerts *alerts, struct entry *entry, int64_t now_ms, struct alert_news *out)
{
    if (entry->hash == 0 || entry->taken)
        return false;
    fade(alerts, entry, now_ms);
    enum alert_telling telling = telling_of(alerts, entry, now_ms);
    bool due = entry->news || (entry->dirty && has_passed(entry->saved_ms, SAVE_MS, now_ms));
    if (telling == ALERT_TELLS_NOTHING && !due)
        return false;
    *out = (struct alert_news){entry->alert, telling};
    if (telling != ALERT_TELLS_NOTHING) { /* as its row will have it */
        out->alert.tellings++;
        out->alert.told_ms = now_ms;
        out->alert.told_open = telling != ALERT_CLOSED;
    }
    entry->taken = true;
    return true;
}

size_t alerts_take(struct alerts *alerts, int64_t now_ms, struct alert_news *out, size_t most)
{
    size_t count = 0;
    lock(alerts);
    for (size_t i = 0; i < LIMIT_ALERTS && count < most && !alerts->waits; i++)
        count += take(alerts, &alerts->entries[i], now_ms, &out[count]) ? 1 : 0;
    unlock(alerts);
    return count;
}

bool alerts_take_kind(struct alerts *alerts, enum alert_kind kind, int64_t now_ms,
                      struct alert_news *out)
{
    bool taken = false;
    lock(alerts);
    for (size_t i = 0; i < LIMIT_ALERTS && !taken; i++) {
        struct entry *entry = &alerts->entries[i];
        taken = entry->hash != 0 && entry->alert.kind == kind && !entry->taken &&
                telling_of(alerts, entry, now_ms) != ALERT_TELLS_NOTHING &&
                take(alerts, entry, now_ms, out);
    }
    unlock(alerts);
    return taken;
}

static struct entry *find_taken(struct alerts *alerts, const struct alert_news *news)
{
    for (size_t i = 0; i < LIMIT_ALERTS; i++) {
        struct entry *entry = &alerts->entries[i];
        if (entry->taken && strcmp(entry->alert.id.text, news->alert.id.text) == 0)
            return entry;
    }
    check(false); /* what is taken stays */
    return NULL;
}

void alerts_done(struct alerts *alerts, const struct alert_news *news, bool written)
{
    lock(alerts);
    struct entry *entry = find_taken(alerts, news);
    entry->taken = false;
    entry->alert.tellings = news->alert.tellings;
    entry->alert.told_ms = news->alert.told_ms;
    entry->alert.told_open = news->alert.told_open;
    if (news->telling == ALERT_CLOSED)
        entry->quiet_since_ms = news->alert.told_ms;
    bool same =
        entry->alert.count == news->alert.count && entry->alert.closed_ms == news->alert.closed_ms;
    entry->dirty = !written || !same;
    entry->news = !written || entry->alert.closed_ms != news->alert.closed_ms;
    if (written)
        entry->saved_ms = clock_wall_ms();
    unlock(alerts);
}

void alerts_give_back(struct alerts *alerts, const struct alert_news *news)
{
    lock(alerts);
    find_taken(alerts, news)->taken = false;
    unlock(alerts);
}

void alerts_inherit(struct alerts *alerts, const struct alert *alert)
{
    lock(alerts);
    alerts->inherited_ms = clock_wall_ms();
    struct entry *entry = add(alerts, alert->kind, alert->subject, alert->opened_ms);
    if (entry != NULL) {
        entry->alert = *alert;
        entry->inherited = alert_facts(alert->kind)->of_process;
        if (entry->inherited)
            atomic_fetch_add(&alerts->inherited, 1);
    }
    unlock(alerts);
}

void alerts_count_open(struct alerts *alerts, int64_t out[ALERT_KINDS])
{
    memset(out, 0, ALERT_KINDS * sizeof *out);
    lock(alerts);
    for (size_t i = 0; i < LIMIT_ALERTS; i++) {
        const struct entry *entry = &alerts->entries[i];
        if (is_open(entry))
            out[entry->alert.kind]++;
    }
    unlock(alerts);
}
