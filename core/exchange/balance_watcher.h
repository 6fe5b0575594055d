/* Asks providers what is left of our account, or what they have billed today: one after the other,
 * at the start, after each reload and every few minutes. What is less (or more) than the operator
 * wants raises an alarm. No request waits for it. Belongs to one worker, on its thread. */
#ifndef EXCHANGE_BALANCE_WATCHER_H
#define EXCHANGE_BALANCE_WATCHER_H

#include "base/fault.h"
#include "exchange/balances.h"
#include "exchange/candidate.h"

struct balance_watcher;
struct alerts;
struct spending;
struct upstream;

struct balance_source {
    struct candidate *server; /* whose account; its key, headers and certificates */
    const char *url;          /* "{day}" in it is the second in which the day has begun */
    const char *key;          /* a whole header with another key than the server's; "": its own */
    enum balance_kind kind;
    int64_t below_nusd; /* BALANCE_LEFT: less raises an alarm */
};

/* Reads the figure in an answer. Returns false with *fault: it is not there. */
struct balance_reader {
    bool (*read)(void *arg, const char *provider, struct slice answer, int64_t *nusd,
                 struct fault *fault);
    void *arg;
};

struct balance_watcher *balance_watcher_new(struct balances *balances, struct upstream *upstream,
                                            struct spending *spending, struct alerts *alerts);
void balance_watcher_free(struct balance_watcher *watcher); /* cancels what runs; NULL is allowed */

/* Replaces the sources: forget, then add each. The next tick asks them. */
void balance_watcher_forget(struct balance_watcher *watcher, const struct balance_reader *reader);
/* Copies the texts and takes a reference. */
void balance_watcher_add(struct balance_watcher *watcher, const struct balance_source *source);
void balance_watcher_tick(struct balance_watcher *watcher);
void balance_watcher_stop(struct balance_watcher *watcher);

#endif
