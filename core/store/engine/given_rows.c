#include "store/engine/given_rows.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct given_table {
    struct sqlite3_vtab base; /* first: SQLite knows only this */
    const struct given_rows *rows;
};

struct given_cursor {
    struct sqlite3_vtab_cursor base; /* first, too */
    const struct given_rows *rows;
    int64_t number;
    bool ended;
    struct store_value values[GIVEN_VALUES_MAX];
};

static struct given_cursor *cursor_of(struct sqlite3_vtab_cursor *base)
{
    return (struct given_cursor *)(void *)base;
}

static int declare(sqlite3 *handle)
{
    char sql[32 + GIVEN_VALUES_MAX * 5] = "CREATE TABLE given_rows (c1";
    size_t bytes = strlen(sql);
    for (int i = 2; i <= GIVEN_VALUES_MAX; i++)
        bytes += (size_t)snprintf(sql + bytes, sizeof sql - bytes, ",c%d", i);
    snprintf(sql + bytes, sizeof sql - bytes, ")");
    return sqlite3_declare_vtab(handle, sql);
}

static int connect_table(sqlite3 *handle, void *rows, int count, const char *const *texts,
                         struct sqlite3_vtab **out, char **error)
{
    (void)count;
    (void)texts;
    (void)error;
    int rc = declare(handle);
    if (rc != SQLITE_OK)
        return rc;
    struct given_table *table = calloc(1, sizeof *table);
    if (table == NULL)
        return SQLITE_NOMEM;
    table->rows = rows;
    *out = &table->base;
    return sqlite3_vtab_config(handle, SQLITE_VTAB_DIRECTONLY);
}

static int disconnect(struct sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

/* There is one way through: all rows, as they come. */
static int plan(struct sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->estimatedCost = 1;
    return SQLITE_OK;
}

static int open_cursor(struct sqlite3_vtab *table, struct sqlite3_vtab_cursor **out)
{
    struct given_cursor *cursor = calloc(1, sizeof *cursor);
    if (cursor == NULL)
        return SQLITE_NOMEM;
    cursor->rows = ((struct given_table *)(void *)table)->rows;
    *out = &cursor->base;
    return SQLITE_OK;
}

static int close_cursor(struct sqlite3_vtab_cursor *base)
{
    free(cursor_of(base));
    return SQLITE_OK;
}

static int next(struct sqlite3_vtab_cursor *base)
{
    struct given_cursor *cursor = cursor_of(base);
    cursor->ended = !cursor->rows->next(cursor->rows->arg, cursor->values);
    cursor->number++;
    return SQLITE_OK;
}

static int begin(struct sqlite3_vtab_cursor *base, int plan_number, const char *plan_text,
                 int value_count, sqlite3_value **values)
{
    struct given_cursor *cursor = cursor_of(base);
    (void)plan_number;
    (void)plan_text;
    (void)value_count;
    (void)values;
    if (cursor->rows->next == NULL) /* no statement of db_run_given */
        return SQLITE_MISUSE;
    cursor->number = 0;
    return next(base);
}

static int is_ended(struct sqlite3_vtab_cursor *base)
{
    return cursor_of(base)->ended;
}

static int column(struct sqlite3_vtab_cursor *base, sqlite3_context *out, int index)
{
    const struct store_value *value = &cursor_of(base)->values[index];
    switch (value->type) {
    case STORE_INT:
        sqlite3_result_int64(out, value->number);
        break;
    case STORE_TEXT:
        sqlite3_result_text(out, value->text.data != NULL ? value->text.data : "",
                            (int)value->text.bytes, SQLITE_STATIC);
        break;
    case STORE_BLOB:
        sqlite3_result_blob(out, value->text.data, (int)value->text.bytes, SQLITE_STATIC);
        break;
    case STORE_NULL:
        sqlite3_result_null(out);
        break;
    }
    return SQLITE_OK;
}

static int row_id(struct sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    *out = cursor_of(base)->number;
    return SQLITE_OK;
}

bool given_rows_add(sqlite3 *handle, struct given_rows *rows)
{
    /* Without xCreate the table is there under the module's own name, and under no other. */
    static const sqlite3_module module = {.xConnect = connect_table,
                                          .xBestIndex = plan,
                                          .xDisconnect = disconnect,
                                          .xOpen = open_cursor,
                                          .xClose = close_cursor,
                                          .xFilter = begin,
                                          .xNext = next,
                                          .xEof = is_ended,
                                          .xColumn = column,
                                          .xRowid = row_id};
    return sqlite3_create_module(handle, "given_rows", &module, rows) == SQLITE_OK;
}
