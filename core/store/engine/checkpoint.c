#include "store/engine/checkpoint.h"

#include <sqlite3.h>

#include "base/check.h"
#include "base/log.h"

void checkpoint_run(struct checkpoint *checkpoint, struct db *db)
{
    int rc;
    if (!checkpoint_trusted(checkpoint))
        return;
    /* PASSIVE does not wait: a reader with an old snapshot holds a part of the log back. */
    rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc == SQLITE_IOERR_FSYNC) {
        atomic_store(&checkpoint->distrust, true);
        log_event(LOG_ERROR, "a sync of the database has failed: its log stays whole, and grows, "
                             "until the next start");
    } else if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY) {
        log_event(LOG_WARN, "checkpoint failed", log_text("why", sqlite3_errstr(rc)));
    }
}

bool checkpoint_trusted(const struct checkpoint *checkpoint)
{
    return !atomic_load(&checkpoint->distrust);
}

static void request_run(struct job *job, void *server)
{
    struct checkpoint *checkpoint = server;
    (void)job;
    checkpoint_run(checkpoint, &checkpoint->db);
    atomic_store(&checkpoint->busy, false);
}

static void serve(void *server)
{
    struct checkpoint *checkpoint = server;
    service_run_jobs(&checkpoint->service);
}

bool checkpoint_start(struct checkpoint *checkpoint, const char *path, enum db_mode mode,
                      struct fault *fault)
{
    checkpoint->request = (struct job){.run = request_run};
    atomic_init(&checkpoint->busy, false);
    atomic_init(&checkpoint->distrust, false);
    if (db_open(&checkpoint->db, path, mode, fault) &&
        service_start(&checkpoint->service, "checkpoint", 2, serve, checkpoint, fault))
        return true;
    db_close(&checkpoint->db);
    return false;
}

void checkpoint_stop(struct checkpoint *checkpoint)
{
    if (!checkpoint->service.started)
        return;
    service_stop(&checkpoint->service);
    db_close(&checkpoint->db);
}

bool checkpoint_request(struct checkpoint *checkpoint)
{
    if (atomic_exchange(&checkpoint->busy, true))
        return false;
    check(job_queue_post_always(&checkpoint->service.queue, &checkpoint->request));
    return true;
}

bool checkpoint_busy(const struct checkpoint *checkpoint)
{
    return atomic_load(&checkpoint->busy);
}
