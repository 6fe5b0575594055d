/* The hours in which an account has calls of one model and key, from the roll-up: a list that is
 * filtered looks only at the records of these hours. And what the roll-up tells of the calls that
 * match, so that most of the others are passed over by what the index knows of them. On the reports
 * threads; owned by the operation. */
#ifndef STORE_QUESTIONS_MATCHING_HOURS_H
#define STORE_QUESTIONS_MATCHING_HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/engine/db.h"

/* Which calls match. */
struct matching {
    struct store_value account;
    struct store_value model; /* null: all */
    struct store_value key;
};

enum { MATCHING_HOURS_MAX = 512 }; /* that are looked up at once */

struct matching_hours {
    struct db *db;
    const struct matching *matching;
    int64_t first; /* the hours that were not looked up yet: from here ... */
    int64_t last;  /* ... to here */
    bool oldest_first;
    int64_t length;                    /* of the next look */
    int64_t found[MATCHING_HOURS_MAX]; /* of the last look, in the order of time */
    size_t begin, end;                 /* those that were not given yet */
};

/* From hour `first` to hour `last`, both with their whole. */
void matching_hours_init(struct matching_hours *hours, struct db *db,
                         const struct matching *matching, int64_t first, int64_t last,
                         bool oldest_first);
/* The next one; -1: there is none. */
int64_t matching_hours_next(struct matching_hours *hours);

/* What the sizes of an hour's matching calls can be. */
enum { MATCH_SIZES = 4 };
struct match_sizes {
    int64_t least[MATCH_SIZES];
    int64_t most[MATCH_SIZES];
};

/* The columns of `usage` that match_sizes_allow needs; the index usage_newest has them. */
#define MATCH_SIZE_COLUMNS "charge_nusd, input_tokens, cached_input_tokens, output_tokens"

void match_sizes_read(struct match_sizes *sizes, struct db *db, const struct matching *matching,
                      int64_t hour);
/* False: the record, with MATCH_SIZE_COLUMNS from column `at` on, does not match. */
bool match_sizes_allow(const struct match_sizes *sizes, struct row *row, int at);

#endif
