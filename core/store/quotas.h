/* Quotas: how much may be used in a minute, a day or a month of UTC: requests, tokens, money; by
 * key, user, group or over all, of all models or of some. What is used of a quota is what the
 * tables say (`hourly`, `sales`) and what the journal has beyond them; so a quota survives a kill.
 * What calls hold counts until they are settled: so a quota of money is never overdrawn, whatever
 * runs at the same time.
 *
 * A call claims the counters of its quotas, which are made and loaded from the tables when they are
 * first needed; its hold takes from all of them or from none (ledger.h), and its settlement
 * replaces what was taken by what was used. Counters are in memory, shared by all threads, each
 * with its shard's mutex. */
#ifndef STORE_QUOTAS_H
#define STORE_QUOTAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/job.h"

struct store;

enum quota_unit { QUOTA_REQUESTS, QUOTA_TOKENS, QUOTA_CONCURRENCY, QUOTA_USD, QUOTA_UNITS };
enum quota_scope { QUOTA_PER_KEY, QUOTA_PER_USER, QUOTA_PER_GROUP, QUOTA_FOR_ALL };
enum quota_period { QUOTA_WINDOW, QUOTA_MINUTE, QUOTA_DAY, QUOTA_MONTH }; /* WINDOW: it slides */

/* Where a rule counts, whatever policy it stands in: by the hash of its name. */
struct quota_place {
    uint64_t low;
    uint64_t high;
};

struct quota_rule {
    enum quota_unit unit;
    enum quota_scope scope;
    enum quota_period period;
    int64_t limit;      /* calls, tokens or nano-USD */
    const char *name;   /* "key/usd_per_day/gpt-4" */
    const char *models; /* that it counts, with '\n' between them; "": all */
    uint64_t version;   /* of what the dashboard has set; another one is loaded again */
    struct quota_place place;
};

/* "key/requests_per_day" and, with models, "/" and their names; out: QUOTA_NAME_BYTES. */
enum { QUOTA_NAME_BYTES = 256 };
void quota_name(const struct quota_rule *rule, const char *model, char *out);
struct quota_place quota_place_of(const char *name);
/* "requests", "minute", "key": as in the API. */
const char *quota_unit_name(enum quota_unit unit);
const char *quota_period_name(enum quota_period period);
const char *quota_scope_name(enum quota_scope scope);
/* When the period of the moment began, and when the next one begins. Not for WINDOW. */
int64_t quota_start_ms(enum quota_period period, int64_t wall_ms);
int64_t quota_end_ms(enum quota_period period, int64_t wall_ms);

/* ---- what is set in the dashboard ---- */

enum { QUOTAS_OF_SUBJECT = 16 };

struct quota_list {
    size_t count;
    struct quota_rule rules[QUOTAS_OF_SUBJECT]; /* name and models are the list's */
    char names[QUOTAS_OF_SUBJECT][QUOTA_NAME_BYTES];
};

/* Whether anything at all is set; in no store nothing is. Any thread, at the price of a load. */
bool quotas_set(const struct store *store);
/* Copies the quotas of a user or key. Any thread. */
void quotas_of(struct store *store, const char *subject, struct quota_list *out);

/* ---- what a call takes ---- */

/* What a call asks of a quota. `place`: the rule's and the subject's. */
struct quota_ask {
    const struct quota_rule *rule;
    const char *subject; /* id of key or user, group, or "" */
    struct quota_place place;
    int64_t amount; /* that it takes with its hold; of money the hold's own */
    int64_t more; /* that it takes as far as there is so much left: refused without it, it is not */
};

struct quota_claim; /* of one call; not shared by threads, but for its settlement */

/* Finds the counters, or makes them. The rules are borrowed until this returns. */
struct quota_claim *quotas_claim(struct store *store, const struct quota_ask *asks, size_t count);
/* Gives back what is still held; NULL is allowed. Not while the call's hold or settlement is
 * away. */
void quotas_claim_free(struct quota_claim *claim);

/* Whether all counters know what the tables have. */
bool quotas_are_loaded(const struct quota_claim *claim, int64_t now_ms);
/* Loads them: the job returns by reply_queue and done, which the caller sets. False: the queue is
 * full. The claim stays until it is back. */
struct quota_load {
    struct job job; /* first: jobs are cast back */
    struct quota_claim *claim;
    bool loaded; /* output; else the tables cannot be read */
};
bool quotas_load(struct store *store, struct quota_load *load, struct quota_claim *claim);
/* Loads every counter again before it is next used: the policy has changed, so that calls may have
 * passed which claimed other ones. */
void quotas_reload(struct store *store);

/* The rule at this index of the asks. Its texts stay with the claim. False: there is none. */
bool quotas_rule(const struct quota_claim *claim, size_t at, struct quota_rule *out);
struct quota_view {
    int64_t limit;
    int64_t used;
    int64_t held;    /* by calls that run */
    int64_t ends_ms; /* when it begins anew */
};
/* Of the quota at this index of the asks. */
void quotas_look(const struct quota_claim *claim, size_t at, int64_t now_ms,
                 struct quota_view *out);
/* What calls that run hold of a quota in its present period. */
int64_t quotas_held(struct store *store, const struct quota_place *place, int64_t now_ms);
/* The most that a hold may take of the claim's quotas of money; INT64_MAX without any. */
int64_t quotas_left_nusd(const struct quota_claim *claim, int64_t now_ms);

/* The quota that has refused; of several, the one that begins anew last. */
struct quota_refusal {
    size_t at; /* index of the asks */
    int64_t required;
    struct quota_view view;
};
/* Whether a hold of so much money would take what was asked; takes nothing. The claim must hold
 * nothing. */
bool quotas_would_take(const struct quota_claim *claim, int64_t nusd, int64_t now_ms,
                       struct quota_refusal *refusal);

#endif
