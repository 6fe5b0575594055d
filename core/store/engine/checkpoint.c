#include "store/engine/checkpoint.h"

#include <sqlite3.h>

#include "base/check.h"
#include "base/log.h"

void checkpoint_run(struct checkpoint *checkpoint, struct db *db)
{
    int rc;

    if (!checkpoint_trusted(checkpoint))
        return;
    /* PASSIVE waits for nobody: a reader in an old snapshot keeps part of the log back. */
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

static void stop_run(struct job *job, void *server)
{
    struct checkpoint *checkpoint = server;

    (void)job;
    checkpoint->stopping = true;
}

static void *thread_main(void *arg)
{
    struct checkpoint *checkpoint = arg;

    while (!checkpoint->stopping) {
        struct job_list jobs;
        struct job *job;

        job_queue_wait(&checkpoint->queue, -1);
        jobs = job_queue_take(&checkpoint->queue);
        while ((job = job_list_pop(&jobs)) != NULL)
            job->run(job, checkpoint); /* may be posted again from here on */
    }
    return NULL;
}

bool checkpoint_start(struct checkpoint *checkpoint, const char *path, enum db_mode mode,
                      struct fault *fault)
{
    checkpoint->request = (struct job){.run = request_run};
    checkpoint->stop = (struct job){.run = stop_run};
    atomic_init(&checkpoint->busy, false);
    atomic_init(&checkpoint->distrust, false);
    if (!db_open(&checkpoint->db, path, mode, fault)) {
        db_close(&checkpoint->db);
        return false;
    }
    if (!job_queue_init(&checkpoint->queue, 2)) {
        db_close(&checkpoint->db);
        return fault_set(fault, "no_descriptor", "no file descriptor is left for the database");
    }
    checkpoint->started = pthread_create(&checkpoint->thread, NULL, thread_main, checkpoint) == 0;
    if (checkpoint->started) {
        pthread_setname_np(checkpoint->thread, "checkpoint");
        return true;
    }
    job_queue_fini(&checkpoint->queue);
    db_close(&checkpoint->db);
    return fault_set(fault, "no_thread", "the checkpoint thread cannot be started");
}

void checkpoint_stop(struct checkpoint *checkpoint)
{
    if (!checkpoint->started)
        return;
    check(job_queue_post_always(&checkpoint->queue, &checkpoint->stop));
    job_queue_close(&checkpoint->queue);
    check(pthread_join(checkpoint->thread, NULL) == 0);
    job_queue_fini(&checkpoint->queue);
    db_close(&checkpoint->db);
    checkpoint->started = false;
}

bool checkpoint_request(struct checkpoint *checkpoint)
{
    if (atomic_exchange(&checkpoint->busy, true))
        return false;
    check(job_queue_post_always(&checkpoint->queue, &checkpoint->request));
    return true;
}

bool checkpoint_busy(const struct checkpoint *checkpoint)
{
    return atomic_load(&checkpoint->busy);
}
