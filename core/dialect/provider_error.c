#include "dialect/provider_error.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/json.h"
#include "base/limits.h"

enum { NESTED_MAX = 6, STATUS_MIN = 400, STATUS_MAX = 599 };

#define LENGTH(list) (sizeof(list) / sizeof *(list))

static void copy_text(struct slice text, char *out, size_t out_bytes)
{
    size_t bytes = text.bytes < out_bytes - 1 ? text.bytes : out_bytes - 1;
    if (bytes > 0)
        memcpy(out, text.data, bytes);
    out[bytes] = '\0';
}

static bool copy_string(const struct json_value *value, char *out, size_t out_bytes)
{
    struct buffer text;
    if (value->type != JSON_STRING || value->raw.bytes == 2)
        return false;
    buffer_init(&text, LIMIT_UPSTREAM_BODY_BYTES);
    bool decoded = json_decode_string(value, &text);
    if (decoded)
        copy_text(buffer_slice(&text), out, out_bytes);
    buffer_fini(&text);
    return decoded && out[0] != '\0';
}

static bool find_string(const struct json_value *object, const char *const *names, size_t count,
                        char *out, size_t out_bytes)
{
    struct json_value value;
    for (size_t i = 0; i < count; i++) {
        if (json_find(object, names[i], &value) > 0 && copy_string(&value, out, out_bytes))
            return true;
    }
    return false;
}

/* Reads a number, or a string of its digits. */
static int status_of(const struct json_value *value)
{
    char digits[8] = "";
    int64_t number = 0;
    if (value->type == JSON_NUMBER && !json_int64(value, &number))
        return 0;
    if (copy_string(value, digits, sizeof digits) && strlen(digits) == 3 &&
        strspn(digits, "0123456789") == 3)
        number = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + digits[2] - '0';
    return number >= STATUS_MIN && number <= STATUS_MAX ? (int)number : 0;
}

static void read_status(const struct json_value *object, struct provider_error *out)
{
    static const char *const names[] = {"code", "status", "status_code", "statusCode"};
    struct json_value value;
    for (size_t i = 0; i < LENGTH(names) && out->status == 0; i++) {
        if (json_find(object, names[i], &value) > 0)
            out->status = status_of(&value);
    }
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* Reads the labels beside a message; the outer object's count only where the inner one has none. */
static void read_labels(const struct json_value *object, struct provider_error *out)
{
    static const char *const codes[] = {"code", "status", "error_code", "reason"};
    static const char *const types[] = {"type", "error_type", "__type"};
    static const char *const params[] = {"param"};
    for (size_t i = 0; i < LENGTH(codes) && out->code[0] == '\0'; i++) {
        find_string(object, &codes[i], 1, out->code, sizeof out->code);
        if (is_number(out->code))
            out->code[0] = '\0';
    }
    if (out->type[0] == '\0')
        find_string(object, types, LENGTH(types), out->type, sizeof out->type);
    if (out->param[0] == '\0')
        find_string(object, params, LENGTH(params), out->param, sizeof out->param);
    read_status(object, out);
}

/* The original error inside an aggregator's own: the words of the provider behind it. */
static bool read_raw(const struct json_value *object, struct provider_error *out)
{
    static const char *const names[] = {"raw"};
    struct json_value metadata;
    struct json_value inner;
    struct fault fault;
    char raw[sizeof out->message];
    if (json_find(object, "metadata", &metadata) == 0 ||
        !find_string(&metadata, names, 1, raw, sizeof raw))
        return false;
    struct provider_error nested = {0};
    if (!json_parse(slice_of(raw), LIMIT_JSON_DEPTH, &inner, &fault)) {
        copy_text(slice_of(raw), out->message, sizeof out->message);
        return true;
    }
    if (json_find(&inner, "metadata", &metadata) == 0)
        provider_error_read(slice_of(raw), &nested);
    if (nested.explained)
        *out = nested;
    return nested.explained;
}

static bool read_value(const struct json_value *value, int depth, struct provider_error *out);

static bool read_object(const struct json_value *object, int depth, struct provider_error *out)
{
    static const char *const names[] = {
        "error",   "errors",        "message", "msg",          "detail",
        "details", "error_message", "reason",  "errorMessage", "Message",
        "title",   "description",   "fault",   "faultstring",  "response"};
    struct json_value value;
    bool found = depth > 0 && read_raw(object, out);
    for (size_t i = 0; i < LENGTH(names) && !found; i++)
        found = json_find(object, names[i], &value) > 0 && read_value(&value, depth + 1, out);
    read_labels(object, out);
    return found;
}

/* Reads a text, an object with a text, or a list of these, whose first item counts. */
static bool read_value(const struct json_value *value, int depth, struct provider_error *out)
{
    struct json_item first;
    if (depth > NESTED_MAX)
        return false;
    if (value->type == JSON_STRING)
        return copy_string(value, out->message, sizeof out->message);
    if (value->type == JSON_OBJECT)
        return read_object(value, depth, out);
    if (value->type != JSON_ARRAY)
        return false;
    struct json_walk walk = json_walk(value);
    return json_next(&walk, &first) && read_value(&first.value, depth + 1, out);
}

/* How long to wait: {"error": {"details": [{"retryDelay": "27.5s"}]}}, a duration of protobuf. */
static int64_t retry_after_ms(const struct json_value *root)
{
    enum { MS_MAX = 24 * 60 * 60 * 1000 };
    static const char *const names[] = {"retryDelay"};
    struct json_value error;
    struct json_value details;
    struct json_item item;
    char text[32];
    unsigned __int128 ms;
    if (json_find(root, "error", &error) != 1 || json_find(&error, "details", &details) != 1 ||
        details.type != JSON_ARRAY)
        return 0;
    struct json_walk walk = json_walk(&details);
    while (json_next(&walk, &item)) {
        if (item.value.type != JSON_OBJECT ||
            !find_string(&item.value, names, LENGTH(names), text, sizeof text))
            continue;
        struct slice seconds = slice_of(text);
        if (seconds.data[seconds.bytes - 1] != 's')
            return 0;
        seconds.bytes--;
        return decimal_scale_up(seconds, 3, MS_MAX, &ms) ? (int64_t)ms : 0;
    }
    return 0;
}

/* When the error comes as a stream, returns the data of its first event. */
static struct slice unwrap(struct slice body)
{
    body = slice_trim(body);
    if (!slice_starts_with(body, "data:") && !slice_starts_with(body, "event:"))
        return body;
    ptrdiff_t at = slice_find(body, slice_of("data:"));
    if (at < 0)
        return body;
    body.data += at + 5;
    body.bytes -= (size_t)at + 5;
    const char *end = slice_char(body, '\n');
    if (end != NULL)
        body.bytes = (size_t)(end - body.data);
    return slice_trim(body);
}

/* Plain words, not an HTML page. */
static bool is_text(struct slice body)
{
    if (body.bytes == 0 || body.data[0] == '<' || body.data[0] == '{' || body.data[0] == '[')
        return false;
    size_t letters = 0;
    for (size_t i = 0; i < body.bytes; i++) {
        unsigned char c = (unsigned char)body.data[i];
        if (c < ' ' && !isspace(c))
            return false;
        letters += isalpha(c) != 0;
    }
    return letters > 0;
}

void provider_error_read(struct slice body, struct provider_error *out)
{
    struct json_value root;
    struct fault fault;
    *out = (struct provider_error){0};
    body = unwrap(body);
    if (json_parse(body, LIMIT_JSON_DEPTH, &root, &fault)) {
        bool labelled = !read_value(&root, 0, out) &&
                        (out->code[0] != '\0' || out->type[0] != '\0' || out->status != 0);
        out->explained = out->message[0] != '\0' || labelled;
        out->retry_after_ms = retry_after_ms(&root);
        return;
    }
    out->explained = is_text(body);
    if (out->explained)
        copy_text(body, out->message, sizeof out->message);
}

bool provider_error_is(struct slice data)
{
    struct provider_error error;
    provider_error_read(data, &error);
    return error.message[0] != '\0' &&
           (error.status != 0 || error.code[0] != '\0' || strcasestr(error.type, "error") != NULL);
}
