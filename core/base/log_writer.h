/* What carries the log's lines to stderr or to the log file. Lines wait in a bounded buffer; one
 * thread takes them out and is the only one that ever waits for the reader of the log. A line that
 * finds no room is counted, and the count becomes a line of its own. For log.c only.
 *
 * Before log_writer_start there is no thread and a line is written where it is logged: the commands
 * of the command line and the first steps of a start work so. */
#ifndef BASE_LOG_WRITER_H
#define BASE_LOG_WRITER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/fault.h"

struct log_writer {
    pthread_mutex_t mutex;  /* never held while the thread writes */
    pthread_cond_t changed; /* the thread has something to do */
    pthread_cond_t settled; /* the thread has nothing left to write */
    struct buffer waiting;  /* whole lines; guarded, as all that follows */
    bool wanted;            /* the lines that wait are to be written now */
    int64_t dropped;        /* lines that were lost and have not been reported yet */
    int next_fd;            /* what a reopening has opened, for the thread to take over; or -1 */
    bool running;           /* the thread exists and takes lines */
    bool busy;              /* the thread writes */
    bool stopping;
    bool abandoned; /* the thread was given up at the end of the process: lines go nowhere */

    pthread_t thread;
    struct buffer writing; /* the thread's own */
    int64_t reported;      /* the same: how many lost lines the last line of `writing` tells of */
    int fd;                /* the thread's own; the log_writer closes any but stderr */
    bool torn;             /* the last line that was written is not whole */
    /* Appends the line that says how many lines were lost. */
    void (*report)(struct buffer *out, int64_t lines);
};

/* Opens `path` ("": stderr) and starts the thread. */
bool log_writer_start(struct log_writer *writer, const char *path, struct fault *fault);
/* Opens `path`, again or another one; what is logged from now on goes there. False: the lines go
 * where they went. */
bool log_writer_reopen(struct log_writer *writer, const char *path, struct fault *fault);

/* With the mutex held: whether a line may be appended to `waiting`. False: it was counted. */
bool log_writer_has_room(struct log_writer *writer);
/* With the mutex held: has the lines that wait written, by the thread if there is one. */
void log_writer_push(struct log_writer *writer);

/* Waits until all that was logged is written, but not for longer than that. */
void log_writer_settle(struct log_writer *writer, int timeout_ms);
/* The same, and ends the thread. One that still waits for the log's reader is left behind. */
void log_writer_stop(struct log_writer *writer, int timeout_ms);

#endif
