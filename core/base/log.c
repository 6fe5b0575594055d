#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log_writer.h"

enum {
    FIELD_BYTES_MAX = 4 * 1024, /* longer texts are cut: a log is no place for bodies */
    LINE_BYTES_MAX = 64 * 1024,
    KEPT_BYTES_MAX = 32 * 1024,
    LAST_WORDS_WAIT_MS = 1000
};

/* Atomic, because threads call log_enabled while the main thread reloads its settings. */
static struct {
    _Atomic int level;
    _Atomic bool json;
} settings = {.level = LOG_INFO};

/* The buffer has room for two lines above the limit. */
static struct log_writer writer = {
    .mutex = PTHREAD_MUTEX_INITIALIZER,
    .waiting = {.bytes_max = LIMIT_LOG_WAITING_BYTES + 2 * LINE_BYTES_MAX},
    .fd = STDERR_FILENO,
    .next_fd = -1,
};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_configure(enum log_level level, bool json)
{
    atomic_store_explicit(&settings.level, (int)level, memory_order_relaxed);
    atomic_store_explicit(&settings.json, json, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&settings.level, memory_order_relaxed);
}

/* At most FIELD_BYTES_MAX of the text, cut between two UTF-8 characters. */
static struct slice cut(struct slice text)
{
    if (text.bytes <= FIELD_BYTES_MAX)
        return text;
    text.bytes = FIELD_BYTES_MAX;
    while (text.bytes > FIELD_BYTES_MAX - 4 &&
           ((unsigned char)text.data[text.bytes] & 0xc0) == 0x80)
        text.bytes--;
    return text;
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&settings.level, (int)level, memory_order_relaxed);
}

const char *log_level_name(void)
{
    return level_names[atomic_load_explicit(&settings.level, memory_order_relaxed)];
}

bool log_level_of(struct slice name, enum log_level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (!slice_equals(name, level_names[i]))
            continue;
        *out = (enum log_level)i;
        return true;
    }
    return false;
}

static void put_json_field(struct buffer *line, const struct log_field *field)
{
    buffer_append_text(line, ",\""); /* the names are ours and need no escapes */
    buffer_append_text(line, field->name);
    buffer_append_text(line, "\":");
    if (field->type == LOG_FIELD_INT)
        buffer_append_int(line, field->number);
    else
        json_write_string(line, cut(field->text));
}

static void put_json_head(struct buffer *line, enum log_level level, const char *event)
{
    char time[CLOCK_TEXT_BYTES];
    buffer_append_text(line, "{\"time\":\"");
    buffer_append_text(line, clock_format(clock_wall_ms(), time));
    buffer_append_text(line, "\",\"level\":\"");
    buffer_append_text(line, level_names[level]);
    buffer_append_text(line, "\",\"event\":");
    json_write_string(line, cut(slice_of(event)));
}

/* Returns true when the text needs no quotes. A text from outside must not be able to write a line
 * or a field of its own. */
static bool is_bare(struct slice text, char space)
{
    for (size_t i = 0; i < text.bytes; i++) {
        char c = text.data[i];
        bool graphic = c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
        if (!graphic && c != space)
            return false;
    }
    return text.bytes > 0;
}

static void put_text_field(struct buffer *line, const struct log_field *field)
{
    buffer_append_char(line, ' ');
    buffer_append_text(line, field->name);
    buffer_append_char(line, '=');
    struct slice text = cut(field->text);
    if (field->type == LOG_FIELD_INT)
        buffer_append_int(line, field->number);
    else if (is_bare(text, 'x'))
        buffer_append_slice(line, text);
    else
        json_write_string(line, text);
}

static void put_text_head(struct buffer *line, enum log_level level, const char *event)
{
    char time[CLOCK_TEXT_BYTES];
    buffer_append_text(line, clock_format(clock_wall_ms(), time));
    buffer_append_char(line, ' ');
    buffer_append_text(line, level_names[level]);
    buffer_append_char(line, ' ');
    struct slice text = cut(slice_of(event));
    if (is_bare(text, ' '))
        buffer_append_slice(line, text);
    else
        json_write_string(line, text);
}

static void put_line(struct buffer *line, bool json, enum log_level level, const char *event,
                     const struct log_field *fields, size_t field_count)
{
    if (json)
        put_json_head(line, level, event);
    else
        put_text_head(line, level, event);
    for (size_t i = 0; i < field_count; i++) {
        if (fields[i].name == NULL)
            continue;
        if (json)
            put_json_field(line, &fields[i]);
        else
            put_text_field(line, &fields[i]);
    }
    buffer_append_text(line, json ? "}\n" : "\n");
}

static void keep_line(struct buffer *kept, enum log_level level, const char *event,
                      const struct log_field *fields, size_t field_count)
{
    bool json = atomic_load_explicit(&settings.json, memory_order_relaxed);
    size_t start = kept->bytes;
    put_line(kept, json, level, event, fields, field_count);
    if (!kept->failed && kept->bytes - start <= LINE_BYTES_MAX)
        return;
    /* The line is too long: write the event alone, so that it is never lost. */
    const struct log_field dropped = log_int("fields_dropped", (int64_t)field_count);
    kept->bytes = start;
    kept->failed = false;
    put_line(kept, json, level, event, &dropped, 1);
    if (!kept->failed)
        return;
    kept->bytes = start; /* no memory */
    kept->failed = false;
    writer.dropped++;
}

static void report_lost(struct buffer *out, int64_t lines)
{
    const struct log_field count = log_int("lines", lines);
    keep_line(out, LOG_WARN, "log lines were lost: the log's reader or disk was too slow or full",
              &count, 1);
}

static void write_line(bool later, enum log_level level, const char *event,
                       const struct log_field *fields, size_t field_count)
{
    if (!log_enabled(level))
        return;
    int error = errno; /* callers log first and look at errno afterwards */
    check(pthread_mutex_lock(&writer.mutex) == 0);
    if (log_writer_has_room(&writer)) {
        keep_line(&writer.waiting, level, event, fields, field_count);
        if (!later || writer.waiting.bytes > KEPT_BYTES_MAX)
            log_writer_push(&writer);
    }
    check(pthread_mutex_unlock(&writer.mutex) == 0);
    errno = error;
}

void log_write_later(enum log_level level, const char *event, const struct log_field *fields,
                     size_t field_count)
{
    write_line(true, level, event, fields, field_count);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t field_count)
{
    write_line(false, level, event, fields, field_count);
}

void log_flush(void)
{
    int error = errno;
    if (pthread_mutex_trylock(&writer.mutex) != 0)
        return;
    log_writer_push(&writer);
    check(pthread_mutex_unlock(&writer.mutex) == 0);
    errno = error;
}

/* ---- life ---- */

bool log_start(const char *path, struct fault *fault)
{
    writer.report = report_lost;
    return log_writer_start(&writer, path, fault);
}

bool log_reopen(const char *path)
{
    struct fault fault;
    if (log_writer_reopen(&writer, path, &fault))
        return true;
    log_event(LOG_ERROR, "the log goes on where it was", log_text("reason", fault.message));
    return false;
}

int64_t log_lines_lost(void)
{
    return log_writer_lost(&writer);
}

void log_settle(int timeout_ms)
{
    log_writer_settle(&writer, timeout_ms);
}

void log_stop(int timeout_ms)
{
    log_writer_stop(&writer, timeout_ms);
}

void log_last_words(const char *text)
{
    struct pollfd wanted = {.fd = STDERR_FILENO, .events = POLLOUT};
    size_t bytes = strlen(text);
    log_settle(LAST_WORDS_WAIT_MS);
    /* A pipe that is writable at all takes PIPE_BUF bytes at once. */
    if (bytes > PIPE_BUF)
        bytes = PIPE_BUF;
    if (poll(&wanted, 1, LAST_WORDS_WAIT_MS) == 1 && write(STDERR_FILENO, text, bytes) < 0)
        return; /* no one is left to tell */
}
