/* Sums of a replay by a name: a model, a customer, a day. Bounded: what has no room any more is
 * added up in one group without a name. One thread uses it. */
#ifndef EXCHANGE_REPLAY_GROUPS_H
#define EXCHANGE_REPLAY_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Then: as recorded. Now: by the other policies. A margin is what is left of the charges. */
struct replay_sums {
    int64_t calls;
    int64_t charge_then_nusd;
    int64_t charge_now_nusd;
    int64_t cost_then_nusd;
    int64_t cost_now_nusd;
    /* Of the calls now whose candidate may be sold at a loss (allow_loss): the part of the margin
     * that is below zero. */
    int64_t allowed_loss_nusd;
};

struct replay_group {
    struct replay_sums sums;
    const char *name;  /* "" for what had no room */
    const char *label; /* of a customer, the e-mail address; else "" */
    const char *group; /* of a customer; "" for none */
    uint64_t hash;
    char texts[];
};

struct replay_groups {
    struct replay_group **list; /* in the order in which they were seen */
    size_t count;
    size_t count_max;
    struct replay_group **places; /* open addressing; NULL: free */
    size_t place_count;           /* a power of two */
    struct replay_group *others;  /* NULL: all had room */
};

void replay_groups_init(struct replay_groups *groups, size_t count_max);
void replay_groups_fini(struct replay_groups *groups);
/* Returns NULL if there is none of that name. */
struct replay_group *replay_groups_find(struct replay_groups *groups, const char *name);
/* Makes one; its name must be new. If there is no room: the group of all others. */
struct replay_group *replay_groups_add(struct replay_groups *groups, const char *name,
                                       const char *label, const char *group);

int64_t replay_sums_margin_then(const struct replay_sums *sums);
int64_t replay_sums_margin_now(const struct replay_sums *sums);
/* Whether more is paid than asked now, beyond the losses that are allowed. */
bool replay_sums_loses(const struct replay_sums *sums);
/* Returns false, and changes nothing, if a sum would be above every bound. */
bool replay_sums_add(struct replay_sums *sums, const struct replay_sums *more);

/* Sorts the list: below zero first, the largest loss before others; then by change, the largest
 * first; then by name. The group of all others stands last. */
void replay_groups_sort(struct replay_groups *groups);

#endif
