#include "base/log_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/limits.h"

/* ---- writing: without the mutex once the thread runs ---- */

static int64_t count_lines(const char *text, size_t bytes)
{
    int64_t lines = 0;
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    return lines;
}

/* Writes as many bytes as it can. Returns how many. */
static size_t write_bytes(int fd, const char *data, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        ssize_t written = write(fd, data + done, bytes - done);
        if (written > 0) {
            done += (size_t)written;
        } else if (errno == EAGAIN) { /* another process made the pipe non-blocking */
            struct pollfd wanted = {.fd = fd, .events = POLLOUT};
            poll(&wanted, 1, -1);
        } else if (errno != EINTR) {
            break;
        }
    }
    return done;
}

/* A full disk or a closed pipe loses the lines it does not take: a log must not hold up the
 * service. Returns how many lines were lost. */
static int64_t write_lines(struct log_writer *writer, struct slice lines)
{
    /* The next line must not continue one that was cut. */
    if (writer->torn && write_bytes(writer->fd, "\n", 1) == 0)
        return count_lines(lines.data, lines.bytes);
    writer->torn = false;
    size_t done = write_bytes(writer->fd, lines.data, lines.bytes);
    if (done == lines.bytes)
        return 0;
    writer->torn = done > 0 && lines.data[done - 1] != '\n';
    return count_lines(lines.data + done, lines.bytes - done);
}

/* ---- the thread ---- */

static void take_over_fd(struct log_writer *writer)
{
    if (writer->next_fd < 0)
        return;
    if (writer->fd != STDERR_FILENO)
        close(writer->fd);
    writer->fd = writer->next_fd;
    writer->next_fd = -1;
    writer->torn = false;
}

/* Call it under the mutex: moves the waiting lines to `writing`. */
static void take_lines(struct log_writer *writer)
{
    struct buffer empty = writer->writing;
    writer->writing = writer->waiting;
    writer->waiting = empty;
    buffer_reset(&writer->waiting);
    writer->wanted = false;
    writer->reported = 0;
    if (writer->dropped > 0 && writer->writing.bytes > 0) {
        writer->reported = writer->dropped;
        writer->dropped = 0;
        writer->report(&writer->writing, writer->reported);
    }
}

/* The report is the last line of a write: if any line is lost, so is the report, and its count is
 * due again. */
static void count_lost(struct log_writer *writer, int64_t lost)
{
    bool report_lost = lost > 0 && writer->reported > 0;
    writer->told += report_lost ? 0 : writer->reported;
    writer->dropped += report_lost ? lost - 1 + writer->reported : lost;
}

static void *thread_main(void *arg)
{
    struct log_writer *writer = arg;
    check(pthread_mutex_lock(&writer->mutex) == 0);
    while (!writer->stopping || writer->waiting.bytes > 0) {
        if (!writer->wanted && !writer->stopping && writer->next_fd < 0) {
            check(pthread_cond_wait(&writer->changed, &writer->mutex) == 0);
            continue;
        }
        take_over_fd(writer);
        take_lines(writer);
        writer->busy = true;
        check(pthread_mutex_unlock(&writer->mutex) == 0);
        int64_t lost = write_lines(writer, buffer_slice(&writer->writing));
        check(pthread_mutex_lock(&writer->mutex) == 0);
        writer->busy = false;
        count_lost(writer, lost);
        check(pthread_cond_broadcast(&writer->settled) == 0);
    }
    writer->running = false;
    check(pthread_cond_broadcast(&writer->settled) == 0);
    check(pthread_mutex_unlock(&writer->mutex) == 0);
    return NULL;
}

/* ---- for the threads that log ---- */

bool log_writer_has_room(struct log_writer *writer)
{
    bool room = !writer->abandoned && writer->waiting.bytes < LIMIT_LOG_WAITING_BYTES;
    writer->dropped += room ? 0 : 1;
    return room;
}

int64_t log_writer_lost(struct log_writer *writer)
{
    check(pthread_mutex_lock(&writer->mutex) == 0);
    int64_t lost = writer->told + writer->dropped + (writer->busy ? writer->reported : 0);
    check(pthread_mutex_unlock(&writer->mutex) == 0);
    return lost;
}

void log_writer_push(struct log_writer *writer)
{
    if (writer->waiting.bytes == 0)
        return;
    if (writer->running) {
        if (!writer->wanted && !writer->busy)
            check(pthread_cond_signal(&writer->changed) == 0);
        writer->wanted = true;
        return;
    }
    writer->dropped += write_lines(writer, buffer_slice(&writer->waiting));
    buffer_reset(&writer->waiting);
}

/* ---- life ---- */

static int open_log(const char *path, struct fault *fault)
{
    if (path[0] == '\0')
        return STDERR_FILENO;
    /* O_NONBLOCK: opening a named pipe without a reader fails and does not wait. */
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    if (fd < 0) {
        fault_set(fault, "log_unusable", "log_file = %s cannot be opened: %s", path,
                  strerror(errno));
        return -1;
    }
    int flags = fcntl(fd, F_GETFL);
    check(flags >= 0 && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0);
    return fd;
}

static void init_conditions(struct log_writer *writer)
{
    pthread_condattr_t monotonic;
    check(pthread_condattr_init(&monotonic) == 0 &&
          pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    check(pthread_cond_init(&writer->changed, &monotonic) == 0 &&
          pthread_cond_init(&writer->settled, &monotonic) == 0);
    check(pthread_condattr_destroy(&monotonic) == 0);
}

static void fini_conditions(struct log_writer *writer)
{
    check(pthread_cond_destroy(&writer->changed) == 0);
    check(pthread_cond_destroy(&writer->settled) == 0);
}

bool log_writer_start(struct log_writer *writer, const char *path, struct fault *fault)
{
    check(!writer->running && !writer->abandoned);
    int fd = open_log(path, fault);
    if (fd < 0)
        return false;
    init_conditions(writer);
    buffer_init(&writer->writing, writer->waiting.bytes_max);
    writer->fd = fd;
    writer->next_fd = -1;
    writer->torn = writer->stopping = writer->busy = false;
    writer->running = true;
    if (pthread_create(&writer->thread, NULL, thread_main, writer) != 0) {
        writer->running = false;
        writer->fd = STDERR_FILENO;
        fini_conditions(writer);
        if (fd != STDERR_FILENO)
            close(fd);
        return fault_set(fault, "out_of_threads", "the log's thread could not be started");
    }
    pthread_setname_np(writer->thread, "log");
    return true;
}

bool log_writer_reopen(struct log_writer *writer, const char *path, struct fault *fault)
{
    int fd = open_log(path, fault);
    if (fd < 0)
        return false;
    check(pthread_mutex_lock(&writer->mutex) == 0);
    if (writer->next_fd >= 0 && writer->next_fd != STDERR_FILENO)
        close(writer->next_fd); /* the thread still waits for the reader of the file before */
    writer->next_fd = fd;
    check(pthread_cond_signal(&writer->changed) == 0);
    check(pthread_mutex_unlock(&writer->mutex) == 0);
    return true;
}

static struct timespec deadline_in(clockid_t clock, int timeout_ms)
{
    struct timespec at;
    check(clock_gettime(clock, &at) == 0);
    at.tv_sec += timeout_ms / 1000;
    at.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

/* Call it under the mutex. Returns false when the time ran out first. */
static bool wait_until_settled(struct log_writer *writer, int timeout_ms)
{
    const struct timespec deadline = deadline_in(CLOCK_MONOTONIC, timeout_ms);
    while (writer->running && (writer->busy || writer->waiting.bytes > 0 || writer->stopping)) {
        if (pthread_cond_timedwait(&writer->settled, &writer->mutex, &deadline) == ETIMEDOUT)
            return false;
    }
    return true;
}

void log_writer_settle(struct log_writer *writer, int timeout_ms)
{
    /* After a failed check this thread may hold the mutex itself. */
    const struct timespec deadline = deadline_in(CLOCK_REALTIME, timeout_ms);
    if (pthread_mutex_timedlock(&writer->mutex, &deadline) != 0)
        return;
    log_writer_push(writer);
    if (writer->running && !pthread_equal(writer->thread, pthread_self()))
        wait_until_settled(writer, timeout_ms);
    check(pthread_mutex_unlock(&writer->mutex) == 0);
}

void log_writer_stop(struct log_writer *writer, int timeout_ms)
{
    check(pthread_mutex_lock(&writer->mutex) == 0);
    if (!writer->running) {
        check(pthread_mutex_unlock(&writer->mutex) == 0);
        return;
    }
    writer->stopping = true;
    check(pthread_cond_signal(&writer->changed) == 0);
    bool ended = wait_until_settled(writer, timeout_ms);
    writer->abandoned = !ended;
    check(pthread_mutex_unlock(&writer->mutex) == 0);
    if (!ended) {
        check(pthread_detach(writer->thread) == 0);
        return;
    }
    check(pthread_join(writer->thread, NULL) == 0);
    fini_conditions(writer);
    buffer_fini(&writer->writing);
    take_over_fd(writer);
    if (writer->fd != STDERR_FILENO)
        close(writer->fd);
    writer->fd = STDERR_FILENO;
    writer->torn = false;
}
