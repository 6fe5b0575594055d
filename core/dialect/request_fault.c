#include "dialect/request_fault.h"

#include <stdio.h>

enum { SHOWN_BYTES_MAX = 60 };

bool request_fault_set(struct request_fault *fault, const char *code, const char *param,
                       const char *format, va_list arguments)
{
    fault->code = code;
    fault->param = param;
    vsnprintf(fault->message, sizeof fault->message, format, arguments);
    return false;
}

bool request_refuse(struct request_fault *fault, const char *code, const char *param,
                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    request_fault_set(fault, code, param, format, arguments);
    va_end(arguments);
    return false;
}

/* Says what is wrong with a member. */
static bool refuse_name(struct request_fault *fault, const char *param, struct slice name,
                        const char *why)
{
    fault->code = "invalid_value";
    fault->param = param;
    snprintf(fault->message, sizeof fault->message, "The member '%.*s' %s",
             (int)(name.bytes < SHOWN_BYTES_MAX ? name.bytes : SHOWN_BYTES_MAX), name.data, why);
    return false;
}

bool request_fault_twice(struct request_fault *fault, const char *param, struct slice name)
{
    return refuse_name(fault, param, name, "occurs twice; send it once.");
}

bool request_fault_disguised(struct request_fault *fault, const char *param, struct slice key)
{
    return refuse_name(fault, param, key, "must be written in lower case.");
}
