/* Sums by group, added up row by row while a roll-up is read: several times as fast as a GROUP BY,
 * which sorts all the rows first. On the reports threads; the owner is the operation. */
#ifndef STORE_QUESTIONS_GROUPS_H
#define STORE_QUESTIONS_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "store/engine/db.h"
#include "store/memory/table.h"

/* The sums, in the order in which the roll-ups have them. */
enum group_sum {
    GROUP_REQUESTS,
    GROUP_ERRORS,
    GROUP_INPUT,
    GROUP_CACHED_INPUT,
    GROUP_OUTPUT,
    GROUP_REASONING,
    GROUP_CHARGE,
    GROUP_COST,
    GROUP_OVERRUN,
    GROUP_REFUNDED,
    GROUP_SUMS
};

struct group {
    struct table_node node;
    int64_t day; /* 0 where days are not asked for */
    int64_t sums[GROUP_SUMS];
    const char *first; /* the two names, "" where they are not asked for */
    const char *second;
    char text[]; /* both of them */
};

struct groups {
    struct table table;
    struct group *latest; /* rows of the same group often come together */
    int64_t totals[GROUP_SUMS];
    size_t count_max;
    bool too_many; /* what came then was not added */
};

void groups_init(struct groups *groups, size_t count_max);
void groups_fini(struct groups *groups);
/* Adds the sums of a row, from column `at` on, to those of its group and to the totals. The first
 * ones up to `sum_count`; the others are left alone. */
void groups_add(struct groups *groups, int64_t day, const char *first, const char *second,
                struct row *row, int at, int sum_count);
/* All of them: the latest day first, in it the highest charge, then by name. The caller frees the
 * array; the groups stay where they are. */
struct group **groups_sorted(const struct groups *groups);
/* What is no money, as members of the object that `out` is in. */
void groups_render_counts(struct buffer *out, const int64_t *sums);

#endif
