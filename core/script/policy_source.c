/* Reads Lua tokens and follows their nesting just enough to find a path in table constructors.
 * Works on any bytes: for a text that is not Lua it finds no place, and it never fails. */
#include "script/policy_source.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16 };

enum token_type { TOKEN_END, TOKEN_NAME, TOKEN_STRING, TOKEN_NUMBER, TOKEN_MARK };

struct token {
    enum token_type type;
    struct slice text; /* of a string: the text between its quotes, escapes not decoded */
    int line;
};

struct reader {
    const char *at;
    const char *end;
    int line;
    struct token token; /* the last token read */
};

/* ---- tokens ---- */

static char peek(const struct reader *reader, size_t ahead)
{
    return (size_t)(reader->end - reader->at) > ahead ? reader->at[ahead] : '\0';
}

static void skip(struct reader *reader, size_t bytes)
{
    for (; bytes > 0 && reader->at < reader->end; bytes--)
        if (*reader->at++ == '\n')
            reader->line++;
}

/* Starts at "[[" or "[==[": skips the long string and sets *content. */
static bool read_long_string(struct reader *reader, struct slice *content)
{
    size_t level = 0;
    if (peek(reader, 0) != '[')
        return false;
    while (peek(reader, 1 + level) == '=')
        level++;
    if (peek(reader, 1 + level) != '[')
        return false;
    skip(reader, level + 2);
    const char *start = reader->at;
    while (reader->at < reader->end) {
        if (peek(reader, 0) == ']') {
            size_t equals = 0;
            while (equals < level && peek(reader, 1 + equals) == '=')
                equals++;
            if (equals == level && peek(reader, 1 + level) == ']')
                break;
        }
        skip(reader, 1);
    }
    *content = (struct slice){start, (size_t)(reader->at - start)};
    skip(reader, level + 2);
    return true;
}

static void skip_space_and_comments(struct reader *reader)
{
    struct slice ignored;
    for (;;) {
        if (reader->at < reader->end && isspace((unsigned char)*reader->at)) {
            skip(reader, 1);
        } else if (peek(reader, 0) == '-' && peek(reader, 1) == '-') {
            skip(reader, 2);
            if (!read_long_string(reader, &ignored))
                while (reader->at < reader->end && *reader->at != '\n')
                    skip(reader, 1);
        } else {
            return;
        }
    }
}

static void read_string(struct reader *reader)
{
    char quote = *reader->at;
    skip(reader, 1);
    const char *start = reader->at;
    while (reader->at < reader->end && *reader->at != quote && *reader->at != '\n')
        skip(reader, *reader->at == '\\' ? 2 : 1);
    reader->token.text = (struct slice){start, (size_t)(reader->at - start)};
    skip(reader, 1);
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Reads the next token into reader->token; returns false at the end. */
static bool next(struct reader *reader)
{
    skip_space_and_comments(reader);
    struct token *token = &reader->token;
    *token = (struct token){.type = TOKEN_END, .line = reader->line};
    if (reader->at == reader->end)
        return false;
    char c = *reader->at;
    const char *start = reader->at;
    if (c == '"' || c == '\'') {
        token->type = TOKEN_STRING;
        read_string(reader);
    } else if (c == '[' && read_long_string(reader, &token->text)) {
        token->type = TOKEN_STRING;
    } else if (is_name_char(c)) {
        bool number = isdigit((unsigned char)c);
        token->type = number ? TOKEN_NUMBER : TOKEN_NAME;
        while (is_name_char(peek(reader, 0)) || (number && peek(reader, 0) == '.'))
            skip(reader, 1);
        token->text = (struct slice){start, (size_t)(reader->at - start)};
    } else {
        token->type = TOKEN_MARK;
        bool pair = peek(reader, 1) == '=' && strchr("=~<>", c) != NULL;
        skip(reader, pair ? 2 : 1);
        token->text = (struct slice){start, pair ? 2 : 1};
    }
    return true;
}

static bool is_mark(const struct token *token, char mark)
{
    return token->type == TOKEN_MARK && token->text.bytes == 1 && *token->text.data == mark;
}

/* How the token changes the depth of nesting: by brackets and blocks. */
static int nesting(const struct token *token)
{
    static const char *const opening[] = {"function", "if", "do", "repeat"};
    static const char *const closing[] = {"end", "until"};
    if (token->type == TOKEN_MARK && token->text.bytes == 1) {
        char c = *token->text.data;
        return (c == '(' || c == '{' || c == '[') - (c == ')' || c == '}' || c == ']');
    }
    if (token->type != TOKEN_NAME)
        return 0;
    for (size_t i = 0; i < sizeof opening / sizeof *opening; i++)
        if (slice_equals(token->text, opening[i]))
            return 1;
    for (size_t i = 0; i < sizeof closing / sizeof *closing; i++)
        if (slice_equals(token->text, closing[i]))
            return -1;
    return 0;
}

/* ---- table constructors ---- */

/* Reads up to the first token inside the table that the file returns. */
static bool enter_returned_table(struct reader *reader)
{
    int depth = 0;
    while (next(reader)) {
        if (depth == 0 && reader->token.type == TOKEN_NAME &&
            slice_equals(reader->token.text, "return"))
            return next(reader) && is_mark(&reader->token, '{') && next(reader);
        depth += nesting(&reader->token);
    }
    return false;
}

struct field {
    struct slice name; /* empty for a list item or a computed key */
    long index;        /* > 0 for a list item */
    int line;
};

/* Starts on the first token of a field; reads its key and `=`, up to the first token of its value.
 * Returns false at the closing brace and at the end. */
static bool read_field(struct reader *reader, long *list_count, struct field *field)
{
    while (is_mark(&reader->token, ',') || is_mark(&reader->token, ';'))
        if (!next(reader))
            return false;
    if (reader->token.type == TOKEN_END || is_mark(&reader->token, '}'))
        return false;
    *field = (struct field){.line = reader->token.line};
    struct reader before = *reader;
    if (reader->token.type == TOKEN_NAME) {
        field->name = reader->token.text;
        if (next(reader) && is_mark(&reader->token, '='))
            return next(reader);
    } else if (is_mark(&reader->token, '[')) {
        bool simple = next(reader) && reader->token.type == TOKEN_STRING;
        field->name = reader->token.text;
        if (simple && next(reader) && is_mark(&reader->token, ']') && next(reader) &&
            is_mark(&reader->token, '='))
            return next(reader);
        field->name = (struct slice){0};
        *reader = before;
        return true; /* the field [computed] = value is skipped as a whole */
    }
    *reader = before;
    field->name = (struct slice){0};
    field->index = ++*list_count;
    return true;
}

/* Goes from the first token of a value to the separator or brace behind it. */
static void skip_value(struct reader *reader)
{
    int depth = 0;
    do {
        const struct token *token = &reader->token;
        if (depth == 0 && (is_mark(token, ',') || is_mark(token, ';') || is_mark(token, '}')))
            return;
        depth += nesting(token);
    } while (next(reader));
}

/* Follows the path as far as the text shows it. Returns how many steps it found; the reader is on
 * the first token of the last step's value, and *line is the line of that step. */
static size_t follow(struct reader *reader, const struct policy_step *path, size_t step_count,
                     int *line)
{
    size_t found = 0;
    if (!enter_returned_table(reader))
        return 0;
    while (found < step_count) {
        struct field field;
        long list_count = 0;
        bool matched = false;
        const struct policy_step *step = &path[found];
        while (!matched && read_field(reader, &list_count, &field)) {
            matched = step->index > 0 ? field.index == step->index
                                      : field.name.bytes && slice_same(field.name, step->name);
            if (!matched)
                skip_value(reader);
        }
        if (!matched)
            break;
        *line = field.line;
        found++;
        if (found < step_count && (!is_mark(&reader->token, '{') || !next(reader)))
            break;
    }
    return found;
}

/* For a file that does not write out the table: finds the first name or string equal to each step,
 * one after the other. */
static int guess_line(struct slice text, const struct policy_step *path, size_t step_count)
{
    struct reader reader = {text.data, text.data + text.bytes, 1, {0}};
    int line = 0;
    for (size_t i = 0; i < step_count; i++) {
        struct reader before = reader;
        if (path[i].index > 0)
            continue;
        while (next(&reader) &&
               !((reader.token.type == TOKEN_NAME || reader.token.type == TOKEN_STRING) &&
                 slice_same(reader.token.text, path[i].name)))
            ;
        if (reader.token.type == TOKEN_END)
            reader = before;
        else
            line = reader.token.line;
    }
    return line;
}

int policy_source_line(struct slice text, const struct policy_step *path, size_t step_count)
{
    struct reader reader = {text.data, text.data + text.bytes, 1, {0}};
    int line = 0;
    if (follow(&reader, path, step_count, &line) == 0)
        return guess_line(text, path, step_count);
    return line;
}

struct slice policy_source_env_name(struct slice text, const struct policy_step *path,
                                    size_t step_count)
{
    struct reader reader = {text.data, text.data + text.bytes, 1, {0}};
    int line;
    if (follow(&reader, path, step_count, &line) != step_count || reader.token.type != TOKEN_NAME ||
        !slice_equals(reader.token.text, "env"))
        return (struct slice){0};
    if (!next(&reader) || (is_mark(&reader.token, '(') && !next(&reader)) ||
        reader.token.type != TOKEN_STRING)
        return (struct slice){0};
    return reader.token.text;
}

/* ---- duplicates ---- */

struct key_list {
    struct field *keys;
    size_t count;
    size_t capacity;
};

static bool add_key(struct key_list *list, const struct field *field)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 16;
        struct field *keys = realloc(list->keys, capacity * sizeof *keys);
        if (keys == NULL)
            return false;
        list->keys = keys;
        list->capacity = capacity;
    }
    list->keys[list->count++] = *field;
    return true;
}

static int compare_keys(const void *left, const void *right)
{
    const struct field *a = left;
    const struct field *b = right;
    size_t bytes = a->name.bytes < b->name.bytes ? a->name.bytes : b->name.bytes;
    int order = memcmp(a->name.data, b->name.data, bytes);
    if (order == 0 && a->name.bytes != b->name.bytes)
        order = a->name.bytes < b->name.bytes ? -1 : 1;
    return order != 0 ? order : a->line - b->line;
}

static bool find_equal_keys(struct key_list *list, struct policy_duplicate *out)
{
    if (list->count < 2)
        return false;
    qsort(list->keys, list->count, sizeof *list->keys, compare_keys);
    for (size_t i = 1; i < list->count; i++) {
        const struct field *a = &list->keys[i - 1];
        const struct field *b = &list->keys[i];
        if (slice_same(a->name, b->name)) {
            *out = (struct policy_duplicate){a->name, a->line, b->line};
            return true;
        }
    }
    return false;
}

/* Starts behind an opening brace; leaves the reader on the closing one. */
static bool duplicate_in_table(struct reader *reader, int depth, struct policy_duplicate *out)
{
    struct key_list list = {0};
    struct field field;
    long list_count = 0;
    bool found = false;
    while (!found && read_field(reader, &list_count, &field)) {
        if (field.name.bytes && !add_key(&list, &field))
            break;
        if (is_mark(&reader->token, '{') && depth < DEPTH_MAX && next(reader)) {
            found = duplicate_in_table(reader, depth + 1, out);
            if (!found)
                next(reader);
        }
        if (!found)
            skip_value(reader);
    }
    found = found || find_equal_keys(&list, out);
    free(list.keys);
    return found;
}

bool policy_source_duplicate(struct slice text, struct policy_duplicate *out)
{
    struct reader reader = {text.data, text.data + text.bytes, 1, {0}};
    return enter_returned_table(&reader) && duplicate_in_table(&reader, 1, out);
}
