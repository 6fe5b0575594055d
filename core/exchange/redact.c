#include "exchange/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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
