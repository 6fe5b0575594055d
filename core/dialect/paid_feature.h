/* A paid feature that was found in a request (paid_features.h). */
#ifndef DIALECT_PAID_FEATURE_H
#define DIALECT_PAID_FEATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/slice.h"

enum {
    PAID_FEATURES_MAX = 8, /* different ones of a request */
    PAID_FEATURE_NAME_BYTES = 65,
    PAID_FEATURE_PARAM_BYTES = 112
};

struct paid_member;

/* A feature that a request uses. */
struct paid_feature {
    const struct paid_member *member; /* what asks for it */
    struct slice value; /* the last part of its name, of the client's text; empty: none */
    int32_t place;      /* in the member's list, from 0; -1: it is no list */
    bool by_key;        /* `value` is a key */
    bool camel;         /* the member is written in camel case */
};

struct paid_features { /* zeroed: none */
    size_t count;
    uint64_t seen; /* the members so far, a bit each */
    /* Of a request in Gemini's form: names may be in camel case, and tools are what their members
     * are, whatever type they state. */
    bool gemini;
    struct paid_feature list[PAID_FEATURES_MAX];
};

#endif
