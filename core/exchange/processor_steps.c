#include "exchange/processor_steps.h"

#include <string.h>

#include "base/json.h"

enum { DEPTH_MAX = 32, VALUE_BYTES_MAX = 255 };
#define AMOUNT_MINOR_MAX INT64_C(1000000000000000) /* more than any card pays */

#define THEN "\nthen\n"
#define ANSWER "{answer."

static struct slice from(struct slice text, size_t at)
{
    return (struct slice){text.data + at, text.bytes - at};
}

struct slice processor_steps_first(struct slice steps)
{
    ptrdiff_t at = slice_find(steps, slice_of(THEN));
    return at < 0 ? steps : (struct slice){steps.data, (size_t)at};
}

bool processor_steps_more(struct slice steps)
{
    return processor_steps_first(steps).bytes < steps.bytes;
}

/* What needs no escaping, wherever it stands. */
static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        char c = text.data[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            c != '_' && c != '-')
            return false;
    }
    return text.bytes > 0 && text.bytes <= VALUE_BYTES_MAX;
}

static bool put(const struct json_value *answer, struct slice name, struct buffer *out)
{
    struct json_value value;
    char key[64];
    if (name.bytes >= sizeof key)
        return false;
    slice_copy(name, key, sizeof key);
    if (json_find(answer, key, &value) != 1 ||
        (value.type != JSON_NUMBER && value.type != JSON_STRING))
        return false;
    struct slice text = value.raw;
    if (value.type == JSON_STRING)
        text = (struct slice){text.data + 1, text.bytes - 2};
    return is_plain(text) && buffer_append_slice(out, text);
}

/* One question, with the members of the answer in their places. */
static bool fill(struct slice question, const struct json_value *answer, struct buffer *out)
{
    ptrdiff_t at;
    while ((at = slice_find(question, slice_of(ANSWER))) >= 0) {
        struct slice rest = from(question, (size_t)at + sizeof ANSWER - 1);
        ptrdiff_t end = slice_find(rest, slice_of("}"));
        buffer_append(out, question.data, (size_t)at);
        if (end < 0 || !put(answer, (struct slice){rest.data, (size_t)end}, out))
            return false;
        question = from(rest, (size_t)end + 1);
    }
    return buffer_append_slice(out, question);
}

bool processor_steps_rest(struct slice steps, struct slice answer, struct buffer *out,
                          const char **why)
{
    struct json_value root;
    struct fault ignored;
    *why = "the payment service has given an answer that is not understood";
    if (!processor_steps_more(steps))
        return false;
    struct slice rest = from(steps, processor_steps_first(steps).bytes + sizeof THEN - 1);
    struct slice next = processor_steps_first(rest);
    return json_parse(answer, DEPTH_MAX, &root, &ignored) && fill(next, &root, out) &&
           buffer_append_slice(out, from(rest, next.bytes));
}

/* Of the digits at its beginning. */
static int64_t amount_at(struct slice text)
{
    int64_t minor = 0;
    for (size_t i = 0; i < text.bytes && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        minor = minor < AMOUNT_MINOR_MAX ? minor * 10 + text.data[i] - '0' : minor;
    return minor;
}

int64_t processor_steps_charge(struct slice steps)
{
    static const char *const fields[] = {"\namount=", "&amount="};
    struct slice question = processor_steps_first(steps);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        ptrdiff_t at = slice_find(question, slice_of(fields[i]));
        if (at >= 0)
            return amount_at(from(question, (size_t)at + strlen(fields[i])));
    }
    return 0;
}

bool processor_steps_refusal(struct slice answer, struct buffer *out)
{
    struct json_value root, error, message;
    struct fault ignored;
    if (!json_parse(answer, DEPTH_MAX, &root, &ignored))
        return false;
    if (json_find(&root, "error", &error) != 1 || error.type != JSON_OBJECT)
        error = root;
    return json_find(&error, "message", &message) == 1 && message.type == JSON_STRING &&
           json_decode_string(&message, out) && slice_trim(buffer_slice(out)).bytes > 0;
}
