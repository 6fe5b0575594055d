/* Why a body is not a chat request that we can price: an error for the client, status 400. */
#ifndef DIALECT_REQUEST_FAULT_H
#define DIALECT_REQUEST_FAULT_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/slice.h"

struct request_fault {
    const char *code;  /* invalid_json, invalid_value, missing_field */
    const char *param; /* the member at fault, or NULL; a literal */
    char message[256];
};

/* Each returns false. */
bool request_fault_set(struct request_fault *fault, const char *code, const char *param,
                       const char *format, va_list arguments) __attribute__((format(printf, 4, 0)));
bool request_refuse(struct request_fault *fault, const char *code, const char *param,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* A member is there twice: the provider might obey the one that we did not price. */
bool request_fault_twice(struct request_fault *fault, const char *param, struct slice name);
/* A key is not written as the name that some servers read it as (member_name.h). */
bool request_fault_disguised(struct request_fault *fault, const char *param, struct slice key);

#endif
