/* Charges recorded calls again under the policies of a folder, as the gateway would charge them
 * now, and adds up the difference. It reads beside a server, holds no transaction for long, and its
 * memory is bounded. Each caller has its own; any thread. */
#ifndef APP_REPLAY_H
#define APP_REPLAY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/sha256.h"
#include "exchange/replay_groups.h"
#include "store/usage_scan.h"

struct zone;

enum {
    REPLAY_MODELS_MAX = 20000,
    REPLAY_CUSTOMERS_MAX = 50000,
    REPLAY_DAYS_MAX = 20000,
    REPLAY_REASONS_MAX = 2000,
    REPLAY_PROGRESS_CALLS = 5000 /* between two reports of the progress */
};

struct replay_options {
    const char *database;
    const char *policies;                                                 /* the folder */
    const struct zone *zone;                                              /* of the days */
    int64_t from_ms;                                                      /* inclusive */
    int64_t to_ms;                                                        /* exclusive */
    int64_t deadline_us;                                                  /* monotonic; 0: none */
    const atomic_bool *cancelled;                                         /* NULL: nobody cancels */
    void (*on_progress)(const struct usage_scan_place *place, void *arg); /* NULL: nobody looks */
    void *arg;
};

struct replay {
    char revision[SHA256_HEX_BYTES];
    struct replay_sums totals; /* of the calls that could be charged */
    struct replay_groups models;
    struct replay_groups customers; /* by the user's id */
    struct replay_groups days;      /* "2026-11-22" */
    /* Calls that cannot be charged: the name is a code and a model, the label says why. Their sums
     * have only what they were charged then. */
    struct replay_groups refused;
    /* What is charged otherwise than the record or the policies say: the name is a kind, a model
     * and a word. */
    struct replay_groups notes;
};

/* Kinds of notes. */
#define REPLAY_OTHER_CANDIDATE "other_candidate" /* the provider is none any more: the first one */
#define REPLAY_UNIT_NOT_PRICED "unit_not_priced" /* was used, and costs nothing of its own */
#define REPLAY_TIER_NOT_PRICED "tier_not_priced" /* nor its speed or region: like the dearest */

/* On true the caller ends with replay_fini. False: *fault; nothing to free. The code is
 * policy_invalid where the policies do not load, timeout, or unavailable. */
bool replay_run(const struct replay_options *options, struct replay *out, struct fault *fault);
void replay_fini(struct replay *replay);

/* Whether the operator should not let the policies go live: something cannot be charged, or is sold
 * at a loss that nobody has allowed. */
bool replay_warns(const struct replay *replay);

/* Reads a time of a question: RFC 3339, or a date, which begins at midnight of the zone. */
bool replay_read_time(const char *text, const struct zone *zone, int64_t *out_ms);
/* The same of an option of the command line; without a text (NULL) *out_ms stays. */
bool replay_take_time(const char *option, const char *text, const struct zone *zone,
                      int64_t *out_ms, struct fault *fault);

#endif
