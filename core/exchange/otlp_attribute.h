/* What the writers of OTLP bodies share: texts, and attributes, each a KeyValue with an AnyValue in
 * it (opentelemetry/proto/common/v1/common.proto). All write at `at`, and return what is behind it
 * (base/protobuf.h). Pure.
 *
 * They are functions, and keys are data, so that a span's writer is small: a writer with all keys
 * as instructions was 17 KB, and pushed the gateway's own code out of the processor's first cache
 * at each call. */
#ifndef EXCHANGE_OTLP_ATTRIBUTE_H
#define EXCHANGE_OTLP_ATTRIBUTE_H

#include "base/protobuf.h"

/* Protobuf's texts are UTF-8, or the whole body is refused. Returns the text itself if it is ASCII,
 * as most are; else a copy with U+FFFD for each byte that is no UTF-8, in `room`, which is three
 * times as long. */
struct slice otlp_valid(struct slice text, char *room);

/* As it stands in a KeyValue. */
enum { OTLP_KEY_BYTES_MAX = 45 };
struct otlp_key {
    unsigned char bytes;
    char tag, length;
    char text[OTLP_KEY_BYTES_MAX];
};

enum { OTLP_KEY_VALUE_KEY = PROTOBUF_TAG(1, PROTOBUF_BYTES) };
#define OTLP_KEY(key)                                                                              \
    {                                                                                              \
        sizeof "" key - 1, OTLP_KEY_VALUE_KEY, sizeof "" key - 1, "" key                           \
    }

/* An attribute takes at most so many bytes more than its text. They may be written where they are
 * not needed, so as many must be free behind the last one. */
enum { OTLP_ATTRIBUTE_BYTES = 96 };

/* A longer text is cut. */
enum { OTLP_TEXT_BYTES_MAX = 4 * 1024 };
struct slice otlp_cut(struct slice text);

/* `tag`: of the field that attributes are in what is written; of a span this. */
enum { OTLP_SPAN_ATTRIBUTE = PROTOBUF_TAG(9, PROTOBUF_BYTES) };
char *otlp_put_text(char *at, char tag, const struct otlp_key *key, struct slice text);
/* The same for what is ASCII for sure: ids, words of ours. */
char *otlp_put_word(char *at, char tag, const struct otlp_key *key, struct slice word);
/* A list of one text. */
char *otlp_put_list(char *at, char tag, const struct otlp_key *key, struct slice text);
char *otlp_put_int(char *at, char tag, const struct otlp_key *key, int64_t number);
char *otlp_put_double(char *at, char tag, const struct otlp_key *key, double number);
char *otlp_put_true(char *at, char tag, const struct otlp_key *key);

#endif
