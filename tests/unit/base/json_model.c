#include "base/json_model.h"

#include <string.h>

/* ---- reading ---- */

struct reader {
    const unsigned char *text;
    size_t bytes;
    size_t at;
    unsigned depth_max;
    struct buffer *meaning;
    size_t text_bytes;
};

static int peek(const struct reader *reader)
{
    return reader->at < reader->bytes ? reader->text[reader->at] : -1;
}

static bool take(struct reader *reader, int c)
{
    if (peek(reader) != c)
        return false;
    reader->at++;
    return true;
}

static void take_space(struct reader *reader)
{
    while (take(reader, ' ') || take(reader, '\t') || take(reader, '\n') || take(reader, '\r'))
        continue;
}

static void put_byte(struct buffer *out, unsigned byte)
{
    buffer_append_char(out, "0123456789abcdef"[byte >> 4]);
    buffer_append_char(out, "0123456789abcdef"[byte & 15]);
}

/* Returns the bytes that the code point takes in UTF-8. */
static size_t put_code(struct buffer *out, unsigned long code)
{
    if (code < 0x80) {
        put_byte(out, (unsigned)code);
        return 1;
    }
    size_t more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned leads[] = {0, 0xc0, 0xe0, 0xf0};
    put_byte(out, leads[more] + (unsigned)(code >> 6 * more));
    for (size_t i = more; i > 0; i--)
        put_byte(out, 0x80 + (unsigned)(code >> 6 * (i - 1)) % 64);
    return more + 1;
}

/* A code point from UTF-8, or -1: by its value, and not by tables of bytes. */
static long read_utf8(struct reader *reader)
{
    int lead = peek(reader);
    int more = lead < 0x80       ? 0
               : lead >> 5 == 6  ? 1
               : lead >> 4 == 14 ? 2
               : lead >> 3 == 30 ? 3
                                 : -1;
    if (more < 0)
        return -1;
    reader->at++;
    long code = more == 0 ? lead : lead & (0x3f >> more);
    for (int i = 0; i < more; i++) {
        int c = peek(reader);
        if (c < 0 || c >> 6 != 2)
            return -1;
        reader->at++;
        code = code * 64 + c % 64;
    }
    static const long least[] = {0, 0x80, 0x800, 0x10000};
    if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return -1;
    return code;
}

static long read_hex4(struct reader *reader)
{
    long code = 0;
    for (int i = 0; i < 4; i++) {
        int c = peek(reader);
        const char *hex = "00112233445566778899aAbBcCdDeEfF";
        const char *found = c > 0 ? strchr(hex, c) : NULL;
        if (found == NULL)
            return -1;
        code = code * 16 + (found - hex) / 2;
        reader->at++;
    }
    return code;
}

/* Behind the backslash. A high surrogate looks for its low one, which stays if it is none. */
static long read_escape(struct reader *reader)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    int c = peek(reader);
    const char *found = c > 0 ? strchr(from, c) : NULL;
    if (found != NULL) {
        reader->at++;
        return to[found - from];
    }
    if (!take(reader, 'u'))
        return -1;
    long code = read_hex4(reader);
    if (code < 0xd800 || code > 0xdfff)
        return code;
    size_t behind = reader->at;
    if (code < 0xdc00 && take(reader, '\\') && take(reader, 'u')) {
        long low = read_hex4(reader);
        if (low >= 0xdc00 && low < 0xe000)
            return 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00);
    }
    reader->at = behind;
    return 0xfffd;
}

static bool read_string(struct reader *reader, size_t *out_bytes)
{
    if (!take(reader, '"'))
        return false;
    buffer_append_char(reader->meaning, '"');
    size_t bytes = 0;
    while (!take(reader, '"')) {
        if (peek(reader) < 0x20) /* also the end */
            return false;
        long code = take(reader, '\\') ? read_escape(reader) : read_utf8(reader);
        if (code < 0)
            return false;
        bytes += put_code(reader->meaning, (unsigned long)code);
    }
    buffer_append_char(reader->meaning, '"');
    *out_bytes = bytes;
    return true;
}

static bool read_digits(struct reader *reader)
{
    size_t start = reader->at;
    while (peek(reader) >= '0' && peek(reader) <= '9')
        reader->at++;
    return reader->at > start;
}

static bool read_number(struct reader *reader)
{
    size_t start = reader->at;
    take(reader, '-');
    if (!take(reader, '0') && !read_digits(reader))
        return false;
    if (take(reader, '.') && !read_digits(reader))
        return false;
    if (take(reader, 'e') || take(reader, 'E')) {
        if (!take(reader, '+'))
            take(reader, '-');
        if (!read_digits(reader))
            return false;
    }
    buffer_append(reader->meaning, reader->text + start, reader->at - start);
    return true;
}

static bool read_word(struct reader *reader, const char *word)
{
    for (const char *c = word; *c; c++) {
        if (!take(reader, *c))
            return false;
    }
    buffer_append_text(reader->meaning, word);
    return true;
}

static bool read_value(struct reader *reader, unsigned depth);

static bool read_items(struct reader *reader, unsigned depth, char open, char close)
{
    size_t key_bytes;
    if (!take(reader, open) || depth == reader->depth_max)
        return false;
    buffer_append_char(reader->meaning, open);
    take_space(reader);
    for (bool first = true; !take(reader, close); first = false) {
        if (!first && !take(reader, ','))
            return false;
        take_space(reader);
        if (open == '{') {
            if (!read_string(reader, &key_bytes))
                return false;
            take_space(reader);
            if (!take(reader, ':'))
                return false;
            buffer_append_char(reader->meaning, ':');
        }
        if (!read_value(reader, depth + 1))
            return false;
        buffer_append_char(reader->meaning, ',');
    }
    buffer_append_char(reader->meaning, close);
    return true;
}

static bool read_value(struct reader *reader, unsigned depth)
{
    take_space(reader);
    size_t string_bytes = 0;
    bool valid;
    switch (peek(reader)) {
    case '{':
        valid = read_items(reader, depth, '{', '}');
        break;
    case '[':
        valid = read_items(reader, depth, '[', ']');
        break;
    case '"':
        valid = read_string(reader, &string_bytes);
        break;
    case 't':
        valid = read_word(reader, "true");
        break;
    case 'f':
        valid = read_word(reader, "false");
        break;
    case 'n':
        valid = read_word(reader, "null");
        break;
    default:
        valid = read_number(reader);
    }
    reader->text_bytes += string_bytes;
    take_space(reader);
    return valid;
}

bool model_read(struct slice text, unsigned depth_max, struct buffer *meaning, size_t *text_bytes)
{
    struct reader reader = {
        .text = (const unsigned char *)text.data,
        .bytes = text.bytes,
        .depth_max = depth_max,
        .meaning = meaning,
    };
    if (!read_value(&reader, 0) || reader.at != reader.bytes)
        return false;
    *text_bytes += reader.text_bytes;
    return true;
}

/* ---- walking ---- */

static void walk_string(const struct json_value *string, struct buffer *meaning)
{
    struct buffer decoded;
    buffer_init(&decoded, string->raw.bytes); /* never longer than it stands */
    assert_true(json_decode_string(string, &decoded));
    buffer_append_char(meaning, '"');
    for (size_t i = 0; i < decoded.bytes; i++)
        put_byte(meaning, (unsigned char)decoded.data[i]);
    buffer_append_char(meaning, '"');
    buffer_fini(&decoded);
}

void model_walk(const struct json_value *value, struct buffer *meaning)
{
    if (value->type == JSON_STRING) {
        walk_string(value, meaning);
        return;
    }
    if (value->type != JSON_ARRAY && value->type != JSON_OBJECT) {
        buffer_append_slice(meaning, value->raw);
        return;
    }
    bool object = value->type == JSON_OBJECT;
    buffer_append_char(meaning, object ? '{' : '[');
    struct json_walk walk = json_walk(value);
    struct json_item item;
    while (json_next(&walk, &item)) {
        if (object) {
            struct slice quoted = {item.key.data - 1, item.key.bytes + 2};
            struct json_value key = {.type = JSON_STRING, .raw = quoted};
            walk_string(&key, meaning);
            buffer_append_char(meaning, ':');
        } else {
            assert_int_equal(item.key.bytes, 0);
        }
        model_walk(&item.value, meaning);
        buffer_append_char(meaning, ',');
    }
    assert_false(json_next(&walk, &item)); /* and stays at its end */
    buffer_append_char(meaning, object ? '}' : ']');
}

/* ---- comparing ---- */

/* With everything in the index, with some, with nothing: the same. */
static void assert_agrees_indexed(struct slice text, unsigned depth_max, bool valid,
                                  const struct buffer *expected, size_t text_bytes)
{
    static const size_t bytes_min[] = {0, 3, 20, SIZE_MAX};
    for (size_t i = 0; i < sizeof bytes_min / sizeof *bytes_min; i++) {
        static struct json_index index;
        struct json_value root;
        struct fault fault;
        struct buffer meaning;
        buffer_init(&meaning, 1 << 20);
        assert_int_equal(json_parse_indexed(text, depth_max, bytes_min[i], &index, &root, &fault),
                         valid);
        if (valid) {
            model_walk(&root, &meaning);
            assert_int_equal(meaning.bytes, expected->bytes);
            assert_memory_equal(meaning.data, expected->data, expected->bytes);
            assert_int_equal(json_text_bytes(&root), text_bytes);
        }
        buffer_fini(&meaning);
    }
}

void model_assert_agrees(struct slice text, unsigned depth_max)
{
    struct buffer expected, meaning;
    buffer_init(&expected, 1 << 20);
    buffer_init(&meaning, 1 << 20);
    size_t text_bytes = 0;
    bool valid = model_read(text, depth_max, &expected, &text_bytes);
    struct json_value root;
    struct fault fault = {"", "none"};
    bool parsed = json_parse(text, depth_max, &root, &fault);
    if (parsed != valid)
        fail_msg("parsed: %d (%s): %.*s", parsed, fault.message, (int)text.bytes, text.data);
    if (parsed) {
        model_walk(&root, &meaning);
        assert_false(expected.failed || meaning.failed);
        assert_int_equal(meaning.bytes, expected.bytes);
        assert_memory_equal(meaning.data, expected.data, expected.bytes);
        assert_int_equal(json_text_bytes(&root), text_bytes);
    }
    assert_agrees_indexed(text, depth_max, parsed, &expected, text_bytes);
    buffer_fini(&expected);
    buffer_fini(&meaning);
}

/* ---- writing ---- */

void model_write_space(struct dice *dice, struct buffer *out)
{
    while (dice_below(dice, 4) == 0)
        buffer_append_char(out, " \t\r\n"[dice_below(dice, 4)]);
}

void model_write_string(struct dice *dice, struct buffer *out)
{
    static const char *const pieces[] = {
        "a",
        "the quick brown fox jumps",
        "\\\"",
        "\\\\",
        "\\/",
        "\\b\\f\\n\\r\\t",
        "\\u0041",
        "\\u0000",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\xc3\xa9",
        "\xe2\x82\xac",
        "\xf0\x9f\x98\x80",
        "\\ud83d\\ude00",
        "\\uD83D",
        "\\ude00",
        "\\uFFFF",
        "\x7f",
        "'",
    };
    size_t count = dice_below(dice, dice_below(dice, 10) == 0 ? 40 : 5);
    buffer_append_char(out, '"');
    for (size_t i = 0; i < count; i++)
        buffer_append_text(out, pieces[dice_below(dice, sizeof pieces / sizeof *pieces)]);
    buffer_append_char(out, '"');
}

static void write_scalar(struct dice *dice, struct buffer *out)
{
    static const char *const scalars[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "-12",
        "0.5",
        "1e9",
        "-1.25E-3",
        "5e+0",
        "9223372036854775807",
        "123456789012345678901234567890",
    };
    if (dice_below(dice, 2) == 0)
        model_write_string(dice, out);
    else
        buffer_append_text(out, scalars[dice_below(dice, sizeof scalars / sizeof *scalars)]);
}

void model_write(struct dice *dice, unsigned depth, struct buffer *out)
{
    model_write_space(dice, out);
    size_t kind = depth == 0 ? 0 : dice_below(dice, 4);
    if (kind < 2) {
        write_scalar(dice, out);
    } else {
        bool object = kind == 2;
        buffer_append_char(out, object ? '{' : '[');
        size_t count = dice_below(dice, 5);
        for (size_t i = 0; i < count; i++) {
            if (i > 0)
                buffer_append_char(out, ',');
            model_write_space(dice, out);
            if (object) {
                model_write_string(dice, out);
                model_write_space(dice, out);
                buffer_append_char(out, ':');
            }
            model_write(dice, depth - 1, out);
        }
        model_write_space(dice, out);
        buffer_append_char(out, object ? '}' : ']');
    }
    model_write_space(dice, out);
}
