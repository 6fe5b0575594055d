#include "store/usage_scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/slice.h"
#include "store/books/facts_table.h"
#include "store/books/usage_lines.h"
#include "store/engine/db.h"
#include "store/engine/reader.h"
#include "store/questions/usage_place.h"

enum { PAGE_ROWS = 2000 };

/* A record is written when its call ends: at the latest when its hold expires, 8 days after it has
 * begun. So records stand nearly in the order of time. A day more, for clocks that were set. */
#define LATENESS_MS (INT64_C(9) * 24 * 3600 * 1000)

struct usage_scan {
    struct db db;
    int64_t from_ms;
    int64_t to_ms;
    struct usage_scan_place place;
    struct row *page; /* NULL: none is open */
    size_t page_rows;
    bool ended;
    bool late; /* its time is over, or it was cancelled */
};

/* ---- where it begins ---- */

/* No record up to that place can be of the time asked for. */
static void find_first(struct usage_scan *scan)
{
    int64_t bounded_ms =
        scan->from_ms > INT64_MIN + LATENESS_MS ? scan->from_ms - LATENESS_MS : INT64_MIN;
    scan->place.first_seq = scan->place.seq =
        usage_place_before(&scan->db, bounded_ms, scan->place.last_seq);
}

struct usage_scan *usage_scan_open(const struct usage_scan_options *options, struct fault *fault)
{
    struct usage_scan *scan = calloc(1, sizeof *scan);
    check(scan != NULL);
    scan->from_ms = options->from_ms;
    scan->to_ms = options->to_ms;
    if (!reader_open(&scan->db, options->path, fault)) {
        usage_scan_close(scan);
        return NULL;
    }
    db_clear(&scan->db);
    scan->db.deadline_us = options->deadline_us;
    scan->db.cancelled = options->cancelled;
    scan->place.last_seq = db_number(&scan->db, "SELECT max(seq) FROM usage", NULL, 0, 0);
    find_first(scan);
    return scan;
}

void usage_scan_close(struct usage_scan *scan)
{
    if (scan == NULL)
        return;
    if (scan->page != NULL)
        db_leave(scan->page);
    db_close(&scan->db);
    free(scan);
}

/* ---- records ---- */

/* The columns before those of USAGE_LINES_COLUMNS. */
#define PAGE_QUERY                                                                                 \
    "SELECT u.exchange_id, u.account_id, u.user_id, u.key_id, u.model, u.provider,"                \
    " u.provider_model, u.source, u.streamed, u.status, u.reasoning_tokens, u.margin_ppm,"         \
    " u.cost_nusd, u.charge_nusd, u.overrun_nusd, u.policy_revision, u.error_code,"                \
    " u.finish_reason, u.attempts, u.first_byte_us, u.total_us, u.created_ms,"                     \
    " " USAGE_LINES_COLUMNS " FROM usage u WHERE u.seq > ?1 AND u.seq <= ?2"                       \
    " ORDER BY u.seq LIMIT ?3"
enum { COLUMN_ENDED = 15, COLUMN_CREATED_MS = 21, COLUMN_LINES = 22 };

static void copy_text(struct row *row, int column, char *out, size_t bytes)
{
    slice_copy(slice_of(column_text(row, column)), out, bytes);
}

static enum usage_source source_of(const char *name)
{
    enum usage_source source = USAGE_NONE;
    while (source < USAGE_MEASURED && strcmp(usage_source_name(source), name) != 0)
        source++;
    return source;
}

static void read_texts(struct row *row, struct usage_record *out)
{
    copy_text(row, 0, out->exchange_id.text, ID_BYTES);
    copy_text(row, 1, out->account_id.text, ID_BYTES);
    copy_text(row, 2, out->user_id.text, ID_BYTES);
    copy_text(row, 3, out->key_id.text, ID_BYTES);
    copy_text(row, 4, out->model, sizeof out->model);
    copy_text(row, 5, out->provider, sizeof out->provider);
    copy_text(row, 6, out->provider_model, sizeof out->provider_model);
    out->source = source_of(column_text(row, 7));
}

static void read_numbers(struct row *row, struct usage_record *out)
{
    out->streamed = column_int(row, 8) != 0;
    out->status = (int32_t)column_int(row, 9);
    out->reasoning_tokens = column_int(row, 10);
    out->margin_ppm = column_int(row, 11);
    out->cost_nusd = column_int(row, 12);
    out->charge_nusd = column_int(row, 13);
    out->overrun_nusd = column_int(row, 14);
    out->created_ms = column_int(row, COLUMN_CREATED_MS);
}

static void read_end(struct row *row, struct usage_record *out)
{
    copy_text(row, COLUMN_ENDED, out->policy_revision, sizeof out->policy_revision);
    copy_text(row, COLUMN_ENDED + 1, out->error_code, sizeof out->error_code);
    copy_text(row, COLUMN_ENDED + 2, out->finish_reason, sizeof out->finish_reason);
    out->attempts = (int32_t)column_int(row, COLUMN_ENDED + 3);
    out->first_byte_us = column_int(row, COLUMN_ENDED + 4);
    out->total_us = column_int(row, COLUMN_ENDED + 5);
}

static void read_record(struct usage_scan *scan, struct usage_record *out)
{
    struct usage_lines lines;
    *out = (struct usage_record){.status = 0};
    read_texts(scan->page, out);
    read_numbers(scan->page, out);
    read_end(scan->page, out);
    usage_lines_read(&scan->db, scan->page, COLUMN_LINES, &lines);
    out->counts = lines.counts;
    out->prices = lines.prices;
    out->sold = lines.sold;
    facts_table_read(&scan->db, scan->place.seq, &out->facts);
}

/* Steps to the next row of any time. */
static bool step(struct usage_scan *scan)
{
    for (;;) {
        if (scan->page == NULL) {
            scan->page = db_bind(&scan->db, PAGE_QUERY,
                                 DB_VALUES(bind_int(scan->place.seq),
                                           bind_int(scan->place.last_seq), bind_int(PAGE_ROWS)));
            scan->page_rows = 0;
        }
        if (db_row(&scan->db, scan->page)) {
            scan->page_rows++;
            scan->place.seq = column_int(scan->page, COLUMN_LINES);
            return true;
        }
        scan->page = NULL;
        if (scan->page_rows < PAGE_ROWS)
            return false;
    }
}

/* SQLite looks at the time only while a statement runs, and the caller may take long for a
 * record. */
static bool is_over(struct usage_scan *scan)
{
    const struct db *db = &scan->db;
    scan->late = scan->late || (db->deadline_us != 0 && clock_mono_us() >= db->deadline_us) ||
                 (db->cancelled != NULL && atomic_load(db->cancelled));
    return scan->late || scan->ended;
}

bool usage_scan_next(struct usage_scan *scan, struct usage_record *out)
{
    while (!is_over(scan) && step(scan)) {
        int64_t created_ms = column_int(scan->page, COLUMN_CREATED_MS);
        if (created_ms >= scan->from_ms && created_ms < scan->to_ms) {
            read_record(scan, out);
            return scan->db.failure == 0;
        }
        if (scan->to_ms < INT64_MAX - LATENESS_MS && created_ms >= scan->to_ms + LATENESS_MS)
            break; /* all later ones are of later calls */
    }
    db_leave(scan->page);
    scan->page = NULL;
    scan->ended = true;
    return false;
}

bool usage_scan_sound(const struct usage_scan *scan, struct fault *fault)
{
    if (scan->late)
        return fault_set(fault, "timeout", "this takes too long; ask for a shorter time");
    return db_sound(&scan->db, fault);
}

void usage_scan_place(const struct usage_scan *scan, struct usage_scan_place *out)
{
    *out = scan->place;
}

void usage_scan_customer(struct usage_scan *scan, const char *user_id, struct usage_customer *out)
{
    struct row *row = db_bind(&scan->db, "SELECT email, \"group\" FROM users WHERE id = ?1",
                              DB_VALUES(bind_text(user_id)));
    *out = (struct usage_customer){.email = ""};
    if (!db_row(&scan->db, row))
        return;
    copy_text(row, 0, out->email, sizeof out->email);
    copy_text(row, 1, out->group, sizeof out->group);
    db_leave(row);
}

void usage_scan_key_name(struct usage_scan *scan, const char *key_id, char *out, size_t bytes)
{
    struct row *row =
        db_bind(&scan->db, "SELECT name FROM keys WHERE id = ?1", DB_VALUES(bind_text(key_id)));
    out[0] = '\0';
    if (!db_row(&scan->db, row))
        return;
    copy_text(row, 0, out, bytes);
    db_leave(row);
}
