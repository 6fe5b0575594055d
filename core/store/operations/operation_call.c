/* store_call_init and store_call_fini of call.h: an operation with its arguments. */
#include "store/call.h"

#include <string.h>

#include "base/check.h"
#include "base/limits.h"
#include "store/operations/operations.h"

enum {
    ARGS_BYTES_MAX = 64 * 1024,
    LARGE_BYTES_MAX = LIMIT_KEPT_TURN_BYTES / 3 * 4 + 4, /* in base64 */
    RESULT_BYTES_MAX = 16 * 1024 * 1024
};

static bool check_args(const struct operation *operation, const struct store_value *args,
                       size_t arg_count, struct fault *fault)
{
    if (arg_count != strlen(operation->args))
        return fault_set(fault, "invalid_value", "%s takes %zu arguments, not %zu", operation->name,
                         strlen(operation->args), arg_count);
    check(arg_count <= STORE_ARGS_MAX);
    for (size_t i = 0; i < arg_count; i++) {
        char letter = operation->args[i];
        bool nullable = letter == 'T' || letter == 'I' || letter == 'M';
        bool text = letter == 't' || letter == 'T' || letter == 'B' ||
                    (letter == 'M' && args[i].type == STORE_TEXT); /* a date; else milliseconds */
        if (args[i].type == STORE_NULL && nullable)
            continue;
        if (args[i].type != (text ? STORE_TEXT : STORE_INT))
            return fault_set(fault, "invalid_value", "argument %zu of %s must be %s%s", i + 1,
                             operation->name, text ? "a text" : "an integer",
                             nullable ? " or null" : "");
        if (text && args[i].text.bytes && memchr(args[i].text.data, 0, args[i].text.bytes) != NULL)
            return fault_set(fault, "invalid_value", "argument %zu of %s holds a NUL byte", i + 1,
                             operation->name);
    }
    return true;
}

/* Copies the texts one after the other, each with a NUL, and points the arguments to them. */
static bool copy_args(struct store_call *call, const struct store_value *args)
{
    size_t at = 0;
    for (size_t i = 0; i < call->arg_count; i++) {
        call->args[i] = args[i];
        if (args[i].type == STORE_TEXT) {
            buffer_append_slice(&call->arg_bytes, args[i].text);
            buffer_append_char(&call->arg_bytes, '\0');
        }
    }
    if (call->arg_bytes.failed)
        return false;
    for (size_t i = 0; i < call->arg_count; i++) { /* the buffer does not move any more */
        if (args[i].type == STORE_TEXT) {
            call->args[i].text.data = call->arg_bytes.data + at;
            at += args[i].text.bytes + 1;
        }
    }
    return true;
}

bool store_call_init(struct store_call *call, const char *operation, const struct store_value *args,
                     size_t arg_count, struct fault *fault)
{
    *call = (struct store_call){.operation = operations_find(operation), .arg_count = arg_count};
    if (call->operation == NULL)
        return fault_set(fault, "unknown_operation", "there is no operation %.64s", operation);
    if (!check_args(call->operation, args, arg_count, fault))
        return false;
    bool large = strchr(call->operation->args, 'B') != NULL;
    buffer_init(&call->arg_bytes, ARGS_BYTES_MAX + (large ? LARGE_BYTES_MAX : 0));
    buffer_init(&call->result, RESULT_BYTES_MAX);
    if (copy_args(call, args))
        return true;
    store_call_fini(call);
    return fault_set(fault, "invalid_value", "the arguments of %s are too large", operation);
}

void store_call_fini(struct store_call *call)
{
    /* The arguments may contain password hashes and digests. */
    buffer_wipe_fini(&call->arg_bytes);
    buffer_wipe_fini(&call->result);
}
