/* store_export: the transfers in the order of their numbers, page by page. Transfers are
 * append-only and numbered in order, so all up to the last number at the start belong to one
 * moment. So no read transaction must stay open while a slow reader reads, which would keep the
 * server's log from beginning anew. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/json_writer.h"
#include "base/money.h"
#include "store/audit.h"
#include "store/engine/db.h"
#include "store/engine/reader.h"

enum { PAGE_ROWS = 1000, PAGE_BYTES_MAX = 64 * 1024 * 1024 };

/* Columns: seq, created_ms, amount_nusd, id, kind, debit_account, credit_account, exchange_id,
 * reason. */
static void csv_row(struct buffer *out, struct row *row)
{
    char time[CLOCK_TEXT_BYTES];
    char amount[MONEY_TEXT_BYTES];
    buffer_append_int(out, column_int(row, 0));
    buffer_append_char(out, ',');
    csv_text(out, column_text(row, 3));
    buffer_printf(out, ",%s,", clock_format(column_int(row, 1), time));
    for (int column = 4; column <= 6; column++) {
        csv_text(out, column_text(row, column));
        buffer_append_char(out, ',');
    }
    buffer_printf(out, "%s,", money_format(column_int(row, 2), amount));
    csv_text(out, column_text(row, 7));
    buffer_append_char(out, ',');
    csv_text(out, column_text(row, 8));
    buffer_append_text(out, "\r\n");
}

static void jsonl_row(struct buffer *page, struct buffer *line, struct row *row)
{
    buffer_reset(line); /* json_writer_object looks at the bytes before it */
    json_writer_object(line, NULL);
    json_writer_int(line, "seq", column_int(row, 0));
    json_writer_text_or_null(line, "id", column_text(row, 3));
    json_writer_time(line, "time", column_int(row, 1));
    json_writer_text(line, "kind", column_text(row, 4));
    json_writer_text(line, "debit_account", column_text(row, 5));
    json_writer_text(line, "credit_account", column_text(row, 6));
    json_writer_money(line, "amount", column_int(row, 2));
    json_writer_text_or_null(line, "exchange_id", column_text(row, 7));
    json_writer_text_or_null(line, "reason", column_text(row, 8));
    json_writer_object_end(line);
    buffer_append_slice(page, buffer_slice(line));
    buffer_append_char(page, '\n');
}

/* Reads a page after transfer `*seq` and moves that on. False: no more transfers, or a failure. */
static bool read_page(struct db *db, const struct export_options *options, int64_t last_seq,
                      int64_t *seq, struct buffer *page, struct buffer *line)
{
    size_t count = 0;
    struct row *row = db_bind(
        db,
        "SELECT seq, created_ms, amount_nusd, id, kind, debit_account, credit_account,"
        " exchange_id, reason FROM transfers WHERE seq > ?1 AND seq <= ?2 AND created_ms >= ?3"
        " AND created_ms < ?4 ORDER BY seq LIMIT ?5",
        DB_VALUES(bind_int(*seq), bind_int(last_seq), bind_int(options->from_ms),
                  bind_int(options->to_ms), bind_int(PAGE_ROWS)));
    buffer_reset(page);
    while (db_row(db, row)) {
        *seq = column_int(row, 0);
        count++;
        if (options->csv)
            csv_row(page, row);
        else
            jsonl_row(page, line, row);
    }
    return count == PAGE_ROWS;
}

static bool write_pages(struct db *db, const struct export_options *options, struct buffer *page,
                        struct buffer *line, struct fault *fault)
{
    int64_t last_seq = db_number(db, "SELECT max(seq) FROM transfers", NULL, 0, 0);
    int64_t seq = INT64_MIN;
    bool more = true;
    if (options->csv)
        fputs("seq,id,time,kind,debit_account,credit_account,amount,exchange_id,reason\r\n",
              options->out);
    while (more) {
        more = read_page(db, options, last_seq, &seq, page, line);
        if (!db_sound(db, fault))
            return false;
        if (page->failed || line->failed)
            return fault_set(fault, "response_too_large", "there is no memory for a page");
        if (page->bytes > 0)
            fwrite(page->data, 1, page->bytes, options->out);
        if (ferror(options->out))
            break;
    }
    if (fflush(options->out) == 0 && !ferror(options->out))
        return true;
    return fault_set(fault, "cannot_write", "the export cannot be written");
}

bool store_export(const char *path, const struct export_options *options, struct fault *fault)
{
    struct buffer page;
    struct buffer line;
    struct db db;
    bool ok;
    buffer_init(&page, PAGE_BYTES_MAX);
    buffer_init(&line, PAGE_BYTES_MAX);
    ok = reader_open(&db, path, fault) && write_pages(&db, options, &page, &line, fault);
    db_close(&db);
    buffer_fini(&line);
    buffer_fini(&page);
    return ok;
}
