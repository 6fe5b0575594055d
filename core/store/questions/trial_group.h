/* What a candidate of a model has done, to be compared with others: how often it was asked, why it
 * has failed, how long it took, what it cost, how long its answers are. Sums and samples that grow
 * with the calls added. On the reports threads; owned by the operation. */
#ifndef STORE_QUESTIONS_TRIAL_GROUP_H
#define STORE_QUESTIONS_TRIAL_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Of fewer calls nothing is claimed: a number of them by itself would mislead. */
enum { TRIAL_CALLS_MIN = 20 };

enum trial_role { TRIAL_PRIMARY, TRIAL_CANARY, TRIAL_SHADOW };

enum { TRIAL_GROUPS_MAX = 32, TRIAL_WORDS_MAX = 16, TRIAL_WORD_BYTES = 48 };

/* How often each word came: an outcome, or a finish reason. Words beyond the last count as
 * "other". */
struct trial_words {
    char words[TRIAL_WORDS_MAX][TRIAL_WORD_BYTES];
    int64_t counts[TRIAL_WORDS_MAX];
    size_t count;
};

struct trial_samples {
    int64_t *values;
    size_t count;
    size_t room;
};

struct trial_group {
    enum trial_role role;
    char provider[64];
    char model[128]; /* the provider's name for it */
    int64_t answers;
    int64_t failures;
    int64_t unfinished; /* shadows of which nothing is known, or not yet */
    int64_t cost_nusd;
    int64_t output_tokens;
    struct trial_words outcomes; /* of the failures */
    struct trial_words finish_reasons;
    struct trial_samples first_byte_us; /* of streams */
    struct trial_samples total_us;
};

/* Zeroed: empty. */
struct trial_groups {
    struct trial_group *list[TRIAL_GROUPS_MAX];
    size_t count;
    bool too_many; /* of further candidates nothing was added */
};

struct trial_answer {
    const char *finish_reason; /* "": none */
    int64_t output_tokens;
    int64_t cost_nusd;
    int64_t first_byte_us; /* -1: not to be counted, as total_us */
    int64_t total_us;
};

/* NULL: there are too many. */
struct trial_group *trial_groups_find(struct trial_groups *groups, enum trial_role role,
                                      const char *provider, const char *model);
void trial_group_add_answer(struct trial_group *group, const struct trial_answer *answer);
void trial_group_add_failure(struct trial_group *group, const char *outcome);
/* Writes the groups as elements of an array: primaries, canary, shadow; the most calls first. */
void trial_groups_render(struct trial_groups *groups, struct buffer *out);
void trial_groups_fini(struct trial_groups *groups);

#endif
