/* What a provider's error means, and what of it the client may be told. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "exchange/attempt.h"

/* Words end at white space, at what stands around words, and at bytes that no secret has. */
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

/* Words that follow a mark, in a word's middle only where the mark says so. */
static void blot_marked(char *text, const char *mark, bool anywhere)
{
    for (char *at = text; (at = strcasestr(at, mark)) != NULL;) {
        bool begins = at == text || !isalnum((unsigned char)at[-1]);
        at += strlen(mark);
        if (begins || anywhere)
            at = blot(at);
    }
}

/* "sk-pr***Ab", "abc...xyz": how providers abbreviate a key that they quote. */
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

void attempt_redact(char *text, const char *api_key)
{
    static const char *const marks[] = {"sk-", "org-", "proj_", "key-", "AIza"};
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

/* A string member of the provider's error without secrets; "" when there is none. */
static void copy_redacted(const struct json_value *object, const char *name, const char *api_key,
                          char *out, size_t out_bytes)
{
    /* Cut so late that a key of ours which begins in what is told is whole when looked for. */
    char whole[sizeof((struct attempt *)0)->refusal_message + CANDIDATE_API_KEY_BYTES];
    struct json_value value;
    struct buffer text;
    out[0] = '\0';
    if (json_find(object, name, &value) == 0 || value.type != JSON_STRING)
        return;
    buffer_init(&text, LIMIT_UPSTREAM_BODY_BYTES);
    if (json_decode_string(&value, &text)) {
        size_t bytes = text.bytes < sizeof whole - 1 ? text.bytes : sizeof whole - 1;
        memcpy(whole, buffer_slice(&text).data, bytes);
        whole[bytes] = '\0';
        attempt_redact(whole, api_key);
        snprintf(out, out_bytes, "%.*s", (int)out_bytes - 1, whole);
    }
    buffer_fini(&text);
}

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0)
            return true;
    }
    return false;
}

static enum attempt_outcome by_words(const char *type, const char *code)
{
    static const char *const denied[] = {"insufficient_quota",        "invalid_api_key",
                                         "authentication_error",      "permission_error",
                                         "billing_not_active",        "account_deactivated",
                                         "billing_hard_limit_reached"};
    static const char *const overloaded[] = {"rate_limit_exceeded", "rate_limit_error",
                                             "overloaded_error", "server_overloaded",
                                             "engine_overloaded"};
    static const char *const refused[] = {"invalid_request_error", "context_length_exceeded",
                                          "content_policy_violation", "invalid_prompt"};
    size_t denied_count = sizeof denied / sizeof denied[0];
    size_t overloaded_count = sizeof overloaded / sizeof overloaded[0];
    size_t refused_count = sizeof refused / sizeof refused[0];
    if (is_one_of(type, denied, denied_count) || is_one_of(code, denied, denied_count))
        return ATTEMPT_DENIED;
    if (is_one_of(type, overloaded, overloaded_count) ||
        is_one_of(code, overloaded, overloaded_count))
        return ATTEMPT_OVERLOADED;
    if (is_one_of(type, refused, refused_count) || is_one_of(code, refused, refused_count))
        return ATTEMPT_REFUSED;
    return ATTEMPT_NONE;
}

static enum attempt_outcome by_status(int status)
{
    switch (status) {
    case 401:
    case 402:
    case 403:
        return ATTEMPT_DENIED;
    case 408:
        return ATTEMPT_TIMED_OUT;
    case 429:
    case 503:
    case 529:
        return ATTEMPT_OVERLOADED;
    case 400:
    case 404:
    case 409:
    case 413:
    case 415:
    case 422:
        return ATTEMPT_REFUSED;
    default:
        return status >= 400 && status < 500 ? ATTEMPT_REFUSED : ATTEMPT_FAILED;
    }
}

enum attempt_outcome attempt_classify(struct attempt *attempt, int status, struct slice body)
{
    struct json_value root;
    struct json_value error;
    struct fault fault;
    char type[64] = "";
    snprintf(attempt->refusal_code, sizeof attempt->refusal_code, "provider_refused");
    snprintf(attempt->refusal_message, sizeof attempt->refusal_message,
             "The model's provider refuses this request (status %d).", status);
    bool explained = json_parse(body, LIMIT_JSON_DEPTH, &root, &fault) &&
                     json_find(&root, "error", &error) > 0 && error.type != JSON_NULL;
    if (explained) {
        char message[sizeof attempt->refusal_message];
        char code[sizeof attempt->refusal_code];
        const struct json_value *from = error.type == JSON_OBJECT ? &error : &root;
        const char *api_key = attempt->candidate->terms.api_key;
        copy_redacted(from, error.type == JSON_OBJECT ? "message" : "error", api_key, message,
                      sizeof message);
        copy_redacted(from, "code", api_key, code, sizeof code);
        copy_redacted(from, "type", api_key, type, sizeof type);
        copy_redacted(from, "param", api_key, attempt->refusal_param,
                      sizeof attempt->refusal_param);
        if (message[0] != '\0')
            memcpy(attempt->refusal_message, message, sizeof message);
        if (code[0] != '\0')
            memcpy(attempt->refusal_code, code, sizeof code);
        else if (type[0] != '\0')
            snprintf(attempt->refusal_code, sizeof attempt->refusal_code, "%.47s", type);
    }
    enum attempt_outcome outcome = by_status(status);
    /* 429 is said for an empty account, too; and an error event in a stream has no status of its
     * own. */
    enum attempt_outcome worded = by_words(type, attempt->refusal_code);
    if (worded == ATTEMPT_DENIED || (outcome == ATTEMPT_FAILED && worded != ATTEMPT_NONE))
        outcome = worded;
    /* A 4xx that does not say why comes from something in between (a wrong base_url, a proxy):
     * not the customer's fault. */
    if (outcome == ATTEMPT_REFUSED && !explained)
        outcome = ATTEMPT_GARBLED;
    return outcome;
}
