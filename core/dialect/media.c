#include "dialect/media.h"

#include <string.h>

#include "dialect/said.h"

enum {
    LOOKED_AT_BYTES = 2048, /* the beginning is enough to recognise base64 */
    SPACING_BYTES = 90      /* MIME breaks base64 into lines of 76 */
};

static struct slice inside(const struct json_value *string)
{
    return (struct slice){string->raw.data + 1, string->raw.bytes - 2};
}

static bool is_base64_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=' || c == '-' || c == '_';
}

/* Returns how many bytes from `at` on are base64. Slashes may be escaped, as some JSON writers do,
 * and line breaks may stand between. */
static size_t base64_run(struct slice text, size_t at)
{
    size_t start = at;
    while (at < text.bytes) {
        bool escaped = text.data[at] == '\\' && at + 1 < text.bytes;
        char next = escaped ? text.data[at + 1] : '\0';
        if (is_base64_char(text.data[at]))
            at++;
        else if (escaped && (next == '/' || next == 'n' || next == 'r'))
            at += 2;
        else
            break;
    }
    return at - start;
}

static bool is_base64(struct slice text)
{
    struct slice front = {text.data, text.bytes};
    if (front.bytes > LOOKED_AT_BYTES)
        front.bytes = LOOKED_AT_BYTES;
    /* The end of the part that is looked at may cut an escape in two. */
    return base64_run(front, 0) + 1 >= front.bytes;
}

/* The usual files begin with these, in base64. */
static bool is_file(struct slice text)
{
    static const char *const starts[] = {
        "iVBORw0KGgo", /* PNG */
        "/9j/",        /* JPEG */
        "\\/9j\\/",    /* the same with its slashes escaped */
        "R0lGOD",      /* GIF */
        "UklGR",       /* WebP, WAV */
        "SUQz",        /* MP3 */
        "T2dnUw",      /* Ogg */
        "JVBERi",      /* PDF */
        "GkXfo",       /* WebM */
    };
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        if (slice_starts_with(text, starts[i]))
            return true;
    }
    return false;
}

bool media_is_data(const struct json_value *string)
{
    struct slice text = inside(string);
    if (slice_starts_with(text, "data:"))
        return true;
    return text.bytes >= MEDIA_BYTES_MIN && is_base64(text);
}

/* A model's words stand under these names: a text without spaces is still text. */
static bool is_text_name(struct slice key)
{
    static const char *const names[] = {"content",
                                        "text",
                                        "reasoning",
                                        "reasoning_content",
                                        "reasoning_text",
                                        "reasoning_details",
                                        "refusal",
                                        "arguments",
                                        "transcript",
                                        "thinking",
                                        "summary",
                                        "input",
                                        "output",
                                        "output_text",
                                        "name",
                                        "partial_json",
                                        "title",
                                        "query",
                                        "code"};
    return json_key_is_one_of(key, names, sizeof names / sizeof names[0]);
}

/* Seals of a model's reasoning, to be sent back with it: the model does not generate them. All data
 * under a reasoning name is a seal. */
static bool is_seal(struct slice name, struct slice key)
{
    static const char *const names[] = {"signature", "thought_signature", "thoughtSignature",
                                        "encrypted_content"};
    static const char *const thoughts[] = {"reasoning", "reasoning_details", "thinking",
                                           "thinking_blocks"};
    return json_key_is_one_of(key, names, sizeof names / sizeof names[0]) ||
           (json_key_is(key, "data") &&
            json_key_is_one_of(name, thoughts, sizeof thoughts / sizeof thoughts[0]));
}

static void add_data(struct slice name, struct slice text, size_t bytes, struct media_sizes *sizes)
{
    if (json_key_is(name, "audio") || slice_starts_with(text, "data:audio") ||
        slice_starts_with(text, "data:application/ogg"))
        sizes->audio_bytes += (int64_t)bytes;
    else
        sizes->image_count++;
}

static const char mark[] = ";base64,";
enum { MARK_BYTES = sizeof mark - 1 };

/* Returns the next place behind a mark, from `at` on; 0: there is none. It searches for semicolons,
 * which are rare in text: that is much quicker than a search for the whole mark. */
static size_t behind_mark(struct slice text, size_t at)
{
    const char *found;
    while ((found = memchr(text.data + at, ';', text.bytes - at)) != NULL) {
        at = (size_t)(found - text.data);
        struct slice rest = {found, text.bytes - at};
        if (slice_starts_with(rest, mark))
            return at + MARK_BYTES;
        at++;
    }
    return 0;
}

/* Counts the data: URLs inside a text, as in Markdown, and returns their bytes. */
static int64_t take_urls(struct slice text, struct media_sizes *sizes)
{
    int64_t data_bytes = 0;
    size_t at = text.bytes >= MEDIA_BYTES_MIN ? behind_mark(text, 0) : 0;
    for (; at > 0; at = behind_mark(text, at)) {
        size_t run = base64_run(text, at);
        at += run;
        if (run < MEDIA_BYTES_MIN)
            continue;
        data_bytes += (int64_t)run;
        sizes->image_count++;
    }
    return data_bytes;
}

/* Adds a string in which `data_bytes` bytes are data. */
static void add_text(const struct json_value *string, int64_t data_bytes, struct media_sizes *sizes)
{
    int64_t text_bytes = (int64_t)json_text_bytes(string) - data_bytes;
    sizes->text_bytes += text_bytes > 0 ? text_bytes : 0;
}

static bool is_data(struct slice name, struct slice key, struct slice text)
{
    if (slice_starts_with(text, "data:"))
        return true;
    bool text_name = is_text_name(key.bytes > 0 ? key : name); /* a string in a list has no key */
    return is_base64(text) && (is_file(text) || !text_name);
}

static void add_string(struct slice name, const struct json_item *item, struct media_sizes *sizes)
{
    struct slice text = inside(&item->value);
    bool long_enough = text.bytes >= MEDIA_BYTES_MIN;
    bool of_sound = json_key_is(name, "audio");
    if (said_is_label(item->key) || (long_enough && is_seal(name, item->key)))
        return;
    if (of_sound && json_key_is(item->key, "data"))
        sizes->audio_bytes += (int64_t)text.bytes;
    else if (long_enough && is_data(name, item->key, text))
        add_data(name, text, text.bytes, sizes);
    else
        add_text(&item->value, take_urls(text, sizes), sizes);
}

void media_measure(struct slice name, const struct json_value *value, struct media_sizes *sizes)
{
    if (value->type == JSON_STRING) { /* it stands under the member's own name */
        const struct json_item only = {.key = name, .value = *value};
        add_string(name, &only, sizes);
        return;
    }
    struct json_strings walk = json_strings(value);
    struct json_item item;
    while (json_next_string(&walk, &item))
        add_string(name, &item, sizes);
}

/* ---- data: URLs in pieces ---- */

bool media_may_be_piece(struct slice text)
{
    enum { END_BYTES = 16 };
    if (text.bytes < MEDIA_PIECE_BYTES_MIN)
        return false;
    for (size_t i = text.bytes - END_BYTES; i < text.bytes; i++) {
        char c = text.data[i];
        if (!is_base64_char(c) && memchr("\\:;,", c, 4) == NULL) /* of escapes and the mark */
            return false;
    }
    return true;
}

/* Returns how many bytes of the mark a text ends with, less than all. */
static unsigned mark_begun(struct slice text)
{
    unsigned bytes = MARK_BYTES - 1;
    while (bytes > 0 &&
           (text.bytes < bytes || memcmp(text.data + text.bytes - bytes, mark, bytes) != 0))
        bytes--;
    return bytes;
}

/* Notes a URL that is still open at the end of a piece, and how much of it came. */
static void note_open(struct media_run *run, struct slice text)
{
    size_t last = 0;
    for (size_t at = behind_mark(text, 0); at > 0; at = behind_mark(text, at))
        last = at;
    size_t bytes = last > 0 ? base64_run(text, last) : 0;
    bool open = last > 0 && last + bytes == text.bytes;
    run->mark_bytes = open ? MARK_BYTES : mark_begun(text);
    run->bytes = (int64_t)(slice_starts_with(text, "data:") ? text.bytes : bytes);
}

/* The first `bytes` bytes of the piece belong to the open URL. */
static void go_on(struct media_run *run, const struct json_value *string, size_t bytes,
                  struct media_sizes *sizes)
{
    struct slice text = inside(string);
    struct slice rest = {text.data + bytes, text.bytes - bytes};
    bool counted = run->bytes >= MEDIA_BYTES_MIN;
    run->mark_bytes = MARK_BYTES;
    run->bytes += (int64_t)bytes;
    if (!counted && run->bytes >= MEDIA_BYTES_MIN)
        sizes->image_count++;
    int64_t data_bytes = counted ? (int64_t)bytes : 0;
    add_text(string, data_bytes + take_urls(rest, sizes), sizes);
    if (rest.bytes > 0)
        note_open(run, rest);
}

void media_measure_piece(struct media_run *run, const struct json_value *string,
                         struct media_sizes *sizes)
{
    struct slice text = inside(string);
    bool begun = run->mark_bytes > 0 && slice_starts_with(text, mark + run->mark_bytes);
    size_t start = begun ? MARK_BYTES - run->mark_bytes : 0;
    size_t bytes = begun ? base64_run(text, start) : 0;
    bool ends = start + bytes < text.bytes;
    if (bytes >= MEDIA_PIECE_BYTES_MIN || (bytes > 0 && ends)) { /* the last piece may be short */
        go_on(run, string, start + bytes, sizes);
        return;
    }
    media_measure(slice_of("content"), string, sizes);
    if (ends || run->mark_bytes < MARK_BYTES) /* else a few letters, which may be text */
        note_open(run, text);
}

/* ---- what a message holds ---- */

int64_t media_text_bytes(const struct json_value *value)
{
    struct json_strings walk = json_strings(value);
    struct json_item item;
    int64_t bytes = 0;
    while (json_next_string(&walk, &item))
        bytes += said_is_label(item.key) ? 0 : (int64_t)json_text_bytes(&item.value);
    return bytes;
}
