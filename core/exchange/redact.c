#include "exchange/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* Words end at white space, at quotes and brackets, and at bytes that no secret has. */
static bool is_word_char(char c)
{
    return c > ' ' && c < 0x7f && strchr("\"'`,;()<>[]{}", c) == NULL;
}

/* Overwrites the word at `start` with stars; returns its end. */
static char *blot(char *start)
{
    char *at = start;
    for (; is_word_char(*at); at++)
        *at = '*';
    return at;
}

/* Overwrites the words that follow a mark; inside a word only if `anywhere`. */
static void blot_marked(char *text, const char *mark, bool anywhere)
{
    for (char *at = text; (at = strcasestr(at, mark)) != NULL;) {
        bool begins = at == text || !isalnum((unsigned char)at[-1]);
        at += strlen(mark);
        if (begins || anywhere)
            at = blot(at);
    }
}

/* Providers quote a key abbreviated: "sk-pr***Ab", "abc...xyz". */
static void blot_abbreviated(char *text)
{
    for (char *at = text; *at != '\0';) {
        size_t bytes = 0;
        bool abbreviated = false;
        for (; is_word_char(at[bytes]); bytes++)
            abbreviated = abbreviated || strncmp(at + bytes, "**", 2) == 0 ||
                          (strncmp(at + bytes, "...", 3) == 0 && is_word_char(at[bytes + 3]));
        if (abbreviated)
            blot(at);
        at += bytes > 0 ? bytes : 1;
    }
}

void redact_secrets(char *text, const char *api_key)
{
    static const char *const marks[] = {"sk-",  "org-",  "proj_", "key-",
                                        "AIza", "ya29.", "org_01"}; /* Groq's organisations */
    static const char *const marks_anywhere[] = {"bearer ", "http://", "https://"};
    char *at = text;
    while (api_key[0] != '\0' && (at = strstr(at, api_key)) != NULL)
        memset(at, '*', strlen(api_key));
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        blot_marked(text, marks[i], false);
    for (size_t i = 0; i < sizeof marks_anywhere / sizeof marks_anywhere[0]; i++)
        blot_marked(text, marks_anywhere[i], true);
    blot_abbreviated(text);
}

/* Whether the character belongs to a name, so that "gpt-4" is not found in "gpt-4o". */
static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

void redact_model(char *text, size_t text_bytes, const char *model, const char *sold_as)
{
    size_t model_bytes = strlen(model);
    size_t sold_bytes = strlen(sold_as);
    if (model_bytes == 0 || strcmp(model, sold_as) == 0)
        return;
    for (char *at = text; (at = strstr(at, model)) != NULL;) {
        bool begins = at == text || !is_name_char(at[-1]);
        size_t rest_bytes = strlen(at + model_bytes);
        size_t room = text_bytes - (size_t)(at - text) - 1;
        if (!begins || is_name_char(at[model_bytes])) {
            at += model_bytes;
            continue;
        }
        if (sold_bytes > room) {
            *at = '\0';
            return;
        }
        if (rest_bytes > room - sold_bytes)
            rest_bytes = room - sold_bytes;
        memmove(at + sold_bytes, at + model_bytes, rest_bytes);
        memcpy(at, sold_as, sold_bytes);
        at += sold_bytes;
        at[rest_bytes] = '\0';
    }
}

/* ---- strings of JSON ---- */

/* Appends a string without what is ours; as it came if it has nothing of it. */
static bool redact_string(const struct json_value *string, const char *api_key, const char *model,
                          const char *sold_as, struct buffer *out)
{
    struct buffer text;
    size_t room = 2 * string->raw.bytes + 512; /* a name may become longer */
    buffer_init(&text, string->raw.bytes);
    bool plain = json_decode_string(string, &text) &&
                 (text.bytes == 0 || memchr(text.data, '\0', text.bytes) == NULL);
    char *told = calloc(1, room);
    check(told != NULL);
    if (plain) {
        slice_copy(buffer_slice(&text), told, room);
        redact_secrets(told, api_key);
        redact_model(told, room, model, sold_as);
    }
    if (plain && slice_equals(buffer_slice(&text), told))
        buffer_append_slice(out, string->raw);
    else if (plain)
        json_write_text(out, told);
    free(told);
    buffer_fini(&text);
    return plain && !out->failed;
}

bool redact_json(const struct json_value *root, const char *api_key, const char *model,
                 const char *sold_as, struct buffer *out)
{
    struct json_strings walk = json_strings(root);
    struct json_item item;
    const char *at = root->raw.data;
    bool good = true;
    while (good && json_next_string(&walk, &item)) {
        const struct slice *string = &item.value.raw;
        buffer_append(out, at, (size_t)(string->data - at));
        good = redact_string(&item.value, api_key, model, sold_as, out);
        at = string->data + string->bytes;
    }
    buffer_append(out, at, (size_t)(root->raw.data + root->raw.bytes - at));
    return good && !out->failed;
}
