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

#endif
