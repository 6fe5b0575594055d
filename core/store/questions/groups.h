/* Sums by group, added up row by row while a roll-up is read. That is several times as fast as a
 * GROUP BY, which first sorts all rows. On the reports threads; owned by the operation. */
#ifndef STORE_QUESTIONS_GROUPS_H
#define STORE_QUESTIONS_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/unit.h"
#include "store/engine/db.h"
#include "store/memory/table.h"

/* In the order of the roll-ups' columns. */
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
    GROUP_SHADOWS, /* the cost of shadows, which is in GROUP_COST too */
    GROUP_HEDGES,  /* the cost of hedges, likewise */
    GROUP_TESTS,   /* the cost of test calls, likewise */
    GROUP_SUMS
};

struct group {
    struct table_node node;
    int64_t day; /* 0 if days are not asked for */
    int64_t sums[GROUP_SUMS];
    struct unit_counts units; /* those that no sum has */
    const char *first;        /* the two names; "" if not asked for */
    const char *second;
    char text[]; /* room for both */
};

struct groups {
    struct table table;
    struct group *latest; /* rows of the same group often come together */
    int64_t totals[GROUP_SUMS];
    struct unit_counts total_units;
    size_t count_max;
    bool too_many; /* later rows were not added */
};

void groups_init(struct groups *groups, size_t count_max);
void groups_fini(struct groups *groups);
/* Adds the first `sum_count` sums of a row, from column `at` on, to its group and to the totals. */
void groups_add(struct groups *groups, int64_t day, const char *first, const char *second,
                struct row *row, int at, int sum_count);
/* Adds a quantity of a unit, by its name, to a group and to the totals. */
void groups_add_unit(struct groups *groups, int64_t day, const char *first, const char *second,
                     const char *unit, int64_t quantity);
/* Adds sums, and nothing of units, to a group and to the totals. */
void groups_add_sums(struct groups *groups, int64_t day, const char *first, const char *second,
                     const int64_t *sums);
/* The sums of all groups of `others` to the groups of their names. */
void groups_add_all(struct groups *groups, const struct groups *others);
/* All groups: the latest day first, within a day by charge, highest first, then by name. The caller
 * frees the array; the groups stay. */
struct group **groups_sorted(const struct groups *groups);
/* Appends all sums that are no money, as members of the object in `out`; and `units`, if there are
 * any. */
void groups_render_counts(struct buffer *out, const int64_t *sums, const struct unit_counts *units);

#endif
