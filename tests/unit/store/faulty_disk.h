/* A disk that fails when it is told to: a VFS of SQLite in front of the real one, made the default,
 * so that the store knows nothing of it. Syncs do not reach the real disk. */
#ifndef TEST_STORE_FAULTY_DISK_H
#define TEST_STORE_FAULTY_DISK_H

#include <stdbool.h>

enum disk_call { DISK_OPEN, DISK_READ, DISK_WRITE, DISK_SYNC, DISK_TRUNCATE, DISK_CALLS };

enum disk_fault {
    DISK_EIO,
    DISK_FULL,
    DISK_SHORT, /* a part is read or written, and then it fails */
    /* Of syncs, with disk_track: as Linux does it. What was written since the last one can still be
     * read, but counts as written and will not be again; each open file hears of it once. */
    DISK_LOST
};

struct disk_plan {
    enum disk_call call;
    enum disk_fault fault;
    int at;       /* the how manieth of these calls fails, from 1 */
    bool forever; /* and all that follow */
};

/* Sweeps let every call fail in turn. GW_DISK_STEP: only one of so many, and GW_DISK_TURN says
 * which. With ASan, where each run takes ten times as long, one of eleven: what they find is in the
 * order of calls, hardly in the memory that they touch. */
int disk_step(void);
int disk_first(void); /* 0 to disk_step() - 1 */

void disk_install(void);
void disk_fail(const struct disk_plan *plan);
bool disk_heal(void); /* true: something has failed since disk_fail */
/* This thread's calls are not counted and do not fail while it is spared. */
void disk_spare(bool spared);
/* Called before each write, sync and truncation while set; on the thread that makes it. */
void disk_watch(void (*watch)(void));
/* Writes what a loss of power would leave of the database `path` as `to`: all that was synced, and
 * of what was written since each part with a probability of `kept` in 4. Only after disk_track. */
void disk_track(const char *path);
void disk_cut(const char *to, unsigned kept);

#endif
