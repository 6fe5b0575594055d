/* A value for a statement or an operation. */
#ifndef STORE_VALUE_H
#define STORE_VALUE_H

#include <stdint.h>

#include "base/slice.h"

struct store_value {
    /* Operations take no blobs. */
    enum { STORE_NULL, STORE_INT, STORE_TEXT, STORE_BLOB } type;
    int64_t number;
    struct slice text; /* after store_call_init: points into the operation's own copy */
};

static inline struct store_value bind_int(int64_t number)
{
    return (struct store_value){.type = STORE_INT, .number = number};
}

static inline struct store_value bind_text(const char *text)
{
    return (struct store_value){.type = STORE_TEXT, .text = slice_of(text)};
}

static inline struct store_value bind_blob(struct slice bytes)
{
    return (struct store_value){.type = STORE_BLOB, .text = bytes};
}

static inline struct store_value bind_null(void)
{
    return (struct store_value){.type = STORE_NULL};
}

#endif
