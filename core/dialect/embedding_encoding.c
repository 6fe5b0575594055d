#include "dialect/embedding_encoding.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"

enum { FLOAT_BYTES = 4, NUMBER_BYTES_MAX = 63, FLOATS_MAX = 64 * 1024 };

/* ---- what is asked for ---- */

/* Other types of numbers (Voyage's output_dtype) pass as they come. */
enum embedding_format embedding_encoding_asked(const struct json_value *root)
{
    enum { ENCODING, TYPE, MEMBERS };
    struct json_member members[MEMBERS] = {
        [ENCODING] = {.name = "encoding_format"}, [TYPE] = {.name = "output_dtype"}};
    json_find_all(root, members, MEMBERS);
    const struct json_value *encoding = &members[ENCODING].value;
    const struct json_value *type = &members[TYPE].value;
    if (type->type != JSON_NULL && !json_string_is(type, "float"))
        return EMBEDDING_AS_IT_COMES;
    if (encoding->type == JSON_NULL || json_string_is(encoding, "float")) /* OpenAI's default */
        return EMBEDDING_NUMBERS;
    return json_string_is(encoding, "base64") ? EMBEDDING_BASE64 : EMBEDDING_AS_IT_COMES;
}

/* ---- one embedding ---- */

static bool append_float(struct buffer *floats, const struct json_value *number)
{
    char text[NUMBER_BYTES_MAX + 1];
    if (number->type != JSON_NUMBER || number->raw.bytes > NUMBER_BYTES_MAX)
        return false;
    memcpy(text, number->raw.data, number->raw.bytes);
    text[number->raw.bytes] = '\0';
    float value = strtof(text, NULL);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const char little[FLOAT_BYTES] = {(char)(bits & 0xFF), (char)(bits >> 8 & 0xFF),
                                      (char)(bits >> 16 & 0xFF), (char)(bits >> 24)};
    return isfinite(value) && buffer_append(floats, little, sizeof little);
}

static bool write_base64(const struct json_value *list, struct buffer *out)
{
    struct buffer floats;
    struct json_walk walk = json_walk(list);
    struct json_item number;
    bool good = true;
    buffer_init(&floats, FLOATS_MAX * FLOAT_BYTES);
    while (good && json_next(&walk, &number))
        good = append_float(&floats, &number.value);
    if (good) {
        buffer_append_char(out, '"');
        base64_append(buffer_slice(&floats), out);
        buffer_append_char(out, '"');
    }
    buffer_fini(&floats);
    return good;
}

static float float_at(const char *data)
{
    const unsigned char *bytes = (const unsigned char *)data;
    uint32_t bits = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                    (uint32_t)bytes[3] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool write_numbers(const struct json_value *string, struct buffer *out)
{
    struct buffer text;
    struct buffer floats;
    buffer_init(&text, FLOATS_MAX * FLOAT_BYTES * 2);
    buffer_init(&floats, FLOATS_MAX * FLOAT_BYTES);
    bool good = json_decode_string(string, &text) && base64_decode(buffer_slice(&text), &floats) &&
                floats.bytes % FLOAT_BYTES == 0;
    buffer_append_char(out, '[');
    for (size_t at = 0; good && at < floats.bytes; at += FLOAT_BYTES) {
        float value = float_at(floats.data + at);
        good = isfinite(value);
        if (good) /* nine digits give each 32-bit float back */
            buffer_printf(out, "%s%.9g", at > 0 ? "," : "", (double)value);
    }
    buffer_append_char(out, ']');
    buffer_fini(&text);
    buffer_fini(&floats);
    return good;
}

/* ---- all of them ---- */

struct copy {
    const char *copied; /* the answer stands in `out` up to here */
    struct buffer *out;
    bool base64; /* the encoding that is wanted */
    bool changed;
};

/* Adapts the member `name` of an object. */
static bool adapt_one(const struct json_value *object, const char *name, struct copy *copy)
{
    struct json_value embedding;
    enum json_type other = copy->base64 ? JSON_ARRAY : JSON_STRING;
    if (object->type != JSON_OBJECT || json_find(object, name, &embedding) != 1 ||
        embedding.type != other)
        return true;
    buffer_append(copy->out, copy->copied, (size_t)(embedding.raw.data - copy->copied));
    copy->copied = embedding.raw.data + embedding.raw.bytes;
    copy->changed = true;
    return copy->base64 ? write_base64(&embedding, copy->out)
                        : write_numbers(&embedding, copy->out);
}

static bool adapt_each(const struct json_value *list, const char *name, struct copy *copy)
{
    struct json_walk walk = json_walk(list);
    struct json_item entry;
    while (json_next(&walk, &entry)) {
        if (!adapt_one(&entry.value, name, copy))
            return false;
    }
    return true;
}

static bool end_copy(const struct json_value *answer, const struct copy *copy)
{
    const char *end = answer->raw.data + answer->raw.bytes;
    buffer_append(copy->out, copy->copied, (size_t)(end - copy->copied));
    return copy->changed && !copy->out->failed;
}

bool embedding_encoding_adapt(const struct model_request *request, const struct json_value *answer,
                              struct buffer *out)
{
    struct json_value data;
    struct copy copy = {.copied = answer->raw.data,
                        .out = out,
                        .base64 = request->embedding_format == EMBEDDING_BASE64};
    if (request->embedding_format == EMBEDDING_AS_IT_COMES ||
        json_find(answer, "data", &data) != 1 || data.type != JSON_ARRAY)
        return false;
    return adapt_each(&data, "embedding", &copy) && end_copy(answer, &copy);
}

bool embedding_encoding_adapt_google(const struct model_request *request,
                                     const struct json_value *answer, struct buffer *out)
{
    enum { ONE, MANY, MEMBERS };
    struct json_member members[MEMBERS] = {
        [ONE] = {.name = "embedding"}, [MANY] = {.name = "embeddings"}};
    struct copy copy = {.copied = answer->raw.data, .out = out};
    (void)request;
    json_find_all(answer, members, MEMBERS);
    bool good = members[MANY].value.type == JSON_ARRAY
                    ? adapt_each(&members[MANY].value, "values", &copy)
                    : adapt_one(&members[ONE].value, "values", &copy);
    return good && end_copy(answer, &copy);
}
