#include "store/books/usage_lines.h"

#include <string.h>

/* Moves a part out of the whole that its tokens are counted in. */
static void take_part(struct usage_lines *lines, enum unit unit, int64_t quantity)
{
    lines->counts.of[unit] = quantity;
    if (unit_fallback(unit) == UNIT_CACHED_INPUT)
        lines->counts.cached_input -= quantity;
    else if (unit_side(unit) == UNIT_SIDE_PROMPT)
        lines->counts.input -= quantity;
    else if (unit_side(unit) == UNIT_SIDE_ANSWER)
        lines->counts.output -= quantity;
}

static void read_parts(struct db *db, int64_t usage_seq, struct usage_lines *out)
{
    struct row *row = db_bind(db,
                              "SELECT unit, quantity, buy_price_pusd, sold_price_pusd"
                              " FROM usage_lines WHERE usage_seq = ?1",
                              DB_VALUES(bind_int(usage_seq)));
    while (db_row(db, row)) {
        const char *name = column_text(row, 0);
        enum unit unit = unit_of_name(name, strlen(name));
        if (unit == UNIT_COUNT || unit <= UNIT_OUTPUT)
            continue; /* another version's: the sums will differ, and `explain` says so */
        take_part(out, unit, column_int(row, 1));
        out->prices.of[unit] = column_int(row, 2);
        out->sold.of[unit] = column_int(row, 3);
    }
}

void usage_lines_read(struct db *db, struct row *row, int first_column, struct usage_lines *out)
{
    int column = first_column;
    *out = (struct usage_lines){.counts = {.input = 0}};
    int64_t usage_seq = column_int(row, column++);
    for (enum unit unit = UNIT_INPUT; unit <= UNIT_OUTPUT; unit++)
        out->counts.of[unit] = column_int(row, column++);
    for (enum unit unit = UNIT_INPUT; unit <= UNIT_OUTPUT; unit++)
        out->prices.of[unit] = column_int(row, column++);
    for (enum unit unit = UNIT_INPUT; unit <= UNIT_OUTPUT; unit++)
        out->sold.of[unit] = column_int(row, column++);
    read_parts(db, usage_seq, out);
}
