/* The log: one line for each event, on stderr or in the log file, as JSON or text. Lines of several
 * threads never mix. After log_start no caller waits for the log's reader: lines go through a
 * bounded buffer to the log's own thread. A line that does not fit is lost and counted, and the
 * count is logged. Never put a secret, a prompt or an answer into a field.
 *
 * The log is state of the process. The only other such state is the tests' clock (clock.c), the
 * failpoints of test builds (failpoint.c) and the set-up of the SQLite library
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

/* Call it before threads start; later only on the main thread. */
void log_configure(enum log_level level, bool json);
bool log_enabled(enum log_level level);
/* Any thread, until log_configure is called the next time. */
void log_set_level(enum log_level level);
const char *log_level_name(void); /* of the level in force */
/* Returns false if there is no level of this name. */
bool log_level_of(struct slice name, enum log_level *out);

/* Use as: log_event(LOG_INFO, "policies reloaded", log_text("revision", rev), log_int("models",
 * 6)); */
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t field_count);
#define log_event(level, event, ...)                                                               \
    log_write((level), (event), (const struct log_field[]){{0}, ##__VA_ARGS__},                    \
              sizeof((const struct log_field[]){{0}, ##__VA_ARGS__}) / sizeof(struct log_field))
/* The same for lines that come once a request. They are kept in memory until another line is
 * logged, until there are many, or until log_flush. */
void log_write_later(enum log_level level, const char *event, const struct log_field *fields,
                     size_t field_count);
#define log_event_later(level, event, ...)                                                         \
    log_write_later((level), (event), (const struct log_field[]){{0}, ##__VA_ARGS__},              \
                    sizeof((const struct log_field[]){{0}, ##__VA_ARGS__}) /                       \
                        sizeof(struct log_field))
/* Has the kept lines written, unless another thread is about to do so. Call it often (each 100 ms),
 * and before the process ends. */
void log_flush(void);
/* (The empty first field makes a call without fields legal; log_write skips fields without a
 * name.) */

/* Opens the log file ("": stderr) and starts the log's thread. Call it after signals are blocked
 * and before other threads start. Until then, and for the commands of the command line, the caller
 * writes its line to stderr itself. */
bool log_start(const char *path, struct fault *fault);
/* Opens the log file again, because it was moved away (logrotate), or opens another one. On false
 * the log goes on where it was, and says why. */
bool log_reopen(const char *path);
/* How many lines were lost since the start. Any thread. */
int64_t log_lines_lost(void);
/* Waits until all lines so far are written, at most timeout_ms. */
void log_settle(int timeout_ms);
/* Does the same and ends the thread: a server's last act. */
void log_stop(int timeout_ms);
/* For the end of the process: writes the lines so far, then `text` to stderr, at most 4 KB of it.
 * Waits two seconds at most, even when the log's reader has stalled. */
void log_last_words(const char *text);

#endif
