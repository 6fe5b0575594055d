#include "dialect/price_names.h"

#include <string.h>

#include "base/json.h"

enum { NAME_BYTES_MAX = 64 };

/* Each word has a letter by which it is looked for, since most texts have few of these; `next`
 * stands behind it. */
struct word {
    char next;
    unsigned char at; /* where the letter stands */
    const char *text;
};

static const struct word words_with_c[] = {
    {'o', 0, "cost"},   {'e', 3, "price"},   {'i', 3, "pricing"},  {'r', 0, "credit"},
    {'h', 0, "charge"}, {'e', 5, "balance"}, {'o', 3, "discount"}, {'\0', 0, NULL},
};
static const struct word words_with_u[] = {{'s', 0, "usd"}, {'\0', 0, NULL}};

/* Returns the end of the word that has its letter at `at`, or NULL. */
static const char *word_end(struct slice text, const char *at, const struct word *words)
{
    size_t left = (size_t)(text.data + text.bytes - at);
    if (left < 2)
        return NULL;
    char next = (char)(at[1] | 0x20);
    for (; words->text != NULL; words++) {
        size_t before = words->at;
        if (next != words->next)
            continue;
        size_t bytes = strlen(words->text);
        if ((size_t)(at - text.data) >= before && left >= bytes - before &&
            slice_same_nocase(at - before, words->text, bytes))
            return at - before + bytes;
    }
    return NULL;
}

/* Whether the rest of a name and a colon follow. */
static bool is_in_name(const char *at, const char *end)
{
    if (end - at > NAME_BYTES_MAX)
        end = at + NAME_BYTES_MAX;
    while (at < end && *at != '"' && *at != '\\')
        at++;
    if (at == end || *at != '"')
        return false;
    at++;
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at < end && *at == ':';
}

/* Whether one of the words is there, which have this letter; with `names`, in a name. */
static bool has_word(struct slice text, char letter, const struct word *words, bool names)
{
    const char *end = text.data + text.bytes;
    struct slice rest = text;
    while ((rest.data = slice_char(rest, letter)) != NULL) {
        const char *behind = word_end(text, rest.data, words);
        if (behind != NULL && (!names || is_in_name(behind, end)))
            return true;
        rest.data++;
        rest.bytes = (size_t)(end - rest.data);
    }
    return false;
}

static bool has_any(struct slice text, bool names)
{
    return has_word(text, 'c', words_with_c, names) || has_word(text, 'u', words_with_u, names) ||
           has_word(text, 'C', words_with_c, names) || has_word(text, 'U', words_with_u, names);
}

bool price_names_stand_in(struct slice text)
{
    return has_any(text, true);
}

bool price_names_have(struct slice key)
{
    return has_any(key, false);
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
