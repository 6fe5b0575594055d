#include "exchange/otlp_answer.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/protobuf.h"

/* Fields of ExportTraceServiceResponse, ExportTracePartialSuccess and google.rpc.Status. */
enum { PARTIAL_SUCCESS = 1, REJECTED_SPANS = 1, ERROR_MESSAGE = 2, STATUS_MESSAGE = 2 };

/* ---- in JSON: {"partialSuccess":{"rejectedSpans":"3","errorMessage":"..."}} ---- */

static struct json_value member(const struct json_value *object, const char *name)
{
    struct json_value value = {.type = JSON_NULL};
    if (object->type == JSON_OBJECT)
        json_find(object, name, &value);
    return value;
}

/* A 64-bit number stands in quotes; some write it without. */
static int64_t number_of(const struct json_value *value)
{
    struct slice raw = value->raw;
    if (value->type == JSON_STRING)
        raw = (struct slice){raw.data + 1, raw.bytes - 2};
    char digits[32];
    slice_copy(raw, digits, sizeof digits);
    return strtoll(digits, NULL, 10);
}

static int64_t rejected_of_json(struct slice answer, char words[OTLP_WORDS_BYTES])
{
    struct json_value root;
    struct fault fault;
    if (!json_parse(answer, LIMIT_JSON_DEPTH, &root, &fault))
        return 0;
    struct json_value partial = member(&root, "partialSuccess");
    struct json_value rejected = member(&partial, "rejectedSpans");
    struct json_value message = member(&partial, "errorMessage");
    if (message.type == JSON_STRING)
        slice_copy((struct slice){message.raw.data + 1, message.raw.bytes - 2}, words,
                   OTLP_WORDS_BYTES);
    return rejected.type == JSON_STRING || rejected.type == JSON_NUMBER ? number_of(&rejected) : 0;
}

/* ---- in Protobuf ---- */

/* The last field of that number and type; false: there is none, or it is no message. */
static bool find(struct slice message, uint64_t number, enum protobuf_type type,
                 struct protobuf_field *out)
{
    struct protobuf_field field;
    bool found = false;
    while (message.bytes > 0) {
        if (!protobuf_next(&message, &field))
            return false;
        if (field.number == number && field.type == type) {
            *out = field;
            found = true;
        }
    }
    return found;
}

int64_t otlp_answer_rejected(struct slice answer, char words[OTLP_WORDS_BYTES])
{
    struct protobuf_field partial, field;
    words[0] = '\0';
    if (slice_starts_with(slice_trim(answer), "{"))
        return rejected_of_json(answer, words);
    if (!find(answer, PARTIAL_SUCCESS, PROTOBUF_BYTES, &partial))
        return 0;
    if (find(partial.inner, ERROR_MESSAGE, PROTOBUF_BYTES, &field))
        slice_copy(field.inner, words, OTLP_WORDS_BYTES);
    return find(partial.inner, REJECTED_SPANS, PROTOBUF_VARINT, &field) ? (int64_t)field.value : 0;
}

void otlp_answer_refusal(struct slice answer, char words[OTLP_WORDS_BYTES])
{
    struct protobuf_field field;
    bool status = find(answer, STATUS_MESSAGE, PROTOBUF_BYTES, &field);
    slice_copy(status ? field.inner : slice_trim(answer), words, OTLP_WORDS_BYTES);
}
