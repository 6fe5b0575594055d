#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/json.h"

enum {
    FIELD_BYTES_MAX = 4 * 1024, /* longer texts are cut: a log is no place for bodies */
    LINE_BYTES_MAX = 64 * 1024,
    KEPT_BYTES_MAX = 32 * 1024
};

/* Atomic, because threads ask log_enabled while the main thread reloads its settings. */
static struct {
    _Atomic int level;
    _Atomic bool json;
    pthread_mutex_t lock;
    struct buffer kept; /* lines not yet written; has room for more than the last one */
} settings = {.level = LOG_INFO,
              .lock = PTHREAD_MUTEX_INITIALIZER,
              .kept = {.bytes_max = KEPT_BYTES_MAX + 2 * LINE_BYTES_MAX}};

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

/* At most FIELD_BYTES_MAX of it, cut between two UTF-8 characters. */
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

static void put_json_field(struct buffer *line, const struct log_field *field)
{
    buffer_append_text(line, ",\""); /* names are ours: nothing in them is to be escaped */
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

/* True when the text may stand bare: what comes from outside must not be able to write a line or
 * a field of its own. */
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
        if (!fields[i].name)
            continue;
        if (json)
            put_json_field(line, &fields[i]);
        else
            put_text_field(line, &fields[i]);
    }
    buffer_append_text(line, json ? "}\n" : "\n");
}

/* What cannot be written is dropped: there is nobody left to tell. */
static void write_kept(void)
{
    const char *at = settings.kept.data;
    size_t left = settings.kept.bytes;
    while (left > 0) {
        ssize_t written = write(STDERR_FILENO, at, left);
        if (written < 0 && errno != EINTR)
            break;
        at += written > 0 ? written : 0;
        left -= written > 0 ? (size_t)written : 0;
    }
    buffer_reset(&settings.kept);
}

static void keep_line(enum log_level level, const char *event, const struct log_field *fields,
                      size_t field_count)
{
    struct buffer *kept = &settings.kept;
    bool json = atomic_load_explicit(&settings.json, memory_order_relaxed);
    size_t start = kept->bytes;
    put_line(kept, json, level, event, fields, field_count);
    if (!kept->failed && kept->bytes - start <= LINE_BYTES_MAX)
        return;
    /* Too long: the event alone, so that it is never lost. */
    const struct log_field dropped = log_int("fields_dropped", (int64_t)field_count);
    kept->bytes = start;
    kept->failed = false;
    put_line(kept, json, level, event, &dropped, 1);
}

void log_write_later(enum log_level level, const char *event, const struct log_field *fields,
                     size_t field_count)
{
    if (!log_enabled(level))
        return;
    int error = errno; /* callers log first and look at errno afterwards */
    pthread_mutex_lock(&settings.lock);
    keep_line(level, event, fields, field_count);
    if (settings.kept.bytes > KEPT_BYTES_MAX)
        write_kept();
    pthread_mutex_unlock(&settings.lock);
    errno = error;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t field_count)
{
    if (!log_enabled(level))
        return;
    int error = errno;
    pthread_mutex_lock(&settings.lock);
    keep_line(level, event, fields, field_count);
    write_kept();
    pthread_mutex_unlock(&settings.lock);
    errno = error;
}

void log_flush(void)
{
    int error = errno;
    if (pthread_mutex_trylock(&settings.lock) != 0)
        return;
    if (settings.kept.bytes > 0)
        write_kept();
    pthread_mutex_unlock(&settings.lock);
    errno = error;
}
