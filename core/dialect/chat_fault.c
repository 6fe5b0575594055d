#include "dialect/chat_fault.h"

#include <stdio.h>

enum { SHOWN_BYTES_MAX = 60 };

bool chat_fault_set(struct chat_fault *fault, const char *code, const char *param,
                    const char *format, va_list arguments)
{
    fault->code = code;
    fault->param = param;
    vsnprintf(fault->message, sizeof fault->message, format, arguments);
    return false;
}

/* Says what is wrong with a member. */
static bool refuse_name(struct chat_fault *fault, const char *param, struct slice name,
                        const char *why)
{
    fault->code = "invalid_value";
    fault->param = param;
    snprintf(fault->message, sizeof fault->message, "The member '%.*s' %s",
             (int)(name.bytes < SHOWN_BYTES_MAX ? name.bytes : SHOWN_BYTES_MAX), name.data, why);
    return false;
}

bool chat_fault_twice(struct chat_fault *fault, const char *param, struct slice name)
{
    return refuse_name(fault, param, name, "occurs twice; send it once.");
}

bool chat_fault_disguised(struct chat_fault *fault, const char *param, struct slice key)
{
    return refuse_name(fault, param, key, "must be written in lower case.");
}
