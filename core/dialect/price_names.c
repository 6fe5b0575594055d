#include "dialect/price_names.h"

#include <string.h>

#include "base/json.h"

enum { NAME_BYTES_MAX = 64 };

/* Each word has a letter by which it is looked for, since most texts have few of these; `next`
 * stands behind it. */
static const struct {
    char letter;
    char next;
    unsigned char at; /* where the letter stands */
    const char *word;
} words[] = {
    {'c', 'o', 0, "cost"},     {'c', 'e', 3, "price"},  {'c', 'i', 3, "pricing"},
    {'c', 'r', 0, "credit"},   {'c', 'h', 0, "charge"}, {'c', 'e', 5, "balance"},
    {'c', 'o', 3, "discount"}, {'u', 's', 0, "usd"},
};

/* Returns the end of the word that has its letter at `at`, or NULL. */
static const char *word_end(struct slice text, const char *at)
{
    size_t left = (size_t)(text.data + text.bytes - at);
    if (left < 2)
        return NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t before = words[i].at;
        if ((at[1] | 0x20) != words[i].next || (*at | 0x20) != words[i].letter)
            continue;
        size_t bytes = strlen(words[i].word);
        if ((size_t)(at - text.data) >= before && left >= bytes - before &&
            slice_same_nocase(at - before, words[i].word, bytes))
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

/* Whether a word with this letter is there; with `names`, in a name. */
static bool has_word(struct slice text, char letter, bool names)
{
    const char *end = text.data + text.bytes;
    struct slice rest = text;
    while ((rest.data = slice_char(rest, letter)) != NULL) {
        const char *behind = word_end(text, rest.data);
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
    for (size_t i = 0; i < sizeof free / sizeof *free; i++) {
        if (json_key_is(key, free[i]))
            return true;
    }
    return false;
}
