/* Reads the lines of a usage record, {unit, quantity, price}, from its columns and from
 * `usage_lines`: the columns have the whole prompt and the whole answer, the lines the parts that
 * have a price of their own. On the thread of the handle. */
#ifndef STORE_BOOKS_USAGE_LINES_H
#define STORE_BOOKS_USAGE_LINES_H

#include "base/unit.h"
#include "store/engine/db.h"

/* The columns, in this order from a column of the caller's query on; `u` is the table usage. */
#define USAGE_LINES_COLUMNS                                                                        \
    "u.seq, u.input_tokens, u.cached_input_tokens, u.output_tokens, u.input_price_pusd,"           \
    " u.cached_input_price_pusd, u.output_price_pusd,"                                             \
    " coalesce(u.sold_input_price_pusd, u.input_price_pusd),"                                      \
    " coalesce(u.sold_cached_input_price_pusd, u.cached_input_price_pusd),"                        \
    " coalesce(u.sold_output_price_pusd, u.output_price_pusd)"
enum { USAGE_LINES_COLUMN_COUNT = 10 };

struct usage_lines {
    struct unit_counts counts;
    struct unit_prices prices; /* what we pay */
    struct unit_prices sold;   /* the margin was put on these */
};

/* A failed query leaves the lines that it gave, and db->failure. */
void usage_lines_read(struct db *db, struct row *row, int first_column, struct usage_lines *out);

#endif
