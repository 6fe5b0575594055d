/* The log: one line an event on stderr or in the log file, as JSON or text; lines of several
 * threads never mix. After log_start no call waits for the reader of the log: lines go through a
 * bounded buffer to a thread of the log's own, and what finds no room there is counted and the
 * count is logged. Never put a secret, a prompt or an answer into a field.
 *
 * The log is state of the process. The program's only other such states are the tests' clock
 * (clock.c), the failpoints of test builds (failpoint.c) and the set-up of the SQLite library
 * (store/engine/db.c). */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/slice.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *name;
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT } type;
    struct slice text;
    int64_t number;
};

static inline struct log_field log_text(const char *name, const char *text)
{
    return (struct log_field){.name = name, .type = LOG_FIELD_TEXT, .text = slice_of(text)};
}
static inline struct log_field log_slice(const char *name, struct slice text)
{
    return (struct log_field){.name = name, .type = LOG_FIELD_TEXT, .text = text};
}
static inline struct log_field log_int(const char *name, int64_t number)
{
    return (struct log_field){.name = name, .type = LOG_FIELD_INT, .number = number};
}

/* Before threads start, or under the main thread only. */
void log_configure(enum log_level level, bool json);
bool log_enabled(enum log_level level);

/* Use as: log_event(LOG_INFO, "policies reloaded", log_text("revision", rev), log_int("models",
 * 6)); */
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t field_count);
#define log_event(level, event, ...)                                                               \
    log_write((level), (event), (const struct log_field[]){{0}, ##__VA_ARGS__},                    \
              sizeof((const struct log_field[]){{0}, ##__VA_ARGS__}) / sizeof(struct log_field))
/* The same for the lines of which there is one a request: kept in memory until something else is
 * logged, until there are many, or until log_flush. */
void log_write_later(enum log_level level, const char *event, const struct log_field *fields,
                     size_t field_count);
#define log_event_later(level, event, ...)                                                         \
    log_write_later((level), (event), (const struct log_field[]){{0}, ##__VA_ARGS__},              \
                    sizeof((const struct log_field[]){{0}, ##__VA_ARGS__}) /                       \
                        sizeof(struct log_field))
/* Has what is kept written, unless another thread is about to. To be called often (each 100 ms),
 * and before the process ends. */
void log_flush(void);
/* (The first, empty field makes a call without fields legal; log_write skips fields without a
 * name.) */

/* Opens the log file ("": stderr) and starts the log's thread, when signals are blocked and before
 * other threads start. Until then, and for the commands of the command line, lines are written to
 * stderr where they are logged. */
bool log_start(const char *path, struct fault *fault);
/* Opens the log file again, for one that was moved away (logrotate), or another one. False: the log
 * goes on where it was. */
bool log_reopen(const char *path, struct fault *fault);
/* Waits until all that was logged is written, at most so long. */
void log_settle(int timeout_ms);
/* The same, and ends the thread: the last thing that a server does. */
void log_stop(int timeout_ms);
/* For the end of the process: what was logged, then this text on stderr, at most 4 KB of it. Waits
 * two seconds at most, even where the reader of the log has stalled. */
void log_last_words(const char *text);

#endif
