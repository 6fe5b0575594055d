/* Carries the log's lines to stderr or to the log file. Lines wait in a bounded buffer; the log's
 * thread takes them out, and it alone ever waits for the log's reader. A line that does not fit is
 * counted, and the count becomes a line of its own. For log.c only.
 *
 * Before log_writer_start there is no thread: the caller writes its line itself. The commands of
 * the command line and the first steps of a start work so. */
#ifndef BASE_LOG_WRITER_H
#define BASE_LOG_WRITER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/fault.h"

struct log_writer {
    pthread_mutex_t mutex;  /* the thread does not hold it while it writes */
    pthread_cond_t changed; /* signalled: the thread has work */
    pthread_cond_t settled; /* signalled: the thread has written everything */
    /* The mutex guards all that follows, unless noted. */
    struct buffer waiting; /* whole lines */
    bool wanted;           /* the waiting lines are to be written now */
    int64_t dropped;       /* lost lines that no line has reported yet */
    int64_t told;          /* those that one has */
    int next_fd;           /* log_writer_reopen leaves it for the thread; or -1 */
    bool running;          /* the thread exists and takes lines */
    bool busy;             /* the thread is writing */
    bool stopping;
    bool abandoned; /* the thread was left behind at the end of the process: lines go nowhere */

    pthread_t thread;
    struct buffer writing; /* the thread's own */
    int64_t reported;      /* the thread's own: lost lines that `writing` reports */
    int fd;                /* the thread's own; the log_writer closes it unless it is stderr */
    bool torn;             /* the last line written is not whole */
    /* Appends the line that reports how many lines were lost. */
    void (*report)(struct buffer *out, int64_t lines);
};

/* Opens `path` ("": stderr) and starts the thread. */
bool log_writer_start(struct log_writer *writer, const char *path, struct fault *fault);
/* Opens `path`, the same or another file; later lines go there. On false the lines go where they
 * went before. */
bool log_writer_reopen(struct log_writer *writer, const char *path, struct fault *fault);

/* The caller holds the mutex. Returns whether a line may be appended to `waiting`; if not, the line
 * is counted as lost. */
bool log_writer_has_room(struct log_writer *writer);
/* How many lines were lost since the start. Any thread, without the mutex. */
int64_t log_writer_lost(struct log_writer *writer);
/* The caller holds the mutex. Has the waiting lines written, by the thread if there is one. */
void log_writer_push(struct log_writer *writer);

/* Waits until all lines so far are written, at most timeout_ms. */
void log_writer_settle(struct log_writer *writer, int timeout_ms);
/* Does the same and ends the thread. A thread that still waits for the log's reader is left
 * behind. */
void log_writer_stop(struct log_writer *writer, int timeout_ms);

#endif
