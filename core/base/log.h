/* The log: one line an event on stderr, as JSON or text; lines of several threads never mix. The
 * only global of the program. Never put a secret, a prompt or an answer into a field. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
/* Writes what is kept, unless another thread is about to. To be called often (each 100 ms), and
 * before the process ends. */
void log_flush(void);
/* (The first, empty field makes a call without fields legal; log_write skips fields without a
 * name.) */

#endif
