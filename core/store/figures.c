#include "store/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/check.h"
#include "store/store_internal.h"

static int64_t bytes_of(const char *path, const char *suffix)
{
    struct stat facts;
    char *name;
    check(asprintf(&name, "%s%s", path, suffix) > 0);
    int64_t bytes = stat(name, &facts) == 0 ? (int64_t)facts.st_size : -1;
    free(name);
    return bytes;
}

static int64_t free_bytes_at(const char *path)
{
    struct statvfs facts;
    return statvfs(path, &facts) == 0 ? (int64_t)facts.f_bavail * (int64_t)facts.f_frsize : -1;
}

static void look_at_files(const struct store *store, struct store_figures *out)
{
    out->database_bytes = bytes_of(store->path, "");
    out->log_bytes = bytes_of(store->path, "-wal");
    out->journal_bytes = bytes_of(store->path, "-tail");
    out->free_bytes = free_bytes_at(store->path);
}

static void count_messages(const struct store *store, struct store_figures *out)
{
    static const char sql[] = "SELECT lane, count(*), min(created_ms) FROM outbox "
                              "WHERE state = 'waiting' GROUP BY lane";
    struct db db;
    struct fault ignored;
    bool open = db_open(&db, store->path, DB_READ, &ignored);
    struct row *row = open ? db_bind(&db, sql, NULL, 0) : NULL;
    for (size_t i = 0; i < OUTBOX_LANES; i++)
        out->messages[i] = row != NULL ? 0 : -1;
    while (row != NULL && db_row(&db, row)) {
        int64_t lane = column_int(row, 0);
        int64_t oldest_ms = column_int(row, 2);
        check(lane >= 0 && lane < OUTBOX_LANES);
        out->messages[lane] = column_int(row, 1);
        if (out->oldest_message_ms == 0 || oldest_ms < out->oldest_message_ms)
            out->oldest_message_ms = oldest_ms;
    }
    db_close(&db);
}

static size_t waiting_in(struct service *service)
{
    return service->started ? job_queue_waiting(&service->queue) : 0;
}

static size_t waiting_at(struct reports *reports)
{
    return reports->turns != NULL ? fair_pool_waiting(reports->turns)
                                  : waiting_in(&reports->service);
}

void store_figures(struct store *store, struct store_figures *out)
{
    struct store_totals totals;
    *out = (struct store_figures){.unapplied_bytes = 0};
    out->waiting[STORE_LEDGER] = waiting_in(&store->ledger.service);
    out->waiting[STORE_JOURNAL] = waiting_in(&store->journal_thread.service);
    out->waiting[STORE_READS] = waiting_at(&store->reports[REPORTS_QUICK]);
    out->waiting[STORE_REPORTS] = waiting_at(&store->reports[REPORTS_LONG]);
    struct journal_lag lag = journal_lag(&store->journal);
    out->unapplied_bytes = lag.bytes;
    out->apply_lag_us = lag.age_us;
    store_totals(store, &totals);
    out->commits = (int64_t)totals.commits;
    out->jobs = (int64_t)totals.jobs;
    metrics_sum(&store->ledger.transactions, &out->transactions);
    look_at_files(store, out);
    count_messages(store, out);
}
