#include "store/engine/shortcuts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct shortcut {
    const char *sha256;    /* of the migration */
    const char *statement; /* how the one begins that is replaced; it ends with its line */
    const char *instead;
};

/* Sums the columns of `sales`, and adds them to what is in the table. */
#define SUM_SALES(table)                                                                           \
    " sum_into('INSERT INTO " table " SELECT c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12"    \
    " FROM given_rows WHERE true ON CONFLICT DO UPDATE SET"                                        \
    " requests = requests + excluded.requests, errors = errors + excluded.errors,"                 \
    " input_tokens = input_tokens + excluded.input_tokens,"                                        \
    " cached_input_tokens = cached_input_tokens + excluded.cached_input_tokens,"                   \
    " output_tokens = output_tokens + excluded.output_tokens,"                                     \
    " reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,"                            \
    " charge_nusd = charge_nusd + excluded.charge_nusd,"                                           \
    " cost_nusd = cost_nusd + excluded.cost_nusd,"                                                 \
    " overrun_nusd = overrun_nusd + excluded.overrun_nusd',"                                       \
    " 3, created_ms / 900000, model, provider, 1, error_code <> '', input_tokens,"                 \
    " cached_input_tokens, output_tokens, reasoning_tokens, charge_nusd, cost_nusd, overrun_nusd)"
#define SUM_EARLY_SALES SUM_SALES("temp.early_sales")
#define SUM_ALL_SALES SUM_SALES("sales")

/* Sums of the records up to number `until`, made by 0007 while it reads all of them, for 0010. They
 * are of this connection only: if another one runs 0010, it finds none and sums up all records.
 * Records get higher and higher numbers, so those that are missing stand behind `until`. */
#define EARLY_TABLES                                                                               \
    "CREATE TEMP TABLE IF NOT EXISTS early_until (until INTEGER);"                                 \
    "CREATE TEMP TABLE IF NOT EXISTS early_sales (quarter INTEGER, model TEXT, provider TEXT,"     \
    " requests INTEGER, errors INTEGER, input_tokens INTEGER, cached_input_tokens INTEGER,"        \
    " output_tokens INTEGER, reasoning_tokens INTEGER, charge_nusd INTEGER, cost_nusd INTEGER,"    \
    " overrun_nusd INTEGER, PRIMARY KEY (quarter, model, provider)) WITHOUT ROWID;"

static const struct shortcut shortcuts[] = {
    /* 0007_usage_terms.sql */
    {"10b030fb36d391e37e678ac4d4fdc0952ed3faee365e282dfb922e104be8d566", "UPDATE key_totals SET",
     EARLY_TABLES
     "CREATE TEMP TABLE abandoned_calls (key_id TEXT PRIMARY KEY, count INTEGER) WITHOUT ROWID;"
     "INSERT INTO temp.early_until SELECT max(seq) FROM usage;"
     "SELECT sum_into('INSERT INTO temp.abandoned_calls SELECT c1, c2 FROM given_rows WHERE true"
     " ON CONFLICT DO UPDATE SET count = count + excluded.count', 1, key_id, 1)"
     " FILTER (WHERE status = 499)," SUM_EARLY_SALES " FROM usage;"
     "UPDATE key_totals SET abandoned = counted.count FROM temp.abandoned_calls AS counted"
     " WHERE counted.key_id = key_totals.key_id;"
     "DROP TABLE temp.abandoned_calls;"},
    /* 0010_quarters.sql */
    {"7b609bbf502d1a4be8476e137f01bf42b5d6d3aef616ff933243d0a8cf3629ac", "INSERT INTO sales\n",
     EARLY_TABLES "INSERT INTO sales SELECT * FROM temp.early_sales;"
                  "SELECT" SUM_ALL_SALES " FROM usage"
                  " WHERE seq > coalesce((SELECT max(until) FROM temp.early_until), -1 << 63);"
                  "DROP TABLE temp.early_sales; DROP TABLE temp.early_until;"},
};

static const struct shortcut *find(const char *sha256)
{
    for (size_t i = 0; i < sizeof shortcuts / sizeof shortcuts[0]; i++) {
        if (strcmp(shortcuts[i].sha256, sha256) == 0)
            return &shortcuts[i];
    }
    return NULL;
}

char *shortcuts_script(const char *text, const char *sha256)
{
    const struct shortcut *shortcut = find(sha256);
    const char *begin, *end;
    char *script;
    if (shortcut == NULL)
        return NULL;
    begin = strstr(text, shortcut->statement);
    check(begin != NULL);
    end = strstr(begin, ";\n");
    check(end != NULL);
    check(asprintf(&script, "%.*s%s%s", (int)(begin - text), text, shortcut->instead, end + 1) > 0);
    return script;
}
