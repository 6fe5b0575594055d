#include "dialect/price_names.h"

#include <string.h>

#include "dialect/member_name.h"

enum { NAME_BYTES_MAX = 64 };

/* Returns the end of the word if it is there with its letter number `before` at `at`, or NULL. It
 * looks at a third letter first, for two are often alike. */
static inline const char *end_of(const char *word, size_t before, struct slice text, const char *at)
{
    size_t bytes = strlen(word);
    size_t third = before > 0 ? before - 1 : 2;
    bool fits = (size_t)(at - text.data) >= before &&
                (size_t)(text.data + text.bytes - at) >= bytes - before;
    if (!fits)
        return NULL;
    const char *first = at - before;
    return (first[third] | 0x20) == word[third] && slice_same_nocase(first, word, bytes)
               ? first + bytes
               : NULL;
}

static inline const char *either(const char *one, const char *other)
{
    return one != NULL ? one : other;
}

/* Each word has a `c` or a `u`, by which it is looked for, since most texts have few of these.
 * Returns the end of the word that has it at `at`, or NULL. */
static inline const char *word_end(struct slice text, const char *at)
{
    if (text.data + text.bytes - at < 2)
        return NULL;
    switch (at[1] | 0x20) { /* the letter behind it */
    case 'o':
        return either(end_of("cost", 0, text, at), end_of("discount", 3, text, at));
    case 'e':
        return either(end_of("price", 3, text, at), end_of("balance", 5, text, at));
    case 'i':
        return end_of("pricing", 3, text, at);
    case 'r':
        return end_of("credit", 0, text, at);
    case 'h':
        return end_of("charge", 0, text, at);
    case 's':
        return end_of("usd", 0, text, at);
    case 'n':
        return end_of("amount", 3, text, at);
    default:
        return NULL;
    }
}

/* Whether the rest of a name and a colon follow. */
static bool is_in_name(const char *at, const char *end)
{
    const char *last = end - at > NAME_BYTES_MAX ? at + NAME_BYTES_MAX : end;
    while (at < last && *at != '"')
        at += *at == '\\' ? 2 : 1;
    if (at >= last)
        return false;
    at++;
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at < end && *at == ':';
}

/* Whether a word is there that has this letter, or a backslash; with `names`, in a name. */
static bool has_word(struct slice text, char letter, bool names)
{
    const char *end = text.data + text.bytes;
    struct slice rest = text;
    while ((rest.data = slice_char(rest, letter)) != NULL) {
        const char *behind = letter == '\\' ? rest.data : word_end(text, rest.data);
        if (behind != NULL && (!names || is_in_name(behind, end)))
            return true;
        rest.data++;
        rest.bytes = (size_t)(end - rest.data);
    }
    return false;
}

static bool has_any(struct slice text, bool names)
{
    return has_word(text, 'c', names) || has_word(text, 'u', names) || has_word(text, 'C', names) ||
           has_word(text, 'U', names);
}

bool price_names_stand_in(struct slice text)
{
    return has_any(text, true) || has_word(text, '\\', true);
}

bool price_names_stand_in_root(const struct json_value *root)
{
    struct slice rest = root->raw;
    size_t spans = root->index != NULL ? root->index->count : 0;
    for (size_t i = 0; i < spans; i++) {
        const struct json_span *span = &root->index->spans[i];
        struct slice before = {rest.data, (size_t)(span->start - rest.data)};
        if (*span->start != '"')
            continue;
        if (price_names_stand_in(before))
            return true;
        rest.bytes -= (size_t)(span->end - rest.data);
        rest.data = span->end;
    }
    return price_names_stand_in(rest);
}

bool price_names_have(struct slice key)
{
    struct buffer room = {0};
    struct slice name = member_name_decode(key, &room);
    bool too_long = name.bytes == 0 && key.bytes > 0;
    bool have = too_long || has_any(name, false);
    buffer_fini(&room);
    return have;
}

bool price_names_are_free_in(struct slice key)
{
    static const char *const free[] = {
        "annotations", "arguments",         "citations",       "content",        "executed_tools",
        "functions",   "function_call",     "input",           "logprobs",       "output",
        "parsed",      "reasoning_details", "response_format", "search_results", "text",
        "tools",       "tool_calls",
    };
    return json_key_is_one_of(key, free, sizeof free / sizeof *free);
}
